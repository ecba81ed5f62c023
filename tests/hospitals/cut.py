"""The line is cut in the middle of a pull: by a hole that swallows everything, and by resets."""

import threading
import time

from hospitals.houses import ANNA
from hospitals.houses import LAKESIDE
from hospitals.houses import Hospitals
from hospitals.houses import house_peer
from hospitals.parts import PATIENT
from hospitals.parts import WHOLE_STUDY
from hospitals.parts import assert_whole
from hospitals.parts import difference
from hospitals.parts import ledgers
from hospitals.receipts import Receipts
from rig import dcmtk
from rig.process import wait_until

# Images that may be on their way at once: one association between the gateways, one more while it is replaced.
IN_FLIGHT = 2
# A dead machine is noticed within 25 s where nothing is waited for but an answer (keepalive), and a line that is back
# is tried again within a minute.
PATIENCE_S = 90
# How soon after a cut a workstation that is not waited for hears of it: at once, and when the keepalive is unanswered.
HEARD_WITHIN_S = {"reset": 5, "hole": 30}


class Cut:
    def __init__(self, run, hospitals: Hospitals):
        self.hospitals, self.line = hospitals, hospitals.line
        self.cut_s = 60 if run.long else 8
        self.files = run.study(None if run.long else 80)
        anna, self.lakeside = hospitals.anna, hospitals.lakeside
        self.scp = hospitals.serve(self.lakeside, dcmtk.StoreScp, self.lakeside.folder, "WS1", again=True)
        pacs = hospitals.archive(anna, self.files)
        # A short cut is noticed only by who is as impatient.
        link = {} if run.long else {"link_silence_s": 3}
        hospitals.configure(
            ([house_peer("PACS", ANNA, pacs.port, retrieve="get")], "pacs"), ([house_peer("WS1", LAKESIDE, self.scp.port)],),
            **link,
        )
        hospitals.grant(PATIENT)
        self.receipts = Receipts(hospitals)
        self.known = 0
        self.pulls = 0

    def start(self, operation: str):
        """Begins a pull: its thread, the folder where its images come, and what it says in the end."""
        self.pulls += 1
        port, called = self.lakeside.port, self.lakeside.titles.other
        said = []
        if operation == "move":
            folder = self.scp.received_in
            for path in folder.iterdir():
                path.unlink()
            ask = lambda: dcmtk.movescu(port, "WS1", WHOLE_STUDY, "-S", "-d", called=called, timeout_s=900)
        else:
            folder = self.lakeside.folder / f"got-{self.pulls}"
            folder.mkdir()
            ask = lambda: dcmtk.getscu(port, folder, WHOLE_STUDY, "-S", "-ta", 5, called=called, timeout_s=900)
        thread = threading.Thread(target=lambda: said.append((ask(), time.monotonic())))
        with self.lakeside.site:
            thread.start()
        return thread, folder, said

    def cut_in_the_middle(self, operation: str, manner: str):
        """A pull with a cut in it, until it has ended and the line is back: what was said, what came, how much before
        the cut, and how long after the cut the end was."""
        thread, folder, said = self.start(operation)
        arrived = lambda: sum(1 for _ in folder.iterdir())
        wait_until(lambda: arrived() >= len(self.files) // 3, 120, "a third of the study")
        if operation == "get":
            # getscu writes an image down while it comes.
            sizes = lambda: [path.stat().st_size for path in folder.iterdir()]
            wait_until(lambda: 0 < min(sizes()) < max(sizes()), 10, "an image that is half there", every_s=0.001)
        getattr(self.line, manner)()
        at, at_the_cut = time.monotonic(), arrived()
        time.sleep(self.cut_s)
        # One that was under way may still have been written down.
        assert arrived() <= at_the_cut + 1, f"{at_the_cut} had come at the cut, {arrived()} at its end"
        self.line.carry()
        thread.join(len(self.files) / 10 + PATIENCE_S)
        assert said, f"{operation}scu has not ended {time.monotonic() - at:.0f} s after the cut; {arrived()} came"
        done, ended = said[0]
        return done, sorted(folder.iterdir()), at_the_cut, ended - at

    # One check each.

    def move(self, checks, manner: str) -> None:
        done, came, at_the_cut, took = self.cut_in_the_middle("move", manner)
        checks.told(f"C-MOVE, {manner} of {self.cut_s} s", came_before=at_the_cut, ended_s_after_the_cut=round(took, 1))
        final = done.stdout.rpartition("Received Final Move Response")[2]
        assert "0x0000: Success" in final, f"{len(came)} came; {final or done.stdout[-500:]}"
        assert f"Completed Suboperations       : {len(self.files)}" in final, final
        again = assert_whole(self.files, came, IN_FLIGHT)
        checks.told(f"C-MOVE, {manner}: came again", images=again)

    def get(self, checks, manner: str) -> None:
        """It fails and says so, with as many images as it says."""
        done, came, at_the_cut, took = self.cut_in_the_middle("get", manner)
        checks.told(f"C-GET, {manner} of {self.cut_s} s", came_before=at_the_cut, ended_s_after_the_cut=round(took, 1))
        missing, _, strange = difference(self.files, came)
        assert strange == 0, f"{strange} files are not what was sent"
        assert missing > 0, "the study came in spite of the cut"
        assert f"Failed Suboperations    : {missing}\n" in done.stdout or "Final status report" not in done.stdout, done.stdout[-500:]
        assert "(Success)" not in done.stdout.splitlines()[-1], done.stdout[-500:]
        assert took <= HEARD_WITHIN_S[manner], f"the workstation heard of it after {took:.0f} s"

    def again(self, checks) -> None:
        thread, folder, said = self.start("get")
        thread.join(900)
        done, _ = said[0]
        assert f"Completed Suboperations : {len(self.files)}" in done.stdout, done.stdout[-500:]
        assert_whole(self.files, sorted(folder.iterdir()))

    def agree(self, checks) -> None:
        self.known = self.receipts.agree(self.known)
        checks.told("receipts that both sides signed", so_far=self.known)


def run(run) -> None:
    checks = run.checks
    with run.hospitals("cut") as hospitals:
        cut = Cut(run, hospitals)
        for manner in ("hole", "reset"):
            name = f"the line cut by a {manner} for {cut.cut_s} s"
            with checks.check(f"{name}: a C-MOVE goes on when it is back, and everything comes, bit for bit"):
                cut.move(checks, manner)
            receipts(checks, cut, f"{name}, C-MOVE")
            with checks.check(f"{name}: a C-GET fails, and says so"):
                cut.get(checks, manner)
            with checks.check(f"{name}: a C-GET that is asked again succeeds"):
                cut.again(checks)
            receipts(checks, cut, f"{name}, C-GET")
        ledgers(checks, hospitals)


def receipts(checks, cut: Cut, name: str) -> None:
    with checks.check(f"{name}: receipts in both ledgers agree"):
        cut.agree(checks)
