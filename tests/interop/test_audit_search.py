"""Audits for those who ask: a FHIR search (ITI-81) by HTTPS, and its answers held to R4."""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC
from datetime import datetime

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome

from rig import dcmtk
from rig import images
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.process import free_port
from rig.process import wait_until
from test_audit_fhir import faults
from tls_house import House

PATIENT = "CANARY-11"
TODAY = datetime.now(UTC).strftime("%Y-%m-%d")
SINCE = "date=ge2020-01-01"


class Reading(House):
    def __init__(self, stage, folder, **search):
        self.search_port = free_port()
        rows = {"listen": f"127.0.0.1:{self.search_port}", "readers": ["dns:reader.st-anna.example"], **search}
        # A stranger's images are refused, unless their patient consented.
        peers = [Peer("MODALITY", may=["echo", "store"]), Peer("BERTA", institution=OTHER, may=["echo", "store"])]
        super().__init__(stage, folder, lambda _: peers, more=[("[audit_search]", rows)])
        self.reader = self.authority.issue("reader", dns=["reader.st-anna.example"])

    def ask(self, path, pair=None, method="GET"):
        """Status, content type and resource of an answer."""
        url = path if path.startswith("https://") else f"https://127.0.0.1:{self.search_port}/fhir/{path}"
        request = urllib.request.Request(url, method=method, data=b"{}" if method == "POST" else None)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.context(pair or self.reader)))
        try:
            answer = opener.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers["Content-Type"], json.loads(answer.read())

    def found(self, query):
        """All events that a search finds, page by page; each page is a Bundle of R4."""
        path, events = f"AuditEvent?{query}", []
        while path:
            status, kind, bundle = self.ask(path)
            assert (status, kind) == (200, "application/fhir+json"), bundle
            Bundle.model_validate(bundle)
            assert bundle["type"] == "searchset"
            events += [entry["resource"] for entry in bundle.get("entry", [])]
            path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        return events

    def store(self, folder, count, study, calling="MODALITY"):
        made = images.study(folder / f"made-{study}", count, patient=PATIENT, study=study)
        paths = [one.path for one in made]
        return dcmtk.storescu(self.gateway.port, paths, "-xe", calling=calling, called="CREDENCE").returncode

    def exported(self, out):
        self.gateway.command("audit", "export", "--config", self.gateway.file, "--out", out, "--by", "mayer", "--format", "fhir")
        return [json.loads(line) for line in (out / "AuditEvent.ndjson").read_text().splitlines()]


@pytest.fixture
def house(stage, tmp_path):
    made = Reading(stage, tmp_path)
    for study in (121, 122, 123):
        assert made.store(tmp_path, 2, study) == 0
    assert made.store(tmp_path, 1, 125, calling="BERTA") != 0
    made.gateway.grant(PATIENT, OTHER)
    return made


def test_a_search_finds_what_an_export_tells_page_by_page(house, tmp_path):
    told = house.exported(tmp_path / "audit")
    for query in (SINCE, f"{SINCE}&_count=3", f"date=ge{TODAY}&date=le{TODAY}&_count=1"):
        found = house.found(query)
        assert found[: len(told)] == told, query
        # What came since is searches, and the export.
        assert {event["type"]["code"] for event in found[len(told):]} <= {"110101"}
    assert [name for event in house.found(SINCE) for name in faults(event)] == []
    assert PATIENT not in json.dumps(house.found(SINCE))
    assert house.found("date=lt2020-01-01") == []


def test_each_parameter_finds_its_events_and_no_others(house, tmp_path):
    told = house.exported(tmp_path / "audit")
    patients = {
        entity["what"]["identifier"]["value"]
        for event in told for entity in event.get("entity", []) if entity.get("what", {}).get("type") == "Patient"
    }
    (patient,) = patients
    about = lambda event: any(
        entity.get("what", {}).get("identifier", {}).get("value") == patient for entity in event.get("entity", [])
    )
    agents = lambda event: [agent.get("who", {}).get("identifier", {}).get("value", "") for agent in event["agent"]]
    checks = {
        f"patient.identifier=urn:credence:pseudonym|{patient}": about,
        "patient.identifier=nobody": lambda _: False,
        "type=110104": lambda event: event["type"]["code"] == "110104",
        "outcome=0": lambda event: event["outcome"] == "0",
        "outcome=4,8,12": lambda event: event["outcome"] != "0",
        "subtype=urn:credence:entry-kind|consent-granted": lambda event: "consent-granted" in json.dumps(event["subtype"]),
        "entity-role=http://terminology.hl7.org/CodeSystem/object-role|1": lambda event: any(
            entity.get("role", {}).get("code") == "1" for entity in event.get("entity", [])
        ),
    }
    modality = next(who for event in told for who in agents(event) if "MODALITY" in who)
    checks[f"agent.identifier={urllib.parse.quote(modality)}"] = lambda event: modality in agents(event)
    for query, meant in checks.items():
        found = [event for event in house.found(f"{SINCE}&{query}") if event in told]
        assert found == [event for event in told if meant(event)], query
        assert (found == []) == query.endswith("nobody") and found != told, query


def test_a_search_is_in_the_ledger_before_its_answer(house):
    house.found(f"{SINCE}&outcome=4&patient.identifier=SECRET-4711&_count=1")
    house.found(f"{SINCE}&_count=2")
    first, second = house.gateway.bodies("audit-searched")
    assert (first["by"], first["identified"]) == ("dns:reader.st-anna.example", False)
    assert first["parameters"] == ["outcome", "patient.identifier"] and second["parameters"] == []
    # Whom somebody looked for is not told.
    assert "SECRET-4711" not in json.dumps(house.gateway.entries())
    house.gateway.verify()


def test_strangers_and_questions_that_are_none_are_refused(house, tmp_path):
    refusals = [
        ("AuditEvent", None, "GET", 400),
        (f"AuditEvent?{SINCE}&colour=red", None, "GET", 400),
        ("AuditEvent?date=soon", None, "GET", 400),
        (f"AuditEvent?{SINCE}&_format=xml", None, "GET", 400),
        ("Patient", None, "GET", 404),
        ("AuditEvent", None, "POST", 405),
        (f"AuditEvent?{SINCE}", house.modality, "GET", 403),
    ]
    before = len(house.gateway.bodies("audit-searched"))
    for path, pair, method, expected in refusals:
        status, kind, resource = house.ask(path, pair, method)
        assert (status, kind) == (expected, "application/fhir+json"), path
        OperationOutcome.model_validate(resource)
    for pair in (house.stranger.issue("reader", dns=["reader.st-anna.example"]),):
        with pytest.raises((ssl.SSLError, urllib.error.URLError, ConnectionError)):
            house.ask(f"AuditEvent?{SINCE}", pair)
    assert len(house.gateway.bodies("audit-searched")) == before
    status, _, capabilities = house.ask("metadata")
    assert status == 200
    CapabilityStatement.model_validate(capabilities)


def test_readers_are_told_who_the_patients_are_where_the_site_says_so(stage, tmp_path):
    house = Reading(stage, tmp_path, identified=True)
    assert house.store(tmp_path, 1, 124) == 0
    # What is found is signed for, and a checkpoint comes within a second.
    found = lambda: {event["type"]["code"] for event in house.found(f"{SINCE}&patient.identifier={PATIENT}")}
    wait_until(lambda: {"110102", "110104"} <= found(), 10, "the transfer is found", every_s=0.3)
    assert house.gateway.bodies("audit-searched")[0]["identified"]
