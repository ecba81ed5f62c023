"""The line itself: its rate, its length, and the two ways in which it is cut."""

import socket
import statistics
import threading
import time

from rig.sites import Line

PORT = 5000


def connected(line: Line) -> tuple[socket.socket, socket.socket]:
    """A TCP connection between the sites: the end in each."""
    one, other = line.sites
    with other:
        listener = socket.create_server((other.address, PORT))
    with listener:
        with one:
            here = socket.create_connection((other.address, PORT), 10)
        there, _ = listener.accept()
    for end in (here, there):
        end.settimeout(20)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return here, there


def round_trip_ms(line: Line, times: int = 30) -> float:
    here, there = connected(line)
    took = []
    with here, there:
        for _ in range(times):
            started = time.monotonic()
            here.sendall(b"?")
            there.recv(1)
            there.sendall(b"!")
            here.recv(1)
            took.append((time.monotonic() - started) * 1000)
    return statistics.median(took)


def mbit_per_s(line: Line, seconds: float, back: bool = False) -> float:
    """One connection's rate, from its first second on."""
    sender, receiver = connected(line)[:: -1 if back else 1]
    ends = time.monotonic() + seconds + 1

    def send() -> None:
        piece = bytes(1 << 18)
        with sender:
            while time.monotonic() < ends:
                sender.sendall(piece)

    thread = threading.Thread(target=send)
    thread.start()
    received, begun = 0, None
    with receiver:
        while data := receiver.recv(1 << 20):
            now = time.monotonic()
            if begun is None and now > ends - seconds:
                begun, received = now, 0
            received += len(data)
        took = time.monotonic() - begun
    thread.join()
    return received * 8 / took / 1e6


def run(run) -> None:
    checks = run.checks
    seconds = 5 if run.long else 1
    with Line() as line:
        for one_way_ms in (10, 20):
            line.lengthen(one_way_ms)
            took = round_trip_ms(line)
            checks.bar(f"{one_way_ms} ms each way: round trip, ms", took, at_least=2 * one_way_ms, at_most=2 * one_way_ms + 5)
            for back in (False, True):
                rate = mbit_per_s(line, seconds, back)
                way = "back" if back else "forth"
                checks.bar(f"{one_way_ms} ms each way, {way}: Mbit/s", rate, at_least=170, at_most=205)
        hole(checks, line)
        reset(checks, line)
        line.lengthen(10)
        line.unshape()
        checks.bar("the delay alone, nothing shaped: Mbit/s", mbit_per_s(line, seconds), at_least=400)


def hole(checks, line: Line) -> None:
    with checks.check("a hole loses everything silently, and what was lost comes after it"):
        here, there = connected(line)
        with here, there:
            line.hole()
            here.sendall(b"lost")
            there.settimeout(1)
            try:
                raise AssertionError(f"through a hole came {there.recv(4)!r}")
            except TimeoutError:
                pass
            there.settimeout(10)
            line.carry()
            assert there.recv(4) == b"lost"


def reset(checks, line: Line) -> None:
    with checks.check("a reset ends connections at both ends, and refuses new ones until it is over"):
        here, there = connected(line)
        with here, there:
            # The last word was there's: here has acknowledged it.
            there.sendall(b"!")
            here.recv(1)
            line.reset()
            for end in (here, there):
                try:
                    raise AssertionError(f"no reset, but {end.recv(1)!r}")
                except ConnectionResetError:
                    pass
        one, other = line.sites
        with other, socket.create_server((other.address, PORT + 1)):
            with one:
                try:
                    socket.create_connection((other.address, PORT + 1), 5)
                    raise AssertionError("a new connection was not refused")
                except ConnectionRefusedError:
                    pass
                line.carry()
                socket.create_connection((other.address, PORT + 1), 5).close()
