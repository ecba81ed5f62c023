"""What is true of every page: its headers, its languages, without scripts, by keyboard, on paper, and for axe-core."""

import re

from console import matrix
from rig.console import PACS_ADMIN
from rig.console import ROLES

POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "connect-src": "'self'",
    "font-src": "'self'", "form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
}
LANGUAGES = {"en": "Overview", "de": "Übersicht", "fr": "Vue d’ensemble", "es": "Resumen", "zh": "概览"}


def pages_of(role: str) -> list[str]:
    return [path for path, roles in matrix.PAGES.items() if role in roles]


def test_axe_core_finds_nothing_before_anybody_is_signed_in(hospital, console, visit):
    visitor = visit(hospital.console)
    visitor.expected = (401, 404)
    found = []
    for path in ("/sign-in", "/no-such-page"):
        visitor.go(path)
        found += visitor.violations()
    visitor.sign_in("ada", "not the passcode")
    found += visitor.violations()
    visitor.shot("sign-in")
    made = console()
    visitor = visit(made)
    visitor.go(made.set_up_link().removeprefix(made.url))
    visitor.shot("set-up")
    found += visitor.violations()
    assert not found, "\n".join(found)


def test_a_page_on_a_narrow_screen_scrolls_one_way(hospital, visit):
    visitor = visit(hospital.console, PACS_ADMIN, viewport={"width": 390, "height": 800})
    for path in pages_of(PACS_ADMIN):
        visitor.go(path)
        wide = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)
        assert not visitor.violations(), path
    visitor.shot("narrow")


def test_every_answer_tells_browsers_what_may_run_and_that_nothing_is_kept(hospital):
    session = hospital.console.session(PACS_ADMIN)
    for path in (*matrix.PAGES, "/sign-in", "/no-such-page", "/api/v1/openapi.json", "/api/v1/me", "/livez", "/readyz"):
        headers = session.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy == POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store", path


def test_no_page_has_anything_of_elsewhere_or_anything_inline(hospital):
    for role in ROLES:
        session = hospital.console.session(role)
        for path in pages_of(role):
            text = session.get(path).text
            assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), path
            assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=", text), path


def test_files_are_kept_by_browsers_since_their_address_changes_with_them(hospital):
    text = hospital.console.ask("GET", "/sign-in").text
    assets = re.findall(r'"(/assets/[^"]+)"', text)
    assert len(assets) >= 3
    for path in assets:
        reply = hospital.console.ask("GET", path)
        assert reply.status == 200 and "immutable" in reply.headers["Cache-Control"], path


def test_pages_are_read_without_scripts(hospital, visit):
    visitor = visit(hospital.console, java_script_enabled=False)
    page = visitor.page
    for role in ROLES:
        page.context.clear_cookies()
        visitor.sign_in(*people(role))
        for path in pages_of(role):
            assert visitor.go(path) == 200
            assert page.get_by_role("heading", level=1).is_visible() and page.get_by_role("navigation").is_visible()
    # Choosing a language works, too.
    page.get_by_label("Language").select_option("Deutsch")
    page.get_by_role("button", name="Choose").click()
    assert page.locator("html").get_attribute("lang") == "de"


def people(role: str):
    from rig.console import PEOPLE

    return (PEOPLE[role],)


def test_each_of_five_languages_is_shown_and_stays(hospital, visit):
    visitor = visit(hospital.console, PACS_ADMIN)
    page = visitor.page
    names = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "zh": "中文"}
    for code, name in names.items():
        page.locator("#language").select_option(name)
        page.locator("footer").get_by_role("button").click()
        assert page.locator("html").get_attribute("lang") == code
        assert page.get_by_role("heading", level=1).inner_text() == LANGUAGES[code]
        # On other pages, too, and no message's name stands where a message should.
        for path in pages_of(PACS_ADMIN):
            visitor.go(path)
            assert page.locator("html").get_attribute("lang") == code
        visitor.go("/")
        visitor.shot(f"overview-{code}")
    headings = {}
    for code in names:
        reply = hospital.console.ask("GET", "/sign-in", headers={"Accept-Language": f"xx, {code}-AT;q=0.8, en;q=0.1"})
        headings[code] = re.search("<h1>([^<]+)</h1>", reply.text).group(1)
    assert len(set(headings.values())) == 5, headings


def test_signing_in_and_the_menu_by_keyboard_alone(hospital, visit):
    visitor = visit(hospital.console)
    page = visitor.page
    visitor.go("/sign-in")
    # The first field has the cursor already.
    assert focused(page) == "name"
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type("of ada, invented")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    # From the top again: every link of the menu is reached, in its order.
    visitor.go("/")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("!!document.activeElement.closest('nav')"):
            reached.append(page.evaluate("document.activeElement.getAttribute('href')"))
    assert reached[: len(pages_of(PACS_ADMIN))] == pages_of(PACS_ADMIN)
    assert outlined(page), "what has the focus is seen to have it"


def focused(page) -> str:
    return page.evaluate("document.activeElement.id")


def outlined(page) -> bool:
    page.locator("nav a").first.focus()
    page.keyboard.press("Tab")
    return page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_on_paper_there_is_the_report_and_nothing_to_press(hospital, visit):
    visitor = visit(hospital.console, PACS_ADMIN)
    page = visitor.page
    for path in pages_of(PACS_ADMIN):
        visitor.go(path)
        page.emulate_media(media="print")
        assert not page.get_by_role("navigation").is_visible(), path
        assert not page.get_by_role("button", name="Sign out").is_visible(), path
        assert page.get_by_role("heading", level=1).is_visible(), path
    visitor.shot("on-paper")


def test_times_are_those_of_the_house_with_utc_where_a_pointer_rests(hospital, visit):
    visitor = visit(hospital.console, PACS_ADMIN)
    first = visitor.page.locator("time").first
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", first.get_attribute("title"))
    assert first.get_attribute("datetime").endswith("Z")
    assert "Times in Europe/Vienna" in visitor.page.locator("footer").inner_text()


def test_health_is_told_to_everybody_and_metrics_are_not(hospital):
    console = hospital.console
    assert console.ask("GET", "/livez").status == 200
    ready = console.ask("GET", "/readyz")
    assert ready.status == 200 and ready.json["ready"]
    assert {check["name"] for check in ready.json["checks"]} >= {"ledger", "policy", "accounts"}
    assert all(check["ok"] for check in ready.json["checks"])
