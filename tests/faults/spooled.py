"""The phases in which objects are kept in the spool, and what must be there afterwards."""

from pathlib import Path

from faults.phases import Phase
from faults.play import Play
from powercut.load import SPOOLED
from powercut.load import Book
from powercut.serving import serve
from rig import images
from rig import spool
from rig.gateway import Gateway

CALLS = ["openat", "pwrite64", "fdatasync", "fsync", "linkat", "renameat", "unlinkat", "mkdirat"]
# More than the gateway seals before it makes the object's file.
LARGE_BYTES = 700_000
# What an object of these tests would show in clear.
CANARIES = [b"Invented^Patient", images.ARC.encode(), images.CT.encode()]


class Spooled(Phase):
    """Objects for one destination and for two, neither of which answers."""

    name = "spool"
    calls = CALLS
    survives = ("openat", "pwrite64", "linkat", "renameat", "unlinkat", "mkdirat")

    def base(self, gateway: Gateway) -> None:
        serve(gateway)
        self.play(Play(gateway, Book()))
        gateway.stop()

    def paths(self, gateway: Gateway) -> list[Path]:
        folder = gateway.data.parent / "spool"
        first = spool.next_number(folder, site_key(gateway)) if (folder / "number").exists() else 1
        names = ["", "incoming", "remembered", "queues", "number", "number.draft", "remembered/takes", "remembered/takes.draft"]
        for queue in sorted({queue for queues in SPOOLED.values() for queue in queues}):
            names += [f"queues/{queue}", *(f"queues/{queue}/{place}" for place in spool.PLACES)]
        names += [f"incoming/{number}.draft" for number in range(first, first + 24)]
        return [folder / name for name in names]

    def play(self, play: Play) -> None:
        for called in SPOOLED:
            play.store("P1", called)
            play.store("P3", called, LARGE_BYTES)
        play.store("P1", next(iter(SPOOLED)))


class SpooledFirst(Spooled):
    """The first objects of a spool: its queues are made."""

    name = "spool, first objects"

    def base(self, gateway: Gateway) -> None:
        serve(gateway)
        Play(gateway, Book()).store()
        gateway.stop()


class SpooledStart(Spooled):
    """A start on a spool that a crash left: with drafts, and notes of objects that are gone."""

    name = "spool, start"
    attaches = False

    def base(self, gateway: Gateway) -> None:
        Spooled.base(self, gateway)
        folder = gateway.data.parent / "spool"
        waiting = folder / "queues" / "down" / "waiting"
        for number in (9001, 9002):
            (folder / "incoming" / f"{number}.draft").write_bytes(b"\0" * 4000)
            (waiting / f"{number}.note").write_bytes(b"\x5a" * 60)
        for path in (*folder.glob("incoming/*"), *waiting.glob("*.note")):
            path.chmod(0o600)

    def paths(self, gateway: Gateway) -> list[Path]:
        return [*Spooled.paths(self, gateway), gateway.data.parent / "spool" / "lock"]


PHASES = [Spooled(), SpooledFirst(), SpooledStart()]


def site_key(gateway: Gateway) -> bytes:
    return (gateway.data.parent / "keys" / "spool.key").read_bytes()


def unkept(gateway: Gateway, play: Play) -> list[str]:
    """Objects whose sender was told Success and that do not lie in each of their queues, as they were sent; files that
    are none; and what is in clear."""
    folder = gateway.data.parent / "spool"
    if not play.spooled:
        return []
    found = spool.objects(folder, site_key(gateway))
    lying = {(one.queue, one.digest) for one in found if one.data is not None}
    faults = [f"lost: an object for {queue} was acknowledged" for digest, queues in play.spooled for queue in queues if (queue, digest) not in lying]
    faults += [f"{one.queue}/{one.place}/{one.number}: {one.why}" for one in found if one.data is None]
    faults += [f"{path.name} was left" for path in folder.rglob("*.draft")]
    return faults + spool.in_clear(folder, CANARIES)
