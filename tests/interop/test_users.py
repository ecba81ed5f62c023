"""Users that real peers name at association (PS3.7 §D.3.3.7), where nothing verifies them: for what they ask, and what is told them."""

import pytest
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import OTHER
from rig.gateway import Peer

PASSCODE = "PASSCODE-77190"


@pytest.fixture
def er(stage):
    """St. Anna's gateway, its AE title for any purpose, and an emergency console of St. Berta."""
    dest = stage.serve(pynet.Destination, "DEST")
    console = Peer("CLINIC", institution=OTHER, may=["echo", "store"], more={"purpose": "TREATMENT"})
    user = {"name": "er-console", "purpose": "EMERGENCY", "peers": ["clinic"], "proof": "none"}
    gateway = stage.store_gateway(
        dest.port,
        peers=[console],
        # Whoever may store needs a purpose, since one title stands for none.
        modality={"purpose": "TREATMENT"},
        destination={"may": ["echo"]},
        aes={"CREDENCE": "TREATMENT", "CREDENCE_ER": None},
        more=[("[[user]]", user)],
    )
    gateway.dest = dest
    return gateway


def facts(gateway) -> list[tuple[str, str | None]]:
    asked = [body["request"] for body in gateway.bodies("decision")]
    assert all(request["user"]["proof"] == "none" for request in asked)
    return [(request["purpose"], request["user"]["name"]) for request in asked]


def nowhere(gateway) -> bool:
    files = [path for path in gateway.folder.rglob("*") if path.is_file()]
    return not any(PASSCODE.encode() in path.read_bytes() for path in files)


@pytest.mark.parametrize("words", [["-usr", "er-console"], ["-usr", "er-console", "-pwd", PASSCODE]])
def test_storescu_asks_as_its_user(er, study, words):
    done = dcmtk.storescu(er.port, [study(1)[0].path], *words, calling="CLINIC", called="CREDENCE_ER")
    assert done.returncode == 0, done.stdout
    assert facts(er) == [("EMERGENCY", "er-console")]
    assert nowhere(er)


def test_a_user_that_no_table_lists_is_a_fact_without_a_purpose(er, study):
    done = dcmtk.storescu(er.port, [study(1)[0].path], "-usr", "night shift", calling="CLINIC", called="CREDENCE_ER")
    assert "Unknown Status: 0x124" in done.stdout
    assert facts(er) == [("TREATMENT", "night shift")]
    assert er.dest.arrivals == []


def test_the_called_title_comes_before_the_user(er, study):
    done = dcmtk.storescu(er.port, [study(1)[0].path], "-usr", "er-console", calling="CLINIC")
    assert "Unknown Status: 0x124" in done.stdout
    assert facts(er) == [("TREATMENT", "er-console")]


def test_no_positive_response_is_given_to_a_passcode_that_nobody_verified(er, study):
    image = study(1)[0]
    identity = UserIdentityNegotiation()
    identity.user_identity_type = 2
    identity.primary_field = b"er-console"
    identity.secondary_field = PASSCODE.encode()
    identity.positive_response_requested = True
    association = pynet.associate(
        er.port, pynet.contexts_for([image]), calling="CLINIC", called="CREDENCE_ER", ext_neg=[identity]
    )
    assert association.is_established
    assert association.acceptor.user_identity is None
    assert pynet.store_raw(association, image) == 0
    association.release()
    assert nowhere(er)


def test_storescu_that_insists_on_a_positive_response_gives_up(er, study):
    words = ["-usr", "er-console", "-pwd", PASSCODE, "-rsp"]
    done = dcmtk.storescu(er.port, [study(1)[0].path], *words, calling="CLINIC", called="CREDENCE_ER")
    # So it gives up: nobody has verified its user.
    assert done.returncode != 0
    assert "Positive response requested but none received" in done.stdout
    assert er.dest.arrivals == []
    assert nowhere(er)
