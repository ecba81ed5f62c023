"""Programs under test: started with a log, awaited by their listening port, stopped by their own id."""

import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

LISTENED_PORTS = (16_000, 32_000)
_given_ports: set[int] = set()
_ports = random.SystemRandom()


def free_port() -> int:
    """A loopback TCP port that nobody listens on, and that this run has not given out before.

    Below those that the system gives to connections: it must still be free when who listens on it comes back.
    """
    while True:
        port = _ports.randrange(*LISTENED_PORTS)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


def listening(port: int) -> bool:
    """Whether some process listens on `port` in this thread's network; asks the kernel, so the listener notices nothing."""
    wanted = f":{port:04X}"
    for table in ("/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                return True
    return False


def wait_until(condition, timeout_s: float = 10.0, what: str = "a condition", every_s: float = 0.02):
    """The first true value of `condition()`, asked every 20 ms."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {timeout_s} s")
        time.sleep(every_s)


def peer_environment(nodelay: bool = True) -> dict[str, str]:
    """DCMTK's environment. Without TCP_NODELAY=1 Debian's build leaves Nagle's algorithm on."""
    environment = dict(os.environ)
    environment.pop("TCP_NODELAY", None)
    if nodelay:
        environment["TCP_NODELAY"] = "1"
    environment["LC_ALL"] = "C.UTF-8"
    return environment


class Process:
    """One program, in its own process group, with everything it prints in `log`."""

    def __init__(self, name: str, argv: list, folder: Path, env: dict | None = None):
        self.name = name
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / f"{name}.log"
        self._sink = open(self.log, "ab")
        self.popen = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=self._sink,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=env or peer_environment(),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def alive(self) -> bool:
        return self.popen.poll() is None

    def wait_for_port(self, port: int, timeout_s: float = 20.0) -> None:
        """Returns once the program listens; fails at once, with its log, if it ended instead."""
        deadline = time.monotonic() + timeout_s
        while not listening(port):
            if not self.alive():
                raise RuntimeError(f"{self.name} ended with {self.popen.returncode}:\n{self.output()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not listen on {port}:\n{self.output()}")
            time.sleep(0.02)

    def output(self) -> str:
        self._sink.flush()
        return self.log.read_text(errors="replace")

    def signal(self, number: int) -> None:
        """To this one process."""
        if self.alive():
            self.popen.send_signal(number)

    def wait(self, timeout_s: float = 30.0) -> int:
        return self.popen.wait(timeout_s)

    def stop(self, grace_s: float = 10.0) -> int | None:
        """SIGTERM to the process and those that it forked; SIGKILL after `grace_s`."""
        self._signal_group(signal.SIGTERM)
        try:
            self.popen.wait(grace_s)
        except subprocess.TimeoutExpired:
            pass
        self._signal_group(signal.SIGKILL)
        self.popen.wait()
        self._sink.close()
        return self.popen.returncode

    def kill(self) -> None:
        """SIGKILL, now; forked children too."""
        self._signal_group(signal.SIGKILL)
        self.popen.wait()

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self.popen.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def cpu_seconds(self) -> float:
        """User and system time so far (threads included, ended children too)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = sum(int(field) for field in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak_memory_bytes(self) -> int:
        """VmHWM: the most physical memory that the process ever held."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmHWM")
