"""Every file that the pydicom wheel brings: what reaches a destination directly reaches it through the gateway.

Two senders: DCMTK's storescu, and a sender that puts the file's data set on the wire as it stands. What
arrives through the gateway must have the bytes that arrived without it. What could not even be sent
directly is written, with the reason, to `corpus.md` in CREDENCE_CACHE; `corpus.md` beside this file is that
list as it was with DCMTK 3.6.7.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from conftest import Stage
from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Config
from rig.gateway import Peer
from rig.gateway import cache

STANDARD_ARC = "1.2.840.10008."
# How storescu is told to propose a compressed syntax, or the uncompressed one that it is to prefer.
PROPOSE = {
    images.IMPLICIT: "-xi",
    images.EXPLICIT: "-xe",
    images.BIG_ENDIAN: "-xb",
    images.DEFLATED: "-xd",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.5": "-xr",
}


# What a forced sender can put on the wire and a lenient destination takes, but a gateway that
# must know what it releases does not: the answer, and why.
NO_LEGAL_PDV = "data set of odd length: no legal fragments (PS3.8 §9.3.5.1)"
REFUSED = {
    "palettes/winter.dcm": ("status C000H", "SOP Instance UID twice in the data set"),
    "test_files/SC_rgb_jpeg.dcm": ("status C000H", "Implicit VR under a syntax that is Explicit VR"),
    "test_files/image_dfl.dcm": ("no answer", NO_LEGAL_PDV),
    "test_files/rtplan_truncated.dcm": ("no answer", NO_LEGAL_PDV),
}


@dataclass(frozen=True)
class File:
    name: str
    path: Path
    sop_class: str
    sop_instance: str
    syntax: str

    def instance(self) -> images.Instance:
        return images.Instance(self.path, self.sop_class, self.sop_instance, self.syntax)


def wheel_path() -> Path:
    found = sorted((cache() / "wheels").glob("pydicom-3.0.2-*.whl"))
    if not found:
        raise FileNotFoundError(f"no pydicom wheel in {cache() / 'wheels'}: tests/run puts it there")
    return found[0]


def load() -> list[tuple[str, bytes, str, str, str]]:
    """Name, bytes and what the file says of itself: class, instance, transfer syntax."""
    rows = []
    for name, raw in images.wheel_files(wheel_path()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = pydicom.dcmread(io.BytesIO(raw), force=True, stop_before_pixels=True)
            # The meta information of some speaks of another object; a sender goes by the data set.
            sop_class = read.get("SOPClassUID") or read.file_meta.get("MediaStorageSOPClassUID")
            sop_instance = read.get("SOPInstanceUID") or read.file_meta.get("MediaStorageSOPInstanceUID")
            told = (sop_class, sop_instance, read.file_meta.get("TransferSyntaxUID"))
        rows.append((name, raw, *(str(word or "") for word in told)))
    return rows


CORPUS = load()


class Corpus:
    """One destination, once directly and once behind the gateway; what was sent, and what could not be."""

    def __init__(self, folder: Path):
        self.stage = Stage(folder)
        self.files = {}
        for number, (name, raw, *told) in enumerate(CORPUS):
            path = folder / f"{number}.dcm"
            path.write_bytes(raw)
            self.files[name] = File(name, path, *told)
        classes = sorted({file.sop_class for file in self.files.values() if file.sop_class} - set(pynet.STORAGE))
        self.destination = self.stage.serve(pynet.Destination, "DEST", extra_classes=classes)
        private = [("[[private_sop_class]]", {"uid": uid}) for uid in classes if not uid.startswith(STANDARD_ARC)]
        peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=self.destination.port)]
        self.gateway = self.stage.gateway(Config(peers, [(["CREDENCE"], ["storage", *[row["uid"] for _, row in private]], "dest")], more=private))
        self.not_sent: list[tuple[str, str, str]] = []
        self.refused: list[tuple[str, str, str]] = []

    def arrived(self, send) -> tuple[pynet.Arrival | None, str]:
        """What one sending brought to the destination, and what the sender said."""
        before = len(self.destination.arrivals)
        said = send()
        found = self.destination.arrivals[before:]
        return (found[0] if found else None), said

    def write(self) -> None:
        lines = [
            "# Files of the pydicom 3.0.2 wheel that cannot be sent to the destination directly", "",
            "No gateway in between: the sender itself refuses them, so nothing is to arrive through one.", "",
            "| file | sender | why |", "|---|---|---|",
        ]
        lines += [f"| {name} | {sender} | {why} |" for name, sender, why in sorted(self.not_sent)]
        lines += [
            "", "## Sent directly by a sender that checks nothing, and refused by the gateway", "",
            "storescu does not send these as they stand. Everything else that could be sent arrived.", "",
            "| file | answer | why |", "|---|---|---|",
        ]
        lines += [f"| {name} | {answer} | {why} |" for name, answer, why in sorted(self.refused)]
        (cache() / "corpus.md").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    made = Corpus(tmp_path_factory.mktemp("corpus"))
    yield made
    made.write()
    made.stage.stop()


def storescu(file: File, port: int, called: str) -> str:
    done = dcmtk.storescu(port, [file.path], "-R", PROPOSE.get(file.syntax, "-xe"), called=called)
    faults = [line for kind in ("E:", "F:", "W:") for line in done.stdout.splitlines() if line.startswith(kind)]
    return faults[0][:110].replace("|", "/").replace(str(file.path), file.name) if faults else f"exit {done.returncode}"


def as_it_stands(file: File, port: int, called: str) -> str:
    association = pynet.associate(port, pynet.contexts_for([file]), called=called)
    if not association.is_established:
        return "association not accepted"
    try:
        if not association.accepted_contexts:
            return "presentation context not accepted"
        status = pynet.store_raw(association, file.instance())
        return "no answer" if status is None else f"status {status:04X}H"
    finally:
        association.release()


@pytest.mark.parametrize("name", [row[0] for row in CORPUS])
def test_what_storescu_can_send_arrives_with_the_same_bytes(corpus, name):
    file = corpus.files[name]
    directly, why = corpus.arrived(lambda: storescu(file, corpus.destination.port, "DEST"))
    through, said = corpus.arrived(lambda: storescu(file, corpus.gateway.port, "CREDENCE"))
    if directly is None:
        corpus.not_sent.append((name, "storescu", why))
        assert through is None
        return
    assert through is not None, f"did not arrive: {said}"
    assert (through.sop_class, through.sop_instance, through.syntax) == (directly.sop_class, directly.sop_instance, directly.syntax)
    assert through.data == directly.data


@pytest.mark.parametrize("name", [row[0] for row in CORPUS])
def test_what_can_be_sent_as_it_stands_arrives_with_the_same_bytes(corpus, name):
    file = corpus.files[name]
    if not (file.sop_class and file.sop_instance and file.syntax):
        corpus.not_sent.append((name, "as it stands", "no meta information that names class, instance and syntax"))
        return
    directly, why = corpus.arrived(lambda: as_it_stands(file, corpus.destination.port, "DEST"))
    through, said = corpus.arrived(lambda: as_it_stands(file, corpus.gateway.port, "CREDENCE"))
    if directly is None:
        corpus.not_sent.append((name, "as it stands", "not a storage class" if why == "no answer" else why))
        assert through is None
        return
    assert directly.data == file.instance().data_set()
    if name in REFUSED:
        answer, why = REFUSED[name]
        corpus.refused.append((name, answer, why))
        assert (through, said) == (None, answer)
        return
    assert through is not None, f"did not arrive: {said}"
    assert through.syntax == file.syntax
    assert through.data == directly.data


def test_storescp_receives_the_corpus_bit_for_bit(corpus, tmp_path):
    stage = Stage(tmp_path)
    try:
        direct = stage.start(dcmtk.StoreScp, "DIRECT", args=["+xa", "-pm"])
        behind = stage.start(dcmtk.StoreScp, "DEST", args=["+xa", "-pm"])
        gateway = stage.gateway(Config(
            [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=behind.port)], [(["CREDENCE"], ["storage"], "dest")]
        ))
        for syntax, option in PROPOSE.items():
            paths = [file.path for file in corpus.files.values() if file.syntax == syntax and file.sop_class in pynet.STORAGE]
            # Uncompressed ones may be converted by storescu: the same way on both roads.
            dcmtk.storescu(direct.port, paths, "-R", "-nh", option, called="DIRECT")
            dcmtk.storescu(gateway.port, paths, "-R", "-nh", option)
        directly = {path.name: images.data_set_bytes(path) for path in direct.files()}
        through = {path.name: images.data_set_bytes(path) for path in behind.files()}
        assert len(directly) > 50
        assert through == directly
    finally:
        stage.stop()
