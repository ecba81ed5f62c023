"""strace on a gateway: which calls touch its data, and making the N-th of one kind fail."""

import re
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

CALLS = ["openat", "pwrite64", "write", "fdatasync", "fsync", "fallocate", "ftruncate", "rename", "unlink", "mkdir", "linkat", "renameat", "unlinkat", "mkdirat"]
SYNCS = ("fdatasync", "fsync")

_LINE = re.compile(r"^(?P<tid>\d+) +(?P<time>\d+\.\d+) (?P<call>\w+)\((?P<words>.*)\) += (?P<result>.*)$")
_UNFINISHED = re.compile(r"^(?P<tid>\d+) +(?P<time>\d+\.\d+) (?P<call>\w+)\((?P<words>.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(?P<tid>\d+) +(?P<time>\d+\.\d+) <\.\.\. (?P<call>\w+) resumed>(?P<words>.*)\) += (?P<result>.*)$")
_ENDED = re.compile(r"^(?P<tid>\d+) +(?P<time>\d+\.\d+) \+\+\+ (?P<how>.*) \+\+\+$")
_PATH = re.compile(r'<(/[^>]*)>|"(/[^"]*)"')


@dataclass(frozen=True)
class Call:
    """One call that touched the data. `nth` counts the thread's calls of this name, from 1."""

    tid: int
    time: float
    name: str
    path: str
    nth: int
    injected: bool
    result: str

    def __str__(self) -> str:
        return f"{self.name} {self.nth} on {Path(self.path).name}"


@dataclass(frozen=True)
class Fault:
    """What is injected: an error, or SIGKILL, at the N-th call of a thread."""

    call: str
    kind: str
    nth: int

    def words(self) -> str:
        what = f"signal={self.kind}" if self.kind.startswith("SIG") else f"error={self.kind}"
        return f"inject={self.call}:{what}:when={self.nth}"

    def __str__(self) -> str:
        return f"{self.kind} at {self.call} {self.nth}"


class Trace:
    """What strace wrote."""

    def __init__(self, log: Path):
        self.calls: list[Call] = []
        self.ended: float | None = None
        self.how = ""
        begun: dict[int, tuple[float, str]] = {}
        counts: dict[tuple[int, str], int] = {}
        for line in log.read_text(errors="replace").splitlines():
            if found := _ENDED.match(line):
                self.ended, self.how = float(found["time"]), found["how"]
                continue
            if found := _UNFINISHED.match(line):
                begun[int(found["tid"])] = (float(found["time"]), found["words"])
                continue
            if found := _LINE.match(line):
                time, words = float(found["time"]), found["words"]
            elif found := _RESUMED.match(line):
                time, words = begun.pop(int(found["tid"]), (float(found["time"]), ""))
            else:
                continue
            self._add(int(found["tid"]), time, found["call"], words, found["result"], counts)
        # A call during which the process was killed never ended.
        for tid, (time, words) in begun.items():
            self.calls.append(Call(tid, time, "killed", _path(words), 0, True, ""))

    def _add(self, tid: int, time: float, name: str, words: str, result: str, counts: dict) -> None:
        counts[tid, name] = counts.get((tid, name), 0) + 1
        self.calls.append(Call(tid, time, name, _path(words), counts[tid, name], "(INJECTED)" in result, result))

    def injected(self) -> list[Call]:
        return [call for call in self.calls if call.injected]

    def last(self, fault: Fault) -> Call:
        """The call that the fault was injected at; for a kill, the last one before it."""
        hits = self.injected() or [call for call in self.calls if call.name == fault.call]
        return hits[-1] if fault.kind.startswith("SIG") and hits else (hits or [Call(0, 0.0, "?", "?", 0, False, "")])[0]


def _path(words: str) -> str:
    found = [one or other for one, other in _PATH.findall(words)]
    return found[-1] if found else ""


def _options(log: Path, calls: list[str], paths: list[Path], fault: Fault | None) -> list[str]:
    words = ["-f", "-y", "-ttt", "-s", "16", "-o", str(log), "-e", "trace=" + ",".join(calls)]
    for path in paths:
        words += ["-P", str(path)]
    return words + (["-e", fault.words()] if fault else [])


def prefix(log: Path, paths: list[Path], fault: Fault | None) -> list[str]:
    """Before the words of a command: runs it under strace, which is in a session of its own."""
    calls = [fault.call, *SYNCS] if fault else CALLS
    return ["strace", "-DDD", *_options(log, calls, paths, fault), "--"]


class Attached:
    """strace on a process that runs."""

    def __init__(self, pid: int, log: Path, paths: list[Path], fault: Fault | None):
        calls = [fault.call, *SYNCS] if fault else CALLS
        words = ["strace", *_options(log, calls, paths, fault), "-p", str(pid)]
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = self._process.stderr.readline()
        if "attached" not in said:
            self._process.kill()
            raise RuntimeError(f"strace: {said}")
        threading.Thread(target=self._process.stderr.read, daemon=True).start()

    def end(self) -> None:
        """Lets go, if the process still runs."""
        try:
            self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
