"""The line is cut in the middle of a pull: by a hole that swallows everything, and by resets."""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pydicom

from hospitals.houses import ANNA
from hospitals.houses import LAKESIDE
from hospitals.houses import Hospitals
from hospitals.houses import house_peer
from hospitals.parts import PATIENT
from hospitals.parts import PIXEL_BYTES
from hospitals.parts import WHOLE_STUDY
from hospitals.parts import assert_whole
from hospitals.parts import difference
from hospitals.parts import ledgers
from hospitals.receipts import Receipts
from rig import dcmtk
from rig import images
from rig.process import wait_until

# What comes again after a cut at most: an image that the workstation had whole, but had not answered for. There is no
# second one: they come to it one after the other, on one association.
IN_FLIGHT = 1
# A dead machine is noticed within 25 s where nothing is waited for but an answer (keepalive), and a line that is back
# is tried again within a minute.
PATIENCE_S = 90
# How soon after a cut a workstation that is not waited for hears of it: at once, and when the keepalive is unanswered.
HEARD_WITHIN_S = {"reset": 5, "hole": 30}
# Of the study of several series: what is left of it is asked for by a request for each series (PS3.4 §C.4.2.1.4).
SERIES = 4
SEVERAL = "500.4"


@dataclass(frozen=True)
class Study:
    """What lies in the archive, and the keys by which it is asked for."""

    files: list[Path]
    wanted: dict

    def __len__(self) -> int:
        return len(self.files)


def several_series(folder: Path, in_series: int) -> Study:
    made = images.study(folder, in_series, series_count=SERIES, study=SEVERAL, patient=PATIENT, pixel_bytes=PIXEL_BYTES)
    return Study([image.path for image in made], {**WHOLE_STUDY, "StudyInstanceUID": images.uid(SEVERAL)})


def by_series(paths) -> Counter:
    return Counter(pydicom.dcmread(path, stop_before_pixels=True).SeriesInstanceUID for path in paths)


class Cut:
    def __init__(self, run, hospitals: Hospitals):
        self.hospitals, self.line = hospitals, hospitals.line
        self.cut_s = 60 if run.long else 8
        self.study = Study(run.study(None if run.long else 80), WHOLE_STUDY)
        self.several = several_series(hospitals.folder / "several-series", 125 if run.long else 10)
        anna, self.lakeside = hospitals.anna, hospitals.lakeside
        self.scp = hospitals.serve(self.lakeside, dcmtk.StoreScp, self.lakeside.folder, "WS1", again=True)
        pacs = hospitals.archive(anna, [*self.study.files, *self.several.files])
        # A short cut is noticed only by who is as impatient.
        link = {} if run.long else {"link_silence_s": 3}
        hospitals.configure(
            ([house_peer("PACS", ANNA, pacs.port, retrieve="get")], "pacs"), ([house_peer("WS1", LAKESIDE, self.scp.port)],),
            **link,
        )
        hospitals.grant(PATIENT)
        self.receipts = Receipts(hospitals)
        self.pulls = 0

    def start(self, operation: str, study: Study):
        """Begins a pull of the study: its thread, the folder where its images come, and what it says in the end."""
        self.pulls += 1
        port, called = self.lakeside.port, self.lakeside.titles.other
        said = []
        if operation == "move":
            folder = self.scp.received_in
            for path in folder.iterdir():
                path.unlink()
            ask = lambda: dcmtk.movescu(port, "WS1", study.wanted, "-S", "-d", called=called, timeout_s=900)
        else:
            folder = self.lakeside.folder / f"got-{self.pulls}"
            folder.mkdir()
            ask = lambda: dcmtk.getscu(port, folder, study.wanted, "-S", "-ta", 5, called=called, timeout_s=900)
        thread = threading.Thread(target=lambda: said.append((ask(), time.monotonic())))
        with self.lakeside.site:
            thread.start()
        return thread, folder, said

    def cut_in_the_middle(self, operation: str, manner: str, study: Study, between: bool = False):
        """A pull with a cut in it, until it has ended and the line is back: what was said, what came, what was there at
        the cut with its sizes, and how long after the cut the end was. A C-GET is cut within an image, or `between` two."""
        thread, folder, said = self.start(operation, study)
        arrived = lambda: sorted(folder.iterdir())
        wait_until(lambda: len(arrived()) >= len(study) // 3, 120, "a third of the study")
        if operation == "get":
            # getscu writes an image down while it comes.
            sizes = lambda: [path.stat().st_size for path in arrived()]
            wait_until(lambda: any(0 < size < PIXEL_BYTES for size in sizes()), 10, "an image that is half there", every_s=0.001)
            if between:
                wait_until(lambda: min(sizes()) > PIXEL_BYTES, 10, "an image that is whole", every_s=0.001)
        getattr(self.line, manner)()
        at = time.monotonic()
        # What had left the line is written down by then, and nobody has given up.
        time.sleep(0.1)
        at_the_cut = {path: path.stat().st_size for path in arrived()}
        # Who does not go on has heard of it before the line is back.
        thread.join(self.cut_s)
        at_its_end = len(arrived())
        # Before anything can fail: the next checks need the line.
        self.line.carry()
        # One that was under way may still have been written down.
        assert at_its_end <= len(at_the_cut) + 1, f"{len(at_the_cut)} had come at the cut, {at_its_end} at its end"
        thread.join(len(study) / 10 + PATIENCE_S)
        assert said, f"{operation}scu has not ended {time.monotonic() - at:.0f} s after the cut; {len(arrived())} came"
        done, ended = said[0]
        return done, arrived(), at_the_cut, ended - at

    # One check each.

    def move(self, checks, manner: str, study: Study) -> None:
        done, came, at_the_cut, took = self.cut_in_the_middle("move", manner, study)
        left = by_series(study.files) - by_series(at_the_cut)
        checks.told(
            f"C-MOVE, {manner} of {self.cut_s} s",
            came_before=len(at_the_cut), series_left=len(left), ended_s_after_the_cut=round(took, 1),
        )
        assert len(left) > 1 or len(by_series(study.files)) == 1, "what was left was of one series: cut too late"
        final = done.stdout.rpartition("Received Final Move Response")[2]
        assert "0x0000: Success" in final, f"{len(came)} came; {final or done.stdout[-500:]}"
        assert dcmtk.suboperations(done) == {"Completed": len(study), "Failed": 0, "Warning": 0}, final
        again = assert_whole(study.files, came, IN_FLIGHT)
        checks.told(f"C-MOVE, {manner}: came again", images=again)

    def get(self, checks, manner: str, between: bool = False) -> None:
        """It fails and says so, and of an image that was half there nothing is left that could be taken for it."""
        done, came, at_the_cut, took = self.cut_in_the_middle("get", manner, self.study, between)
        half = [path for path, size in at_the_cut.items() if size < PIXEL_BYTES]
        checks.told(
            f"C-GET, {manner}",
            came_before=len(at_the_cut) - len(half), half_there=len(half), ended_s_after_the_cut=round(took, 1),
        )
        missing, _, strange = difference(self.study.files, came)
        assert strange == 0, f"{strange} files are not what was sent"
        assert missing > 0, "the study came in spite of the cut"
        # By what was there: on a busy machine the cut may miss the moment that it waited for.
        if half:
            # Nothing but the association's end can end half a data set: getscu hears no counts, and throws it away.
            assert dcmtk.suboperations(done) == {} and done.returncode != 0, (done.returncode, done.stdout[-500:])
            assert not set(half) & set(came), "an image that was half there was kept"
        else:
            counts = {"Completed": len(came), "Failed": missing, "Warning": 0}
            assert dcmtk.suboperations(done) == counts, done.stdout[-500:]
        assert took <= HEARD_WITHIN_S[manner], f"the workstation heard of it after {took:.0f} s"

    def again(self, checks) -> None:
        thread, folder, said = self.start("get", self.study)
        thread.join(900)
        done, _ = said[0]
        assert dcmtk.suboperations(done) == {"Completed": len(self.study), "Failed": 0, "Warning": 0}, done.stdout[-500:]
        assert_whole(self.study.files, sorted(folder.iterdir()))


def run(run) -> None:
    checks = run.checks
    with run.hospitals("cut") as hospitals:
        cut = Cut(run, hospitals)
        for manner in ("hole", "reset"):
            name = f"the line cut by a {manner} for {cut.cut_s} s"
            with checks.check(f"{name}: a C-MOVE goes on when it is back, and everything comes, bit for bit"):
                cut.move(checks, manner, cut.study)
            with checks.check(f"{name}, C-MOVE: a receipt for what came before, one for what came after"):
                cut.receipts.came(2)
            with checks.check(f"{name}: so does a C-MOVE of a study of {SERIES} series"):
                cut.move(checks, manner, cut.several)
            with checks.check(f"{name}, C-MOVE of {SERIES} series: two receipts, too"):
                cut.receipts.came(2)
            name = f"the line cut by a {manner}"
            with checks.check(f"{name}: a C-GET fails, and says so"):
                cut.get(checks, manner)
            with checks.check(f"{name}: a C-GET that is asked again succeeds"):
                cut.again(checks)
            with checks.check(f"{name}, C-GET: a receipt for each of the two"):
                cut.receipts.came(2)
        # After a hole it is the same, and takes longer.
        with checks.check("the line cut by a reset: a C-GET that is between two images fails, and tells how many came"):
            cut.get(checks, "reset", between=True)
        with checks.check("the line cut by a reset, C-GET between two images: a receipt"):
            cut.receipts.came(1)
        ledgers(checks, hospitals)
