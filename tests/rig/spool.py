"""Reads a spool as docs/spool.md describes it, with other software than the gateway's: each object is unsealed."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"CREDSPL1"
HEADER_BYTES = 88
SEGMENT_BYTES = 65536
TAG_BYTES = 16
PLACES = ("waiting", "dead", "quarantined", "delivered")


@dataclass(frozen=True)
class Object:
    """An object in a queue. `data` is None when its file does not unseal, which `why` explains."""

    queue: str
    place: str
    number: int
    about: bytes
    data: bytes | None
    why: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data or b"").hexdigest()


def unsealed(site_key: bytes, number: int, file: bytes) -> tuple[bytes, bytes]:
    """What is said about an object, and its data; ValueError or InvalidTag when the file is not whole."""
    header = file[:HEADER_BYTES]
    if len(header) < HEADER_BYTES or header[:8] != MAGIC or header[8:16] != struct.pack(">Q", number):
        raise ValueError("not the file of this object")
    wrapping = HKDF(hashes.SHA256(), 32, None, b"credence spool wrapping key 1" + struct.pack(">Q", number)).derive(site_key)
    wrapped = AESGCM(wrapping).decrypt(header[16:28], header[28:], b"credence spool header 1\0" + struct.pack(">Q", number))
    key, data_bytes, about_bytes = AESGCM(wrapped[:32]), *struct.unpack(">QI", wrapped[32:])

    at = HEADER_BYTES

    def segment(place: int, last: bool, length: int) -> bytes:
        nonlocal at
        sealed, at = file[at : at + length + TAG_BYTES], at + length + TAG_BYTES
        nonce = struct.pack(">7xI?", place, last)
        return key.decrypt(nonce, sealed, b"credence spool segment 1\0" + struct.pack(">QI?", number, place, last))

    about = segment(0, False, about_bytes)
    pieces, left, place = [], data_bytes, 0
    while place == 0 or left > 0:
        place, length = place + 1, min(left, SEGMENT_BYTES)
        left -= length
        pieces.append(segment(place, left == 0, length))
    if at != len(file):
        raise ValueError("longer than its header says")
    return about, b"".join(pieces)


def next_number(folder: Path, site_key: bytes) -> int:
    """The number that the next start goes on with: the file that says so is sealed as a whole."""
    key = HKDF(hashes.SHA256(), 32, None, b"credence spool file key 1").derive(site_key)
    file = (folder / "number").read_bytes()
    return struct.unpack(">Q", AESGCM(key).decrypt(file[:12], file[12:], b"credence spool number 1"))[0]


def objects(folder: Path, site_key: bytes) -> list[Object]:
    """All that lies in a spool's queues."""
    found = []
    for queue in sorted((folder / "queues").glob("*")):
        for place in PLACES:
            for file in sorted((queue / place).glob("*")):
                if not file.name.isdigit():
                    continue
                number = int(file.name)
                try:
                    about, data = unsealed(site_key, number, file.read_bytes())
                    found.append(Object(queue.name, place, number, about, data))
                except (ValueError, InvalidTag, struct.error) as fault:
                    found.append(Object(queue.name, place, number, b"", None, f"{type(fault).__name__} {fault}"))
    return found


def in_clear(folder: Path, canaries: list[bytes]) -> list[str]:
    """Files of a spool that show one of `canaries` in their names or bytes."""
    found = []
    for file in sorted(folder.rglob("*")):
        text = str(file.relative_to(folder)).encode() + (b"" if file.is_dir() or file.is_symlink() else file.read_bytes())
        found += [f"{file.relative_to(folder)} shows {canary!r}" for canary in canaries if canary in text]
    return found
