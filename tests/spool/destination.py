"""A destination that misbehaves as it is told to, and remembers what it took."""

import hashlib
import socket
import struct
import threading
import time
from dataclasses import dataclass

from rig import wire
from rig.listener import read_pdu
from rig.process import free_port

SUCCESS = 0x0000
BUSY = 0xA700
REFUSED = 0xC001


@dataclass
class Arrival:
    """A data set that came to its end."""

    instance: str
    digest: str
    at: float
    # Success was written to the socket, and the association stood.
    taken: bool = False


class Destination:
    """A C-STORE SCP on a socket. All of its moods can be changed at any time:

    `up`, and `down` (nothing listens, open connections are reset), `busy` (A700H), `silent` (reads, and
    answers nothing until it is told otherwise), `dies_after`: dies when so many more data sets have come,
    `refuses`: instances that it answers with C001H.
    """

    def __init__(self):
        self.port = free_port()
        self.arrivals: list[Arrival] = []
        self.refuses: set[str] = set()
        self.busy = False
        self.dies_after: int | None = None
        self.deaths = 0
        self.returned_at: list[float] = []
        self._silent = threading.Event()
        self._silent.set()
        self._lock = threading.Lock()
        self._server: socket.socket | None = None
        self._open: list[socket.socket] = []

    def up(self) -> None:
        """Listens."""
        with self._lock:
            if self._server is not None:
                return
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", self.port))
            server.listen(64)
            self._server = server
            self.returned_at.append(time.monotonic())
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()

    def down(self) -> None:
        """Resets what is open, and listens no more."""
        with self._lock:
            server, self._server = self._server, None
            connections, self._open = self._open, []
        if server is not None:
            self.deaths += 1
            # Wakes the thread that accepts.
            server.shutdown(socket.SHUT_RDWR)
            server.close()
        for connection in connections:
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            except OSError:
                pass

    @property
    def is_up(self) -> bool:
        return self._server is not None

    def silence(self, is_silent: bool) -> None:
        if is_silent:
            self._silent.clear()
        else:
            self._silent.set()

    def taken(self) -> list[Arrival]:
        return [arrival for arrival in list(self.arrivals) if arrival.taken]

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if self._server is not server:
                    connection.close()
                    return
                self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._association(connection)
        except (OSError, EOFError, ValueError, AssertionError):
            pass
        finally:
            with self._lock:
                if connection in self._open:
                    self._open.remove(connection)
            connection.close()

    def _association(self, connection: socket.socket) -> None:
        request = read_pdu(connection)
        self._silent.wait()
        connection.sendall(accept_all(request))
        command: dict = {}
        parts: list[bytes] = []
        while True:
            received = read_pdu(connection)
            if received[0] == wire.RELEASE_RQ:
                connection.sendall(wire.RELEASE_RESPONSE)
                return
            if received[0] != wire.P_DATA:
                return
            for context_id, control, piece in wire.pdvs(received):
                if control & 1:
                    command = wire.parse_command(piece)
                    parts = []
                else:
                    parts.append(piece)
                    if control & 2:
                        self._take(connection, context_id, command, b"".join(parts))

    def _take(self, connection: socket.socket, context_id: int, command: dict, data: bytes) -> None:
        instance = command[0x1000].rstrip(b"\0").decode()
        arrival = Arrival(instance, hashlib.sha256(data).hexdigest(), time.monotonic())
        with self._lock:
            self.arrivals.append(arrival)
            if self.dies_after is not None:
                self.dies_after -= 1
            dies = self.dies_after == 0
            if dies:
                self.dies_after = None
        if dies:
            self.down()
            raise EOFError
        self._silent.wait()
        status = BUSY if self.busy else REFUSED if instance in self.refuses else SUCCESS
        elements = {
            0x0002: command[0x0002],
            0x0100: wire.us(0x8001),
            0x0120: command[0x0110],
            0x0800: wire.us(0x0101),
            0x0900: wire.us(status),
            0x1000: command[0x1000],
        }
        if gone(connection):
            raise EOFError
        connection.sendall(wire.p_data(wire.pdv(context_id, wire.command_set(elements), command=True)))
        arrival.taken = status == SUCCESS


def gone(connection: socket.socket) -> bool:
    """The peer has hung up while we were silent."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def accept_all(request: bytes) -> bytes:
    """An A-ASSOCIATE-AC with the first syntax of every context."""
    body = request[6:74] + wire.item(0x10, wire.APPLICATION_CONTEXT)
    for kind, part in wire.items(request[74:]):
        if kind == 0x20:
            syntaxes = [value for sub, value in wire.items(part[4:]) if sub == 0x40]
            body += wire.item(0x21, bytes([part[0], 0, 0, 0]) + wire.item(0x40, syntaxes[0]))
    body += wire.item(0x50, wire.item(0x51, struct.pack(">I", 65536)) + wire.item(0x52, b"2.25.1963.3"))
    return wire.pdu(wire.ASSOCIATE_AC, body)
