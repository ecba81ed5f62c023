"""Every page that somebody reaches by the links that they are shown, and every form on them, filled in as it stands."""

import re
from collections import Counter
from collections import deque
from dataclasses import dataclass
from dataclasses import field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from console import matrix
from console.hospital import MARIA
from rig.console import COMPLIANCE
from rig.console import Console
from rig.console import DESK
from rig.console import Session

# Numbers, digests and pseudonyms are what pages of one kind differ in, and the names of these.
NUMBERED = re.compile(r"^(\d+|[0-9a-f]{8,}|[A-Za-z0-9_-]{20,})$")
NAMED = ("institutions", "queues")
PAGES_MAX = 400
# Pages of one kind that are looked at: what is on one is not on another, as an account that is disabled.
EACH = 3


def pattern(path: str) -> str:
    """What all pages of one kind have in common: `/decisions/17` is `/decisions/*`; queries are left out."""
    parts = urlsplit(path).path.split("/")
    named = [
        "*" if NUMBERED.match(part) or (before in NAMED and part) else part
        for before, part in zip(["", *parts], parts)
    ]
    return "/".join(named)


@dataclass
class Form:
    """A form of a page, with what its fields have."""

    action: str
    page: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class Read(HTMLParser):
    """Links and forms of a page."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._open: tuple[str, str] | None = None

    def handle_starttag(self, tag, pairs):
        told = dict(pairs)
        if tag == "a" and told.get("href"):
            self.links.append(told["href"])
        elif tag == "form":
            self._form = Form(told.get("action") or self.path, self.path) if told.get("method") == "post" else None
            if self._form:
                self.forms.append(self._form)
        elif self._form and tag in ("input", "button") and told.get("name"):
            # One button is pressed: the first.
            pressed = tag == "button" and told["name"] in dict(self._form.fields)
            if not pressed and (told.get("type") not in ("checkbox", "radio") or "checked" in told):
                self._form.fields.append((told["name"], told.get("value") or ("1" if "required" in told else "")))
        elif self._form and tag in ("select", "textarea"):
            self._open = (tag, told.get("name", ""))
            if tag == "textarea":
                self._form.fields.append((self._open[1], "x"))
        elif self._form and tag == "option" and self._open:
            name = self._open[1]
            if "selected" in told or name not in dict(self._form.fields):
                self._form.fields = [one for one in self._form.fields if one[0] != name]
                self._form.fields.append((name, told.get("value", "")))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag in ("select", "textarea"):
            self._open = None


@dataclass
class Walk:
    """What one person reached: one address of each kind."""

    role: str
    pages: dict[str, str] = field(default_factory=dict)
    # What is not HTML: downloads.
    files: dict[str, str] = field(default_factory=dict)
    # By the kind of their action.
    forms: dict[str, Form] = field(default_factory=dict)
    # Links that led nowhere.
    refused: dict[str, int] = field(default_factory=dict)


def walked(console: Console, role: str, session: Session | None = None, also: tuple[str, ...] = ()) -> Walk:
    """From the menu on, and from `also`, breadth first. Whoever serves patients serves one."""
    session = session or console.session(role)
    if role in (DESK, COMPLIANCE):
        assert session.post("/consents/patient", {"id": MARIA, "issuer": ""}).status == 303
    walk = Walk(role)
    waiting = deque([*also, *(path for path, roles in matrix.PAGES.items() if role in roles)])
    seen = set(waiting)
    kinds = Counter(map(pattern, waiting))
    while waiting and len(seen) < PAGES_MAX:
        path = waiting.popleft()
        reply = session.get(path)
        if reply.status == 303:
            continue
        if reply.status != 200:
            walk.refused[path] = reply.status
        elif not reply.headers["Content-Type"].startswith("text/html") or "attachment" in reply.headers.get("Content-Disposition", ""):
            walk.files.setdefault(pattern(path), path)
        else:
            walk.pages.setdefault(pattern(path), path)
            read = Read(path)
            read.feed(reply.text)
            for target in read.links:
                kind = pattern(target)
                if target.startswith("/") and not target.startswith("/assets/") and target not in seen and kinds[kind] < EACH:
                    seen.add(target)
                    kinds[kind] += 1
                    waiting.append(target)
            for form in read.forms:
                walk.forms.setdefault(pattern(form.action), form)
    return walk
