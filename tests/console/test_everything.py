"""Every page that links lead to and every form on them, as each role: what a role is not for is refused, whatever
address it knows and whatever it sends; what it is for is well-formed, and hides who the patients are.
"""

import time

import pytest

from console import matrix
from console.hospital import Hospital
from console.hospital import JOSEF
from console.hospital import MARIA
from console.hospital import NAMES
from console.hospital import SECOND
from console.walk import Form
from console.walk import Walk
from console.walk import walked
from rig import pynet
from rig.console import APPROVER
from rig.console import AUDITOR
from rig.console import COMPLIANCE
from rig.console import DESK
from rig.console import PACS_ADMIN
from rig.console import PEOPLE
from rig.console import ROLES
from rig.process import wait_until

# Who serves patients sees whom they serve.
SERVED = (
    "/consents", "/consents/print", "/consents/report", "/consents/report.csv", "/consents/report.html", "/consents/merge",
    "/consents/guardian", "/consents/standing",
)
RULE = """@id("own-{number}")
@description("This house takes no part in research.")
@reason("no research here")
forbid (principal, action in Action::"Research", resource);
"""
# What is there, and no walk reaches: refused all the same where it is not for a role.
UNREACHED_PAGES = {
    # A page asks for it by itself, while the ledger is read.
    "/institutions/*/score": "/institutions/st-berta/score",
    # Nothing lies in quarantine.
    "/peers/queues/*/release": "/peers/queues/archive/release",
}
UNREACHED_FORMS = {
    # The walk has sent it before it begins, and the page then offers to be done with the patient.
    "/consents/patient": Form("/consents/patient", "/consents", [("id", MARIA), ("issuer", "")]),
    # Nothing lies in quarantine.
    "/peers/queues/*/release": Form("/peers/queues/archive/release", "/peers/queues/archive", [("reason", "x")]),
}
# Not written by what people do.
NOISE = {"signed-in", "signed-out", "details-shown", "checkpoint", "verification", "alert"}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """One of this file's own: what pages show is what is done here, and not what others happened to do before."""
    made = Hospital(tmp_path_factory.mktemp("busy"))
    try:
        been_busy(made)
        yield made
    finally:
        made.stop()


def been_busy(hospital: Hospital) -> None:
    """Whatever a page has something to say of is there."""
    console = hospital.console
    maria, berta = {"id": MARIA}, "st-berta"

    def change(role: str, name: str, token: str | None = None, **about) -> int:
        body = {"command": "change", "by": "", "change": {"change": name, **about}}
        reply = console.ask("POST", "/api/v1/commands", body=body, token=token or console.token(role))
        assert reply.status == 200, (name, reply.text)
        return reply.json["entry"]

    # Accounts: the first of the list is disabled, and has a token.
    console.add("abel", AUDITOR)
    console.make_token("abel", AUDITOR)
    console.user("disable", "abel")
    # A consent that was used and revoked, and one that stands.
    terms = {"patient": maria, "effect": "grant", "to": [berta], "purposes": ["TREATMENT"], "modalities": []}
    granted = change(DESK, "consent-grant", terms=terms)
    assert hospital.move(MARIA, "WSB").returncode == 0
    change(DESK, "consent-revoke", consent=granted)
    change(DESK, "consent-grant", terms=terms)
    change(DESK, "guardian-name", patient=maria, guardian="invented")
    # Records.
    change(COMPLIANCE, "hold-place", reference="invented")
    until = 10**6 * int(time.time() + 10 * 86_400)
    about = {"recipient": berta, "until": until, "statement": "oral", "reference": "x", "said": "x"}
    change(COMPLIANCE, "disclosures-suspend", patient=maria, **about)
    # A review whose reason is given; an incident that waits, and one that was upheld.
    emergency = hospital.decision("EMERGENCY")
    change(COMPLIANCE, "review-reason", review=emergency, reason="invented")
    incident = {"institution": berta, "proof": [emergency], "reference": "x"}
    change(COMPLIANCE, "incident-report", incident="purpose-misuse", **incident)
    report = change(COMPLIANCE, "incident-report", incident="onward-disclosure", **incident)
    second = console.make_token(SECOND, COMPLIANCE)
    change(COMPLIANCE, "incident-decide", token=second, report=report, upheld=True)
    # Rules that are proposed, and others that were approved, too.
    for number in (1, 2):
        (hospital.gateway.folder / "policy" / "50-own.cedar").write_text(RULE.format(number=number))
        words = ["policy", "propose", "--config", hospital.gateway.file, "--by", PEOPLE[COMPLIANCE]]
        proposed = hospital.gateway.command(*words).stdout
    change(APPROVER, "policy-approve", sha256=proposed.split()[-1])
    # An export that is ready.
    place = console.ask("POST", "/api/v1/exports", role=COMPLIANCE, body={"formats": ["csv"]}).headers["Location"]
    wait_until(lambda: console.ask("GET", place, role=COMPLIANCE).json["stage"] == "done", what="an export")
    # An archive that is back, and takes nothing: dead letters.
    hospital.keep(pynet.Destination("ARCHIVE", port=hospital.archive_port, status=0xC123))
    hospital.send(hospital.study(4, MARIA, 1), called="CRED_ARCHIVE")
    lying = lambda: [one["place"] for one in console.api("queues/archive", PACS_ADMIN)["items"]]
    wait_until(lambda: lying() == ["dead", "dead"], what="dead letters")


@pytest.fixture(scope="module")
def walks(hospital) -> dict[str, Walk]:
    # The newest decision has a proof once a checkpoint is signed.
    session = hospital.console.session(PACS_ADMIN)
    newest = hospital.decision("decision")
    wait_until(lambda: session.get(f"/decisions/{newest}/proof").status == 200, what="a checkpoint")
    # What only a number leads to that somebody knows, or a form that asks.
    sealed, report = f"/audit/entries/{newest}", "/consents/report?years=6"
    also = {COMPLIANCE: (sealed, report), AUDITOR: (sealed,), DESK: (report,)}
    return {role: walked(hospital.console, role, also=also.get(role, ())) for role in ROLES}


def kinds(walks: dict[str, Walk], what: str) -> dict[str, object]:
    """One of each, whoever found it."""
    return {kind: one for walk in walks.values() for kind, one in getattr(walk, what).items()}


def test_no_link_leads_nowhere(hospital, walks):
    refused = {(role, path): status for role, walk in walks.items() for path, status in walk.refused.items()}
    for (role, path), status in list(refused.items()):
        # A queue tried again meanwhile, and what was decided within the last second is not signed for yet.
        if status == 409 and path.startswith("/decisions/") and path.endswith(("/line", "/proof")):
            session = hospital.console.session(role)
            wait_until(lambda: session.get(path).status == 200, 5, f"{path} once it is signed for")
            del refused[role, path]
    assert refused == {}


def test_every_kind_of_page_and_form_is_in_the_matrix(walks):
    known = {*matrix.PAGES, *matrix.FURTHER}
    unknown = {*kinds(walks, "pages"), *kinds(walks, "files")} - known
    assert not unknown
    unknown = set(kinds(walks, "forms")) - {*matrix.FORMS, *matrix.HARMLESS_FORMS, matrix.LAST_FORM}
    assert not unknown


def test_no_row_of_the_matrix_is_of_something_that_is_not_there(walks):
    missed = {*matrix.PAGES, *matrix.FURTHER} - {*kinds(walks, "pages"), *kinds(walks, "files")}
    assert missed == set(UNREACHED_PAGES)
    missed = {*matrix.FORMS, *matrix.HARMLESS_FORMS, matrix.LAST_FORM} - set(kinds(walks, "forms"))
    assert missed == set(UNREACHED_FORMS)


@pytest.mark.parametrize("role", ROLES)
def test_every_address_that_anybody_finds_is_for_whom_it_is_for(hospital, walks, role):
    session = hospital.console.session(role)
    for kind, path in {**kinds(walks, "pages"), **kinds(walks, "files")}.items():
        roles = matrix.PAGES.get(kind) or matrix.FURTHER[kind]
        status = session.get(path).status
        # Where nobody is served yet, the desk is led to where one is found.
        expected = (200, 303) if role in roles else (403,)
        assert status in expected, (role, kind, path, status)
        if role in roles and kind in matrix.FURTHER and status == 200 and kind not in ("/api/v1/openapi.json", "/metrics"):
            found = {**walks[role].pages, **walks[role].files}
            assert kind in found, f"{role} may see {kind}, and no link leads there"
    for kind, path in UNREACHED_PAGES.items():
        if role not in matrix.FURTHER[kind]:
            assert session.get(path).status == 403, (role, path)


@pytest.mark.parametrize("role", ROLES)
def test_a_form_that_a_role_is_not_for_does_nothing(hospital, walks, role):
    before = written(hospital)
    session = hospital.console.session(role)
    for kind, form in {**kinds(walks, "forms"), **UNREACHED_FORMS}.items():
        if kind in matrix.FORMS and role not in matrix.FORMS[kind]:
            filled = [(name, value) for name, value in form.fields if name != "csrf"]
            reply = hospital.console.ask("POST", form.action, form=[("csrf", session.csrf), *filled], cookie=session.cookie)
            assert reply.status == 403, (role, kind, form.fields, reply.status)
    assert written(hospital) == before


@pytest.mark.parametrize("role", ROLES)
def test_a_form_without_what_our_pages_know_does_nothing(hospital, walks, role):
    before = written(hospital)
    session = hospital.console.session(role)
    for kind, form in walks[role].forms.items():
        if kind in matrix.HARMLESS_FORMS:
            continue
        filled = [(name, value) for name, value in form.fields if name != "csrf"]
        for shown in ([], [("csrf", "x" * 43)]):
            reply = hospital.console.ask("POST", form.action, form=[*shown, *filled], cookie=session.cookie)
            assert reply.status == 403, (role, kind, reply.status)
        assert hospital.console.ask("POST", form.action, form=filled).status == 303, "nobody is led to the sign-in"
    assert written(hospital) == before


def written(hospital) -> int:
    return sum(1 for body in hospital.gateway.bodies() if body["kind"] not in NOISE)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_says_who_a_patient_is_unless_somebody_asks(hospital, walks, role):
    session = hospital.console.session(role)
    for kind, path in {**walks[role].pages, **walks[role].files}.items():
        assert not any(patient in path for patient in (MARIA, JOSEF)), path
        if kind in SERVED:
            continue
        body = session.get(path).body
        for secret in (MARIA, JOSEF, *NAMES.values()):
            assert secret.encode() not in body, (role, path, secret)


@pytest.mark.parametrize("role", ROLES)
def test_axe_core_finds_nothing_on_any_page_light_or_dark(hospital, walks, visit, role):
    visitor = visit(hospital.console, role)
    if any(path in walks[role].pages for path in SERVED[1:]):
        visitor.go("/consents")
        visitor.page.get_by_label("Patient ID", exact=True).fill(MARIA)
        visitor.page.get_by_role("button", name="Show this patient").click()
    found = []
    for kind, path in walks[role].pages.items():
        assert visitor.go(path) == 200
        # Everything that folds is looked at unfolded.
        visitor.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        visitor.shot(f"{role}{kind.replace('/', '-').replace('*', 'one') if kind != '/' else '-overview'}", whole=True)
        found += [f"{path}: {told}" for told in visitor.violations()]
    assert not found, "\n".join(found)
