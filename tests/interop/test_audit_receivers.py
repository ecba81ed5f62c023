"""Audits brought to those who collect them: a real rsyslog by TLS, TCP and UDP, and a FHIR server that is held to R4."""

import json
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from rig import dcmtk
from rig import images
from rig.gateway import Peer
from rig.listener import Listener
from rig.process import free_port
from rig.process import wait_until
from rig.rsyslog import Rsyslog
from rig.x509 import Authority
from test_audit_fhir import faults
from tls_house import House

PATIENT, NAME = "CANARY-9", "Canary^Nine"
HEADER = re.compile(r"^<(\d+)>1 (\S+) (\S+) credence (\S+) (\S+) - (.*)$")
ENTRY = re.compile(r'type="LedgerEntry" value="([^"]+)"')
BOM = "\ufeff"
PATIENCE_S = 40


def receiver(to: str, **more) -> tuple[str, dict]:
    return ("[[audit_receiver]]", {"name": "arr", "to": to, "interval_s": 1, "answer_s": 3, "retry_max_s": 1, **more})


def plain_house(stage, to: str, **more):
    return stage.store_gateway(stage.keep(Listener()).port, more=[receiver(to, **more)])


class Secured(House):
    """A gateway that tells one receiver by TLS, whose certificate the house's authority issued; `made` makes it."""

    def __init__(self, stage, folder: Path, made, **more):
        rows = []

        def pairs(authority):
            self.at = stage.keep(made(folder, authority, authority.issue("receiver", ips=["127.0.0.1"])))
            rows.append(receiver(self.at.url, **more))
            return authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])

        modality = [Peer("MODALITY", may=["echo", "store"])]
        super().__init__(stage, folder, lambda _: modality, gateway=pairs, more=rows)


def store(gateway, folder: Path, count: int, study: int):
    made = images.study(folder / f"made-{study}", count, patient=PATIENT, study=study)
    return dcmtk.storescu(gateway.port, [one.path for one in made], "-xe", called="CREDENCE")


def exported(gateway, out: Path) -> list[str]:
    """The messages of all entries up to now, as an export tells them."""
    gateway.command("audit", "export", "--config", gateway.file, "--out", out, "--by", "mayer", "--format", "dicom")
    lines = (out / "audit-messages.xml").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("<AuditMessage>")]


def xml(message: str) -> str:
    """What a syslog message says, once its header is found to be right."""
    pri, at, host, process, identifier, text = HEADER.match(message).groups()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z", at), at
    assert text.startswith(BOM + '<?xml version="1.0" encoding="UTF-8"?>'), text[:80]
    body = text.split("?>", 1)[1]
    outcome = re.search(r'EventOutcomeIndicator="(\d+)"', body).group(1)
    assert (pri == "85") == (outcome == "0") and pri in ("84", "85"), (pri, outcome)
    return body


def once(messages: list[str]) -> list[str]:
    """Without what was told twice; in the order of what was told first."""
    return list(dict.fromkeys(messages))


def has_all(log: Rsyslog, told: list[str]):
    """The receiver has what an export tells, in its order, and nothing else before the last of it."""
    def found():
        received = once([xml(message) for message in log.messages()])
        return received if set(told) <= set(received) else None
    received = wait_until(found, PATIENCE_S, "the receiver has all", every_s=0.2)
    assert received[: len(told)] == told
    return received


def by_tls(folder, authority, pair):
    return Rsyslog(folder, "tls", pair=pair, authority=authority)


@pytest.fixture
def secured(stage, tmp_path):
    return lambda **more: Secured(stage, tmp_path, by_tls, **more)


def test_rsyslog_is_told_by_tls_what_an_export_tells(secured, tmp_path):
    house = secured()
    gateway, log = house.gateway, house.at
    assert store(gateway, tmp_path, 3, 91).returncode == 0
    told = exported(gateway, tmp_path / "audit")
    received = has_all(log, told)
    # What comes later comes later.
    assert store(gateway, tmp_path, 1, 92).returncode == 0
    more = exported(gateway, tmp_path / "more")
    assert len(more) > len(received)
    has_all(log, more)
    assert {HEADER.match(message).group(5) for message in log.messages()} == {"DICOM+RFC3881"}
    # Nothing was told twice while all went well.
    assert len(log.messages()) == len(once(log.messages()))
    for secret in (PATIENT, NAME, images.uid(91)):
        assert secret not in log.file.read_text(encoding="utf-8")


def test_rsyslog_that_was_away_has_everything_once_it_has_caught_up(secured, tmp_path):
    house = secured()
    gateway, log = house.gateway, house.at
    assert store(gateway, tmp_path, 2, 93).returncode == 0
    has_all(log, exported(gateway, tmp_path / "before"))
    log.stop()
    for study in range(94, 99):
        assert store(gateway, tmp_path, 2, study).returncode == 0
    # The gateway stops and starts while nobody listens: the place in the ledger is on disk.
    gateway.restart()
    assert store(gateway, tmp_path, 2, 99).returncode == 0
    told = exported(gateway, tmp_path / "meanwhile")
    log.start()
    has_all(log, told)
    # And when the gateway is killed in the middle of its telling.
    assert store(gateway, tmp_path, 2, 100).returncode == 0
    gateway.kill()
    gateway.start()
    has_all(log, exported(gateway, tmp_path / "after"))


def time_of_ten_stores(gateway, folder: Path, first: int) -> float:
    """Seconds; each of a study of its own."""
    began = time.monotonic()
    for study in range(first, first + 10):
        assert store(gateway, folder, 2, study).returncode == 0
    return time.monotonic() - began


def test_a_receiver_that_reads_nothing_holds_up_no_image_and_loses_nothing(secured, tmp_path):
    house = secured()
    gateway, log = house.gateway, house.at
    has_all(log, exported(gateway, tmp_path / "before"))
    healthy = time_of_ten_stores(gateway, tmp_path, 201)
    log.freeze()
    frozen = time_of_ten_stores(gateway, tmp_path, 101)
    # Waiting for it once would be answer_s, 3 s.
    assert frozen < 2 * healthy + 2, (frozen, healthy)
    told = exported(gateway, tmp_path / "meanwhile")
    # Long enough for what was sent to it to be given up, and sent again.
    time.sleep(5)
    log.freeze(False)
    log.kill()
    log.start()
    has_all(log, told)


def test_a_receiver_that_nobody_vouches_for_is_told_nothing_and_people_are_told(stage, tmp_path):
    def strange(folder, authority, pair):
        other = Authority(folder / "other", "other")
        return Rsyslog(folder, "tls", pair=other.issue("receiver", ips=["127.0.0.1"]), authority=authority)
    house = Secured(stage, tmp_path, strange, behind_alert_s=2)
    alert = house.told("audit-receiver-behind", "audit receiver arr: it has taken nothing")
    assert "certificate" in alert, alert
    assert house.at.messages() == []


def test_that_a_receiver_is_back_is_told_too(secured, tmp_path):
    house = secured(behind_alert_s=1)
    house.at.stop()
    assert store(house.gateway, tmp_path, 1, 111).returncode == 0
    house.told("audit-receiver-behind", "arr")
    house.at.start()
    house.told("audit-receiver-back", "arr")
    has_all(house.at, exported(house.gateway, tmp_path / "audit"))


def test_who_is_told_who_the_patients_are_is_told_by_tls_alone(secured, tmp_path):
    house = secured(identified=True)
    assert store(house.gateway, tmp_path, 1, 112).returncode == 0
    wait_until(lambda: PATIENT in "".join(house.at.messages()), PATIENCE_S, "a Patient ID arrives")
    assert images.uid(112) in "".join(house.at.messages())
    for scheme in ("tcp", "udp"):
        text = house.gateway.file.read_text().replace("tls://", f"{scheme}://")
        house.gateway.file.with_name("plain.toml").write_text(text)
        refused = house.gateway.command("check-config", "plain.toml", check=False)
        assert refused.returncode == 2 and "would tell who the patients are without encryption" in refused.stdout + refused.stderr


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_without_tls_patients_are_pseudonyms(stage, tmp_path, kind):
    log = stage.keep(Rsyslog(tmp_path, kind))
    gateway = plain_house(stage, log.url, message_id="IHE+RFC-3881")
    assert store(gateway, tmp_path, 2, 113).returncode == 0
    has_all(log, exported(gateway, tmp_path / "audit"))
    text = log.file.read_text(encoding="utf-8")
    assert "urn:credence:pseudonym:" in text
    for secret in (PATIENT, NAME, images.uid(113)):
        assert secret not in text
    assert {HEADER.match(message).group(5) for message in log.messages()} == {"IHE+RFC-3881"}


@pytest.mark.parametrize("since", ["beginning", "now"])
def test_a_new_receiver_is_told_from_where_it_wants(stage, tmp_path, since):
    gateway = stage.store_gateway(stage.keep(Listener()).port)
    assert store(gateway, tmp_path, 2, 116).returncode == 0
    before = exported(gateway, tmp_path / "before")
    # From now on there is one who collects.
    log = stage.keep(Rsyslog(tmp_path))
    gateway.stop()
    gateway.config.more.append(receiver(log.url, since=since))
    gateway.write()
    gateway.start()
    wait_until(lambda: list((gateway.data / "audit").glob("arr.cursor")), 10, "a place")
    assert store(gateway, tmp_path, 2, 117).returncode == 0
    told = exported(gateway, tmp_path / "after")
    newest = told[-1]
    wait_until(lambda: any(newest in message for message in log.messages()), PATIENCE_S, "the newest arrives", every_s=0.2)
    received = [xml(message) for message in log.messages()]
    # What was there when it came is told to the one, and not to the other.
    assert (set(before) <= set(received)) == (since == "beginning")
    assert since == "beginning" or not set(before) & set(received)


class FhirServer:
    """Takes AuditEvents by HTTPS, with certificates on both sides; refuses what is not one of R4."""

    def __init__(self, _folder, authority, pair):
        self.events, self.bad, self.busy = [], [], 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = server.take(self.path, self.headers["Content-Type"], body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
        context.load_cert_chain(pair.certificate, pair.key)
        context.verify_mode = ssl.CERT_REQUIRED
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.http.server_address[1]}/fhir"

    def take(self, path, kind, body) -> int:
        if self.busy > 0:
            self.busy -= 1
            return 503
        event = json.loads(body)
        try:
            assert (path, kind) == ("/fhir/AuditEvent", "application/fhir+json")
            AuditEvent.model_validate(event)
            assert not faults(event)
        except Exception as error:  # what is wrong with it is told by the test
            self.bad.append(repr(error))
            return 400
        self.events.append(event)
        return 201

    def stop(self):
        self.http.shutdown()
        self.http.server_close()


def test_a_fhir_server_is_told_each_event_and_told_again_when_it_was_busy(stage, tmp_path):
    house = Secured(stage, tmp_path, FhirServer)
    assert store(house.gateway, tmp_path, 2, 114).returncode == 0
    house.at.busy = 2
    assert store(house.gateway, tmp_path, 2, 115).returncode == 0
    out = tmp_path / "audit"
    house.gateway.command("audit", "export", "--config", house.gateway.file, "--out", out, "--by", "mayer", "--format", "fhir")
    told = [json.loads(line) for line in (out / "AuditEvent.ndjson").read_text().splitlines()]
    names = [event["id"] for event in told]
    arrived = lambda: house.at.bad or set(names) <= {event["id"] for event in house.at.events}
    wait_until(arrived, PATIENCE_S, "all events arrive", every_s=0.2)
    assert house.at.bad == []
    received = {event["id"]: event for event in house.at.events}
    assert [received[name] for name in names] == told
    assert once([event["id"] for event in house.at.events])[: len(names)] == names
    assert PATIENT not in json.dumps(house.at.events)
