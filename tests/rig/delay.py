#!/usr/bin/env python3
"""A wire with a length: takes frames from one network device and puts them on another so much later, both ways.

    delay.py ONE OTHER --ms 10

Works on whole frames, as they are (segmentation offload included: up to 64 KiB at once), so that the TCP of those who
speak over it sees the time, the losses and the windows of a long line. Reads one word a line from standard input and
repeats each when it is done; ends when its input ends:

    pass    carry frames
    hole    lose every frame, without a word: a line that somebody dug up
    reset   end every TCP connection in both directions and refuse new ones, as a firewall does that was told to
"""

import argparse
import collections
import contextlib
import os
import select
import socket
import struct
import sys
import time

SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, SO_RCVBUFFORCE, SO_SNDBUFFORCE = 263, 15, 23, 33, 32
ETH_P_ALL, ETH_P_IP = 3, 0x0800
# virtio_net_hdr, Ethernet header.
VNET, ETHERNET = 10, 14
FIN, SYN, RST, ACK = 1, 2, 4, 16
# What was under way when the connections are ended has arrived after this; then their sequence numbers stand still.
QUIET_S = 0.2


def device(name: str) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    opened.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
    opened.bind((name, ETH_P_ALL))
    opened.setblocking(False)
    return opened


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Segment:
    """The TCP segment of a frame."""

    def __init__(self, frame: bytes):
        self.macs = frame[VNET : VNET + 12]
        self.network = frame[VNET + ETHERNET :]
        header = (self.network[0] & 15) * 4
        self.source, self.target = self.network[12:16], self.network[16:20]
        ports, self.sequence, self.acknowledged, offset, self.flags = struct.unpack_from("!4sIIBB", self.network, header)
        self.source_port, self.target_port = ports[:2], ports[2:]
        total = struct.unpack_from("!H", self.network, 2)[0] or len(self.network)
        payload = total - header - (offset >> 4) * 4
        self.end = (self.sequence + payload + bool(self.flags & SYN) + bool(self.flags & FIN)) & 0xFFFFFFFF

    @classmethod
    def of(cls, frame: bytes) -> "Segment | None":
        at = VNET + ETHERNET
        if len(frame) < at + 40 or frame[VNET + 12 : VNET + 14] != b"\x08\x00" or frame[at] >> 4 != 4 or frame[at + 9] != 6:
            return None
        return cls(frame)

    @property
    def flow(self) -> bytes:
        return self.source + self.source_port + self.target + self.target_port

    def refusal(self) -> bytes:
        """The reset that whoever sent this believes: it has the number that it expects next."""
        sequence, acknowledged, flags = (self.acknowledged, 0, RST) if self.flags & ACK else (0, self.end, RST | ACK)
        tcp = self.target_port + self.source_port + struct.pack("!IIBBHHH", sequence, acknowledged, 5 << 4, flags, 0, 0, 0)
        pseudo = self.target + self.source + struct.pack("!BBH", 0, 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + self.target + self.source
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        return bytes(VNET) + self.macs[6:] + self.macs[:6] + struct.pack("!H", ETH_P_IP) + ip + tcp


class Wire:
    """Two ends, and between them what is on its way: (due, end to put it on, frame)."""

    def __init__(self, one: str, other: str, delay_s: float):
        self.ends = [device(one), device(other)]
        self.delay_s = delay_s
        self.under_way: collections.deque = collections.deque()
        # The last segment of each direction of each connection, and the end that it came from.
        self.flows: dict[bytes, tuple[int, Segment]] = {}
        self.mode = "pass"
        self.reset_at: float | None = None

    def command(self, word: str) -> None:
        self.mode = word
        if word != "pass":
            # What is on the line is lost with it.
            self.under_way.clear()
        self.reset_at = time.monotonic() + QUIET_S if word == "reset" else None
        print(word, flush=True)

    def put(self, end: int, frame: bytes) -> None:
        # Where there is no room, a frame is lost, as on any line.
        with contextlib.suppress(OSError):
            self.ends[end].send(frame)

    def take(self, end: int) -> None:
        """What waits at this end, each frame with the time at which it is due at the other."""
        for _ in range(64):
            try:
                frame = self.ends[end].recv(1 << 17)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # The device was down for a moment.
                return
            if segment := Segment.of(frame):
                if segment.flags & RST:
                    self.flows.pop(segment.flow, None)
                else:
                    self.flows[segment.flow] = (end, segment)
            if self.mode == "pass":
                self.under_way.append((time.monotonic() + self.delay_s, 1 - end, frame))
            elif self.mode == "reset" and self.reset_at is None and segment and not segment.flags & RST:
                self.put(end, segment.refusal())

    def end_connections(self) -> None:
        for end, segment in self.flows.values():
            self.put(end, segment.refusal())
        self.flows.clear()

    def deliver(self) -> float | None:
        """Puts what is due on the other end; gives the seconds until the next is."""
        while self.under_way:
            due, end, frame = self.under_way[0]
            late = time.monotonic() - due
            if late < 0:
                return -late
            self.under_way.popleft()
            self.put(end, frame)
        return None

    def run(self) -> None:
        lines = b""
        while True:
            wait = self.deliver()
            if self.reset_at is not None:
                left = self.reset_at - time.monotonic()
                if left <= 0:
                    self.reset_at = None
                    self.end_connections()
                else:
                    wait = left if wait is None else min(wait, left)
            ready, _, _ = select.select([*self.ends, sys.stdin], [], [], wait)
            for end, opened in enumerate(self.ends):
                if opened in ready:
                    self.take(end)
            if sys.stdin in ready:
                more = os.read(sys.stdin.fileno(), 4096)
                if not more:
                    return
                *whole, lines = (lines + more).split(b"\n")
                for line in whole:
                    self.command(line.decode().strip())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("one")
    arguments.add_argument("other")
    arguments.add_argument("--ms", type=float, required=True)
    chosen = arguments.parse_args()
    wire = Wire(chosen.one, chosen.other, chosen.ms / 1000)
    try:
        # A line does not slow down because the machines at its ends are busy.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        pass
    wire.command("pass")
    wire.run()


if __name__ == "__main__":
    main()
