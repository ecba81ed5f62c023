"""What a patient is told of who got their images, and what compliance is told of a breach: of transfers by DCMTK."""

import csv
import io
import json
import re
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from fhir.resources.R4B.bundle import Bundle

from conftest import hospital_peers
from rig import dcmtk
from rig import images
from rig.gateway import Config
from rig.gateway import OTHER
from rig.process import free_port
from rig.process import wait_until
from test_audit_fhir import SOURCE
from test_audit_fhir import faults
from tls_house import House

PATIENT, SOMEBODY = "P1", "P2"
ADDRESS = "Berta-Platz 2, 8010 Graz"
OVER = ["--from", "2020-01-01", "--to", "2999-01-01"]


class Hospital:
    """dcmqrscp as PACS, a storescp of the house and one of another hospital, which fetch by movescu."""

    def __init__(self, stage, folder, address: str | None = ADDRESS):
        made = images.study(folder / "held", 3, patient=PATIENT, study=1)
        made += images.study(folder / "held", 2, patient=PATIENT, study=2, sop_class=images.MR)
        made += images.study(folder / "held", 4, patient=SOMEBODY, study=3)
        self.ends = {aet: stage.start(dcmtk.StoreScp, aet) for aet in ("WS1", "WSB")}
        port = free_port()
        pacs = stage.start(dcmtk.QrScp, "PACS", [(f"CRED_{aet}", port) for aet in self.ends])
        pacs.fill([one.path for one in made])
        peers = hospital_peers(pacs.port, {aet: end.port for aet, end in self.ends.items()}, {"retrieve": "get"})
        config = Config(
            peers, [(["CREDENCE", "CREDENCE_ER"], ["query-retrieve", "storage"], "pacs")],
            institutions={OTHER: {"address": address}},
        )
        self.gateway = stage.gateway(config, port=port)

    def fetch(self, study: int, to: str = "WSB", called: str = "CREDENCE"):
        keys = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": images.uid(study)}
        before = self.closed()
        done = dcmtk.movescu(self.gateway.port, to, keys, "-S", calling=to, called=called)
        assert done.returncode == 0, done.stdout
        wait_until(lambda: self.closed() > before, timeout_s=10, what="the end of the transfer")

    def closed(self) -> int:
        return sum(body["final"] for body in self.gateway.bodies("transfer-closed"))

    def command(self, *words, check=True):
        return self.gateway.command(*words, "--config", self.gateway.file, check=check)

    def told(self, written: str, *words) -> str:
        return self.command("disclosures", "--patient", PATIENT, "--format", written, *words).stdout

    def rows(self, *words) -> list[dict]:
        return list(csv.DictReader(io.StringIO(self.told("csv", *words), newline=""), strict=True))

    def suspend(self, *words, check=True):
        said = ["--reference", "case 7", "--said", "Inspector Canary, by telephone", "--by", "mayer"]
        return self.command("disclosures", "suspend", "--patient", PATIENT, "--to", OTHER, *said, *words, check=check)

    def breach(self, *words) -> dict:
        return json.loads(self.command("report", "breach", *words, "--format", "json").stdout)


class Sentences(HTMLParser):
    """The text of a page, and that of each item of its list; every element is closed."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.items, self.text = [], [], ""
        self.feed(page)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        if tag == "li":
            self.items.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if "li" in self.open:
            self.items[-1] += data


@pytest.fixture
def hospital(stage, tmp_path):
    return Hospital(stage, tmp_path)


@pytest.fixture
def told(hospital):
    """Both studies went out by a consent, one of them twice more; one in an emergency; one stayed in the house."""
    consent = hospital.gateway.grant(PATIENT, OTHER)["entry"]
    for study in (1, 2, 1):
        hospital.fetch(study)
    hospital.fetch(1, called="CREDENCE_ER")
    hospital.fetch(1, to="WS1")
    hospital.fetch(3, to="WS1")
    return hospital, consent


def test_every_format_tells_the_same(told, tmp_path):
    hospital, consent = told
    today = datetime.now(UTC).strftime("%-d %B %Y")
    page = Sentences(hospital.told("html", "--out", tmp_path / "page.html") or (tmp_path / "page.html").read_text())
    consented, emergency = page.items
    assert consented.startswith(f"On {today}, 3 times, images of "), consented
    assert "a computed tomography (CT) examination" in consented and "a magnetic resonance (MRI) examination" in consented
    assert f"were sent to St. Berta Hospital (address: {ADDRESS}) for your treatment" in consented
    assert f"because you had consented (consent no. {consent})." in consented and "Number of images: 8." in consented
    assert emergency.startswith(f"On {today} images of a computed") and "because it was an emergency" in emergency
    assert f"number {PATIENT}, from" in page.text and "suspended" not in page.text.lower()
    # No code stands there that nothing explains.
    assert not re.search(r"TREATMENT|EMERGENCY|TransferClosed|\bCareRetrieve\b", page.text)

    by_consent, by_emergency = hospital.rows()
    assert (by_consent["times"], by_consent["images"], by_consent["examinations"]) == ("3", "8", "2")
    assert (by_consent["authority"], by_consent["consents"]) == ("consent", str(consent))
    assert (by_consent["recipient"], by_consent["recipient_address"]) == (OTHER, ADDRESS)
    assert (by_emergency["authority"], by_emergency["purpose"], by_emergency["times"]) == ("emergency", "EMERGENCY", "1")

    table = hospital.told("table").splitlines()
    assert len(table) == 1 + 4 and all(OTHER in line for line in table[1:])

    bundle = json.loads(hospital.told("fhir"))
    events = [entry["resource"] for entry in bundle["entry"]]
    assert len(Bundle.model_validate_json(json.dumps(bundle)).entry) == len(events)
    assert [fault for event in events for fault in faults(event)] == []
    sent = [event for event in events if event.get("meta", {}).get("profile") == [SOURCE]]
    counts = [
        int(detail["valueString"])
        for event in sent for entity in event["entity"] for detail in entity.get("detail", []) if detail["type"] == "Instances"
    ]
    assert sum(counts) == sum(int(row["images"]) for row in (by_consent, by_emergency)) == 11
    entries = {int(row[name]) for row in (by_consent, by_emergency) for name in ("first_entry", "last_entry")}
    decisions = {int(detail["valueString"]) for event in events for entity in event["entity"] for detail in entity.get("detail", []) if detail["type"] == "Decision"}
    assert entries <= decisions and len(decisions) == 4


def test_a_file_is_its_owners_alone_and_nothing_is_overwritten(told, tmp_path):
    hospital, _ = told
    out = tmp_path / "told.csv"
    hospital.told("csv", "--out", out)
    assert out.stat().st_mode & 0o777 == 0o600 and out.read_bytes().count(b"\r\n") == 3
    again = hospital.command("disclosures", "--patient", PATIENT, "--format", "csv", "--out", out, check=False)
    assert again.returncode == 1 and "exists" in again.stderr


def test_an_unknown_address_is_said_to_be_unknown(stage, tmp_path):
    hospital = Hospital(stage, tmp_path, address=None)
    hospital.gateway.grant(PATIENT, OTHER)
    hospital.fetch(1)
    assert "St. Berta Hospital (address not known)" in hospital.told("html")
    assert hospital.rows()[0]["recipient_address"] == "not known"


def test_a_suspension_hides_what_went_to_the_agency_and_its_end_brings_it_back(told):
    hospital, _ = told
    before = {written: hospital.told(written) for written in ("table", "csv", "fhir")}
    number = re.search(r"entry (\d+)", hospital.suspend("--statement", "oral").stdout)[1]
    assert hospital.rows() == [] and "nothing left" in hospital.told("table")
    page = hospital.told("html")
    assert "nothing was sent to anybody else" in page and "suspen" not in page.lower()
    assert "entry" not in json.loads(hospital.told("fhir"))
    assert "suspend" not in hospital.command("disclosures", "--patient", PATIENT, "--json").stdout
    # Compliance sees it, and that the patient does not.
    marked = hospital.rows("--with-suspended")
    assert [row["suspended"] for row in marked] == ["yes", "yes"]
    assert f"{OTHER} (suspended)" in hospital.told("table", "--with-suspended")
    assert "Not for the patient." in hospital.told("html", "--with-suspended")
    refused = hospital.command("disclosures", "--patient", PATIENT, "--format", "fhir", "--with-suspended", check=False)
    assert refused.returncode == 1 and "does not mark" in refused.stderr
    (listed,) = json.loads(hospital.command("disclosures", "suspensions", "--json").stdout)
    assert (str(listed["entry"]), listed["recipient"], listed["statement"]) == (number, OTHER, "oral")
    (recorded,) = hospital.gateway.bodies("disclosures-suspended")
    assert recorded["by"] == "mayer"
    assert b"Canary" not in b"".join(path.read_bytes() for path in hospital.gateway.data.rglob("*") if path.is_file())

    hospital.command("disclosures", "resume", number, "--by", "mayer")
    assert {written: hospital.told(written) for written in before} == before
    assert "no suspension lasts" in hospital.command("disclosures", "suspensions").stdout
    hospital.gateway.command("ledger", "verify", hospital.gateway.data, "--replay")


def test_an_oral_statement_holds_for_thirty_days_and_a_written_one_until_its_end(told):
    hospital, _ = told
    now = datetime.now(UTC)
    at = lambda **later: (now + timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")
    refused = hospital.suspend("--statement", "oral", "--until", at(days=31), check=False)
    assert refused.returncode == 1 and "30 days at most" in refused.stderr
    hospital.suspend("--statement", "oral")
    again = hospital.suspend("--statement", "oral", check=False)
    assert again.returncode == 1 and "in writing" in again.stderr
    assert hospital.suspend("--statement", "written", check=False).returncode == 2
    nobody = hospital.command(
        "disclosures", "suspend", "--patient", PATIENT, "--to", "nobody", "--statement", "oral", "--reference", "1",
        "--said", "x", "--by", "mayer", check=False,
    )
    assert nobody.returncode == 1 and "not an institution" in nobody.stderr
    (oral,) = json.loads(hospital.command("disclosures", "suspensions", "--json").stdout)
    hospital.command("disclosures", "resume", oral["entry"], "--by", "mayer")
    # By itself it ends, too, and across a restart.
    now = datetime.now(UTC)
    hospital.suspend("--statement", "written", "--until", at(seconds=8))
    hospital.gateway.restart()
    assert hospital.rows() == []
    wait_until(lambda: len(hospital.rows()) == 2, timeout_s=20, what="the end of the suspension")


def test_what_a_user_a_rule_or_an_ae_title_reached(told):
    hospital, _ = told
    by_ae = hospital.breach("--ae", "WSB", *OVER)
    assert (by_ae["patients"], by_ae["studies"], by_ae["instances"]) == (1, 2, 11)
    one, other = by_ae["rows"]
    assert one["recipients"] == other["recipients"] == [OTHER] and one["first"] <= one["last"]
    assert "identity" not in one and by_ae["known_is_now"]
    inside = hospital.breach("--ae", "WS1")
    assert (inside["patients"], inside["studies"], inside["instances"]) == (2, 2, 7)
    by_rule = hospital.breach("--policy", "emergency")
    assert (by_rule["patients"], by_rule["studies"], by_rule["instances"]) == (1, 1, 3)
    assert hospital.breach("--policy", "no-such-rule")["rows"] == []
    assert hospital.breach("--user", "weber")["entries"] == 0
    assert hospital.breach("--ae", "WSB", "--to", "2020-01-01")["entries"] == 0
    # Whose they are, for who may open the keys; and each format.
    known = ["--known", (datetime.now(UTC) - timedelta(hours=12, minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")]
    named = hospital.breach("--ae", "WSB", "--identified", *known)
    assert {row["identity"]["patient_id"] for row in named["rows"]} == {PATIENT}
    assert {row["identity"]["study_instance_uid"] for row in named["rows"]} == {images.uid(1), images.uid(2)}
    authority, patients = named["deadlines"]
    assert authority["at"] - named["known"] == 72 * 3600 * 10**6 and patients["at"] - named["known"] == 60 * 86400 * 10**6
    assert 59 * 3600 < authority["left_s"] < 60 * 3600
    table = hospital.command("report", "breach", "--ae", "WSB", *known).stdout
    assert "patients: 1; studies: 2; instances: 11; entries of the ledger: 8" in table and "2 d 11 h left" in table and PATIENT not in table.split()
    printed = hospital.command("report", "breach", "--ae", "WSB", "--format", "csv", *known)
    rows = list(csv.DictReader(io.StringIO(printed.stdout, newline=""), strict=True))
    assert sum(int(row["instances"]) for row in rows) == 11 and "GDPR Art. 33" in printed.stderr
    page = Sentences(hospital.command("report", "breach", "--ae", "WSB", "--format", "html", *known).stdout)
    assert "AE title WSB" in page.text and "2 d 11 h left" in page.text
    assert hospital.command("report", "breach", check=False).returncode == 2
    assert hospital.command("report", "breach", "--ae", "A", "--user", "b", check=False).returncode == 2


def test_what_a_certificate_reached(stage, tmp_path, study):
    house = House(stage, tmp_path)
    done = house.storescu(house.modality, study(3, patient=PATIENT, study=1), "+px")
    assert done.returncode == 0, done.stdout
    house.dest.wait_for(3)
    gateway = house.gateway
    wait_until(lambda: any(body["final"] for body in gateway.bodies("transfer-closed")), timeout_s=10, what="the end")

    def reached(pin: str) -> dict:
        return json.loads(gateway.command("report", "breach", "--certificate", pin, "--config", gateway.file, "--format", "json").stdout)

    found = reached(house.modality.pin)
    assert (found["patients"], found["instances"], found["unnamed_certificates"]) == (1, 3, 0)
    assert reached(house.modality.pin.removeprefix("sha256:").upper())["instances"] == 3
    assert reached(f"sha256:{'0' * 64}")["rows"] == []


def test_the_report_of_an_institution_tells_its_credit(told):
    hospital, _ = told
    told_by = lambda *words: hospital.command("report", "institution", OTHER, *words).stdout
    explained = json.loads(hospital.command("score", "explain", OTHER, "--json").stdout)
    table = told_by()
    assert f"score {explained['score']}" in table and "4 of 4 transfers in order" in table
    last = [json.loads(line) for line in told_by("--format", "json").splitlines()][-1]
    assert last == {"credit": explained}
    page = Sentences(told_by("--format", "html"))
    assert f"Credit of {OTHER}" in page.text and f": {explained['score']};" in page.text
    assert "4 of 4 transfers in order" in page.text
