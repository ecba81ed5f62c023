"""One disk from its first start to an orderly stop, and the cuts on the way."""

import json
import random
import shutil
import time
from pathlib import Path

from powercut.check import gateway_on
from powercut.check import lines_of
from powercut.disk import Cut
from powercut.disk import Disk
from powercut.load import MIXED
from powercut.load import Book
from powercut.load import Control
from powercut.load import Filler
from powercut.load import Load
from powercut.load import Told
from powercut.serving import serve

# Of 40 cuts, how many fall on what.
SHARES = {"first start": 6, "steady": 12, "segment change": 5, "checkpoint": 4, "recovery": 5, "erasure": 4, "orderly stop": 4}
CUTS_PER_SESSION = 40
DISK_MIB = 192
SEGMENT_BYTES = 16 << 20


def shares(cuts: int) -> dict[str, int]:
    """How many of `cuts` fall on what; each gets one, as far as they go."""
    found = {phase: 0 for phase in SHARES}
    order = sorted(SHARES, key=lambda phase: -SHARES[phase])
    for number in range(cuts):
        # The one that lacks most of its share.
        phase = max(order, key=lambda phase: SHARES[phase] * (number + 1) / CUTS_PER_SESSION - found[phase] + (found[phase] == 0))
        found[phase] += 1
    return found


class Session:
    """One disk from its first start to an orderly stop, cut on the way; what is cut is checked at once."""

    def __init__(self, rig: "Rig", number: int, cuts: int, seed: int):
        self.rig, self.number, self.seed = rig, number, seed
        self.random = random.Random(seed)
        self.folder = rig.folder / f"session-{number}"
        self.book = Book()
        self.shares = shares(cuts)
        self.disk = Disk(rig.tools["disk"], self.folder / "disk", rig.empty, seed)
        self.gateway = gateway_on(self.folder / "gateway", self.disk.root, rig.config_of)

    def start(self) -> None:
        if not serve(self.gateway, [self.rig.tools["unsynced"]] if self.rig.unsynced else []):
            raise RuntimeError(f"the gateway does not start:\n{self.gateway.process.output()[-2000:]}")
        told_at = time.monotonic_ns()
        started = [number for number, line in enumerate(lines_of(self.gateway)) if '"kind":"started"' in line]
        with self.book.lock:
            # It listens only when its start is recorded.
            self.book.told.append(Told(told_at, "started", started[-1]))

    def arm(self, count: int, most: int) -> int:
        """Arms `count` cuts within the next `most` events of the disk."""
        for _ in range(count):
            self.disk.arm(self.random.randrange(1, most + 1))
        return count

    def check(self, phase: str, cuts: list[Cut]) -> None:
        live = lines_of(self.gateway)
        for cut in cuts:
            cut.phase = phase
            self.rig.check(cut, self.book, live)

    def keep(self, cut: Cut) -> Path:
        """A cut is removed when it is checked; this one is needed after that."""
        kept = self.folder / "kept.img"
        shutil.copyfile(cut.file, kept)
        return kept

    def run(self) -> None:
        try:
            armed = self.arm(self.shares["first start"], 150)
            self.start()
            self.check("first start", self.disk.taken(armed, 2))
            self.steady()
            self.segment_change()
            self.checkpoint()
            self.erasure()
            self.orderly_stop()
        finally:
            if self.gateway.process is not None:
                self.gateway.kill()
            self.disk.close()
            shutil.rmtree(self.folder / "disk")
        if self.book.faults:
            self.rig.fault(f"under load: {self.book.faults[0]}")

    def steady(self) -> None:
        """Cuts at random while images and consents come; after some, the recovery is cut again."""
        recoveries = self.shares["recovery"]
        for number in range(self.shares["steady"]):
            armed = self.arm(1, 600)
            with Load(self.gateway, self.book, self.random.randrange(1 << 30), MIXED):
                cuts = self.disk.taken(armed, 4)
            kept = self.keep(cuts[0]) if recoveries > 0 else None
            self.check("steady", cuts)
            if kept is not None:
                left = self.shares["steady"] - number
                twice = -(-recoveries // left)
                recoveries -= twice
                self.recovery(kept, cuts[0].time_ns, twice)

    def recovery(self, image: Path, time_ns: int, count: int) -> None:
        """What a cut left is recovered, and the power goes again."""
        with Disk(self.rig.tools["disk"], self.folder / "again", image, self.random.randrange(1 << 30)) as disk:
            gateway = gateway_on(self.folder / "again-gateway", disk.root, self.rig.config_of)
            for _ in range(count):
                disk.arm(self.random.randrange(1, 40))
            try:
                serve(gateway)
                cuts = disk.taken(count, 1)
            finally:
                if gateway.process is not None:
                    gateway.kill()
        live = lines_of(self.gateway)
        for cut in cuts:
            # What counts is what was acknowledged before the first cut.
            cut.phase, cut.time_ns = "recovery", time_ns
            self.rig.check(cut, self.book, live)
        shutil.rmtree(self.folder / "again")

    def segment_change(self) -> None:
        """Fills a segment nearly, then cuts while the gateway goes on in the next."""
        left = self.shares["segment change"]
        per_entry, entries, events_before = 9 << 10, 0, self.disk.events()
        while left > 0:
            number, offset = self.place()
            rest = (SEGMENT_BYTES - offset) // per_entry
            if rest > 40:
                # Not all at once: other entries lie between, and what an entry takes is learnt.
                some = max(20, rest * 3 // 4)
                self.fill(some)
                grown = self.place()[1] - offset
                if self.place()[0] == number and grown > 0:
                    per_entry = -(-grown // some)
                entries += some
                continue
            events_each = (self.disk.events() - events_before) // max(1, entries) + 1
            armed = self.arm(min(6, left), (rest + 20) * events_each)
            self.fill(rest + 20)
            cuts = self.disk.taken(armed, 1)
            if self.place()[0] == number:
                self.rig.fault("the segment did not change")
            left -= armed
            self.check("segment change", cuts)
            events_before, entries = self.disk.events(), 0

    def fill(self, entries: int) -> None:
        """So many guardians, and the checkpoint over them."""
        self.book.budget(entries)
        with Load(self.gateway, self.book, self.random.randrange(1 << 30), [Filler] * 12) as load:
            load.wait(240)
        time.sleep(1.3)

    def checkpoint(self) -> None:
        """One entry, and then nothing but the checkpoint over it, which comes within a second."""
        left = self.shares["checkpoint"]
        while left > 0:
            time.sleep(1.3)
            number, study = self.book.study()
            granted = self.gateway.grant("P1", more=["--study", study])
            self.book.add("grant", granted["entry"], patient="P1", study=study)
            armed = self.arm(min(2, left), 6)
            self.check("checkpoint", self.disk.taken(armed, 1.5))
            left -= armed

    def erasure(self) -> None:
        """A patient is forgotten: the keyring is written anew under a new wrapping key."""
        left = self.shares["erasure"]
        while left > 0:
            number, study = self.book.study()
            patient = f"E{number}"
            for one in ("P1", patient):
                granted = self.gateway.grant(one, more=["--study", study])
                self.book.add("grant", granted["entry"], patient=one, study=study)
            armed = self.arm(min(2, left), 40)
            control = Control(self.gateway.data)
            answer = control.change({"change": "patient-erase", "patient": {"id": patient}, "reason": "objection"})
            control.close()
            if answer["answer"] != "recorded":
                self.rig.fault(f"not erased: {answer}")
            else:
                self.book.add("erased", answer["entry"], patient=patient)
            left -= armed
            self.check("erasure", self.disk.taken(armed, 0.5))

    def orderly_stop(self) -> None:
        left = self.shares["orderly stop"]
        while left > 0:
            with Load(self.gateway, self.book, self.random.randrange(1 << 30), MIXED):
                time.sleep(0.2)
            armed = self.arm(min(3, left), 60)
            code = self.gateway.stop()
            if code != 0:
                self.rig.fault(f"the gateway ended with {code} when it was told to stop")
            cuts = self.disk.taken(armed, 0.3)
            left -= armed
            self.check("orderly stop", cuts)
            if left > 0:
                self.start()

    def place(self) -> tuple[int, int]:
        """Segment and offset of the journal's end, as the newest checkpoint has it."""
        places = [(0, 0)]
        for slot in (0, 1):
            try:
                end = json.loads((self.gateway.data / f"checkpoint.{slot}").read_text().split("\n")[1])["end"]
                places.append((end["segment"], end["offset"]))
            except (OSError, ValueError, IndexError, KeyError):
                continue
        return max(places)
