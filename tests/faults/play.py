"""What peers and people do while calls fail, one after another, and what they are told."""

import hashlib
import json
import time
from dataclasses import dataclass

from powercut.load import PIECE_BYTES
from powercut.load import SPOOLED
from powercut.load import Book
from powercut.load import Control
from powercut.load import terms
from rig import images
from rig import wire
from rig.gateway import Gateway


@dataclass(frozen=True)
class Outcome:
    """How one of them ended: "told" with an entry or a study, "refused" with a reason, or "gone"."""

    what: str
    how: str
    reason: str = ""
    wall: float = 0.0


class Play:
    """Does things at a gateway; keeps what was acknowledged in the book."""

    def __init__(self, gateway: Gateway, book: Book):
        self.gateway, self.book = gateway, book
        self.outcomes: list[Outcome] = []
        self.granted: list[int] = []
        # SHA-256 of the data sets whose sender was told that they are kept, and for whom.
        self.spooled: list[tuple[str, tuple[str, ...]]] = []

    def _note(self, what: str, how: str, reason: str = "") -> Outcome:
        self.outcomes.append(Outcome(what, how, reason, time.time()))
        return self.outcomes[-1]

    def _change(self, what: str, change: dict, **more) -> Outcome:
        try:
            control = Control(self.gateway.data)
            try:
                answer = control.change(change)
            finally:
                control.close()
        except (OSError, EOFError) as fault:
            return self._note(what, "gone", type(fault).__name__)
        if answer["answer"] != "recorded":
            return self._note(what, "refused", str(answer.get("reason")))
        self.book.add(what, answer["entry"], **more)
        if what == "grant":
            self.granted.append(answer["entry"])
        return self._note(what, "told")

    def grant(self, patient: str | None = None) -> Outcome:
        """To a patient whom the gateway does not know yet, unless named."""
        number, study = self.book.study()
        patient = patient or f"N{number}-{time.time_ns()}"
        return self._change("grant", {"change": "consent-grant", "terms": terms(patient, study, "grant")}, patient=patient, study=study)

    def deny(self, patient: str = "P2") -> Outcome:
        _, study = self.book.study()
        return self._change("deny", {"change": "consent-grant", "terms": terms(patient, study, "deny")}, patient=patient, study=study)

    def revoke(self) -> Outcome | None:
        """The last consent that was granted, if there is one."""
        if not self.granted:
            return None
        consent = self.granted.pop()
        self.book.asked_to_end(consent)
        return self._change("revoke", {"change": "consent-revoke", "consent": consent}, consent=consent)

    def erase(self, patient: str) -> Outcome:
        """The person is forgotten."""
        return self._change("erased", {"change": "patient-erase", "patient": {"id": patient}, "reason": "objection"}, patient=patient)

    def guardian(self) -> Outcome:
        """8,000 bytes, sealed."""
        change = {"change": "guardian-name", "patient": {"id": "P1"}, "guardian": "\U0001F600" * 2000, "until": None}
        return self._change("guardian", change, patient="P1")

    def store(self, patient: str = "P1", called: str = "CREDENCE", pixel_bytes: int = 2000) -> Outcome:
        """An image of a study of its own, on an association of its own."""
        number, study = self.book.study()
        made = images.data_set(study=number, patient=patient, pixel_bytes=pixel_bytes)
        made.StudyInstanceUID = study
        data = images.encoded(made)
        try:
            with wire.Wire(self.gateway.port) as connection:
                if connection.associate(called=called.encode(), contexts=wire.context(1, wire.CT, [wire.EXPLICIT]))[:1] != bytes([wire.ASSOCIATE_AC]):
                    raise EOFError
                connection.send(wire.p_data(wire.pdv(1, wire.c_store_rq(wire.CT, str(made.SOPInstanceUID).encode()), command=True)))
                for at in range(0, len(data), PIECE_BYTES):
                    last = at + PIECE_BYTES >= len(data)
                    connection.send(wire.p_data(wire.pdv(1, data[at : at + PIECE_BYTES], command=False, last=last)))
                status = wire.status_of(connection.read_command()[1])
                connection.release()
        except (OSError, EOFError, AssertionError) as fault:
            return self._note("stored", "gone", type(fault).__name__)
        if status == 0:
            self.book.add("stored", None, study=study)
            if called in SPOOLED:
                self.spooled.append((hashlib.sha256(data).hexdigest(), SPOOLED[called]))
            return self._note("stored", "told")
        return self._note("stored", "refused", f"{status:04X}H")

    def mixed(self) -> None:
        """A little of everything."""
        self.grant("P1")
        self.store("P1")
        self.grant()
        self.store(f"S{time.time_ns()}")
        self.revoke()
        self.deny()
        self.store("P3")

    def told_after(self, wall: float) -> list[Outcome]:
        """What was acknowledged later than `wall`."""
        return [outcome for outcome in self.outcomes if outcome.how == "told" and outcome.wall > wall]

    def __str__(self) -> str:
        return json.dumps([f"{outcome.what} {outcome.how} {outcome.reason}".strip() for outcome in self.outcomes])
