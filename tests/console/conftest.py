"""Fixtures of the console's proof: a hospital where images were really sent and asked for, and a browser."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from console.hospital import Hospital
from console.hospital import gateway_with_console
from rig.browser import Browser
from rig.console import Console
from rig.gateway import Config
from rig.gateway import Peer
from rig.gateway import destination


@pytest.fixture(scope="session")
def browser():
    made = Browser()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def hospital(tmp_path_factory):
    """The one that most tests look at: they leave it as others may find it."""
    made = Hospital(tmp_path_factory.mktemp("hospital"))
    yield made
    made.stop()


@pytest.fixture
def visit(browser, request):
    """`visit(console, role)`: somebody at a browser; nothing to complain of when the test ends."""
    visits = []

    def make(console: Console, role: str | None = None, **options):
        made = browser.visit(console, role, **options)
        visits.append(made)
        return made

    yield make
    complaints = []
    for made in visits:
        try:
            made.close()
        except AssertionError as fault:
            complaints.append(str(fault))
    assert not complaints, complaints


@pytest.fixture
def console(tmp_path):
    """`console(**keys of [console])`: of a gateway of this test's own, where nobody has an account and nothing was sent."""
    gateways = []

    def make(**more) -> Console:
        peers = [Peer("MODALITY", may=["echo", "store"]), destination("WS1", 104)]
        made = gateway_with_console(tmp_path / f"own-{len(gateways)}", Config(peers, [(["CREDENCE"], ["storage"], "ws1")]), **more)
        gateways.append(made.gateway)
        return made

    yield make
    for gateway in gateways:
        gateway.stop()
