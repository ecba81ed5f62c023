"""The console of a gateway as people and their programs come to it: the first account by the link that is printed,
the others by the command line, and the API by HTTP or by the socket in the data folder.
"""

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from rig.gateway import Gateway
from rig.process import wait_until

PACS_ADMIN, COMPLIANCE, AUDITOR, DESK, APPROVER = "pacs-admin", "compliance", "auditor", "patient-desk", "rule-approver"
# Each role, and who has it here.
PEOPLE = {PACS_ADMIN: "ada", COMPLIANCE: "carl", AUDITOR: "aude", DESK: "desi", APPROVER: "rolf"}
ROLES = tuple(PEOPLE)
SET_UP_LINK = re.compile(r"https?://\S+/set-up\?token=\S+")
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def passcode(name: str) -> str:
    """An invented one, long enough."""
    return f"of {name}, invented"


def console_rows(port: int, **more) -> list[tuple[str, dict]]:
    """What `Config.more` has for a console on this port."""
    return [("[console]", {"listen": f"127.0.0.1:{port}", "time_zone": "Europe/Vienna", **more})]


@dataclass
class Reply:
    """What was answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class ByTheSocket(http.client.HTTPConnection):
    """HTTP over the socket in a data folder, however long the folder's path is."""

    def __init__(self, data_dir, timeout_s: float):
        super().__init__("localhost", timeout=timeout_s)
        self.data_dir = data_dir

    def connect(self) -> None:
        folder = os.open(self.data_dir, os.O_PATH)
        try:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{folder}/control.sock")
        finally:
            os.close(folder)


class Console:
    """The console of a gateway that runs."""

    def __init__(self, gateway: Gateway, port: int, tls: ssl.SSLContext | None = None):
        """`tls`: how it is asked where it has a certificate."""
        self.gateway = gateway
        self.port = port
        self.tls = tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self._tokens: dict[str, str] = {}

    # Accounts.

    def set_up_link(self) -> str:
        """What was printed last on standard error."""
        found = wait_until(lambda: SET_UP_LINK.findall(self.gateway.process.output()), what="a set-up link")
        return found[-1]

    def make_first_account(self, name: str = PEOPLE[PACS_ADMIN]) -> None:
        """By the link, as a person would, but without a browser."""
        link = self.set_up_link()
        token = link.rpartition("token=")[2]
        done = self.ask("POST", "/set-up", form={"token": token, "name": name, "passcode": passcode(name)})
        assert done.status == 303, (done.status, done.text)

    def user(self, *words, said: str = "", check: bool = True):
        """`credence user …`."""
        return self.gateway.command("user", *words, "--config", self.gateway.file, "--by", "rig", said=said, check=check)

    def add(self, name: str, *roles: str) -> None:
        """`credence user add`."""
        named = [word for role in roles for word in ("--role", role)]
        self.user("add", name, *named, said=f"{passcode(name)}\n")

    def open_for_everybody(self) -> "Console":
        """An account of each role: the first by the link, the others by the first's command line."""
        self.make_first_account()
        for role, name in PEOPLE.items():
            if role != PACS_ADMIN:
                self.add(name, role)
        return self

    def make_token(self, name: str, *roles: str, machine: str = "rig", more=()) -> str:
        named = [word for role in roles for word in ("--role", role)]
        made = self.user("token", "make", name, "--machine", machine, *named, *more, "--json")
        return json.loads(made.stdout)["token"]

    def token(self, role: str) -> str:
        """Of whoever has the role; made once."""
        if role not in self._tokens:
            self._tokens[role] = self.make_token(PEOPLE[role], role)
        return self._tokens[role]

    # HTTP.

    def ask(
        self, method: str, path: str, *, role: str | None = None, token: str | None = None, cookie: str | None = None,
        form: dict | list | None = None, body: object = None, headers: dict | None = None, local: bool = False,
        timeout_s: float = 30,
    ) -> Reply:
        """One request, with the token of `role`, with `token`, with a session's `cookie`, or as nobody."""
        sent = dict(headers or {})
        if role or token:
            sent["Authorization"] = f"Bearer {token or self.token(role)}"
        if cookie:
            sent["Cookie"] = cookie
        data = None
        if form is not None:
            data = urlencode(form).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if local:
            line = ByTheSocket(self.gateway.data, timeout_s)
        elif self.tls:
            line = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout_s, context=self.tls)
        else:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        with contextlib.closing(line):
            line.request(method, path, body=data, headers=sent)
            response = line.getresponse()
            return Reply(response.status, response.headers, response.read())

    def command(self, command: dict, *, role: str | None = None, local: bool = False, headers: dict | None = None) -> Reply:
        return self.ask("POST", "/api/v1/commands", body=command, role=role, local=local, headers=headers)

    def api(self, path: str, role: str) -> dict:
        """What `GET /api/v1/…` answers to whoever may."""
        reply = self.ask("GET", f"/api/v1/{path}", role=role)
        assert reply.status == 200, (path, role, reply.status, reply.text)
        return reply.json

    # Sessions without a browser: what a browser would hide.

    def sign_in(self, name: str, said: str | None = None, **more) -> Reply:
        return self.ask("POST", "/sign-in", form={"name": name, "passcode": said or passcode(name), **more})

    def session(self, role: str) -> "Session":
        reply = self.sign_in(PEOPLE[role])
        assert reply.status == 303, (role, reply.status, reply.text)
        cookies = SimpleCookie(reply.headers["Set-Cookie"])
        return Session(self, "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items()))


@dataclass
class Session:
    """Somebody who is signed in, and what their forms show."""

    console: Console
    cookie: str

    def get(self, path: str) -> Reply:
        return self.console.ask("GET", path, cookie=self.cookie)

    @property
    def csrf(self) -> str:
        return CSRF.search(self.get("/").text).group(1)

    def post(self, path: str, form: dict, **options) -> Reply:
        """A form with what it must show."""
        return self.console.ask("POST", path, form={"csrf": self.csrf, **form}, cookie=self.cookie, **options)
