"""What compliance looks up and takes away, and what everybody sees when the ledger is not what it was."""

import io
import tarfile

from console.hospital import JOSEF
from console.hospital import MARIA
from rig.console import AUDITOR
from rig.console import COMPLIANCE
from rig.console import DESK
from rig.console import PACS_ADMIN
from rig.process import wait_until

# Entries that a page shows.
ROWS = 50


def listed(console, query: str = "", role: str = AUDITOR) -> list[dict]:
    return console.api(f"entries{query}", role)["items"]


def about(entries: list[dict], pseudonym: str) -> list[int]:
    """Those that name the patient, and what follows from decisions that do; the newest first."""
    bodies = {entry["seq"]: entry["event"]["body"] for entry in entries}
    named = {number for number, body in bodies.items() if pseudonym in str(body)}
    decisions = {number for number in named if bodies[number]["kind"] == "decision"}
    others = {number: body for number, body in bodies.items() if body["kind"] != "decision"}
    follow = {number for number, body in others.items() if decisions & {body.get("decision"), body.get("review"), body.get("about")}}
    return sorted(named | follow, reverse=True)


def verified(console, extent: str = "chain") -> dict:
    """How the ledger stands after a verification that was asked for now."""
    begun = console.ask("POST", "/api/v1/verifications", role=AUDITOR, body={"extent": extent})
    assert begun.status in (202, 409), begun.text
    standing = lambda: console.api("verifications", AUDITOR)
    return wait_until(lambda: (told := standing()) and "under_way" not in told and told, what="a verification")


def test_entries_are_found_by_what_they_are_and_in_parts(hospital):
    console = hospital.console
    every = listed(console, "?limit=200")
    numbers = [one["entry"] for one in every]
    assert numbers == sorted(numbers, reverse=True) and numbers[-1] == 0
    # In parts there are the same ones.
    before, seen = "", []
    while True:
        part = console.api(f"entries?limit=7{before}", AUDITOR)
        seen += [one["entry"] for one in part["items"]]
        if "before" not in part:
            break
        before = f"&before={part['before']}"
    assert [number for number in seen if number <= numbers[0]] == numbers
    for kind in {one["kind"] for one in every}:
        found = [one["entry"] for one in listed(console, f"?kind={kind}&limit=200")]
        assert found[-len([one for one in every if one["kind"] == kind]):] == [one["entry"] for one in every if one["kind"] == kind]
    denied = listed(console, "?verdict=deny&kind=decision")
    assert [one["entry"] for one in denied] == [hospital.decision("'verdict': 'deny'")]
    assert listed(console, "?from=2999-01-01") == []
    for query in ("kind=none", "x=1", "from=soon", "limit=0", "ae=A&ae=B", "verdict=maybe"):
        assert console.ask("GET", f"/api/v1/entries?{query}", role=AUDITOR).status == 400, query


def test_a_patients_entries_are_found_by_a_form_and_the_address_names_nobody(hospital, visit):
    visitor = visit(hospital.console, COMPLIANCE)
    page = visitor.page
    visitor.go("/audit")
    page.get_by_text("Find a patient’s entries").click()
    page.locator("#patient-id").fill(MARIA)
    page.get_by_role("button", name="Find").click()
    assert "patient=" in page.url and MARIA not in page.url
    assert MARIA not in page.content()
    told = page.locator("tbody tr").all_inner_texts()
    kinds = {text.split("\t")[2].strip() for text in told}
    # What follows from decisions about her is about her, and that somebody asked for her is there too.
    assert {"decision", "transfer-closed", "details-shown"} <= kinds, kinds
    pseudonym = page.url.split("patient=")[1].split("&")[0]
    expected = about(hospital.gateway.entries(), pseudonym)
    assert [int(text.split("\t")[0]) for text in told] == expected[:ROWS]
    assert [one["entry"] for one in listed(hospital.console, f"?patient={pseudonym}&limit=200")] == expected
    assert not visitor.violations()
    # One whom the gateway has not met.
    visitor.go("/audit")
    page.get_by_text("Find a patient’s entries").click()
    page.locator("#patient-id").fill("NOBODY-77")
    page.get_by_role("button", name="Find").click()
    assert "has not met this patient" in page.get_by_role("alert").inner_text()


def test_who_an_entry_is_about_is_shown_to_whom_it_may_be_and_is_an_entry_first(hospital, visit):
    console = hospital.console
    denied = hospital.decision("'verdict': 'deny'")
    visitor = visit(console, COMPLIANCE)
    visitor.go(f"/audit/entries/{denied}")
    assert MARIA not in visitor.page.content()
    visitor.page.get_by_role("button", name="Show them").click()
    assert MARIA in visitor.page.content()
    newest = lambda: listed(console, "?kind=details-shown&limit=1")[0]
    wait_until(lambda: f"entry {denied}" in newest()["text"] and newest()["by"] == "carl", what="the entry of it")
    reader = visit(console, AUDITOR)
    reader.go(f"/audit/entries/{denied}")
    assert reader.page.get_by_role("button", name="Show them").count() == 0
    assert console.session(AUDITOR).post(f"/audit/entries/{denied}", {}).status == 403
    assert console.ask("POST", f"/api/v1/entries/{denied}/details", role=AUDITOR).status == 403
    told = console.ask("POST", f"/api/v1/entries/{denied}/details", role=COMPLIANCE).json
    assert told["patient_id"] == MARIA


def test_an_export_by_the_api_is_its_makers_alone(hospital, tmp_path):
    console = hospital.console
    wanted = {"formats": ["csv", "fhir"], "identified": True, "time_zone": "Europe/Vienna", "patient": {"id": JOSEF}}
    begun = console.ask("POST", "/api/v1/exports", role=COMPLIANCE, body=wanted)
    assert begun.status == 202, begun.text
    place = begun.headers["Location"]
    done = wait_until(
        lambda: (told := console.ask("GET", place, role=COMPLIANCE).json)["stage"] != "under-way" and told, what="an export"
    )
    assert done["stage"] == "done" and done["records"] > 0, done
    file = console.ask("GET", f"{place}/file", role=COMPLIANCE)
    assert len(file.body) == done["bytes"] == int(file.headers["Content-Length"])
    with tarfile.open(fileobj=io.BytesIO(file.body)) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = next(tmp_path.iterdir())
    assert hospital.gateway.command("audit", "verify", folder).returncode == 0
    assert JOSEF in (folder / "audit.csv").read_text() and MARIA not in (folder / "audit.csv").read_text()
    recorded = console.api(f"entries/{done['entry']}", AUDITOR)
    assert (recorded["kind"], recorded["by"]) == ("audit-exported", "carl")
    # The socket is somebody else; and a role that may not is refused.
    assert console.ask("GET", place, local=True).status == 404
    assert console.ask("GET", f"{place}/file", role=AUDITOR).status == 403
    assert console.ask("DELETE", place, role=COMPLIANCE).status == 204
    assert console.ask("GET", f"{place}/file", role=COMPLIANCE).status == 404
    assert not list((hospital.gateway.data / "exports").iterdir())


def test_an_accounting_of_disclosures_is_taken_away(hospital, visit, tmp_path):
    visitor = visit(hospital.console, COMPLIANCE)
    page = visitor.page
    visitor.go("/audit")
    page.locator("#disclosures-id").fill(JOSEF)
    with page.expect_download() as download:
        page.locator("form[action='/audit/disclosures']").get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "disclosures.html"
    assert "St. Berta" in open(download.value.path()).read()
    assert hospital.console.session(PACS_ADMIN).post("/audit/disclosures", {"patient_id": JOSEF, "years": "6"}).status == 403
    assert hospital.console.session(DESK).post("/audit/disclosures", {"patient_id": JOSEF, "years": "0"}).status == 400


def test_a_changed_byte_is_an_alarm_on_every_page_until_all_is_whole(console, visit):
    made = console().open_for_everybody()
    assert verified(made)["last"]["outcome"] == "whole"
    journal = made.gateway.data / "journal"
    segment = sorted(journal.glob("*.segment"))[0]
    place = segment.read_bytes().index(b'"kind":"account-changed"')

    def put(byte: bytes) -> None:
        with open(segment, "r+b") as file:
            file.seek(place + 9)
            file.write(byte)

    put(b"X")
    standing = verified(made)
    assert standing["last"]["outcome"] == "damaged" and standing["alarm"]["entry"] is not None, standing
    assert made.api("ledger", AUDITOR)["verification"]["alarm"]["outcome"] == "damaged"
    assert "credence_ledger_verified 0" in made.ask("GET", "/metrics", role=AUDITOR).text
    for role, path in ((DESK, "/consents"), (AUDITOR, "/ledger"), (PACS_ADMIN, "/"), (COMPLIANCE, "/policy")):
        visitor = visit(made, role)
        assert visitor.go(path) == 200
        assert "The ledger is not as it was written" in visitor.page.get_by_role("alert").first.inner_text(), path
        assert not visitor.violations(), path
    put(b"c")
    assert "alarm" not in verified(made)
    visitor = visit(made, AUDITOR)
    visitor.go("/ledger")
    assert "not as it was written" not in visitor.page.content()
    codes = lambda: [one["text"].split(":")[0] for one in listed(made, "?kind=alert")]
    assert wait_until(lambda: codes()[:2] == ["ledger-whole", "ledger-damaged"], what="alerts")


def test_entries_that_were_taken_back_with_their_checkpoint_are_missed(console):
    made = console().open_for_everybody()
    made.token(AUDITOR)
    data = made.gateway.data

    def all_signed() -> None:
        size = lambda: made.api("ledger", AUDITOR)["checkpoint"]["size"]
        wait_until(lambda: size() == len(made.gateway.entries()), what="all is signed for")

    all_signed()
    kept = {path: path.read_bytes() for path in [*(data / "journal").glob("*.segment"), *data.glob("checkpoint.?")]}
    made.make_token("aude", AUDITOR, machine="later")
    all_signed()
    # An older copy is whole by itself: only what the gateway remembers speaks against it.
    for path, content in kept.items():
        path.write_bytes(content)
    assert made.gateway.command("ledger", "verify", data).returncode == 0
    assert verified(made)["last"]["outcome"] == "damaged"
