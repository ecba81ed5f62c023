#!/usr/bin/env python3
"""Cuts the power under a running gateway, and recovers from what the disk would hold.

The gateway writes to ext4 on a loop device on a disk with a volatile cache (disk.c). A cut takes what
the disk holds at that instant: what was flushed, and of the rest what a disk may have written already,
sector by sector. It is mounted as a new disk; the ledger must verify, the gateway must open it, and all
that had been acknowledged before the instant of the cut must be there: consents and revocations as
they were (by their numbers and digests), a decision for every image whose sender was told Success, the
patients' pseudonyms, and in the spool every object that was acknowledged, in each of its queues, with its
bytes.

Cut is: the first start, steady work, the change of a segment, the writing of a checkpoint, the erasure
of a patient, an orderly stop, and the recovery after a cut (a second cut). Then the same with fdatasync taken out, where the
rig must find that entries are lost: otherwise it would show nothing.

What it models: a disk that keeps its promise about flushes and about sectors of 512 bytes, which loses
or keeps every unflushed sector as it likes, in any order; the file system's own journal; flushes that
take time. What it does not: disks that lie about a flush, sectors that are half old and half new, bits
that rot; other file systems than ext4 in its usual mode (data=ordered, barriers).

    tests/powercut/run.py [--cuts 200] [--seed N] [--without-fdatasync] [--work DIR] [--keep]

Needs root (mounts; in a mount namespace of its own), /dev/fuse, loop devices, cc, mkfs.ext4, e2fsck.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from powercut.check import Check
from powercut.disk import Cut
from powercut.disk import compile_helpers
from powercut.disk import empty_image
from powercut.disk import free_bytes
from powercut.load import SPOOLED
from powercut.load import Book
from powercut.session import CUTS_PER_SESSION
from powercut.session import DISK_MIB
from powercut.session import Session
from rig.gateway import Config
from rig.gateway import Peer
from rig.gateway import binary
from rig.listener import Listener
from rig.process import free_port

FAULTS_MAX = 5
# What begins so tells that something acknowledged is gone, or that the folder does not open for it.
LOSSES = ("lost:", "what the cut left does not verify", "the folder does not open")


class Rig:
    """Runs sessions, checks what they cut, and counts."""

    def __init__(self, folder: Path, seed: int, unsynced: bool):
        self.folder = folder
        self.unsynced = unsynced
        self.random = random.Random(seed)
        self.listener = Listener()
        self.silent_port = free_port()
        self.tools = compile_helpers(folder)
        self.empty = empty_image(folder / "empty.img", DISK_MIB)
        self._check = Check(folder / "check", self.config_of)
        self.cuts = self.faulty = self.lossy = 0
        self.cached: dict[str, list[int]] = {}
        self.loose: list[str] = []

    def config_of(self, gateway: dict) -> Config:
        peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=self.listener.port)]
        peers += [Peer(aet, port=self.silent_port) for aet in ("DOWN", "DOWN_TOO")]
        routes = [(["CREDENCE"], ["storage"], "dest")]
        routes += [([called], ["storage"], queues, {"delivery": "spool"}) for called, queues in SPOOLED.items()]
        return Config(peers, routes, aes={called: "TREATMENT" for called in ("CREDENCE", *SPOOLED)}, gateway=gateway)

    def check(self, cut: Cut, book: Book, live: list[str]) -> None:
        faults = self._check.faults(cut, book, live)
        told = len(book.before(cut.time_ns))
        self.cuts += 1
        # Without fdatasync, only what was lost shows something; a mount that failed does not.
        shown = [fault for fault in faults if fault.startswith(LOSSES)] if self.unsynced else faults
        self.faulty += bool(shown)
        self.lossy += cut.lost > 0
        self.cached.setdefault(cut.phase, []).append(cut.cached)
        print(f"cut {self.cuts}, {cut}; {told} acknowledged, {self._check.spooled} of them spooled, {self._check.entries} entries" + "".join(f"\n  FAULT {fault}" for fault in faults), flush=True)
        if faults and not self.unsynced:
            kept = self.folder / f"faulty-{self.cuts}.img"
            cut.file.rename(kept)
            print(f"  kept as {kept}")
        else:
            cut.file.unlink()
        if self.faulty >= FAULTS_MAX and not self.unsynced:
            raise RuntimeError(f"giving up after {FAULTS_MAX} faulty cuts")

    def fault(self, text: str) -> None:
        """What is wrong with no cut in particular."""
        self.loose.append(text)
        print(f"FAULT {text}", flush=True)

    def run(self, cuts: int) -> None:
        number = 0
        try:
            while self.cuts < cuts:
                number += 1
                session = Session(self, number, min(CUTS_PER_SESSION, cuts - self.cuts), self.random.randrange(1 << 30))
                session.run()
        except (AssertionError, RuntimeError, TimeoutError, OSError, EOFError, subprocess.SubprocessError) as fault:
            self.fault(f"{type(fault).__name__}: {fault}")
        finally:
            self.listener.stop()


def preconditions(folder: Path) -> str | None:
    """What is missing on this machine."""
    if os.geteuid() != 0:
        return "needs root: it mounts file systems and loop devices"
    if not Path("/dev/fuse").exists():
        return "needs /dev/fuse"
    for program in ("cc", "mkfs.ext4", "e2fsck", "mount", "unshare"):
        if shutil.which(program) is None:
            return f"needs {program}"
    if not binary().exists():
        return f"there is no {binary()}: build it, or name it in CREDENCE_BIN"
    if free_bytes(folder) < 4 << 30:
        return f"needs 4 GiB in {folder} (--work names another folder)"
    return None


def in_own_namespace() -> None:
    """Whatever happens, no mount outlives this process and its children."""
    if os.environ.get("CREDENCE_POWERCUT_NAMESPACE") != "own":
        os.environ["CREDENCE_POWERCUT_NAMESPACE"] = "own"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def measured(folder: Path, seed: int, cuts: int, unsynced: bool) -> tuple[int, int]:
    """Checks that passed, and that did not."""
    folder.mkdir()
    rig = Rig(folder, seed, unsynced)
    rig.run(cuts)
    for phase, cached in rig.cached.items():
        print(f"  {phase}: {len(cached)} cuts, {sum(1 for one in cached if one)} of them with unflushed sectors, {max(cached)} at the most")
    if unsynced:
        print(f"without fdatasync: losses found in {rig.faulty} of {rig.cuts} cuts")
        return (1, 0) if rig.faulty > 0 and not rig.loose else (0, 1)
    print(f"{rig.cuts} cuts, {rig.lossy} of them lost unflushed sectors; {rig.faulty} with an acknowledged entry lost or a folder that does not open")
    if cuts >= 10 and rig.lossy == 0:
        rig.fault("no cut lost anything: the rig shows nothing")
    return rig.cuts - rig.faulty, rig.faulty + len(rig.loose)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cuts", type=int, default=200, help="how many cuts; a tenth as many again, 3 to 8, without fdatasync")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    arguments.add_argument("--without-fdatasync", action="store_true", help="only that part: passes when losses are found")
    arguments.add_argument("--work", type=Path, help="folder for the disks; default: /dev/shm where it is large enough, else the temporary folder")
    arguments.add_argument("--keep", action="store_true", help="leave that folder as it is")
    chosen = arguments.parse_args()
    shared = Path("/dev/shm")
    parent = chosen.work or (shared if shared.is_dir() and free_bytes(shared) > 6 << 30 else Path(tempfile.gettempdir()))
    lacking = preconditions(parent)
    if lacking:
        print(f"tests/powercut: {lacking}\n0 passed, 1 failed")
        return 1
    in_own_namespace()
    print(f"power cuts: {chosen.cuts}, seed {chosen.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="credence-powercut-", dir=parent))
    passed = failed = 0
    if not chosen.without_fdatasync:
        passed, failed = measured(folder / "synced", chosen.seed, chosen.cuts, unsynced=False)
    without = chosen.cuts if chosen.without_fdatasync else max(3, min(8, chosen.cuts // 10))
    print(f"without fdatasync: {without} cuts", flush=True)
    more = measured(folder / "unsynced", chosen.seed, without, unsynced=True)
    passed, failed = passed + more[0], failed + more[1]
    if chosen.keep or failed:
        print(f"folder: {folder}, seed {chosen.seed}")
    else:
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
