"""PDUs byte by byte, for peers that keep to nothing (PS3.8 §9.3)."""

import socket
import struct
import time

HOST = "127.0.0.1"
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
IMPLICIT = b"1.2.840.10008.1.2"
EXPLICIT = b"1.2.840.10008.1.2.1"
VERIFICATION = b"1.2.840.10008.1.1"
CT = b"1.2.840.10008.5.1.4.1.1.2"

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)


def rejected(result: int, source: int, reason: int) -> bytes:
    return bytes([3, 0, 0, 0, 0, 4, 0, result, source, reason])


def aborted(source: int, reason: int) -> bytes:
    return bytes([7, 0, 0, 0, 0, 4, 0, 0, source, reason])


RELEASE_REQUEST = bytes([5, 0, 0, 0, 0, 4, 0, 0, 0, 0])
RELEASE_RESPONSE = bytes([6, 0, 0, 0, 0, 4, 0, 0, 0, 0])


def pdu(kind: int, body: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body) if length is None else length) + body


def item(kind: int, body: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body) if length is None else length) + body


def context(context_id: int, abstract: bytes = VERIFICATION, syntaxes=(IMPLICIT,)) -> bytes:
    parts = item(0x30, abstract) + b"".join(item(0x40, syntax) for syntax in syntaxes)
    return item(0x20, bytes([context_id, 0, 0, 0]) + parts)


def user_information(max_length: int | None = 16384, more: bytes = b"") -> bytes:
    body = b"" if max_length is None else item(0x51, struct.pack(">I", max_length))
    return item(0x50, body + item(0x52, b"2.25.1963.1") + more)


def user_identity(kind: int, primary: bytes, secondary: bytes = b"", response: bool = False) -> bytes:
    body = bytes([kind, 1 if response else 0])
    body += struct.pack(">H", len(primary)) + primary + struct.pack(">H", len(secondary)) + secondary
    return item(0x58, body)


def role(sop_class: bytes, scu: bool, scp: bool) -> bytes:
    return item(0x54, struct.pack(">H", len(sop_class)) + sop_class + bytes([scu, scp]))


def extended(sop_class: bytes, information: bytes) -> bytes:
    return item(0x56, struct.pack(">H", len(sop_class)) + sop_class + information)


def associate_rq(
    called: bytes = b"CREDENCE",
    calling: bytes = b"MODALITY",
    contexts: bytes | None = None,
    user: bytes | None = None,
    version: int = 1,
    application_context: bytes = APPLICATION_CONTEXT,
    more: bytes = b"",
) -> bytes:
    body = struct.pack(">HH", version, 0) + called.ljust(16)[:16] + calling.ljust(16)[:16] + bytes(32)
    body += item(0x10, application_context)
    body += context(1) if contexts is None else contexts
    body += user_information() if user is None else user
    return pdu(ASSOCIATE_RQ, body + more)


def pdv(context_id: int, data: bytes, *, command: bool, last: bool = True, length: int | None = None) -> bytes:
    control = (1 if command else 0) | (2 if last else 0)
    return struct.pack(">IBB", len(data) + 2 if length is None else length, context_id, control) + data


def p_data(*values: bytes) -> bytes:
    return pdu(P_DATA, b"".join(values))


def command_set(elements: dict[int, bytes]) -> bytes:
    """Implicit VR Little Endian, with its group length (PS3.7 §6.3.1)."""
    body = b"".join(
        struct.pack("<HHI", 0, number, len(value)) + value for number, value in sorted(elements.items())
    )
    return struct.pack("<HHI", 0, 0, 4) + struct.pack("<I", len(body)) + body


def us(value: int) -> bytes:
    return struct.pack("<H", value)


def ui(text: bytes) -> bytes:
    return text if len(text) % 2 == 0 else text + b"\0"


def c_echo_rq(message_id: int = 1) -> bytes:
    return command_set({0x0002: ui(VERIFICATION), 0x0100: us(0x0030), 0x0110: us(message_id), 0x0800: us(0x0101)})


def c_store_rq(sop_class: bytes, sop_instance: bytes, message_id: int = 1) -> bytes:
    return command_set({
        0x0002: ui(sop_class), 0x0100: us(0x0001), 0x0110: us(message_id), 0x0700: us(0),
        0x0800: us(0x0001), 0x1000: ui(sop_instance),
    })


def parse_command(data: bytes) -> dict[int, bytes]:
    """Elements of group 0000 by element number."""
    found = {}
    at = 0
    while at + 8 <= len(data):
        group, element, length = struct.unpack_from("<HHI", data, at)
        assert group == 0, f"group {group:04X} in a command set"
        found[element] = data[at + 8 : at + 8 + length]
        at += 8 + length
    assert at == len(data), "the command set ends inside an element"
    return found


def status_of(command: dict[int, bytes]) -> int:
    return int.from_bytes(command[0x0900], "little")


class Wire:
    """A TCP connection that says what it is told to, and reads PDU by PDU."""

    def __init__(self, port: int, source: str = HOST, timeout_s: float = 10):
        self.socket = socket.create_connection((HOST, port), timeout_s, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError(f"closed after {data!r}")
            data += piece
        return data

    def read(self, timeout_s: float = 10) -> bytes:
        """The next whole PDU; b"" when the other side has closed."""
        self.socket.settimeout(timeout_s)
        try:
            header = self._exactly(6)
        except (EOFError, ConnectionResetError):
            return b""
        return header + self._exactly(int.from_bytes(header[2:6], "big"))

    def closed_within(self, timeout_s: float) -> bool:
        """Whether the other side closes, saying nothing more."""
        self.socket.settimeout(timeout_s)
        deadline = time.monotonic() + timeout_s
        try:
            while time.monotonic() < deadline:
                if not self.socket.recv(65536):
                    return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return False

    def associate(self, **options) -> bytes:
        self.send(associate_rq(**options))
        return self.read()

    def read_command(self, timeout_s: float = 10) -> tuple[int, dict[int, bytes]]:
        """Context id and command set of the next message, whatever its fragments."""
        data = b""
        while True:
            answer = self.read(timeout_s)
            assert answer[:1] == bytes([P_DATA]), f"not a P-DATA-TF: {answer[:32]!r}"
            for context_id, control, piece in pdvs(answer):
                assert control & 1, "a data set where a command was due"
                data += piece
                if control & 2:
                    return context_id, parse_command(data)

    def release(self) -> bytes:
        self.send(RELEASE_REQUEST)
        return self.read()


def pdvs(data: bytes) -> list[tuple[int, int, bytes]]:
    """Context id, control header and value of each PDV of a P-DATA-TF."""
    found = []
    at = 6
    while at < len(data):
        length, context_id, control = struct.unpack_from(">IBB", data, at)
        found.append((context_id, control, data[at + 6 : at + 4 + length]))
        at += 4 + length
    return found


def items(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    at = 0
    while at + 4 <= len(data):
        kind, length = data[at], struct.unpack_from(">H", data, at + 2)[0]
        found.append((kind, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def accepted_contexts(associate_ac: bytes) -> dict[int, tuple[int, bytes]]:
    """Result and transfer syntax by context id."""
    assert associate_ac[:1] == bytes([ASSOCIATE_AC]), f"not an A-ASSOCIATE-AC: {associate_ac[:16]!r}"
    found = {}
    for kind, body in items(associate_ac[74:]):
        if kind == 0x21:
            syntaxes = [value.rstrip(b"\0") for sub, value in items(body[4:]) if sub == 0x40]
            found[body[0]] = (body[2], syntaxes[0] if syntaxes else b"")
    return found


def user_items(associate_ac: bytes) -> dict[int, list[bytes]]:
    """User information sub-items by their type."""
    found: dict[int, list[bytes]] = {}
    for kind, body in items(associate_ac[74:]):
        if kind == 0x50:
            for sub, value in items(body):
                found.setdefault(sub, []).append(value)
    return found
