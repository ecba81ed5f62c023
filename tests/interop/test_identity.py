"""Who is asking: certificate, AE title and address must speak for one peer. What does not is rejected (1/1/3) and told."""

import pytest

from rig import pynet
from rig.gateway import OTHER
from rig.gateway import Peer
from tls_house import ECHO
from tls_house import House
from tls_house import foreign

CALLING_NOT_RECOGNISED = (1, 1, 3)


def rows(house):
    return [
        Peer("MODALITY", may=["echo", "store"], more={"certificates": [house.modality.pin]}),
        Peer("WS1", may=["echo", "store"], more={"certificates": ["dns:ws1.st-anna.example"]}),
        Peer("OLDCT", may=["echo", "store"]),
        foreign("BERTA", plain=False),
        foreign("BERTA_WS", certificates=["dns:ws.st-berta.example"]),
        foreign("BERTA_OLD", plain=True, addresses=["127.0.0.3"]),
        Peer("ROAMER", may=["echo"], addresses=None, more={"any_address": True}),
    ]


@pytest.fixture
def house(stage, tmp_path):
    return House(stage, tmp_path, rows, institutions={OTHER: {"certificates": ["dns:gw.st-berta.example"]}})


@pytest.fixture
def berta(house):
    return house.authority.issue("berta", dns=["gw.st-berta.example"])


def is_rejected(house, association, reason: str) -> None:
    assert pynet.rejection(association) == CALLING_NOT_RECOGNISED
    assert association.requestor.ae_title in house.told("association-refused", reason)
    assert house.forwarded_nothing()


def plain(house, calling: str, bind: str | None = None):
    """An association without TLS. The port that pynetdicom binds may still be in TIME_WAIT towards the gateway's: then it never connects, and takes another."""
    for _ in range(5):
        association = pynet.associate(house.gateway.port, ECHO, calling=calling, bind=bind)
        if association.is_established or association.rejections:
            break
    return association


def is_known(association) -> bool:
    established = association.is_established
    if established:
        association.release()
    return established


# Evidence that agrees.


def test_each_kind_of_peer_is_known_by_its_evidence(house, berta):
    assert is_known(house.associate(house.modality))
    assert is_known(house.associate(house.authority.issue("ws1", dns=["ws1.st-anna.example"]), calling="WS1"))
    assert is_known(plain(house, "OLDCT"))
    assert is_known(house.associate(berta, calling="BERTA"))
    assert is_known(house.associate(house.authority.issue("w", dns=["ws.st-berta.example"]), calling="BERTA_WS"))
    assert is_known(plain(house, "BERTA_OLD", "127.0.0.3"))
    assert is_known(plain(house, "ROAMER", "127.0.0.9"))
    assert house.alerts("association-refused") == []


def test_the_decision_says_by_what_the_requester_was_known(house, study):
    assert house.storescu(house.modality, study(1)).returncode == 0
    [decision] = house.gateway.bodies("decision")
    known = {"tls": False, "mutual": True, "address_checked": True, "certificate": house.modality.pin.removeprefix("sha256:")}
    assert decision["request"]["transport"] == known


# A spoofed AE title.


def test_the_ae_title_of_a_peer_with_a_certificate_is_worth_nothing_without_it(house):
    is_rejected(house, plain(house, "MODALITY"), "peer modality must come by TLS")


def test_the_ae_title_of_a_peer_of_another_institution_is_worth_nothing_without_tls(house):
    is_rejected(house, plain(house, "BERTA"), "peer berta must come by TLS")


def test_an_ae_title_that_nobody_has_is_rejected(house):
    is_rejected(house, plain(house, "NOBODY"), "no peer has this AE title")


def test_a_good_certificate_of_nobody_in_particular_is_no_peer_of_another_institution(house):
    somebody = house.authority.issue("somebody", dns=["somebody.example"])
    is_rejected(house, house.associate(somebody, calling="BERTA"), "peer berta has another certificate")


# The right AE title from the wrong address.


def test_the_right_ae_title_from_the_wrong_address_is_rejected(house):
    is_rejected(house, plain(house, "OLDCT", "127.0.0.7"), "peer oldct has this AE title, and not this address")
    assert "127.0.0.7" in house.told("association-refused", "not this address")


def test_the_right_certificate_and_ae_title_from_the_wrong_address_are_rejected(house):
    wrong = house.associate(house.modality, bind=("127.0.0.7", 0))
    is_rejected(house, wrong, "peer modality has this AE title, and not this address")


# The right certificate with another's AE title.


def test_a_certificate_with_the_ae_title_of_another_peer_of_the_house_is_rejected(house):
    is_rejected(house, house.associate(house.modality, calling="WS1"), "peer ws1 has another certificate")


def test_a_certificate_of_another_institution_with_an_ae_title_of_the_house_is_rejected(house, berta):
    reason = f"the certificate is of institution {OTHER}, the AE title of peer oldct"
    is_rejected(house, house.associate(berta, calling="OLDCT"), reason)


def test_a_certificate_of_the_house_with_an_ae_title_of_another_institution_is_rejected(house):
    reason = "the certificate is of institution st-anna, the AE title of peer berta"
    is_rejected(house, house.associate(house.modality, calling="BERTA"), reason)


def test_a_certificate_of_one_peer_with_the_ae_title_of_a_peer_without_certificates_is_rejected(house):
    """It speaks for the peer in whose row it stands, not for others of the institution."""
    workstation = house.authority.issue("w", dns=["ws.st-berta.example"])
    is_rejected(house, house.associate(workstation, calling="BERTA"), "peer berta has another certificate")
    is_rejected(house, house.associate(house.modality, calling="OLDCT"), "peer oldct has another certificate")


def test_a_certificate_of_an_institution_with_the_ae_title_of_its_certified_workstation_is_rejected(house, berta):
    is_rejected(house, house.associate(berta, calling="BERTA_WS"), "peer berta-ws has another certificate")


def test_a_certificate_with_names_of_two_institutions_is_nobodys(house):
    both = house.authority.issue("both", dns=["gw.st-berta.example", "ws1.st-anna.example"])
    is_rejected(house, house.associate(both, calling="BERTA"), "has names of institution")


def test_an_authority_of_one_institution_cannot_name_the_systems_of_another(stage, tmp_path):
    """Both authorities are believed, each about its own institution."""
    theirs = tmp_path / "stranger" / "stranger.pem"
    known = {OTHER: {"certificates": ["dns:gw.st-berta.example"], "authorities": [str(theirs)]}}
    house = House(stage, tmp_path, rows, institutions=known)
    assert is_known(house.associate(house.stranger.issue("berta", dns=["gw.st-berta.example"]), calling="BERTA"))
    forged = house.stranger.issue("forged", dns=["ws1.st-anna.example"])
    is_rejected(house, house.associate(forged, calling="WS1"), "peer ws1 has another certificate")
    reverse = house.authority.issue("reverse", dns=["gw.st-berta.example"])
    is_rejected(house, house.associate(reverse, calling="BERTA"), "peer berta has another certificate")


def test_many_rejections_of_one_kind_are_one_alert_and_a_number(stage, tmp_path):
    house = House(stage, tmp_path, rows, institutions={OTHER: {"certificates": ["dns:gw.st-berta.example"]}}, timeouts={"refused_alert_s": 2})
    for _ in range(40):
        assert not plain(house, "NOBODY").is_established
    told = house.told("association-refused", "more since the last alert")
    assert "no peer has this AE title" in told
    assert len(house.alerts("association-refused")) <= 15
