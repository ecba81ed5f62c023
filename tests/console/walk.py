"""Every page that somebody reaches by the links that they are shown, and every form on them."""

import re
from collections import deque
from dataclasses import dataclass
from dataclasses import field
from html import unescape
from urllib.parse import urlsplit

from console import matrix
from rig.console import Console
from rig.console import Session

LINK = re.compile(r'<a\b[^>]*\shref="([^"]+)"')
FORM = re.compile(r"<form\b([^>]*)>", re.DOTALL)
ATTRIBUTE = re.compile(r'\b(method|action)="([^"]*)"')
# Numbers, digests, pseudonyms and account names are what pages of one kind differ in.
NUMBERED = re.compile(r"^(\d+|[0-9a-f]{8,}|[A-Za-z0-9_-]{20,})$")
PAGES_MAX = 400


def pattern(path: str) -> str:
    """What all pages of one kind have in common: `/decisions/17` is `/decisions/*`; queries are left out."""
    named = [("*" if NUMBERED.match(part) else part) for part in urlsplit(path).path.split("/")]
    return "/".join(named)


@dataclass
class Walk:
    """What one person reached: one address of each kind."""

    role: str
    pages: dict[str, str] = field(default_factory=dict)
    # What is not HTML: downloads.
    files: dict[str, str] = field(default_factory=dict)
    # Kind of the action, an action, and the page on which it stands.
    forms: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


def walked(console: Console, role: str, session: Session | None = None) -> Walk:
    """From the menu on, breadth first."""
    session = session or console.session(role)
    walk = Walk(role)
    waiting = deque(path for path, roles in matrix.PAGES.items() if role in roles)
    seen = set(map(pattern, waiting))
    while waiting and len(seen) < PAGES_MAX:
        path = waiting.popleft()
        reply = session.get(path)
        kind = pattern(path)
        if reply.status == 303:
            continue
        if reply.status != 200:
            walk.refused[path] = reply.status
            continue
        if not reply.headers["Content-Type"].startswith("text/html"):
            walk.files[kind] = path
            continue
        walk.pages[kind] = path
        text = reply.text
        for found in LINK.findall(text):
            target = unescape(found)
            if target.startswith("/") and not target.startswith("/assets/") and pattern(target) not in seen:
                seen.add(pattern(target))
                waiting.append(target)
        for attributes in FORM.findall(text):
            told = dict(ATTRIBUTE.findall(attributes))
            if told.get("method") == "post":
                action = unescape(told.get("action", path))
                walk.forms.setdefault(pattern(action), (action, path))
    return walk
