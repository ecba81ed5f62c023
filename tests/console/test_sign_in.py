"""Who gets in: the first account, passcodes, pauses, sessions, and what no other site can make a browser do."""

import re
import time

import pytest

from console.hospital import LONG
from rig.console import PACS_ADMIN
from rig.console import passcode
from rig.process import wait_until


def test_the_first_account_is_made_by_the_link_and_once(console, visit):
    made = console()
    link = made.set_up_link()
    visitor = visit(made)
    visitor.go(link.removeprefix(made.url))
    page = visitor.page
    page.get_by_label("Account").fill("ada")
    page.get_by_label("Passcode").fill(passcode("ada"))
    page.get_by_role("button", name="Make the account").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Overview"
    assert page.get_by_role("banner").get_by_text("ada").is_visible()
    visitor.expected = (404,)
    assert visitor.go(link.removeprefix(made.url)) == 404
    # Nor does anybody get a link who starts it again.
    made.gateway.restart()
    assert made.gateway.process.output().count("set-up?token=") == 1
    [change] = made.gateway.bodies("account-changed")
    assert change["account"] == "ada", change


def test_no_link_but_the_printed_one_leads_to_an_account(console):
    made = console()
    for token in ("", "x", "0" * 43):
        assert made.ask("GET", f"/set-up?token={token}").status == 404
        assert made.ask("POST", "/set-up", form={"token": token, "name": "eve", "passcode": passcode("eve")}).status == 404
    # A link counts on after a passcode that is too short.
    token = made.set_up_link().rpartition("token=")[2]
    assert made.ask("POST", "/set-up", form={"token": token, "name": "ada", "passcode": "short"}).status == 409
    made.make_first_account()
    assert made.ask("POST", "/set-up", form={"token": token, "name": "eve", "passcode": passcode("eve")}).status == 404


def test_signing_in_leads_to_the_page_that_was_asked_for_and_out_again(hospital, visit):
    visitor = visit(hospital.console)
    visitor.go("/accounts")
    page = visitor.page
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"
    assert not page.get_by_role("navigation").is_visible()
    page.get_by_label("Account").fill("ada")
    page.get_by_label("Passcode").fill(passcode("ada"))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    assert page.url.endswith("/accounts")
    cookie = page.context.cookies()[0]
    page.get_by_role("button", name="Sign out").click()
    assert page.url.endswith("/sign-in") and page.context.cookies() == []
    # What the browser had says nothing any more.
    assert hospital.console.ask("GET", "/", cookie=f"{cookie['name']}={cookie['value']}").status == 303


def test_a_sign_in_leads_nowhere_else(hospital):
    for to in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/sign-out"):
        reply = hospital.console.sign_in("ada", to=to)
        assert (reply.status, reply.headers["Location"]) == (303, "/")
    reply = hospital.console.sign_in("ada", to="/decisions?x=1")
    assert reply.headers["Location"] == "/decisions?x=1"


def test_a_wrong_passcode_and_a_wrong_name_are_answered_alike(hospital, visit):
    visitor = visit(hospital.console)
    visitor.expected = (401,)
    told = []
    for name, said in (("ada", "not the passcode"), ("nobody", passcode("ada"))):
        visitor.sign_in(name, said)
        told.append(visitor.page.get_by_role("alert").inner_text())
    assert told == ["There is no such account and passcode."] * 2
    assert visitor.page.context.cookies() == []


def test_who_guesses_waits(console):
    made = console()
    made.make_first_account()
    statuses = [made.sign_in("ada", f"guess number {number}").status for number in range(6)]
    assert statuses == [401] * 5 + [429]
    # The right one waits, too, and gets in afterwards.
    reply = made.sign_in("ada")
    assert reply.status == 429 and "Too many failures: try again in one second." in reply.text
    time.sleep(1.1)
    assert made.sign_in("ada").status == 303
    # Guesses at other names came from the same address.
    assert made.sign_in("eve", "guess once more").status == 401
    assert made.sign_in("eve", "and once more").status == 429


def test_no_script_and_no_other_site_has_the_cookie(hospital, visit):
    visitor = visit(hospital.console, PACS_ADMIN)
    [cookie] = visitor.page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("credence", True, "Strict")
    assert cookie["expires"] == -1, "of the browser's session alone"
    assert visitor.page.evaluate("document.cookie") == ""
    header = hospital.console.sign_in("ada").headers["Set-Cookie"]
    assert "Domain" not in header and "Path=/" in header


def test_over_tls_the_cookie_is_held_to_this_origin(console):
    made = console(url="https://credence.st-anna.example:443")
    made.add("ada", PACS_ADMIN)
    header = made.sign_in("ada").headers["Set-Cookie"]
    assert header.startswith("__Host-credence=") and "Secure" in header


@pytest.mark.parametrize("shown", [{}, {"csrf": ""}, {"csrf": "x" * 43}])
def test_a_form_that_is_not_ours_changes_nothing(hospital, shown):
    session = hospital.console.session(PACS_ADMIN)
    reply = hospital.console.ask("POST", "/sign-out", form=shown or {"other": "1"}, cookie=session.cookie)
    assert reply.status == 403
    assert session.get("/").status == 200
    # By the API with a browser's cookie, a header says what the form would.
    command = {"command": "checkpoint"}
    refused = hospital.console.ask("POST", "/api/v1/commands", body=command, cookie=session.cookie)
    assert refused.status == 403
    headers = {"X-CSRF-Token": session.csrf}
    assert hospital.console.ask("POST", "/api/v1/commands", body=command, cookie=session.cookie, headers=headers).status == 200


def test_what_another_sites_page_sends_is_refused_though_it_knew_the_token(hospital):
    session = hospital.console.session(PACS_ADMIN)
    for site in ("cross-site", "same-site"):
        assert session.post("/sign-out", {}, headers={"Sec-Fetch-Site": site}).status == 403
        assert hospital.console.ask("POST", "/sign-in", form={"name": "ada", "passcode": passcode("ada")}, headers={"Sec-Fetch-Site": site}).status == 400
    assert session.post("/sign-out", {}, headers={"Sec-Fetch-Site": "same-origin"}).status == 303


def test_a_session_ends_by_itself_and_with_its_account(console):
    made = console(session_idle_s=60, session_s=300)
    made.open_for_everybody()
    session = made.session("auditor")
    assert session.get("/").status == 200
    made.user("roles", "aude", "--role", "auditor", "--role", "compliance")
    assert session.get("/").status == 303, "changed: to sign in again"
    session = made.session("auditor")
    token = made.token("auditor")
    made.user("disable", "aude")
    assert session.get("/").status == 303
    assert made.ask("GET", "/api/v1/me", token=token).status == 401
    assert made.sign_in("aude").status == 401
    made.user("enable", "aude")
    assert made.sign_in("aude").status == 303


# What htmx says of itself when an open page asks again.
BY_SCRIPT = {"HX-Request": "true"}


def test_a_page_that_asks_by_itself_is_nobody_who_was_seen(console):
    made = console()
    made.make_first_account()
    left, looker = made.session(PACS_ADMIN), made.session(PACS_ADMIN)

    def seen() -> str:
        """When somebody was seen last in `left`: sessions are told with the newest first."""
        rows = re.findall(r'<tr><td><time datetime="([^"]+)".*?<time datetime="([^"]+)"', looker.get("/accounts/me").text)
        return rows[1][1]

    before = left.get("/") and seen()
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        assert asked_by_itself(left).status == 200
        time.sleep(0.5)
    assert seen() == before
    # Who clicks is seen.
    assert left.get("/").status == 200
    assert seen() > before


# No session ends within less than a minute.
if LONG:

    def test_a_session_ends_before_a_page_that_asks_by_itself(console):
        made = console(session_idle_s=60)
        made.make_first_account()
        left = made.session(PACS_ADMIN)
        last = time.monotonic()
        # The page is led to the sign-in.
        led = lambda: asked_by_itself(left).headers.get("HX-Redirect")
        assert wait_until(led, timeout_s=70, what="the end of a session", every_s=3).startswith("/sign-in")
        assert 59 < time.monotonic() - last < 65
        assert left.get("/").status == 303
        # As that of the link did.
        wait_until(lambda: [one["end"] for one in made.gateway.bodies("signed-out")] == ["idle", "idle"], 20, "the entries", 1)


def asked_by_itself(session):
    return session.console.ask("GET", "/overview/now", cookie=session.cookie, headers=BY_SCRIPT)


def test_who_came_and_went_is_in_the_ledger(console):
    made = console()
    made.make_first_account()
    session = made.session(PACS_ADMIN)
    session.post("/sign-out", {})
    wait_until(lambda: made.gateway.bodies("signed-out"), what="an entry that says who left")
    came = made.gateway.bodies("signed-in")
    assert [(one["account"], one["means"]) for one in came] == [("ada", "setup-link"), ("ada", "passcode")]
    assert made.gateway.bodies("signed-out")[0]["end"] == "asked"
    log = made.gateway.process.output()
    assert passcode("ada") not in log and session.cookie.partition("=")[2] not in log
