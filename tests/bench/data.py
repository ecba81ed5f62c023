"""What the benchmark sends: invented CT images, and one large multi-frame object that is mostly a hole."""

import random
import struct
from pathlib import Path

from rig import images

MARK = "complete"


def ct(folder: Path, count: int, pixel_bytes: int, studies: int) -> list[Path]:
    """`count` images of `pixel_bytes` each, in `studies` studies; made once, then reused."""
    if not (folder / MARK).exists():
        per_study = count // studies
        for study in range(1, studies + 1):
            for number in range(1, per_study + 1):
                made = images.data_set(study=f"{count}.{study}", number=number, patient=f"B{study}", pixel_bytes=pixel_bytes)
                images.write(folder, made, name=f"{study:04}-{number:05}.dcm")
        (folder / MARK).touch()
    return sorted(folder.glob("*.dcm"))


def multi_frame(folder: Path, number: int, pixel_bytes: int) -> Path:
    """A multi-frame secondary capture whose pixels are a hole in the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"multi-frame-{number}-{pixel_bytes}.dcm"
    if path.exists():
        return path
    made = images.data_set(study=f"88.{number}", number=number, patient=f"M{number}", sop_class=images.MULTIFRAME_BYTE)
    made.Rows = made.Columns = 1024
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit = 7
    made.NumberOfFrames = str(pixel_bytes // (1024 * 1024))
    del made.PixelData
    images.write(folder, made, name=path.name + ".part")
    part = folder / (path.name + ".part")
    with open(part, "ab") as file:
        # Explicit VR: the element's header, then zeros that no disk block holds.
        file.write(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, pixel_bytes))
        file.truncate(file.tell() + pixel_bytes)
    part.rename(path)
    return path


def shuffled(names: list[str], randomness: random.Random) -> list[str]:
    """The variants of one round, in an order that favours none."""
    order = list(names)
    randomness.shuffle(order)
    return order
