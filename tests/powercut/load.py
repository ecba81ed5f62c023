"""Images and consents that are stored while the power is cut, and what the gateway said to them."""

import hashlib
import hmac
import http.client
import json
import random
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rig import images
from rig import wire
from rig.gateway import Gateway

PATIENTS = 7
# Called AE titles whose objects are spooled, and for whom.
SPOOLED = {"CREDENCE_Q": ("down",), "CREDENCE_QQ": ("down", "down-too")}
# Of a data set in one P-DATA-TF.
PIECE_BYTES = 60_000
A700 = 0xA700


@dataclass(frozen=True)
class Told:
    """An acknowledgement: what the gateway said, and when we had read it (CLOCK_MONOTONIC)."""

    time_ns: int
    kind: str  # "grant", "deny", "revoke", "guardian", "erased", "stored", "spooled", "started"
    entry: int | None  # the number that the gateway gave
    patient: str = ""
    study: str = ""
    consent: int | None = None  # what was revoked
    digest: str = ""  # SHA-256 of a data set that was spooled
    queues: tuple[str, ...] = ()  # for whom


class Book:
    """What was told, and which consents were asked to end, told or not."""

    def __init__(self):
        self.lock = threading.Lock()
        self.told: list[Told] = []
        self.revoking: dict[int, int] = {}
        self.faults: list[str] = []
        self._studies = 0
        self._budget = 0

    def budget(self, entries: int) -> None:
        """How many entries fillers may still make."""
        with self.lock:
            self._budget = entries

    def spend(self) -> bool:
        with self.lock:
            self._budget -= 1
            return self._budget >= 0

    def add(self, kind: str, entry: int | None, **more) -> None:
        now = time.monotonic_ns()
        with self.lock:
            self.told.append(Told(now, kind, entry, **more))

    def before(self, time_ns: int) -> list[Told]:
        with self.lock:
            return [told for told in self.told if told.time_ns < time_ns]

    def asked_to_end(self, consent: int) -> None:
        with self.lock:
            self.revoking[consent] = time.monotonic_ns()

    def study(self) -> tuple[int, str]:
        with self.lock:
            self._studies += 1
            return self._studies, images.uid(self._studies)


def study_digest(lookup_key: bytes, study: str) -> str:
    """What the ledger calls a study: HMAC-SHA256 with the lookup key."""
    return hmac.new(lookup_key, b"credence study 1\0" + study.encode(), hashlib.sha256).hexdigest()


class Control(http.client.HTTPConnection):
    """The control socket of a running gateway: the API, on one connection."""

    def __init__(self, data: Path):
        super().__init__("localhost", timeout=30)
        self._path = str(data / "control.sock")
        self.connect()

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def change(self, change: dict) -> dict:
        text = json.dumps({"command": "change", "change": change, "by": "rig"})
        try:
            self.request("POST", "/api/v1/commands", text, {"Content-Type": "application/json"})
            response = self.getresponse()
            said = json.loads(response.read())
            # What is not done is told as a problem (RFC 9457).
            return said if response.status == 200 else {"answer": "refused", "reason": said.get("detail", said["title"])}
        except http.client.HTTPException as error:
            raise EOFError from error


def terms(patient: str, study: str, effect: str) -> dict:
    return {
        "patient": {"id": patient}, "effect": effect, "to": ["st-berta"], "purposes": ["TREATMENT"], "modalities": [],
        "study": study, "study_from": None, "study_until": None, "valid_from": None, "valid_until": None,
    }


class Worker(threading.Thread):
    """Does `step` again and again until it is stopped or the gateway is gone."""

    def __init__(self, gateway: Gateway, book: Book, seed: int):
        super().__init__(daemon=True)
        self.gateway, self.book, self.random = gateway, book, random.Random(seed)
        self.stopped = threading.Event()

    def run(self) -> None:
        try:
            self.begin()
            while not self.stopped.is_set():
                self.step()
        except (OSError, EOFError, ValueError):
            return
        except (AssertionError, KeyError) as fault:
            self.book.faults.append(f"{type(self).__name__}: {type(fault).__name__} {fault}")

    def begin(self) -> None:
        pass

    def step(self) -> None:
        raise NotImplementedError


class Changer(Worker):
    """Grants, denies and revokes consents over the control socket."""

    def begin(self) -> None:
        self.control = Control(self.gateway.data)
        self.own: list[int] = []

    def step(self) -> None:
        if self.own and self.random.random() < 0.3:
            consent = self.own.pop(self.random.randrange(len(self.own)))
            self.book.asked_to_end(consent)
            answer = self.control.change({"change": "consent-revoke", "consent": consent})
            kind, more = "revoke", {"consent": consent}
        else:
            _, study = self.book.study()
            patient = f"P{self.random.randrange(PATIENTS)}" if self.random.random() < 0.7 else f"N{study}"
            kind = self.random.choice(["grant", "grant", "deny"])
            answer = self.control.change({"change": "consent-grant", "terms": terms(patient, study, kind)})
            more = {"patient": patient, "study": study}
        if answer.get("answer") != "recorded":
            raise AssertionError(str(answer))
        if kind != "revoke":
            self.own.append(answer["entry"])
        self.book.add(kind, answer["entry"], **more)


class Filler(Worker):
    """Names guardians in 8,000 bytes each, which are kept sealed: fills segments, as far as the budget goes."""

    def begin(self) -> None:
        self.control = Control(self.gateway.data)

    def step(self) -> None:
        if not self.book.spend():
            self.stopped.set()
            return
        guardian = "".join(chr(0x1F600 + self.random.randrange(64)) for _ in range(2000))
        patient = f"P{self.random.randrange(PATIENTS)}"
        answer = self.control.change({"change": "guardian-name", "patient": {"id": patient}, "guardian": guardian, "until": None})
        if answer.get("answer") != "recorded":
            raise AssertionError(str(answer))
        self.book.add("guardian", answer["entry"], patient=patient)


class CommandLine(Worker):
    """Grants consents by `credence consent grant`: what it prints is an acknowledgement."""

    def step(self) -> None:
        _, study = self.book.study()
        patient = f"P{self.random.randrange(PATIENTS)}"
        done = self.gateway.command(*self.gateway.grant_words(patient), "--study", study, check=False)
        if done.returncode == 0:
            self.book.add("grant", json.loads(done.stdout)["entry"], patient=patient, study=study)
        self.stopped.wait(0.05)


class Sender(Worker):
    """Stores images, each of a study of its own: each needs a decision."""

    def step(self) -> None:
        self.send("CREDENCE")

    def send(self, called: str) -> None:
        with wire.Wire(self.gateway.port) as connection:
            answered = connection.associate(called=called.encode(), contexts=wire.context(1, wire.CT, [wire.EXPLICIT]))
            if answered[:1] != bytes([wire.ASSOCIATE_AC]):
                raise EOFError
            for message_id in range(1, self.random.randrange(2, 12)):
                if self.stopped.is_set():
                    break
                number, study = self.book.study()
                self._store(connection, number, study, message_id)
            connection.release()

    def _store(self, connection: wire.Wire, number: int, study: str, message_id: int) -> None:
        made = images.data_set(study=number, patient=f"P{number % PATIENTS}", pixel_bytes=self.pixel_bytes())
        made.StudyInstanceUID = study
        data = images.encoded(made)
        connection.send(wire.p_data(wire.pdv(1, wire.c_store_rq(wire.CT, str(made.SOPInstanceUID).encode(), message_id), command=True)))
        for at in range(0, len(data), PIECE_BYTES):
            last = at + PIECE_BYTES >= len(data)
            connection.send(wire.p_data(wire.pdv(1, data[at : at + PIECE_BYTES], command=False, last=last)))
        answer = connection.read()
        if not answer or answer[0] != wire.P_DATA:
            raise EOFError
        status = wire.status_of(wire.parse_command(b"".join(piece for _, _, piece in wire.pdvs(answer))))
        self.told(status, study, data)

    def pixel_bytes(self) -> int:
        return 2000

    def told(self, status: int, study: str, data: bytes) -> None:
        if status != 0:
            raise AssertionError(f"status {status:04X}H for an image of the own institution")
        self.book.add("stored", None, study=study)


class Queued(Sender):
    """Stores images for destinations that do not answer: each is kept in the spool."""

    def step(self) -> None:
        self.called = self.random.choice(list(SPOOLED))
        self.send(self.called)

    def pixel_bytes(self) -> int:
        # Now and then one that is written before it has come to its end.
        return self.random.choice([2000] * 9 + [400_000])

    def told(self, status: int, study: str, data: bytes) -> None:
        if status == A700:
            # The spool of a small disk is full some time.
            self.stopped.set()
            return
        if status != 0:
            raise AssertionError(f"status {status:04X}H for an image that is to be spooled")
        self.book.add("spooled", None, study=study, digest=hashlib.sha256(data).hexdigest(), queues=SPOOLED[self.called])


class Load:
    """Several workers at once, for as long as the block lasts."""

    def __init__(self, gateway: Gateway, book: Book, seed: int, kinds: list[type[Worker]]):
        self.workers = [kind(gateway, book, seed + number) for number, kind in enumerate(kinds)]

    def __enter__(self) -> "Load":
        for worker in self.workers:
            worker.start()
        return self

    def wait(self, limit_s: float) -> None:
        """Until all have done what they were to do."""
        deadline = time.monotonic() + limit_s
        for worker in self.workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def __exit__(self, *_) -> None:
        for worker in self.workers:
            worker.stopped.set()
        for worker in self.workers:
            worker.join(60)


MIXED: list[type[Worker]] = [Changer, Changer, Changer, Sender, Sender, Queued, Queued, CommandLine]
