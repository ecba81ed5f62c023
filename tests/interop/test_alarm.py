"""Alerts that reach people: a webhook whose receiver checks signatures, a mail server, and what becomes an alert."""

import base64
import email
import email.policy
import json
import os
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from rig import images
from rig import pynet
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.gateway import ROOT
from rig.listener import Listener
from rig.process import free_port
from rig.process import wait_until
from tls_house import House

PATIENCE_S = 30
PAGE = (ROOT / "docs" / "alerts.md").read_text()


def documented_script():
    """The function of docs/alerts.md that checks a signature."""
    script = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1)
    assert len([line for line in script.splitlines() if line.strip()]) <= 10
    names: dict = {}
    exec(script, names)
    return names["verified"]


VERIFIED = documented_script()


class Receiver:
    """A webhook; `busy`: so many posts are answered by 503. May go away and come back at its port."""

    def __init__(self):
        self.secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
        self.posts, self.bad, self.busy = [], [], 0
        self.port = free_port()
        self.http = None
        self.start()

    def start(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(self.path, self.headers, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def take(self, path, headers, body) -> int:
        if self.busy > 0:
            self.busy -= 1
            return 503
        good = VERIFIED(self.secret, headers, body) and not VERIFIED(self.secret, headers, body + b" ")
        post = json.loads(body)
        if not (good and path == "/hooks/1" and headers["Content-Type"] == "application/json" and post["id"] == headers["webhook-id"]):
            self.bad.append((path, dict(headers), body))
            return 400
        self.posts.append(post)
        return 204

    def stop(self):
        if self.http:
            self.http.shutdown()
            self.http.server_close()
            self.http = None

    def row(self, folder: Path, **more) -> tuple[str, dict]:
        file = folder / "hook.secret"
        file.touch(mode=0o600)
        file.write_text(self.secret + "\n")
        return ("[[webhook]]", {"name": "hook", "url": f"http://127.0.0.1:{self.port}/hooks/1", "secret_file": str(file), **more})

    def told(self, code: str, state: str = "raised") -> list[dict]:
        return [post for post in self.posts if (post["code"], post["state"]) == (code, state)]

    def awaited(self, code: str, state: str = "raised", count: int = 1) -> dict:
        found = lambda: (self.told(code, state) + [None] * count)[count - 1]
        post = wait_until(found, PATIENCE_S, f"{code} is {state}", every_s=0.1)
        assert self.bad == []
        return post


class SecuredReceiver(Receiver):
    """The same by TLS, with certificates on both sides."""

    def __init__(self, authority, pair):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
        self.context.load_cert_chain(pair.certificate, pair.key)
        self.context.verify_mode = ssl.CERT_REQUIRED
        super().__init__()

    def start(self):
        super().start()
        self.http.socket = self.context.wrap_socket(self.http.socket, server_side=True)

    def row(self, folder: Path, **more):
        name, row = super().row(folder, **more)
        return (name, {**row, "url": row["url"].replace("http://", "https://")})


def quick(**more) -> tuple[str, dict]:
    return ("[alarm]", {"interval_s": 1, "answer_s": 2, "retry_max_s": 1, **more})


def strangers(gateway, count: int):
    """So many associations of somebody whom nobody knows."""
    for _ in range(count):
        association = pynet.requestor("STRANGER", [(pynet.VERIFICATION, ["1.2.840.10008.1.2"])]).associate(
            "127.0.0.1", gateway.port, ae_title="CREDENCE"
        )
        assert not association.is_established


@pytest.fixture
def receiver(stage):
    return stage.keep(Receiver())


def house(stage, *rows, **options):
    return stage.store_gateway(stage.keep(Listener()).port, more=list(rows), **options)


def test_a_webhook_is_told_once_and_then_with_the_count(stage, tmp_path, receiver):
    gateway = house(stage, quick(quiet_s=8), receiver.row(tmp_path), timeouts={"refused_alert_s": 1})
    strangers(gateway, 1)
    post = receiver.awaited("association-refused")
    assert post["severity"] == "minor" and post["count"] == 1 and post["institution"] == "st-anna"
    assert post["text"].startswith("association of STRANGER from 127.0.0.1: ")
    assert post["id"] == f"st-anna-{post['entry']}" and post["first"] == post["last"] == post["at"]
    strangers(gateway, 2)
    again = receiver.awaited("association-refused", "repeated")
    assert again["count"] > 1 and again["first"] == post["first"] < again["last"]
    assert len(receiver.told("association-refused")) == 1
    # The ledger has each of them.
    entries = [body for body in gateway.bodies("alert") if body["code"] == "association-refused"]
    assert len(entries) == again["count"]


def test_a_receiver_that_was_away_has_everything_also_after_a_restart(stage, tmp_path, receiver):
    gateway = house(stage, quick(behind_alert_s=2), receiver.row(tmp_path))
    wait_until(lambda: list((gateway.data / "alarm").glob("webhook-hook.cursor")), 10, "a place")
    receiver.stop()
    strangers(gateway, 1)
    told = lambda code: [body for body in gateway.bodies("alert") if body["code"] == code]
    wait_until(lambda: told("alarm-behind"), 20, "an alert that it takes nothing", every_s=0.5)
    gateway.restart()
    strangers(gateway, 1)
    receiver.start()
    receiver.busy = 2
    receiver.awaited("association-refused")
    receiver.awaited("alarm-behind")
    # What was told is told no more at the next start.
    posts = len(receiver.posts)
    gateway.restart()
    strangers(gateway, 1)
    time.sleep(4)
    assert [post["code"] for post in receiver.posts[posts:] if post["code"] == "association-refused"] == []
    assert len({post["id"] for post in receiver.posts}) == len(receiver.posts)


def test_a_webhook_by_tls_is_shown_our_certificate(stage, tmp_path):
    rows, kept = [quick()], []

    def pairs(authority):
        at = stage.keep(SecuredReceiver(authority, authority.issue("receiver", ips=["127.0.0.1"])))
        kept.append(at)
        rows.append(at.row(tmp_path))
        return authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])

    secured = House(stage, tmp_path, lambda _: [Peer("MODALITY", may=["echo", "store"])], gateway=pairs, more=rows)
    strangers(secured.gateway, 1)
    kept[0].awaited("association-refused")


def test_many_refused_c_stores_are_one_burst(stage, tmp_path, receiver):
    clinic = Peer("CLINIC", institution=OTHER, may=["echo", "store"])
    gateway = house(stage, quick(denials=5), receiver.row(tmp_path, codes=["denied-burst"]), peers=[clinic])
    store = lambda study: pynet.store_all(
        gateway.port, images.study(tmp_path / f"made-{study}", 1, patient=f"P{study}", study=study), calling="CLINIC"
    )
    for study in range(301, 305):
        assert store(study) == [0x0124]
    time.sleep(3)
    assert receiver.posts == []
    for study in range(305, 315):
        assert store(study) == [0x0124]
    burst = receiver.awaited("denied-burst")
    assert burst["text"] == "denials of CLINIC of st-berta: 5 within 60 s"
    time.sleep(3)
    assert len(receiver.posts) == 1
    assert len([body for body in gateway.bodies("alert") if body["code"] == "denied-burst"]) == 1


def test_a_disk_that_is_low_is_told_and_that_there_is_room_again(stage, tmp_path, receiver):
    gateway = house(stage, quick(free_bytes_min=1 << 50), receiver.row(tmp_path))
    low = receiver.awaited("disk-low", count=2)
    assert low["severity"] == "serious" and low["text"].startswith("disk of the ")
    # Also when there is room again only after a restart.
    gateway.stop()
    gateway.config.more[0] = quick()
    gateway.write()
    gateway.start()
    enough = receiver.awaited("disk-enough", "ended")
    assert enough["first"] < enough["last"] and enough["severity"] == "success"


def test_damage_to_the_ledger_is_told_although_it_cannot_be_read(stage, tmp_path, receiver):
    gateway = house(stage, quick(), receiver.row(tmp_path))
    wait_until(lambda: list((gateway.data / "alarm").glob("webhook-hook.cursor")), 10, "a place")
    receiver.stop()
    # It waits to tell this one, and has read no further.
    strangers(gateway, 1)
    time.sleep(3)
    pynet.store_all(gateway.port, images.study(tmp_path / "made", 1, study=403), calling="MODALITY")
    time.sleep(3)
    kind = b'"kind":"decision"'
    segment = next(file for file in (gateway.data / "journal").glob("*.segment") if kind in file.read_bytes())
    at = segment.read_bytes().rindex(kind)
    with segment.open("r+b") as file:
        file.seek(at + 2)
        file.write(b"K")
    receiver.start()
    damaged = receiver.awaited("ledger-damaged")
    assert damaged["severity"] == "major" and damaged["text"].startswith("ledger: it is damaged: "), damaged
    # And what comes after it is told as ever.
    assert receiver.told("association-refused")


def test_a_destination_that_is_down_is_told_with_its_end(stage, tmp_path, receiver):
    port = free_port()
    row = receiver.row(tmp_path, codes=["destination-down"])
    gateway = stage.store_gateway(port, more=[quick(), ("[spool]", {"retry_max_s": 1}), row], route={"delivery": "spool"})
    assert pynet.store_all(gateway.port, images.study(tmp_path / "made", 1, study=402), calling="MODALITY") == [0]
    down = receiver.awaited("destination-down")
    assert down["text"].startswith("destination dest: 1 instances wait for it: ")
    stage.serve(pynet.Destination, "DEST", port=port)
    back = receiver.awaited("destination-back", "ended")
    assert back["text"].startswith("destination dest: it answers again") and back["first"] == down["first"]


def test_an_emergency_is_told(stage, tmp_path, receiver):
    clinic = Peer("CLINIC", institution=OTHER, may=["echo", "store"])
    gateway = house(stage, quick(), receiver.row(tmp_path, min_severity="serious"), peers=[clinic])
    made = images.study(tmp_path / "made", 1, patient="CANARY-9", study=401)
    pynet.store_all(gateway.port, made, calling="CLINIC", called="CREDENCE_ER")
    glass = receiver.awaited("break-glass")
    assert glass["text"].startswith("emergency access by CLINIC of st-berta: permitted by decision ")
    assert "CANARY" not in json.dumps(receiver.posts)


class Mailbox:
    """A mail server that asks for a user and keeps what it is sent."""

    def __init__(self, port: int, **options):
        self.messages = []
        self.controller = Controller(self, hostname="127.0.0.1", port=port, **options)
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append((envelope, message))
        return "250 taken"

    def about(self, word: str):
        return [message for _, message in self.messages if word in message["Subject"]]

    def stop(self):
        controller, self.controller = self.controller, None
        if controller:
            controller.stop(no_assert=True)


def mail(port: int, **more) -> tuple[str, dict]:
    row = {"smtp": f"127.0.0.1:{port}", "tls": "none", "from": "credence@st-anna.example", "to": ["pacs@st-anna.example", "night@st-anna.example"]}
    return ("[mail]", {**row, **more})


def test_people_read_alerts_as_e_mail_also_when_the_server_was_away(stage, tmp_path):
    port = free_port()
    gateway = house(stage, quick(), mail(port))
    wait_until(lambda: list((gateway.data / "alarm").glob("mail.cursor")), 10, "a place")
    strangers(gateway, 1)
    time.sleep(2)
    box = stage.keep(Mailbox(port))
    message = wait_until(lambda: box.about("association of STRANGER"), PATIENCE_S, "a message")[0]
    assert message["Subject"].startswith("Notice at St. Anna Hospital: association of STRANGER from 127.0.0.1: ")
    assert message["Auto-Submitted"] == "auto-generated" and message["Message-ID"].endswith("@st-anna.example>")
    assert "Code:      association-refused" in message.get_content()
    envelope = box.messages[0][0]
    assert envelope.mail_from == "credence@st-anna.example"
    assert envelope.rcpt_tos == ["pacs@st-anna.example", "night@st-anna.example"]
    time.sleep(2)
    assert len(box.about("association of STRANGER")) == 1


@pytest.mark.parametrize("how", ["required", "starttls"])
def test_e_mail_goes_by_tls_with_a_passcode_and_to_nobody_else(stage, tmp_path, how):
    port, secret = free_port(), tmp_path / "mail.passcode"
    secret.touch(mode=0o600)
    secret.write_text("open sesame\n")
    seen = []

    def authenticate(_server, _session, _envelope, mechanism, data):
        seen.append((mechanism, data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"credence", b"open sesame"))

    rows = []

    def pairs(authority):
        row = mail(port, tls=how, user="credence", passcode_file=str(secret), authorities=[str(authority.certificate)])
        rows.extend([quick(behind_alert_s=2), row])
        return authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])

    secured = House(stage, tmp_path, lambda _: [Peer("MODALITY", may=["echo", "store"])], gateway=pairs, more=rows)
    wait_until(lambda: list((secured.gateway.data / "alarm").glob("mail.cursor")), 10, "a place")

    def serve(authority):
        pair = authority.issue("mail", ips=["127.0.0.1"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
        by = {
            "required": {"ssl_context": context, "auth_require_tls": False},
            "starttls": {"tls_context": context, "require_starttls": True},
        }
        return stage.keep(Mailbox(port, authenticator=authenticate, auth_required=True, **by[how]))

    # Somebody else at its address is told nothing.
    stranger = serve(secured.stranger)
    strangers(secured.gateway, 1)
    secured.told("alarm-behind", "mail server")
    assert stranger.messages == [] and seen == []
    stranger.stop()
    box = serve(secured.authority)
    wait_until(lambda: box.about("association of STRANGER"), PATIENCE_S, "a message")
    assert seen and {one[1:] for one in seen} == {(b"credence", b"open sesame")}


def test_the_page_explains_every_code_with_its_severity():
    source = (ROOT / "src" / "audit" / "alerts.rs").read_text()
    table = source[source.index("const ALERTS"):].split("\n};")[0]
    known = {code: severity.lower() for code, severity in re.findall(r'\("([a-z-]+)", [A-Za-z:]+, (\w+)\)', table)}
    rows = re.findall(r"^\| `([a-z-]+)` \| (success|minor|serious|major) \|", PAGE, re.MULTILINE)
    assert dict(rows) == known and len(known) > 40


def test_a_row_that_cannot_work_lets_no_gateway_start(stage, tmp_path, receiver):
    gateway = house(stage)
    gateway.stop()
    secret = tmp_path / "bad.secret"
    secret.touch(mode=0o600)
    secret.write_text("not a secret\n")
    for more, why in [
        ({"codes": ["no-such-alert"]}, "there is no alert no-such-alert"),
        ({"secret_file": str(secret)}, "not a secret of a webhook"),
    ]:
        gateway.config.more = [receiver.row(tmp_path, **more)]
        gateway.write()
        refused = gateway.command("serve", "--config", gateway.file, check=False)
        assert refused.returncode != 0 and why in refused.stdout + refused.stderr
    gateway.config.more = [("[[webhook]]", {"name": "a", "url": "http://10.0.0.9:80/", "secret_file": "s"})]
    gateway.write()
    refused = gateway.command("check-config", gateway.file, check=False)
    assert refused.returncode == 2 and "neither by TLS nor this machine" in refused.stdout + refused.stderr
