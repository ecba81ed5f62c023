"""Every page that links lead to and every form on them, as each role: what a role is not for is refused, whatever
address it knows and whatever it sends; what it is for is well-formed, and hides who the patients are.
"""

import pytest

from console import matrix
from console.hospital import JOSEF
from console.hospital import MARIA
from console.hospital import NAMES
from console.walk import Walk
from console.walk import walked
from rig.console import PACS_ADMIN
from rig.console import ROLES
from rig.process import wait_until

# Who serves patients sees whom they serve.
SERVED = ("/consents", "/consents/print", "/consents/report", "/consents/merge", "/consents/guardian", "/consents/standing")
# Not written by what people do.
NOISE = {"signed-in", "signed-out", "details-shown", "checkpoint", "verification", "alert"}


@pytest.fixture(scope="module")
def walks(hospital) -> dict[str, Walk]:
    # The newest decision has a proof once a checkpoint is signed.
    session = hospital.console.session(PACS_ADMIN)
    newest = hospital.decision("decision")
    wait_until(lambda: session.get(f"/decisions/{newest}/proof").status == 200, what="a checkpoint")
    return {role: walked(hospital.console, role) for role in ROLES}


def kinds(walks: dict[str, Walk], what: str) -> dict[str, object]:
    """One of each, whoever found it."""
    return {kind: one for walk in walks.values() for kind, one in getattr(walk, what).items()}


def test_no_link_leads_nowhere(walks):
    assert {role: walk.refused for role, walk in walks.items() if walk.refused} == {}


def test_every_kind_of_page_and_form_is_in_the_matrix(walks):
    known = {*matrix.PAGES, *matrix.FURTHER}
    unknown = {*kinds(walks, "pages"), *kinds(walks, "files")} - known
    assert not unknown
    unknown = set(kinds(walks, "forms")) - {*matrix.FORMS, *matrix.HARMLESS_FORMS, matrix.LAST_FORM}
    assert not unknown


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


@pytest.mark.parametrize("role", ROLES)
def test_a_form_that_a_role_is_not_for_does_nothing(hospital, walks, role):
    before = written(hospital)
    session = hospital.console.session(role)
    for kind, form in kinds(walks, "forms").items():
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
        text = session.get(path).text
        for secret in (MARIA, JOSEF, *NAMES.values()):
            assert secret not in text, (role, path, secret)


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
