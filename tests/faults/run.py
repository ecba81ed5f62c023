#!/usr/bin/env python3
"""Makes system calls fail under a gateway, one at a time, and holds it to its word.

strace injects EIO, ENOSPC, EINTR or SIGKILL at the N-th call of a kind that touches the gateway's data:
open, write, sync, allocate, truncate, rename, remove, make a folder; while it starts for the first time,
recovers, appends, signs checkpoints, changes segments, forgets a person, stops; the same of its spool, while objects
are kept for destinations that do not answer, and at the next start. Which calls there are, a first run without
faults finds out.

After each fault: nothing was acknowledged that is not in the ledger; a failed sync ended the gateway
within a second, was not tried again on that file, and nothing was acknowledged after it; EINTR changed
nothing; a full disk was a refusal (A700H for C-STORE) and the gateway went on, also where the file of an object
that nobody was told of yet finds no room at its sync. Then the gateway starts
again without faults, and the ledger verifies, decisions decided anew; and each object that was acknowledged lies in
the spool, in every queue that it was for, and unseals (with other software than ours) to the bytes that were sent.

    tests/faults/run.py [--long] [--only PHASE] [--seed N] [--work DIR] [--keep]

Needs strace, and the right to trace (root, or one's own processes).
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import phases
from faults import spooled
from faults import trace
from faults.phases import Phase
from faults.play import Play
from faults.trace import Fault
from faults.trace import Trace
from powercut.check import lines_of
from powercut.check import lost
from powercut.check import patients_mistaken
from powercut.check import verified_anew
from powercut.disk import free_bytes
from powercut.load import A700
from powercut.load import SPOOLED
from powercut.load import Book
from powercut.serving import serve
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.gateway import binary
from rig.listener import Listener
from rig.process import free_port

PHASES = [*phases.PHASES, *spooled.PHASES]
KINDS = ("EIO", "ENOSPC", "EINTR", "SIGKILL")
# Which kinds a call can meet; what has no meaning is left out.
MEANINGLESS = {("unlink", "ENOSPC"), ("unlinkat", "ENOSPC"), ("ftruncate", "ENOSPC"), ("rename", "EINTR"), ("unlink", "EINTR"), ("mkdir", "EINTR")}
ENDS_WITHIN_S = 1.0
# What was said before the fault may be read after it.
ON_ITS_WAY_S = 0.2


@dataclass
class Seen:
    """What came of one fault."""

    trace: Trace
    play: Play
    book: Book
    stopped_at: float
    alive: bool
    code: int | None
    faults: list[str] = field(default_factory=list)

    def met(self, fault: Fault) -> bool:
        """Whether there was such a call."""
        return self.code == -9 if fault.kind == "SIGKILL" else bool(self.trace.injected())


class Rig:
    """Runs cases, and counts."""

    def __init__(self, folder: Path, seed: int):
        self.folder = folder
        self.random = random.Random(seed)
        self.listener = Listener()
        self.silent_port = free_port()
        self.gateway = Gateway(folder / "gateway", self._config())
        self.passed = self.failed = 0
        self.slowest_s = 0.0
        self.syncs_failed = 0
        self.counted: dict[tuple[str, str], int] = {}

    def _config(self) -> Config:
        peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=self.listener.port)]
        peers += [Peer(aet, port=self.silent_port) for aet in ("DOWN", "DOWN_TOO")]
        routes = [(["CREDENCE"], ["storage"], "dest")]
        routes += [([called], ["storage"], queues, {"delivery": "spool"}) for called, queues in SPOOLED.items()]
        aes = {called: "TREATMENT" for called in ("CREDENCE", *SPOOLED)}
        return Config(peers, routes, aes=aes, more=[("[spool]", {"free_bytes_min": 0})])

    def phase(self, phase: Phase, per_kind: int, most: int | None) -> None:
        """All faults of a phase: up to `per_kind` places for each call and error, `most` in all."""
        base = self.folder / f"base-{phase.name.replace(' ', '-')}"
        gateway = Gateway(base, self._config(), self.gateway.port)
        phase.base(gateway)
        phases.copy(base, self.gateway.folder)
        if any(self.gateway.data.glob("journal/*")):
            done = self.gateway.command("ledger", "verify", self.gateway.data)
            print(f"{phase.name}: begins with {done.stdout.splitlines()[0]}", flush=True)
        found = self._places(phase, base)
        faults = [
            Fault(call, kind, nth)
            for call in phase.calls for kind in KINDS if (call, kind) not in MEANINGLESS
            for nth in spread(found.get(call, 0), per_kind)
        ]
        if not faults:
            raise RuntimeError(f"{phase.name}: no call to make fail was seen: {found}")
        if most is not None and len(faults) > most:
            faults = self.random.sample(faults, most)
        print(f"{phase.name}: {', '.join(f'{count} {call}' for call, count in found.items())}; {len(faults)} faults", flush=True)
        for fault in faults:
            self._case(phase, base, fault)

    def _places(self, phase: Phase, base: Path) -> dict[str, int]:
        """How often the busiest thread makes each call."""
        seen = self._run(phase, base, None)
        if seen.faults or any(outcome.how != "told" for outcome in seen.play.outcomes):
            raise RuntimeError(f"{phase.name}: not well even without a fault: {seen.faults} {seen.play}\n{(self.gateway.folder / 'credence.log').read_text()[-2000:]}")
        found: dict[str, int] = {}
        for call in seen.trace.calls:
            if call.name in phase.calls:
                found[call.name] = max(found.get(call.name, 0), call.nth)
        return found

    def _case(self, phase: Phase, base: Path, fault: Fault) -> None:
        while True:
            seen = self._run(phase, base, fault)
            if seen.met(fault) or fault.nth == 1:
                break
            # How many calls there are varies a little: an earlier one, then.
            fault = Fault(fault.call, fault.kind, fault.nth * 3 // 4)
        faults = [*seen.faults, *judged(fault, seen, phase)]
        self.passed, self.failed = (self.passed, self.failed + 1) if faults else (self.passed + 1, self.failed)
        where = Path(seen.trace.last(fault).path).name
        took = self._took(fault, seen)
        print(f"  {phase.name}: {fault} ({where}){took}" + "".join(f"\n    FAULT {one}" for one in faults), flush=True)
        if faults:
            print(f"    {seen.play}")

    def _took(self, fault: Fault, seen: Seen) -> str:
        hit = seen.trace.injected()
        if fault.call not in trace.SYNCS or fault.kind not in ("EIO", "ENOSPC") or not hit or seen.trace.ended is None:
            return ""
        took = seen.trace.ended - hit[0].time
        self.slowest_s = max(self.slowest_s, took)
        self.syncs_failed += 1
        return f": ended after {took * 1000:.0f} ms"

    def _run(self, phase: Phase, base: Path, fault: Fault | None) -> Seen:
        gateway = self.gateway
        phases.copy(base, gateway.folder)
        log = self.folder / "strace"
        log.unlink(missing_ok=True)
        book = Book()
        play = Play(gateway, book)
        attached = None
        if phase.attaches:
            serve(gateway)
            attached = trace.Attached(gateway.process.pid, log, phase.paths(gateway), fault)
        else:
            serve(gateway, trace.prefix(log, phase.paths(gateway), fault))
        if gateway.process.alive():
            phase.play(play)
        time.sleep(0.05)
        alive = gateway.process.alive()
        if alive and fault is not None:
            # A failed sync may not have been noticed yet.
            deadline = time.monotonic() + ENDS_WITHIN_S
            while fault.call in trace.SYNCS and fault.kind in ("EIO", "ENOSPC") and gateway.process.alive() and time.monotonic() < deadline:
                time.sleep(0.02)
            alive = gateway.process.alive()
        stopped_at = time.time()
        code = gateway.process.stop(20)
        gateway.process = None
        if attached:
            attached.end()
        self._settled(log)
        seen = Seen(Trace(log), play, book, stopped_at, alive, code)
        seen.faults += self._afterwards(play)
        return seen

    def _settled(self, log: Path) -> None:
        """strace in a session of its own ends a moment after the gateway."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if log.exists() and (text := log.read_bytes()) and b"+++" in text[-200:]:
                return
            time.sleep(0.02)

    def _afterwards(self, play: Play) -> list[str]:
        """Starts without faults, and looks at the ledger and the spool."""
        gateway, book, faults = self.gateway, play.book, []
        if not serve(gateway):
            said = gateway.process.output()[-600:]
            gateway.process = None
            return [f"does not start again: {said}"]
        try:
            lines = lines_of(gateway)
            faults += lost(book.told, lines, lines, (gateway.folder / "keys" / "lookup.key").read_bytes())
            faults += patients_mistaken(gateway, book.told, lines)
            faults += spooled.unkept(gateway, play)
        except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as fault:
            faults.append(f"{type(fault).__name__}: {fault}")
        code = gateway.stop()
        if code != 0:
            faults.append(f"ended with {code} after the restart")
        verified = verified_anew(gateway)
        if verified.returncode != 0:
            faults.append(f"does not verify: {verified.stdout}{verified.stderr}")
        return faults


def judged(fault: Fault, seen: Seen, phase: Phase) -> list[str]:
    """What the gateway did that it may not do."""
    hits = seen.trace.injected()
    if fault.kind == "SIGKILL":
        return [] if seen.met(fault) else [f"not killed: exit {seen.code}"]
    if not hits:
        return ["there was no such call"]
    stops = isinstance(phase, phases.OrderlyStop)
    faults = [f"{outcome.what} refused with {outcome.reason}" for outcome in seen.play.outcomes if outcome.what == "stored" and outcome.how == "refused" and outcome.reason != f"{A700:04X}H"]
    if fault.kind == "EINTR":
        if any(outcome.how != "told" for outcome in seen.play.outcomes) or seen.code != 0 or not (seen.alive or stops):
            faults.append(f"EINTR was not taken for what it is: exit {seen.code}")
    elif fault.kind == "ENOSPC" and fault.call == "fdatasync" and Path(hits[0].path).parent.name == "incoming":
        # An object's own file, of which nobody was told yet, finds no room: it goes, and the spool goes on.
        if not (seen.alive or stops) or seen.code != 0:
            faults.append(f"no room for one object ended the gateway: exit {seen.code}")
        if not any(outcome.how == "refused" for outcome in seen.play.outcomes):
            faults.append("an object was acknowledged for which there was no room")
        faults += _synced_again(hits[0], seen)
    elif fault.call in trace.SYNCS:
        faults += _after_failed_sync(hits[0], seen, stops)
    elif fault.kind == "ENOSPC" and Path(hits[0].path).name == "wrapping.key":
        # Overwritten in place, when the keyring is under the next key already: the next start goes on.
        if seen.code == 0 or seen.alive:
            faults.append("went on with a wrapping key that was not replaced")
    elif fault.call in phase.survives and phase.attaches:
        if not seen.alive or seen.code != 0:
            faults.append(f"{fault} ended the gateway: exit {seen.code}")
    elif fault.kind == "ENOSPC" and phase.attaches and fault.call in ("pwrite64", "write", "fallocate"):
        if not (seen.alive or stops) or seen.code != 0:
            faults.append(f"a full disk ended the gateway: exit {seen.code}")
    return faults


def _synced_again(hit: trace.Call, seen: Seen) -> list[str]:
    again = [call for call in seen.trace.calls if call.time > hit.time and call.name in trace.SYNCS and call.path == hit.path and not Path(call.path).is_dir()]
    return [f"the sync was tried again: {again[0]}"] if again else []


def _after_failed_sync(hit: trace.Call, seen: Seen, stops: bool) -> list[str]:
    faults = _synced_again(hit, seen)
    if seen.alive and hit.time < seen.stopped_at:
        return [*faults, f"the gateway lives on after a failed sync of {Path(hit.path).name}"]
    if seen.trace.ended is None or seen.trace.ended - hit.time > ENDS_WITHIN_S:
        faults.append(f"ended too late: {seen.trace.ended and seen.trace.ended - hit.time} s after the failed sync")
    # Of a snapshot that is lost the next start only takes longer.
    snapshot = (stops or hit.time >= seen.stopped_at) and (Path(hit.path).name.startswith("snapshot.") or Path(hit.path).name == "data")
    if seen.code == 0 and not snapshot:
        faults.append("ended as if nothing had been")
    late = seen.play.told_after(hit.time + ON_ITS_WAY_S)
    if late:
        faults.append(f"acknowledged after a failed sync: {late[0].what}")
    return faults


def spread(count: int, most: int) -> list[int]:
    """Up to `most` numbers of 1..count, evenly, with the first and the last."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(number * (count - 1) / max(1, most - 1)) for number in range(most)})


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--long", action="store_true", help="up to four places for every call, error and phase; else 7 faults a phase")
    arguments.add_argument("--only", choices=[phase.name for phase in PHASES], help="one phase")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    arguments.add_argument("--work", type=Path, help="folder to work in; default: /dev/shm where it is large enough, else the temporary folder")
    arguments.add_argument("--keep", action="store_true", help="leave that folder as it is")
    chosen = arguments.parse_args()
    lacking = "strace" if shutil.which("strace") is None else str(binary()) if not binary().exists() else None
    if lacking:
        print(f"tests/faults: needs {lacking}\n0 passed, 1 failed")
        return 1
    shared = Path("/dev/shm")
    parent = chosen.work or (shared if shared.is_dir() and free_bytes(shared) > 2 << 30 else Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix="credence-faults-", dir=parent))
    print(f"faults: seed {chosen.seed}", flush=True)
    rig = Rig(folder, chosen.seed)
    try:
        for phase in PHASES:
            if chosen.only in (None, phase.name):
                rig.phase(phase, 4 if chosen.long else 2, None if chosen.long else 7)
    except (RuntimeError, AssertionError, TimeoutError, OSError, subprocess.SubprocessError) as fault:
        print(f"FAULT {type(fault).__name__}: {fault}")
        rig.failed += 1
    finally:
        rig.listener.stop()
        if rig.gateway.process is not None:
            rig.gateway.kill()
    print(f"{rig.syncs_failed} failed syncs, the gateway ended after {rig.slowest_s * 1000:.0f} ms at the latest")
    if chosen.keep or rig.failed:
        print(f"folder: {folder}, seed {chosen.seed}")
    else:
        shutil.rmtree(folder)
    print(f"{rig.passed} passed, {rig.failed} failed")
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
