"""The phases of a gateway's life in which calls are made to fail. A new one is a class and a line in PHASES."""

import hashlib
import json
import shutil
import struct
import time
from pathlib import Path

from faults import trace
from faults.play import Play
from powercut.load import Book
from powercut.load import Filler
from powercut.load import Load
from powercut.serving import serve
from rig.gateway import Gateway

SEGMENT_BYTES = 16 << 20


class Phase:
    """What is done, on what, and which files count."""

    name = ""
    calls = trace.CALLS
    attaches = True
    # Calls whose failure, of whatever kind, the gateway outlives.
    survives: tuple[str, ...] = ()

    def base(self, gateway: Gateway) -> None:
        """Makes the folder that every case begins with a copy of; the gateway is stopped before and after."""
        serve(gateway)
        Play(gateway, Book()).mixed()
        gateway.stop()

    def paths(self, gateway: Gateway) -> list[Path]:
        raise NotImplementedError

    def play(self, play: Play) -> None:
        raise NotImplementedError


def _journal(gateway: Gateway, *names: str) -> list[Path]:
    return [gateway.data / "journal", *(gateway.data / "journal" / name for name in names)]


def _slots(gateway: Gateway) -> list[Path]:
    return [gateway.data / name for name in ("checkpoint.0", "checkpoint.1", "checkpoint.0.draft", "checkpoint.1.draft")]


class FirstStart(Phase):
    """Nothing is there yet: folders, keys, keyring, journal, the first entries and checkpoint."""

    name = "first start"
    attaches = False

    def base(self, gateway: Gateway) -> None:
        pass

    def paths(self, gateway: Gateway) -> list[Path]:
        keys = gateway.folder / "keys"
        names = [f"{name}.{end}" for name in ("lookup", "wrapping") for end in ("key", "key.draft")]
        names += [f"{name}.{end}" for name in ("log", "statement", "witness") for end in ("pk8", "pk8.draft")]
        data = [gateway.data, *(gateway.data / name for name in ("lock", "keyring", "ledger.vkey", "ledger.vkey.draft"))]
        return [gateway.folder, keys, *(keys / name for name in names), *data, *_segments(gateway), *_slots(gateway)]

    def play(self, play: Play) -> None:
        play.grant()


class Recovery(FirstStart):
    """A start on a journal whose last batch was torn in writing."""

    name = "recovery"

    def base(self, gateway: Gateway) -> None:
        Phase.base(self, gateway)
        tear(gateway)


class Append(Phase):
    """Consents and images, with patients whom the gateway does not know yet."""

    name = "append"
    calls = ["pwrite64", "fdatasync", "fsync", "openat"]

    def paths(self, gateway: Gateway) -> list[Path]:
        return [*_journal(gateway, segment_name(gateway)), gateway.data / "keyring"]

    def play(self, play: Play) -> None:
        play.mixed()


class Checkpoints(Phase):
    """The two slots in turn, and the first time that the second one is made."""

    name = "checkpoint"
    calls = ["openat", "pwrite64", "write", "fdatasync", "fsync", "rename"]

    def paths(self, gateway: Gateway) -> list[Path]:
        return _slots(gateway)

    def play(self, play: Play) -> None:
        for _ in range(3):
            play.grant("P1")
            time.sleep(1.1)


class SegmentChange(Phase):
    """The journal goes on in the next segment, and makes the one after it."""

    name = "segment change"

    def base(self, gateway: Gateway) -> None:
        serve(gateway)
        book = Book()
        fill(gateway, book)
        gateway.stop()

    def paths(self, gateway: Gateway) -> list[Path]:
        return _segments(gateway)

    def play(self, play: Play) -> None:
        for _ in range(4):
            play.guardian()
        play.mixed()


class Erasure(Phase):
    """A person is forgotten: the keyring is written anew under a new wrapping key."""

    name = "erasure"

    def paths(self, gateway: Gateway) -> list[Path]:
        keys = gateway.folder / "keys"
        names = [f"wrapping.{end}" for end in ("key", "next", "key.draft", "next.draft")]
        keyring = [gateway.data / "keyring", gateway.data / "keyring.draft"]
        return [keys, *(keys / name for name in names), gateway.data, *keyring]

    def play(self, play: Play) -> None:
        play.grant("P1")
        play.grant("E1")
        play.erase("E1")
        play.grant("P1")


class OrderlyStop(Phase):
    """SIGTERM: the snapshot, the last entry, the last checkpoint."""

    name = "orderly stop"

    def paths(self, gateway: Gateway) -> list[Path]:
        snapshot = [gateway.data / "snapshot.json", gateway.data / "snapshot.draft"]
        return [gateway.data, *snapshot, *_journal(gateway, segment_name(gateway)), *_slots(gateway)]

    def play(self, play: Play) -> None:
        play.grant("P1")
        play.gateway.process.stop(30)


PHASES = [FirstStart(), Recovery(), Append(), Checkpoints(), SegmentChange(), Erasure(), OrderlyStop()]


def _segments(gateway: Gateway) -> list[Path]:
    """The first four, and the reserve."""
    return _journal(gateway, *(f"{number:08}.segment" for number in range(1, 5)), "reserve")


def segment_name(gateway: Gateway) -> str:
    """The segment that is written, as of the newest checkpoint."""
    return f"{max(1, newest_slot(gateway).get('end', {}).get('segment', 1)):08}.segment"


def newest_slot(gateway: Gateway) -> dict:
    """What the newest checkpoint says of the journal; empty when there is none."""
    found = [{}]
    for slot in (0, 1):
        try:
            found.append(json.loads((gateway.data / f"checkpoint.{slot}").read_text().split("\n")[1]))
        except (OSError, ValueError, IndexError):
            continue
    return max(found, key=lambda one: one.get("next_id", 0))


def offset(gateway: Gateway) -> int:
    """Where in the first segment the journal ends."""
    end = newest_slot(gateway).get("end", {"segment": 1, "offset": 0})
    assert end["segment"] == 1, "the first segment is full already"
    return end["offset"]


def fill(gateway: Gateway, book: Book) -> None:
    """Fills the running gateway's first segment but for two or three large entries."""
    per_entry = 9 << 10
    while (rest := (SEGMENT_BYTES - offset(gateway)) // per_entry) > 3:
        before, some = offset(gateway), max(1, rest * 3 // 4 if rest > 8 else rest - 3)
        book.budget(some)
        with Load(gateway, book, some, [Filler] * 12) as load:
            load.wait(240)
        time.sleep(1.3)
        per_entry = max(1, (offset(gateway) - before) // some)


def tear(gateway: Gateway) -> None:
    """Leaves half of a batch behind the journal's end: its head, and less than that speaks of."""
    slot = newest_slot(gateway)
    entries = int(slot["note"].split("\n")[1])
    head = b"\xffcredB1\n" + struct.pack(">QQII", slot["next_id"], entries, 1, 4000) + bytes(range(32))
    with open(gateway.data / "journal" / segment_name(gateway), "r+b") as file:
        file.seek(slot["end"]["offset"])
        file.write(head + hashlib.sha256(head).digest()[:8] + b"\x5a" * 900)


def copy(base: Path, to: Path) -> None:
    """The data, the keys and the spool of a base, where there are some; holes stay holes."""
    for name in ("data", "keys", "spool"):
        shutil.rmtree(to / name, ignore_errors=True)
        if (base / name).exists():
            (base / name / "control.sock").unlink(missing_ok=True)
            shutil.copytree(base / name, to / name)
