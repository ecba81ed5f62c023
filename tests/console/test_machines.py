"""Programs that show a certificate in place of a token, and what a browser that has one could be made to send."""

import ssl
from pathlib import Path

import pytest

from console import matrix
from console.hospital import gateway_with_console
from console.test_roles import MAY
from console.test_roles import filled
from rig.console import AUDITOR
from rig.console import COMPLIANCE
from rig.console import Console
from rig.console import PACS_ADMIN
from rig.gateway import Config
from rig.gateway import OTHER
from rig.gateway import OWN
from rig.gateway import Peer
from rig.x509 import Authority
from rig.x509 import Pair

MACHINES = {"monitor": [AUDITOR], "robot": [PACS_ADMIN]}
# What a page of anybody's makes a browser say beside the form.
ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def dns(machine: str) -> str:
    return f"{machine}.st-anna.example"


class House:
    """A gateway whose console has TLS. St. Anna and St. Berta each have an authority; a third one is nobody's."""

    def __init__(self, folder: Path):
        self.own, self.theirs, self.nobodys = (Authority(folder / name, name) for name in (OWN, OTHER, "nobody"))
        server = self.own.issue("console", ips=["127.0.0.1"])
        believed = {slug: {"authorities": [str(one.certificate)]} for slug, one in ((OWN, self.own), (OTHER, self.theirs))}
        rows = [
            ("[[console_machine]]", {"name": name, "certificate": f"dns:{dns(name)}", "roles": roles}) for name, roles in MACHINES.items()
        ]
        config = Config([Peer("MODALITY", may=["echo", "store"]), Peer("PACS", port=104)], [(["CREDENCE"], ["storage"], "pacs")])
        config.institutions, config.more = believed, rows
        made = gateway_with_console(folder / "gateway", config, certificate=str(server.certificate), key=str(server.key))
        self.gateway, self.port = made.gateway, made.port

    def by(self, pair: Pair | None) -> Console:
        """The console, asked with this certificate."""
        context = ssl.create_default_context(cafile=str(self.own.certificate))
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        return Console(self.gateway, self.port, context)

    def machine(self, name: str) -> Console:
        return self.by(self.own.issue(name, dns=[dns(name)]))


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.gateway.stop()


def test_a_machine_is_answered_what_its_roles_may_without_a_token(house):
    monitor = house.machine("monitor")
    assert monitor.ask("GET", "/api/v1/me").json == {"name": "monitor", "roles": [AUDITOR]}
    for (method, path), roles in matrix.ROUTES.items():
        if (method, path) != ("POST", "/api/v1/verifications"):
            reply = monitor.ask(method, filled(path), body=matrix.BODIES.get((method, path)))
            assert reply.status in (MAY if AUDITOR in roles else (403,)), (method, path, reply.status, reply.text)
    assert monitor.command({"command": "checkpoint"}).status == 200
    disable = {"command": "account-change", "by": "", "change": {"act": "disable", "account": "nobody"}}
    assert monitor.command(disable).status == 403
    # A token that says nothing is not made good by the certificate.
    assert monitor.ask("GET", "/api/v1/me", token="credence_" + "x" * 43).status == 401


def test_what_a_machine_changes_has_its_name(house):
    robot = house.machine("robot")
    robot.add("aude", AUDITOR)
    disable = {"command": "account-change", "by": "ada", "change": {"act": "disable", "account": "aude"}}
    assert robot.command(disable).status == 200
    changes = [(one["by"], one["act"]) for one in house.gateway.bodies("account-changed")]
    assert changes == [("rig", "added"), ("robot", "disabled")]


def test_who_shows_no_certificate_of_ours_or_one_that_nobody_named_is_nobody(house):
    strangers = {
        "no certificate": None,
        "a name that no row has": house.own.issue("other", dns=["other.st-anna.example"]),
        "the name as the subject's alone": house.own.issue(dns("monitor")),
        "another institution's authority": house.theirs.issue("monitor", dns=[dns("monitor")]),
    }
    for what, pair in strangers.items():
        asked = house.by(pair)
        assert asked.ask("GET", "/api/v1/me").status == 401, what
        assert asked.command({"command": "checkpoint"}).status == 401, what
        page = asked.ask("GET", "/")
        assert (page.status, page.headers["Location"].startswith("/sign-in")) == (303, True), what
    # One that ended, or of an authority that is believed about nobody, comes no further than the handshake.
    ended = house.own.issue("monitor", dns=[dns("monitor")], begins=-2, ends=-1)
    for pair in (ended, house.nobodys.issue("monitor", dns=[dns("monitor")])):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            house.by(pair).ask("GET", "/api/v1/me")


def test_a_browser_with_the_certificate_cannot_be_made_to_send_a_form(house):
    robot = house.machine("robot")
    robot.add("carl", COMPLIANCE)
    form = {"name": "carl"}
    for headers in (ELSEWHERE, *({name: value} for name, value in ELSEWHERE.items())):
        assert robot.ask("POST", "/accounts/one/disable", form=form, headers=headers).status == 403, headers
        refused = robot.command({"command": "queues"}, headers=headers)
        assert refused.status == 403, headers
    assert [one["act"] for one in house.gateway.bodies("account-changed")] == ["added"]
    # What no browser sent is done: it is the header that was refused.
    assert robot.ask("POST", "/accounts/one/disable", form=form).status == 303
    assert [one["act"] for one in house.gateway.bodies("account-changed")] == ["added", "disabled"]
