"""Images made for the tests: no patient behind them, every value invented, the same on every run."""

import io
import random
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import _read_file_meta_info
from pydicom.filereader import read_preamble
from pydicom.filewriter import write_dataset
from pydicom.filewriter import write_file_meta_info

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
CR = "1.2.840.10008.5.1.4.1.1.1"
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
MULTIFRAME_BYTE = "1.2.840.10008.5.1.4.1.1.7.2"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
MODALITY_OF = {CT: "CT", MR: "MR", CR: "CR", SECONDARY: "OT", MULTIFRAME_BYTE: "OT"}

# An arc for invented objects, below the one that ISO gives to UUIDs.
ARC = "2.25.1963"


def uid(*parts) -> str:
    """A UID that the parts decide."""
    return ".".join([ARC, *(str(part) for part in parts)])


@dataclass(frozen=True)
class Instance:
    """One image: its file, and the data set exactly as it stands behind the meta information."""

    path: Path
    sop_class: str
    sop_instance: str
    syntax: str
    study: str = ""
    series: str = ""
    patient: str = ""

    def data_set(self) -> bytes:
        return data_set_bytes(self.path)


def data_set_bytes(path: Path) -> bytes:
    """What follows the file meta information."""
    raw = Path(path).read_bytes()
    return raw[data_set_offset(raw) :]


def data_set_offset(raw: bytes) -> int:
    """Where the data set begins in a DICOM file (PS3.10 §7.1)."""
    if raw[128:132] != b"DICM":
        raise ValueError("no DICM prefix")
    if raw[132:136] != b"\x02\x00\x00\x00":
        stream = io.BytesIO(raw)
        read_preamble(stream, False)
        _read_file_meta_info(stream)
        return stream.tell()
    return 144 + int.from_bytes(raw[140:144], "little")


def data_set(
    *,
    patient="P1",
    name="Invented^Patient",
    issuer=None,
    study=1,
    series=1,
    number=1,
    sop_class=CT,
    pixel_bytes=2048,
    salt=0,
    study_date="20240229",
    charset="ISO_IR 100",
) -> Dataset:
    """A small image. `salt` changes the pixels and nothing else."""
    made = Dataset()
    made.SpecificCharacterSet = charset
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = uid(study, series, number)
    made.StudyDate = study_date
    made.StudyTime = "120000"
    made.AccessionNumber = f"A{study}"
    made.Modality = MODALITY_OF.get(sop_class, "OT")
    made.ReferringPhysicianName = ""
    made.StudyDescription = "Invented"
    made.PatientName = name
    if patient is not None:
        made.PatientID = patient
    if issuer is not None:
        made.IssuerOfPatientID = issuer
    made.PatientBirthDate = "19630101"
    made.PatientSex = "O"
    made.StudyInstanceUID = uid(study)
    made.SeriesInstanceUID = uid(study, series)
    made.StudyID = str(study)
    made.SeriesNumber = str(series)
    made.InstanceNumber = str(number)
    side = max(1, int((pixel_bytes / 2) ** 0.5))
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.Rows = side
    made.Columns = side
    made.BitsAllocated = 16
    made.BitsStored = 12
    made.HighBit = 11
    made.PixelRepresentation = 0
    made.add_new((0x7FE0, 0x0010), "OW", random.Random(f"{study}.{series}.{number}.{salt}").randbytes(side * side * 2))
    return made


def encoded(made: Dataset, syntax: str = EXPLICIT) -> bytes:
    """The data set's bytes (PS3.5 §A)."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = syntax == IMPLICIT
    buffer.is_little_endian = syntax != BIG_ENDIAN
    write_dataset(buffer, made)
    if syntax != DEFLATED:
        return buffer.getvalue()
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    raw = deflate.compress(buffer.getvalue()) + deflate.flush()
    return raw if len(raw) % 2 == 0 else raw + b"\0"


def file_meta(sop_class: str, sop_instance: str, syntax: str) -> bytes:
    """Preamble, prefix and meta information of a DICOM file (PS3.10 §7.1)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = sop_instance
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = uid(0)
    buffer = DicomBytesIO()
    buffer.write(bytes(128) + b"DICM")
    write_file_meta_info(buffer, meta)
    return buffer.getvalue()


def write(folder: Path, made: Dataset, syntax: str = EXPLICIT, name: str | None = None) -> Instance:
    """Writes the data set as a DICOM file in `syntax`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or f"{made.SOPInstanceUID}.dcm")
    path.write_bytes(file_meta(made.SOPClassUID, made.SOPInstanceUID, syntax) + encoded(made, syntax))
    return Instance(
        path, made.SOPClassUID, made.SOPInstanceUID, syntax,
        made.get("StudyInstanceUID", ""), made.get("SeriesInstanceUID", ""), made.get("PatientID", ""),
    )


def study(folder: Path, count: int = 3, *, series_count: int = 1, syntax: str = EXPLICIT, **facts) -> list[Instance]:
    """`count` images in each of `series_count` series of one study."""
    return [
        write(folder, data_set(series=series, number=number, **facts), syntax)
        for series in range(1, series_count + 1)
        for number in range(1, count + 1)
    ]


NOT_DICOM = (".py", ".pyi", ".txt", ".json", ".md", ".zip", ".gz", ".icc", ".dump", ".typed", "README")


def wheel_files(wheel: Path) -> list[tuple[str, bytes]]:
    """The test images that the pydicom wheel brings, by name; those without DICM prefix too."""
    with zipfile.ZipFile(wheel) as archive:
        return [
            (name.removeprefix("pydicom/data/"), archive.read(name))
            for name in sorted(archive.namelist())
            if name.startswith("pydicom/data/") and not name.endswith(("/", *NOT_DICOM))
        ]
