"""What nobody thought of is asked of every route of the API, as each role: schemathesis makes it up from the OpenAPI
document. Nothing is answered by 5xx, nor by a status or a body that the document does not tell of.
"""

import subprocess
import sys

import pytest

from console.hospital import LONG
from rig.console import ROLES
from rig.process import peer_environment

EXAMPLES = 60 if LONG else 20
PHASES = "examples,coverage,fuzzing" if LONG else "examples,fuzzing"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.fixture
def own(console):
    """A gateway of its own, since what is made up may well be done."""
    return console().open_for_everybody()


@pytest.mark.parametrize("role", ROLES)
def test_nothing_that_can_be_asked_is_a_servers_error(own, tmp_path, role):
    token = own.token(role)
    program = [sys.executable, "-m", "schemathesis.cli", "run", f"{own.url}/api/v1/openapi.json"]
    words = [
        "--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--max-examples", str(EXAMPLES),
        "--phases", PHASES, "--seed", "1963", "--request-timeout", "30", "--continue-on-failure", "--no-color",
        "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off",
    ]
    done = subprocess.run([*program, *words], capture_output=True, text=True, cwd=tmp_path, env=peer_environment(), timeout=3_000)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
    # It lives, it answers, and its ledger is whole.
    assert own.ask("GET", "/readyz").json["ready"]
    own.gateway.stop()
    own.gateway.verify()
    assert "panicked" not in (own.gateway.folder / "credence.log").read_text()
