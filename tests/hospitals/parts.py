"""What the parts share: the chosen form, the study, and what arrived of it."""

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from hospitals.houses import Hospitals
from rig import images
from rig.checks import Checks
from rig.gateway import cache
from rig.process import wait_until
from rig.sites import Line

STUDY = images.uid("500.1")
PATIENT = "B1"
WHOLE_STUDY = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": STUDY}
# The same study as the benchmark's, in the same place.
STUDY_FOLDER = "ct-500k"
IMAGES, PIXEL_BYTES = 500, 512 * 1024


@dataclass
class Run:
    """One run of the rig."""

    checks: Checks
    folder: Path
    long: bool
    _places: int = field(default=0)

    def place(self, name: str) -> Path:
        """A folder that nobody has used yet."""
        self._places += 1
        made = self.folder / f"{self._places:02}-{name}"
        made.mkdir(parents=True)
        return made

    @contextlib.contextmanager
    def hospitals(self, name: str, one_way_ms: float = 10) -> Iterator[Hospitals]:
        with Line(one_way_ms=one_way_ms) as line, Hospitals(self.place(name), line) as made:
            yield made

    def study(self, count: int | None = None) -> list[Path]:
        """The CT study's files; the first `count` of them."""
        return ct(cache() / "bench-data" / STUDY_FOLDER)[:count]


def ct(folder: Path) -> list[Path]:
    """500 images of 0.5 MB; made once, then reused. Made aside first, for two runs may need it at once."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
            for number in range(1, IMAGES + 1):
                made = images.data_set(study="500.1", number=number, patient=PATIENT, pixel_bytes=PIXEL_BYTES)
                images.write(Path(aside) / "made", made, name=f"0001-{number:05}.dcm")
            (Path(aside) / "made" / "complete").touch()
            with contextlib.suppress(OSError):
                (Path(aside) / "made").rename(folder)
    return sorted(folder.glob("*.dcm"))


def difference(sent: list[Path], arrived: list[Path]) -> tuple[int, int, int]:
    """Data sets that are missing, that came again, and that nobody sent."""
    wanted = Counter(images.data_set_bytes(path) for path in sent)
    came = Counter(images.data_set_bytes(path) for path in arrived)
    strange = sum((came - Counter({data: came[data] for data in wanted})).values())
    missing = sum((wanted - came).values())
    return missing, sum((came - wanted).values()) - strange, strange


def assert_whole(sent: list[Path], arrived: list[Path], again_at_most: int = 0) -> int:
    """Everything is there, bit for bit, and little of it twice; gives how much came again."""
    missing, again, strange = difference(sent, arrived)
    assert (missing, strange) == (0, 0) and again <= again_at_most, (
        f"of {len(sent)} data sets {missing} are missing, {again} came again, {strange} were never sent"
    )
    return again


def ledgers(checks: Checks, hospitals: Hospitals) -> None:
    """Both verify, every decision reached again; and each was cosigned by the other's gateway."""
    houses = (hospitals.anna, hospitals.lakeside)
    for hospital in houses:
        other = hospitals.other(hospital)
        cosigned = hospital.gateway.data / "checkpoint.cosigned"
        with checks.check(f"{other.slug} has cosigned the ledger of {hospital.slug}"):
            is_cosigned = lambda: cosigned.exists() and f"\u2014 {other.slug}/witness " in cosigned.read_text()
            wait_until(is_cosigned, 30, "a cosignature", every_s=0.5)
    for hospital in houses:
        with checks.check(f"the ledger of {hospital.slug} verifies, and reaches its decisions again"):
            hospital.stop()
            hospital.command("ledger", "verify", hospital.gateway.data, "--replay")
