"""Two sites in network namespaces of their own, and between them a line with a rate, a length and a cutter.

    one ──tbf──┤ the line: delay.py, 10 ms each way ├──tbf── other

`with site:` moves the calling thread into the site: sockets that it opens, processes and threads that it starts then
are there, with a loopback of their own. Needs root; whoever cannot make namespaces hears it as an OSError or a
RuntimeError, and nothing is skipped.
"""

import ctypes
import os
import subprocess
import sys
import threading
from pathlib import Path

from rig import delay

NAMESPACES = Path("/run/netns")
PREFIX = "credence"
CLONE_NEWNET = 0x40000000
# Reserved for documentation (RFC 5737): nobody else's, in any network.
ADDRESSES = ("192.0.2.1", "192.0.2.2")
NETWORK = "192.0.2.0/24"
RATE = "200mbit"
# As Linux has it in most places; what a kernel prefers by default differs.
CONGESTION = "cubic"

_libc = ctypes.CDLL(None, use_errno=True)


def setns(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def ip(*words) -> str:
    return tool("ip", *words)


def tool(*words) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Namespace:
    """A network namespace with its loopback up."""

    def __init__(self, name: str):
        self.name = f"{PREFIX}-{os.getpid()}-{name}"
        self._before = threading.local()
        ip("netns", "add", self.name)
        try:
            self.ip("link", "set", "lo", "up")
        except BaseException:
            self.remove()
            raise

    def ip(self, *words) -> str:
        return ip("-n", self.name, *words)

    def tc(self, *words) -> str:
        return tool("tc", "-n", self.name, *words)

    def set(self, key: str, value: str) -> None:
        """A setting of the kernel for this namespace (below /proc/sys, which shows the calling thread's)."""
        with self:
            Path("/proc/sys", key).write_text(value)

    def __enter__(self):
        stack = self._before.__dict__.setdefault("stack", [])
        stack.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        there = os.open(NAMESPACES / self.name, os.O_RDONLY)
        try:
            setns(there)
        finally:
            os.close(there)
        return self

    def __exit__(self, *_) -> None:
        before = self._before.stack.pop()
        try:
            setns(before)
        finally:
            os.close(before)

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, timeout=30)


class Line:
    """The line between two sites. `one_way_ms`: how long each frame takes."""

    def __init__(self, *, one_way_ms: float = 10):
        remove_left_behind()
        self.namespaces: list[Namespace] = []
        self.process: subprocess.Popen | None = None
        try:
            self.sites = [self._site(name, address) for name, address in zip("ab", ADDRESSES)]
            self.between = self._namespace("line")
            for site in self.sites:
                self._join(site)
            self.lengthen(one_way_ms)
        except BaseException:
            self.close()
            raise

    def _namespace(self, name: str) -> Namespace:
        made = Namespace(name)
        self.namespaces.append(made)
        return made

    def _site(self, name: str, address: str) -> Namespace:
        made = self._namespace(name)
        made.address = address
        return made

    def _join(self, site: Namespace) -> None:
        """A cable from the site to the line, shaped where the site's packets leave."""
        device, far = "wan", f"to-{site.name.rpartition('-')[2]}"
        site.ip("link", "add", device, "type", "veth", "peer", "name", far, "netns", self.between.name)
        for namespace, name in ((site, device), (self.between, far)):
            namespace.set(f"net/ipv6/conf/{name}/disable_ipv6", "1")
            namespace.ip("link", "set", name, "up")
        site.ip("addr", "add", f"{site.address}/24", "dev", device, "noprefixroute")
        # By the route: the kernel's own default is not ours to change.
        site.ip("route", "add", NETWORK, "dev", device, "src", site.address, "congctl", CONGESTION)
        site.tc("qdisc", "add", "dev", "wan", "root", "tbf", "rate", RATE, "burst", "128kb", "latency", "50ms")

    def unshape(self) -> None:
        for site in self.sites:
            site.tc("qdisc", "del", "dev", "wan", "root")

    def lengthen(self, one_way_ms: float) -> None:
        """Another length of the line; what is on its way is lost."""
        self._stop()
        with self.between:
            self.process = subprocess.Popen(
                [sys.executable, delay.__file__, "to-a", "to-b", "--ms", str(one_way_ms)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            )
        self._answer()

    # Good days and bad days.

    def carry(self) -> None:
        self._say("pass")

    def hole(self) -> None:
        """Loses everything, silently."""
        self._say("hole")

    def reset(self) -> None:
        """Ends all connections, refuses new ones."""
        self._say("reset")

    def _say(self, word: str) -> None:
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        if not self.process.stdout.readline():
            raise RuntimeError(f"the line's process ended with {self.process.wait(5)}")

    def _stop(self) -> None:
        process, self.process = self.process, None
        if process:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()

    def close(self) -> None:
        """Once everything in the sites has been stopped."""
        self._stop()
        for namespace in reversed(self.namespaces):
            namespace.remove()
        self.namespaces = []

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def remove_left_behind() -> None:
    """Namespaces of a rig that was killed."""
    if not NAMESPACES.is_dir():
        return
    for entry in NAMESPACES.iterdir():
        name, _, rest = entry.name.partition("-")
        pid = rest.partition("-")[0]
        if name == PREFIX and pid.isdigit() and not Path("/proc", pid).exists():
            subprocess.run(["ip", "netns", "del", entry.name], capture_output=True, timeout=30)
