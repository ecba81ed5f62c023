"""Senders as modalities are: each sends its studies in order, and sends again what was not acknowledged."""

import hashlib
import threading
import time
from dataclasses import dataclass

from rig import images
from rig import wire

# In every object: what must not be found in the clear where objects wait.
CANARY_NAME = "Canarius^Serinus"
CANARY_ID = "CANARY-4711"


@dataclass(frozen=True)
class Made:
    """An object to be sent."""

    instance: str
    study: str
    number: int
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def study(key: int, count: int, sizes) -> list[Made]:
    """The objects of one study, in the order in which they are sent."""
    made = []
    for number in range(1, count + 1):
        dataset = images.data_set(
            study=key, number=number, patient=f"{CANARY_ID}-{key % 5}", name=CANARY_NAME, pixel_bytes=sizes(number)
        )
        made.append(Made(str(dataset.SOPInstanceUID), str(dataset.StudyInstanceUID), number, images.encoded(dataset)))
    return made


class Sender(threading.Thread):
    """Sends `objects` one after another, each until it is acknowledged, by associations of some length."""

    def __init__(self, port: int, called: str, objects: list[Made], priority: int = 0, per_association: int = 100, pause_s: float = 0):
        super().__init__(daemon=True)
        self.port, self.called, self.objects = port, called, objects
        self.priority, self.per_association, self.pause_s = priority, per_association, pause_s
        self.acknowledged: dict[str, Made] = {}
        self.refused: dict[str, int] = {}
        self.refusals: list[int] = []
        self.given_up = False
        self.stop_at = time.monotonic() + 60

    def run(self) -> None:
        left = list(self.objects)
        while left:
            try:
                self._association(left)
            except (OSError, EOFError, AssertionError, KeyError):
                # The gateway is gone, or says not now.
                time.sleep(0.05)
            if time.monotonic() > self.stop_at:
                self.given_up = True
                return

    def _association(self, left: list[Made]) -> None:
        with wire.Wire(self.port) as connection:
            answered = connection.associate(
                called=self.called.encode(), contexts=wire.context(1, wire.CT, [wire.EXPLICIT])
            )
            if answered[:1] != bytes([wire.ASSOCIATE_AC]) or wire.accepted_contexts(answered)[1][0] != 0:
                raise EOFError
            for message_id in range(1, self.per_association + 1):
                if not left:
                    break
                self._store(connection, left, message_id)
                if self.pause_s:
                    time.sleep(self.pause_s)
            connection.release()

    def _store(self, connection: wire.Wire, left: list[Made], message_id: int) -> None:
        made = left[0]
        command = wire.command_set({
            0x0002: wire.ui(wire.CT), 0x0100: wire.us(0x0001), 0x0110: wire.us(message_id),
            0x0700: wire.us(self.priority), 0x0800: wire.us(0x0001), 0x1000: wire.ui(made.instance.encode()),
        })
        connection.send(wire.p_data(wire.pdv(1, command, command=True)))
        step = 60_000
        for start in range(0, len(made.data), step):
            piece = made.data[start : start + step]
            connection.send(wire.p_data(wire.pdv(1, piece, command=False, last=start + step >= len(made.data))))
        status = wire.status_of(connection.read_command(30)[1])
        if status == 0:
            self.acknowledged[made.instance] = made
            left.pop(0)
        elif status & 0xFF00 == 0xA700:
            # Out of resources: later.
            self.refusals.append(status)
            time.sleep(0.05)
        else:
            self.refused[made.instance] = status
            left.pop(0)
