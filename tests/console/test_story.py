"""What people do in a day at a console, on what was really transferred."""

import tarfile
import threading

import pytest

from console.hospital import JOSEF
from console.hospital import MARIA
from console.hospital import NAMES
from rig import dcmtk
from rig.console import APPROVER
from rig.console import AUDITOR
from rig.console import COMPLIANCE
from rig.console import DESK
from rig.console import PACS_ADMIN
from rig.console import PEOPLE
from rig.process import wait_until

# A slow destination takes an image a second.
SLOW_IMAGES = 12
# Decisions that a page shows.
ROWS = 25


def rows(page) -> list[str]:
    """Texts of the rows of all tables."""
    return page.locator("tbody tr").all_inner_texts()


def test_a_transfer_is_seen_while_it_runs_and_when_it_has_ended(hospital, visit):
    made = hospital.study(10, MARIA, SLOW_IMAGES)
    sending = threading.Thread(target=hospital.send, args=(made, "CRED_SLOW"))
    visitor = visit(hospital.console, PACS_ADMIN)
    page = visitor.page
    visitor.go("/transfers")
    assert "Nothing moves at this moment" in page.locator("#now").inner_text()
    sending.start()
    try:
        # Nobody loads the page again: it looks by itself.
        moving = page.get_by_role("table", name="Under way now")
        moving.wait_for()
        seen: set[str] = set()

        def grows() -> bool:
            seen.add(moving.locator("td.number").first.inner_text())
            return len(seen) >= 3

        wait_until(grows, timeout_s=SLOW_IMAGES - 2, what="progress", every_s=0.3)
        visitor.shot_for_readme("transfers")
        link = moving.get_by_role("link").first
        number = link.inner_text()
        link.click()
        assert page.get_by_role("heading", level=1).inner_text() == f"Transfer {number}"
    finally:
        sending.join()
    wait_until(lambda: "completed" in page.locator("main").inner_text(), timeout_s=15, what="its end, on the page that is open")
    visitor.go("/transfers")
    ended = page.get_by_role("table", name="Ended of late")
    row = ended.locator("tr", has=page.get_by_role("link", name=number, exact=True)).inner_text()
    assert str(SLOW_IMAGES) in row and "completed" in row
    assert MARIA not in page.content() and NAMES[MARIA] not in page.content()


@pytest.mark.parametrize("role", [PACS_ADMIN, AUDITOR, APPROVER])
def test_why_something_was_refused_is_read_from_the_overview_on(hospital, visit, role):
    visitor = visit(hospital.console, role)
    page = visitor.page
    page.get_by_role("table", name="Refused").get_by_role("link").first.click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Decision ")
    told = page.locator("main").inner_text()
    for part in ("refused", "no consent", "St. Berta Hospital", "WSB", "What would have to change", "a consent for this purpose"):
        assert part in told, (part, told)
    assert not visitor.violations()
    visitor.shot(f"decision-refused-{role}", whole=True)
    assert MARIA not in page.content(), "who runs the machine, audits or approves is not told who it is"
    assert not page.get_by_role("button", name="Show").is_visible()


def test_decisions_are_searched(hospital, visit):
    visitor = visit(hospital.console, AUDITOR)
    page = visitor.page
    for answer, requester in ((None, "st-anna"), (None, "st-berta"), ("deny", None), ("permit", "st-berta"), ("deny", "st-anna")):
        visitor.go("/decisions")
        if answer:
            page.get_by_label("Answer").select_option(answer)
        if requester:
            page.get_by_label("Requester", exact=True).select_option(requester)
        page.get_by_role("search").get_by_role("button", name="Search").click()
        found = [int(row.split()[0]) for row in rows(page)]
        assert found == decided(hospital, answer, requester)[:ROWS], (answer, requester)
        # St. Anna's own were all permitted.
        assert found or (answer, requester) == ("deny", "st-anna")
        assert MARIA not in page.url


def decided(hospital, verdict: str | None, requester: str | None) -> list[int]:
    """Decisions of the ledger, the newest first; all that differ are left out."""
    return [
        entry["seq"] for entry in reversed(hospital.gateway.entries())
        if (body := entry["event"]["body"])["kind"] == "decision"
        and verdict in (None, body["decision"]["verdict"]) and requester in (None, body["request"]["requester"])
    ]


def test_a_decision_is_proved_offline_by_what_its_page_gives(hospital, visit, tmp_path):
    visitor = visit(hospital.console, AUDITOR)
    page = visitor.page
    page.get_by_role("table", name="Refused").get_by_role("link").first.click()
    files = {}
    for name in ("Download the proof", "Download the line"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    visitor.go("/ledger")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the ledger’s key").click()
    download.value.save_as(tmp_path / "ledger.vkey")
    key = (tmp_path / "ledger.vkey").read_text().strip()
    proof, line = files["Download the proof"], files["Download the line"]
    words = ["ledger", "verify-proof", proof, "--key", key, "--line", line]
    assert hospital.gateway.command(*words).returncode == 0
    line.write_bytes(line.read_bytes().replace(b"deny", b"nope", 1))
    assert hospital.gateway.command(*words, check=False).returncode != 0


def test_a_look_at_a_patient_is_an_entry_before_it_is_shown(hospital, visit):
    visitor = visit(hospital.console, COMPLIANCE)
    page = visitor.page
    page.get_by_role("table", name="Refused").get_by_role("link").first.click()
    assert MARIA not in page.content()
    before = len(hospital.gateway.bodies("details-shown"))
    page.get_by_role("button", name="Show").click()
    assert MARIA in page.locator("#who").inner_text()
    shown = hospital.gateway.bodies("details-shown")
    assert len(shown) == before + 1 and shown[-1]["by"] == PEOPLE[COMPLIANCE], shown
    assert MARIA not in page.url
    assert MARIA not in hospital.gateway.process.output()


def test_the_desk_grants_a_consent_and_the_next_pull_succeeds(hospital, visit):
    assert hospital.move(MARIA, "WSB").returncode != 0
    visitor = visit(hospital.console, DESK)
    page = visitor.page
    visitor.go("/consents")
    page.get_by_label("Patient ID", exact=True).fill(MARIA)
    page.get_by_role("button", name="Show this patient").click()
    assert MARIA in page.locator("main").inner_text() and MARIA not in page.url
    assert "Nothing is recorded for this patient" in page.locator("main").inner_text()
    page.get_by_role("link", name="Record a consent").click()
    # What is missing is said, and what was chosen stays.
    visitor.expected = (409,)
    page.get_by_label("St. Berta Hospital").check()
    page.get_by_role("button", name="Record the consent").click()
    assert page.get_by_role("alert").inner_text() == "Choose at least one purpose."
    assert page.get_by_label("St. Berta Hospital").is_checked()
    assert not visitor.violations()
    page.get_by_label("treatment", exact=False).first.check()
    page.get_by_role("button", name="Record the consent").click()
    assert "agreed" in page.get_by_role("table", name="Consents and objections").inner_text()
    visitor.shot_for_readme("consents")
    pulled = hospital.move(MARIA, "WSB")
    assert pulled.returncode == 0, pulled.stdout
    assert dcmtk.suboperations(pulled).get("Completed") == 3
    # Printed for the patient, then revoked.
    page.get_by_role("link", name="Print for the patient").click()
    page.emulate_media(media="print")
    assert "You have consented" in page.locator("main").inner_text() and MARIA in page.locator("main").inner_text()
    visitor.shot("consents-printed", whole=True)
    page.emulate_media(media="screen")
    visitor.go("/consents")
    page.get_by_role("table", name="Consents and objections").get_by_role("link", name="Revoke").first.click()
    assert not visitor.violations()
    page.get_by_role("main").get_by_role("button", name="Revoke").click()
    assert hospital.move(MARIA, "WSB").returncode != 0
    page.get_by_role("button", name="Done with this patient").click()
    assert MARIA not in page.content()


def test_the_desk_records_an_objection_a_guardian_and_a_merge(hospital, visit):
    visitor = visit(hospital.console, DESK)
    page = visitor.page
    serve(visitor, JOSEF)
    page.get_by_role("link", name="Record an objection").click()
    page.get_by_label("any other institution").check()
    page.get_by_label("treatment", exact=False).first.check()
    page.get_by_role("button", name="Record the objection").click()
    assert "objected" in page.get_by_role("table", name="Consents and objections").inner_text()
    page.get_by_role("link", name="Name a guardian").click()
    page.get_by_label("Who, and on what grounds").fill("Anna Huber, court order 12/2026")
    page.get_by_role("main").get_by_role("button", name="Name a guardian").click()
    assert "Anna Huber" in page.locator("main").inner_text()
    [named] = [body for body in hospital.gateway.bodies("guardian-named")]
    assert "Huber" not in str(named)
    page.get_by_role("link", name="What left about this patient").click()
    page.get_by_role("button", name="Make the report").click()
    told = page.locator("main").inner_text()
    assert "St. Berta Hospital" in told and "emergency" in told, told
    visitor.shot("consents-report", whole=True)
    assert not visitor.violations()


def serve(visitor, patient: str) -> None:
    page = visitor.page
    visitor.go("/consents")
    page.get_by_label("Patient ID", exact=True).fill(patient)
    page.get_by_role("button", name="Show this patient").click()


def test_an_audit_is_exported_and_verified_by_the_command_line(hospital, visit, tmp_path):
    visitor = visit(hospital.console, COMPLIANCE)
    page = visitor.page
    visitor.go("/audit")
    page.get_by_label("Verdict").select_option("refused")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    assert rows(page) and all("refused" in row for row in rows(page))
    page.get_by_label("JSON Lines, for programs").check()
    page.get_by_role("button", name="Begin the export").click()
    # The list looks by itself until it is ready.
    page.get_by_role("link", name="Download").first.wait_for(timeout=30_000)
    visitor.shot("audit-exports")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    packed = tmp_path / download.value.suggested_filename
    download.value.save_as(packed)
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / packed.stem
    assert hospital.gateway.command("audit", "verify", folder).returncode == 0
    text = "".join(file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file())
    assert MARIA not in text and JOSEF not in text, "pseudonyms, since nobody asked for more"
    # Nobody else finds it; and one changed byte is noticed.
    other = hospital.console.session(AUDITOR)
    assert other.get(download.value.url.removeprefix(hospital.console.url)).status in (403, 404)
    lines = next(folder.glob("*.jsonl"))
    lines.write_text(lines.read_text().replace("deny", "nope", 1))
    assert hospital.gateway.command("audit", "verify", folder, check=False).returncode != 0


def test_the_ledger_is_verified_from_its_page(hospital, visit):
    visitor = visit(hospital.console, AUDITOR)
    page = visitor.page
    visitor.go("/ledger")
    page.get_by_role("button", name="Verify now").click()
    wait_until(lambda: "whole" in page.locator("main").inner_text(), timeout_s=20, what="a verification", every_s=0.3)
    visitor.shot("ledger", whole=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the checkpoint").click()
    origin, size, *_ = download.value.path().read_text().splitlines()
    assert origin == "st-anna/credence" and 0 < int(size) <= len(hospital.gateway.entries())
    assert download.value.suggested_filename == f"checkpoint-{size}.txt"
