#!/usr/bin/env python3
"""Fills the disk under a running gateway, and makes room again.

The data folder is a small ext4 file system of its own. A ballast file takes all that is free; then the
journal's segments are used up. From there on images and grants are refused, C-STORE with A700H, and the
gateway goes on; what protects patients (denials, objections, revocations) is still recorded, in the
room that is kept back for it. When the ballast is gone, writing resumes by itself, and the ledger
verifies. The spool, on the same disk, refuses with A700H from the beginning and leaves nothing behind, while what
goes directly still goes.

    tests/faults/full_disk.py [--work DIR] [--keep]

Needs root (it mounts, in a mount namespace of its own), loop devices, mkfs.ext4.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import phases
from faults import spooled
from faults.play import Play
from powercut.check import consents_wrong
from powercut.check import gateway_on
from powercut.check import lines_of
from powercut.check import lost
from powercut.check import verified_anew
from powercut.disk import Cut
from powercut.disk import Mounted
from powercut.disk import empty_image
from powercut.load import SPOOLED
from powercut.load import Book
from powercut.serving import serve
from rig.gateway import OTHER
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.gateway import binary
from rig.listener import Listener
from rig.process import free_port

# Three segments (the current one, the next, the reserve), as much again for the ballast, and a little.
DISK_MIB = 112
RESUMES_WITHIN_S = 5.0
# More than fit into what was left of a block of 4096 bytes.
NEW_PATIENTS = 80
AES = {called: "TREATMENT" for called in ("CREDENCE", "CREDENCE_B", *SPOOLED)}


class Checks:
    """What was found, counted."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, what: str, holds: bool, seen: object = "") -> None:
        self.passed, self.failed = (self.passed + 1, self.failed) if holds else (self.passed, self.failed + 1)
        print(f"  {'ok' if holds else 'FAULT'}: {what}" + ("" if holds else f": {seen}"), flush=True)


def fill_disk(ballast: Path) -> int:
    """Takes all that is free; how many bytes that was."""
    taken = 0
    with open(ballast, "wb", buffering=0) as file:
        for piece in (1 << 20, 4096):
            while True:
                try:
                    taken += file.write(b"\xab" * piece)
                except OSError:
                    break
        try:
            os.fsync(file.fileno())
        except OSError:
            pass
    return taken


def use_up(play: Play) -> int:
    """Large entries until one is refused, and then small ones; how many went in."""
    does = [play.guardian, lambda: play.grant("P1")]
    for number in range(20_000):
        if does[0]().how != "told":
            does.pop(0)
        if not does:
            return number
    raise RuntimeError("the journal never came to its end")


def scenario(gateway: Gateway, checks: Checks) -> None:
    book = Book()
    play = Play(gateway, book)
    serve(gateway)
    play.mixed()
    for _ in range(4):
        play.grant("P1")
    checks.that("with room all is acknowledged", all(one.how == "told" for one in play.outcomes), play)
    denied = play.store("P9", called="CREDENCE_B")
    checks.that("an image for another institution without a consent is denied with 0124H", denied.reason == "0124H", denied)
    ballast = gateway.data.parent / "ballast"
    taken = fill_disk(ballast)
    spooled_full(gateway, play, checks)
    entries = use_up(play)
    refused = play.outcomes[-1]
    checks.that(f"{taken >> 20} MiB of ballast and {entries} entries later, an entry is refused for want of room", refused.how == "refused" and "room" in refused.reason, refused)
    full(gateway, play, checks)
    ballast.unlink()
    resumed(gateway, play, checks)
    code = gateway.stop()
    checks.that("an orderly stop", code == 0, code)
    afterwards(gateway, play, checks)


def spooled_full(gateway: Gateway, play: Play, checks: Checks) -> None:
    """The disk is full, and the journal has room that it took before."""
    told = [play.store("P1", called) for called in SPOOLED] + [play.store("P1", "CREDENCE_Q", 700_000)]
    checks.that("what is to be spooled is refused with A700H", all(one.reason == "A700H" for one in told), told)
    left = [path.name for path in (gateway.data.parent / "spool").rglob("*.draft")]
    checks.that("nothing of it is left", not left, left)
    told = play.store("P1")
    checks.that("what goes directly goes", told.how == "told", told)


def full(gateway: Gateway, play: Play, checks: Checks) -> None:
    """On the full disk."""
    told = [play.store("P1"), play.store("P3")]
    checks.that("C-STORE is refused with A700H", all(one.reason == "A700H" for one in told), told)
    granted = play.grant("P1")
    checks.that("a grant is refused", granted.how == "refused", granted)
    told = [play.revoke(), play.revoke()]
    checks.that("revocations are recorded", all(one.how == "told" for one in told), told)
    told = [play.deny("P1"), play.deny("P2")]
    checks.that("objections are recorded", all(one.how == "told" for one in told), told)
    denied = play.store("P9", called="CREDENCE_B")
    checks.that("a denied image is answered as denied (0124H): the denial is recorded", denied.reason == "0124H", denied)
    told = [play.store(f"U{number}", called="CREDENCE_B") for number in range(NEW_PATIENTS)]
    checks.that(f"also for {NEW_PATIENTS} patients whom the gateway did not know", all(one.reason == "0124H" for one in told), told[-1])
    told = [play.store("P1"), play.grant("P1")]
    checks.that("images and grants are refused still", all(one.how == "refused" for one in told), told)
    checks.that("the gateway runs", gateway.process.alive())
    process = gateway.process
    code = gateway.stop()
    checks.that("it can be stopped in order", code == 0, process.log.read_text()[-800:])
    alive = serve(gateway)
    checks.that("it starts again on the full disk", alive, gateway.process.output()[-400:])
    if not alive:
        gateway.process = None
        return
    told = [play.store("P1"), play.revoke(), play.grant("P1")]
    checks.that("and refuses images and grants there, and takes a revocation", [one.how for one in told] == ["refused", "told", "refused"], told)


def resumed(gateway: Gateway, play: Play, checks: Checks) -> None:
    """There is room again."""
    if gateway.process is None:
        serve(gateway)
    deadline = time.monotonic() + RESUMES_WITHIN_S
    while (outcome := play.grant("P1")).how != "told" and time.monotonic() < deadline:
        time.sleep(0.1)
    checks.that("with room, writing resumes by itself", outcome.how == "told", outcome)
    before = len(play.outcomes)
    play.mixed()
    for called in SPOOLED:
        play.store("P1", called)
    checks.that("and all is acknowledged", all(one.how == "told" for one in play.outcomes[before:]), play.outcomes[before:])
    reserve = gateway.data / "journal" / "reserve"
    checks.that("the reserve is there again", reserve.exists() and reserve.stat().st_blocks * 512 >= phases.SEGMENT_BYTES, reserve)


def afterwards(gateway: Gateway, play: Play, checks: Checks) -> None:
    book = play.book
    verified = verified_anew(gateway)
    checks.that("the ledger verifies, decisions decided anew", verified.returncode == 0, verified.stdout + verified.stderr)
    serve(gateway)
    lines = lines_of(gateway)
    faults = lost(book.told, lines, lines, (gateway.data.parent / "keys" / "lookup.key").read_bytes())
    now = Cut(Path(), time.monotonic_ns(), 0, 0, "")
    faults += consents_wrong(gateway, book.told, book, now)
    kept = spooled.unkept(gateway, play)
    checks.that(f"{len(play.spooled)} spooled objects lie in their queues, byte for byte", bool(play.spooled) and not kept, kept)
    checks.that(f"all of {len(book.told)} acknowledgements are in its {len(lines)} entries", not faults, faults)
    gateway.stop()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="folder for the disk's image")
    arguments.add_argument("--keep", action="store_true", help="leave what was made there")
    chosen = arguments.parse_args()
    lacking = "root: it mounts a file system" if os.geteuid() != 0 else next((name for name in ("mkfs.ext4", "unshare", "mount", str(binary())) if shutil.which(name) is None), None)
    if lacking:
        print(f"tests/faults/full_disk: needs {lacking}\n0 passed, 1 failed")
        return 1
    if os.environ.get("CREDENCE_FULL_DISK_NAMESPACE") != "own":
        os.environ["CREDENCE_FULL_DISK_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    folder = Path(tempfile.mkdtemp(prefix="credence-full-disk-", dir=chosen.work))
    listener, checks = Listener(), Checks()
    peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=listener.port), Peer("OTHER", institution=OTHER, port=listener.port)]
    silent_port = free_port()
    peers += [Peer(aet, port=silent_port) for aet in ("DOWN", "DOWN_TOO")]
    routes = [(["CREDENCE"], ["storage"], "dest"), (["CREDENCE_B"], ["storage"], "other")]
    routes += [([called], ["storage"], queues, {"delivery": "spool"}) for called, queues in SPOOLED.items()]
    try:
        with Mounted(empty_image(folder / "disk.img", DISK_MIB), folder / "disk") as root:
            gateway = gateway_on(folder / "gateway", root, lambda more: Config(peers, routes, aes=AES, gateway=more))
            try:
                scenario(gateway, checks)
            finally:
                if gateway.process is not None:
                    gateway.kill()
    except (RuntimeError, AssertionError, TimeoutError, OSError, KeyError, subprocess.SubprocessError) as fault:
        checks.that(f"{type(fault).__name__}: {fault}", False)
    finally:
        listener.stop()
    if chosen.keep or checks.failed:
        print(f"folder: {folder}")
    else:
        shutil.rmtree(folder)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
