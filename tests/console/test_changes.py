"""What people change at a console, where it takes two of them, and what they do to the machine."""

from console.hospital import JOSEF
from console.hospital import MARIA
from console.hospital import SECOND
from rig import dcmtk
from rig.console import APPROVER
from rig.console import COMPLIANCE
from rig.console import PACS_ADMIN
from rig.console import PEOPLE
from rig.console import passcode
from rig.gateway import OTHER
from rig.process import wait_until

RULE = """@id("no-research-here")
@description("This house takes no part in research.")
@reason("no research here")
forbid (principal, action in Action::"Research", resource);
"""


def main_text(page) -> str:
    return page.locator("main").inner_text()


def test_rules_are_proposed_by_one_and_approved_by_another(hospital, visit):
    proposer = visit(hospital.console, COMPLIANCE)
    page = proposer.page
    proposer.go("/policy")
    page.get_by_role("link", name="Propose other rules").click()
    another = page.get_by_role("group", name="Another file")
    another.get_by_label("File").fill("50-own.cedar")
    # What is wrong is told with its place, and what was typed stays.
    another.get_by_label("Text").fill("forbid (principal, action, resource) when { nonsense };")
    proposer.expected = (409,)
    page.get_by_role("button", name="Propose").click()
    assert "cannot be proposed so" in main_text(page)
    assert not proposer.violations()
    mine = page.get_by_role("group", name="File 50-own.cedar")
    assert "nonsense" in mine.get_by_label("Text").input_value()
    mine.get_by_label("Text").fill(RULE)
    page.get_by_role("button", name="Check").click()
    found = page.locator("#found").inner_text()
    assert "rules, nothing found." in found, found
    page.get_by_role("button", name="Try on past requests").click()
    assert "What it would have answered" in main_text(page)
    proposer.shot("policy-tried", whole=True)
    assert not proposer.violations()
    page.get_by_role("button", name="Propose").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Proposal ")
    assert "no-research-here" in main_text(page)
    assert not page.get_by_role("button", name="Approve").is_visible()
    proposal = page.url.removeprefix(hospital.console.url)
    before = hospital.console.api("policy", APPROVER)
    # Whoever proposed it does not approve it, whatever they send.
    session = hospital.console.session(COMPLIANCE)
    assert session.post(f"{proposal}/approve", {}).status == 403

    approver = visit(hospital.console, APPROVER)
    page = approver.page
    approver.go("/policy")
    page.get_by_role("table", name="Proposals").get_by_role("link").click()
    page.get_by_role("button", name="Approve").click()
    assert page.get_by_role("button", name="Put in force").is_visible()
    assert hospital.console.api("policy", APPROVER) == before, "nothing is in force before it is put in force"
    approver.shot_for_readme("policy")
    page.get_by_role("button", name="Put in force").click()
    approver.go("/policy")
    assert "no-research-here" in main_text(page)
    assert f"Approved by\n{PEOPLE[APPROVER]}" in main_text(page).replace("\t", "\n"), main_text(page)
    proposed, approved, activated = (hospital.gateway.bodies(f"policy-{act}")[-1] for act in ("proposed", "approved", "activated"))
    assert (proposed["by"], approved["by"], activated["by"]) == (PEOPLE[COMPLIANCE], PEOPLE[APPROVER], PEOPLE[APPROVER])
    assert proposed["sha256"] == approved["sha256"] == activated["sha256"]
    assert proposed["sha256"] in found, "what was checked is what was proposed"
    # Images go on.
    assert hospital.move(MARIA, "WS1").returncode == 0


def test_who_proposed_does_not_approve_though_they_have_both_roles(console, visit):
    own = console().open_for_everybody()
    own.add("both", COMPLIANCE, APPROVER)
    visitor = visit(own)
    visitor.sign_in("both")
    page = visitor.page
    visitor.go("/policy/propose")
    another = page.get_by_role("group", name="Another file")
    another.get_by_label("File").fill("50-own.cedar")
    another.get_by_label("Text").fill(RULE)
    page.get_by_role("button", name="Propose").click()
    visitor.expected = (409,)
    page.get_by_role("button", name="Approve").click()
    assert page.get_by_role("alert").is_visible()
    assert own.gateway.bodies("policy-approved") == []
    assert not visitor.violations()
    page.get_by_role("button", name="Withdraw").click()
    assert len(own.gateway.bodies("policy-withdrawn")) == 1


def test_break_glass_is_reviewed_by_two_persons(hospital, visit):
    first = visit(hospital.console, COMPLIANCE)
    page = first.page
    first.go("/reviews")
    waiting = page.get_by_role("table", name="Accesses to be reviewed")
    assert "WSB" in waiting.inner_text()
    first.shot("reviews", whole=True)
    waiting.get_by_role("link").first.click()
    review = page.url
    page.get_by_label("Why the access was made").fill("unconscious in the emergency room, invented")
    page.get_by_role("button", name="Record the reason").click()
    assert f"given by {PEOPLE[COMPLIANCE]}" in main_text(page)
    assert "unconscious" not in page.content(), "sealed until it is asked for"
    # Who gave the reason cannot find it good.
    first.expected = (409,)
    page.get_by_role("button", name="Justified", exact=True).click()
    assert page.get_by_role("alert").is_visible()
    assert not first.violations()

    second = visit(hospital.console)
    second.sign_in(SECOND)
    page = second.page
    page.goto(review)
    looks = len(hospital.gateway.bodies("details-shown"))
    page.get_by_role("button", name="Show the reason").click()
    assert "unconscious in the emergency room" in main_text(page)
    assert len(hospital.gateway.bodies("details-shown")) == looks + 1
    page.get_by_role("button", name="Justified", exact=True).click()
    closed = hospital.gateway.bodies("review-closed")[-1]
    assert closed["by"] == SECOND and closed["justified"], closed
    assert JOSEF not in page.content()


def test_an_incident_is_reported_by_one_and_decided_by_another(hospital, visit):
    def answered():
        return page.get_by_role("row", name="used for another purpose")

    score = next(one for one in hospital.console.api("institutions", COMPLIANCE)["items"] if one["institution"] == OTHER)["score"]
    emergency = hospital.decision("EMERGENCY")
    first = visit(hospital.console, COMPLIANCE)
    page = first.page
    first.go("/reviews")
    page.get_by_role("link", name="Report an incident").click()
    page.get_by_label("Institution").select_option("St. Berta Hospital")
    page.get_by_label("What it did").select_option("used for another purpose")
    page.get_by_label("Entries").fill(f"{emergency}")
    page.get_by_label("Reference").fill("case 12/2026")
    first.shot("incident", whole=True)
    assert not first.violations()
    page.get_by_role("button", name="Report it").click()
    assert "case 12/2026" in answered().inner_text()
    # Whoever reported it is not its arbiter.
    first.expected = (409,)
    answered().get_by_role("button", name="Uphold").click()
    assert "second person" in page.get_by_role("alert").inner_text()

    second = visit(hospital.console)
    second.sign_in(SECOND)
    page = second.page
    second.go("/reviews")
    answered().get_by_role("button", name="Uphold").click()
    assert page.get_by_role("table", name="Charges that can be taken back").is_visible()
    assert not second.violations()
    now = next(one for one in hospital.console.api("institutions", COMPLIANCE)["items"] if one["institution"] == OTHER)["score"]
    assert now < score
    # Their page tells where the score comes from.
    second.go(f"/institutions/{OTHER}")
    wait_until(lambda: "Score over time" in main_text(page) and "being read" not in main_text(page), what="the plot, on the page that is open")
    assert page.get_by_role("main").get_by_role("img").first.is_visible(), main_text(page)
    second.shot("institution-charged", whole=True)
    assert not second.violations()
    # And what was charged in error is taken back.
    second.go("/reviews")
    page.get_by_role("link", name="Take back").first.click()
    assert not second.violations()
    page.get_by_role("main").get_by_role("button", name="Take back").click()
    assert hospital.gateway.bodies("charge-reversed")[-1]["by"] == SECOND


def test_what_waits_is_paused_tried_again_and_arrives(hospital, visit):
    visitor = visit(hospital.console, PACS_ADMIN)
    page = visitor.page
    visitor.go("/peers")
    visitor.shot("peers", whole=True)
    page.get_by_role("link", name="archive", exact=True).first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Queue archive"
    assert not visitor.violations()
    page.get_by_role("button", name="Pause").click()
    assert "The queue is paused." in page.get_by_role("status").inner_text()
    # The archive comes back, and nothing goes there until somebody says so.
    archive = hospital.keep(dcmtk.StoreScp(hospital.folder, "ARCHIVE", port=hospital.archive_port))
    page.wait_for_timeout(3_000)
    assert archive.files() == []
    visitor.shot("queue", whole=True)
    page.get_by_role("button", name="Resume").click()
    wait_until(lambda: len(archive.files()) == 2, timeout_s=20, what="delivery")
    acts = [body["act"] for body in hospital.gateway.bodies("queue-changed")]
    assert acts == ["paused", "resumed"], acts
    assert {body["by"] for body in hospital.gateway.bodies("queue-changed")} == {PEOPLE[PACS_ADMIN]}
    assert MARIA not in page.content()


def test_a_peer_is_asked_whether_it_answers(hospital, visit):
    visitor = visit(hospital.console, PACS_ADMIN)
    page = visitor.page
    visitor.go("/institutions")
    visitor.shot("institutions", whole=True)
    page.get_by_role("main").get_by_role("link", name="St. Berta Hospital").first.click()
    page.get_by_role("button", name="wsb").click()
    assert "answers" in main_text(page), main_text(page)
    visitor.shot("institution", whole=True)
    assert not visitor.violations()
    hospital.wsb.stop()
    try:
        page.get_by_role("button", name="wsb").click()
        assert page.locator(".mark.bad").first.is_visible(), main_text(page)
        assert not visitor.violations()
    finally:
        hospital.wsb = hospital.keep(dcmtk.StoreScp(hospital.folder, "WSB", port=hospital.wsb.port, again=True))


def test_accounts_are_made_changed_and_ended_in_the_browser(console, visit):
    own = console()
    own.make_first_account()
    visitor = visit(own, PACS_ADMIN)
    page = visitor.page
    visitor.go("/accounts")
    page.get_by_role("main").get_by_role("link", name="Add an account").click()
    page.get_by_label("Account", exact=True).fill("bert")
    page.get_by_label("auditor").check()
    page.get_by_label("New passcode").fill(passcode("bert"))
    page.get_by_label("The same once more").fill("not the same twice")
    visitor.expected = (409,)
    page.get_by_role("main").get_by_role("button", name="Add").click()
    assert page.get_by_role("alert").is_visible()
    assert not visitor.violations()
    page.get_by_label("New passcode").fill(passcode("bert"))
    page.get_by_label("The same once more").fill(passcode("bert"))
    page.get_by_role("main").get_by_role("button", name="Add").click()
    assert page.get_by_role("heading", level=1).inner_text() == "bert"
    visitor.shot("account", whole=True)
    assert not visitor.violations()
    assert own.sign_in("bert").status == 303
    page.get_by_role("button", name="Disable").click()
    assert own.sign_in("bert").status == 401
    acts = [(body["account"], body["act"]["act"] if isinstance(body["act"], dict) else body["act"]) for body in own.gateway.bodies("account-changed")]
    assert [account for account, _ in acts] == ["ada", "bert", "bert"], acts
    assert passcode("bert") not in own.gateway.process.output()
