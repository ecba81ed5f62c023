"""Debian's Chromium, driven by Playwright: pages are read as each person reads them, and axe-core looks at them.

A page that is left has been quiet: no script failed, nothing was asked of another machine, and no
Content-Security-Policy was violated; else `Visit.close` fails.
"""

import os
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright

from rig.console import PEOPLE
from rig.console import Console
from rig.console import passcode
from rig.gateway import ROOT
from rig.gateway import cache

CHROMIUM = os.environ.get("CREDENCE_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SCREENSHOTS = "console-screenshots"
SIZE = {"width": 1280, "height": 900}
WAIT_MS = 10_000
SCHEMES = ("light", "dark")


class Browser:
    """One Chromium, with a profile of its own that ends with it."""

    def __init__(self):
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)

    def visit(self, console: Console, role: str | None = None, **options) -> "Visit":
        """A person at a browser without history; signed in, with a role. `options` are Playwright's of a context."""
        context = self._chromium.new_context(base_url=console.url, **{"viewport": SIZE, "locale": "en-GB", **options})
        context.set_default_timeout(WAIT_MS)
        visit = Visit(console, context.new_page())
        if role:
            visit.sign_in(PEOPLE[role])
        return visit

    def stop(self) -> None:
        self._chromium.close()
        self._playwright.stop()


@dataclass
class Visit:
    """A page that somebody looks at, and what its browser complains of."""

    console: Console
    page: Page
    complaints: list[str] = field(default_factory=list)
    # Statuses that a test means to see: the browser reports each as an error.
    expected: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda fault: self.complaints.append(f"script: {fault}"))
        self.page.on("request", self._asked)

    def _told(self, message) -> None:
        meant = any(f"status of {status} " in message.text for status in self.expected)
        if message.type in ("error", "warning") and not meant:
            self.complaints.append(f"{message.type} on {self.page.url}: {message.text}")

    def _asked(self, request) -> None:
        if not request.url.startswith((self.console.url, "data:", "blob:", "about:")):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def sign_in(self, name: str, said: str | None = None) -> None:
        self.page.goto("/sign-in")
        self.page.get_by_label("Account").fill(name)
        self.page.get_by_label("Passcode").fill(said or passcode(name))
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()

    def go(self, path: str) -> int:
        """Opens a page; its status."""
        return self.page.goto(path).status

    def shot(self, name: str, whole: bool = False) -> None:
        """A picture among the artefacts."""
        folder = cache() / SCREENSHOTS
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png", full_page=whole)

    def shot_for_readme(self, name: str) -> None:
        """A picture that README.md shows; written there only when CREDENCE_SCREENSHOTS_WRITE=1."""
        self.shot(name)
        if os.environ.get("CREDENCE_SCREENSHOTS_WRITE") == "1":
            folder = ROOT / "docs" / "screenshots"
            folder.mkdir(exist_ok=True)
            self.page.screenshot(path=folder / f"{name}.png")

    def violations(self) -> list[str]:
        """What axe-core finds on the page, in the light scheme and in the dark one."""
        found = []
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)
            found += [f"{scheme}: {told}" for told in self._axe()]
        self.page.emulate_media(color_scheme="light")
        return found

    def _axe(self) -> list[str]:
        # By the debugger, as a person's browser extension would: the page's own policy forbids foreign scripts.
        line = self.page.context.new_cdp_session(self.page)
        run = f"{AXE.read_text()}; axe.run({{resultTypes: ['violations']}}).then(result => result.violations)"
        told = line.send("Runtime.evaluate", {
            "expression": run, "awaitPromise": True, "returnByValue": True, "allowUnsafeEvalBlockedByCSP": True,
        })
        line.detach()
        if "exceptionDetails" in told:
            raise RuntimeError(f"axe-core: {told['exceptionDetails']}")
        return [
            f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:160]} {node['failureSummary']}"
            for one in told["result"]["value"] for node in one["nodes"]
        ]

    def close(self) -> None:
        self.page.context.close()
        assert not self.complaints, self.complaints
