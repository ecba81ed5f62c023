"""A destination made of a raw socket: it answers what the test tells it to, and remembers every byte."""

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from rig import wire
from rig.process import free_port


@dataclass
class Heard:
    """What one association brought."""

    request: bytes = b""
    pdus: list[bytes] = field(default_factory=list)
    commands: list[tuple[int, dict[int, bytes]]] = field(default_factory=list)
    data_sets: list[tuple[int, bytes]] = field(default_factory=list)
    ended: bool = False

    def proposed(self) -> dict[int, tuple[bytes, list[bytes]]]:
        """Abstract syntax and transfer syntaxes by context id."""
        found = {}
        for kind, body in wire.items(self.request[74:]):
            if kind == 0x20:
                parts = wire.items(body[4:])
                abstract = next(value for sub, value in parts if sub == 0x30)
                found[body[0]] = (abstract.rstrip(b"\0"), [value.rstrip(b"\0") for sub, value in parts if sub == 0x40])
        return found

    def user_items(self) -> dict[int, list[bytes]]:
        return wire.user_items(self.request)


class Listener:
    """Accepts associations and C-STORE. `choose(abstract, syntaxes)` gives the accepted syntax or None."""

    def __init__(
        self,
        *,
        choose: Callable = lambda abstract, syntaxes: syntaxes[0],
        max_length: int = 65536,
        user: bytes = b"",
        status: int = 0x0000,
        on_release: Callable | None = None,
        respond: bool = True,
        wrong_message_id: bool = False,
        early: bool = False,
    ):
        self.port = free_port()
        self.heard: list[Heard] = []
        self._choose = choose
        self._max_length = max_length
        self._user = user
        self._status = status
        self._on_release = on_release
        self._respond = respond
        self._wrong_message_id = wrong_message_id
        self._early = early
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """Closes what is open, without a word."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        heard = Heard()
        self.heard.append(heard)
        try:
            self._association(connection, heard)
        except (OSError, EOFError):
            pass
        finally:
            heard.ended = True

    def _association(self, connection: socket.socket, heard: Heard) -> None:
        heard.request = read_pdu(connection)
        connection.sendall(self.acceptance(heard))
        command, data = b"", b""
        while True:
            received = read_pdu(connection)
            heard.pdus.append(received)
            if received[0] == wire.RELEASE_RQ:
                if self._on_release:
                    self._on_release(connection, heard)
                else:
                    connection.sendall(wire.RELEASE_RESPONSE)
                return
            if received[0] != wire.P_DATA:
                return
            for context_id, control, piece in wire.pdvs(received):
                if control & 1:
                    command += piece
                    if control & 2:
                        heard.commands.append((context_id, wire.parse_command(command)))
                        command = b""
                        if self._early or heard.commands[-1][1][0x0800] == wire.us(0x0101):
                            self._answer(connection, heard)
                else:
                    data += piece
                    if control & 2:
                        heard.data_sets.append((context_id, data))
                        data = b""
                        if not self._early:
                            self._answer(connection, heard)

    def _answer(self, connection: socket.socket, heard: Heard) -> None:
        context_id, request = heard.commands[-1]
        if not self._respond or request[0x0100] == wire.us(0x0FFF):
            return
        elements = {
            0x0100: wire.us(int.from_bytes(request[0x0100], "little") | 0x8000),
            0x0120: wire.us(0x7777) if self._wrong_message_id else request[0x0110],
            0x0800: wire.us(0x0101),
            0x0900: wire.us(self._status),
        }
        for kept in (0x0002, 0x1000):
            if kept in request:
                elements[kept] = request[kept]
        connection.sendall(wire.p_data(wire.pdv(context_id, wire.command_set(elements), command=True)))

    def acceptance(self, heard: Heard) -> bytes:
        body = heard.request[6:74] + wire.item(0x10, wire.APPLICATION_CONTEXT)
        for context_id, (abstract, syntaxes) in heard.proposed().items():
            chosen = self._choose(abstract, syntaxes)
            result = 0 if chosen else 4
            body += wire.item(0x21, bytes([context_id, 0, result, 0]) + wire.item(0x40, chosen or syntaxes[0]))
        body += wire.item(0x50, wire.item(0x51, struct.pack(">I", self._max_length)) + wire.item(0x52, b"2.25.1963.2") + self._user)
        return wire.pdu(wire.ASSOCIATE_AC, body)


def read_pdu(connection: socket.socket) -> bytes:
    """The next whole PDU; EOFError at the end of the connection."""
    data = bytearray()
    wanted = 6
    while len(data) < wanted:
        piece = connection.recv(wanted - len(data))
        if not piece:
            raise EOFError
        data += piece
        if len(data) == 6:
            wanted = 6 + int.from_bytes(data[2:6], "big")
    return bytes(data)
