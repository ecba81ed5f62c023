"""TLS as requestor: the gateway's associations to DCMTK's storescp and to pynetdicom, and whom it does not believe."""

import json
import socket
import ssl

import pytest

from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Peer
from rig.process import free_port
from rig.process import wait_until
from rig.x509 import Authority
from tls_house import House

ROUTE = (["CREDENCE"], ["storage"], "dest", {"delivery": "direct"})


class Towards:
    """A house whose DEST is connected to by TLS; `dest(house)` is its certificate, `more` of its row."""

    def __init__(self, stage, folder, dest=None, *, more=None, serve="storescp", **options):
        self.port = free_port()

        def peers(house):
            row = {"tls": True, **(more(house) if more else {})}
            return [Peer("MODALITY", may=["echo", "store"], more={"plain": True}), Peer("DEST", port=self.port, may=[], more=row)]

        self.house = House(stage, folder, peers, route=ROUTE, **options)
        make = dest or (lambda house: house.authority.issue("dest", ips=["127.0.0.1"]))
        self.pair = make(self.house)
        if serve == "storescp":
            believed = ["+cf", self.house.authority.certificate]
            self.scp = stage.start(dcmtk.StoreScp, "DEST", port=self.port, args=["+tls", self.pair.key, self.pair.certificate, *believed])
        elif serve == "pynetdicom":
            self.scp = stage.keep(TlsDestination(self.house, self.pair, self.port))
        else:
            self.scp = stage.serve(pynet.Destination, "DEST", port=self.port)

    def store(self, instances):
        """By a modality without TLS."""
        return dcmtk.storescu(self.house.gateway.port, [one.path for one in instances])

    def is_distrusted(self, instances, reason: str) -> bool:
        assert self.store(instances).returncode != 0
        assert "connection to peer dest" in self.house.told("tls-refused", reason)
        done = self.house.gateway.command("echo", "dest", "--config", self.house.gateway.file, check=False)
        assert done.returncode == 1 and reason in done.stdout, done.stdout
        return not received(self.scp)


class TlsDestination:
    """pynetdicom as acceptor by TLS that requires a certificate."""

    def __init__(self, house, pair, port):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(house.authority.certificate))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(pair.certificate, pair.key)
        self.arrivals: list[bytes] = []
        entity = pynet.AE(ae_title="DEST")
        for abstract in [pynet.VERIFICATION, *pynet.STORAGE]:
            entity.add_supported_context(abstract, list(pynet.ALL_TRANSFER_SYNTAXES))
        handlers = [(pynet.evt.EVT_C_STORE, self.on_store)]
        self.server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers, ssl_context=context)

    def on_store(self, event):
        self.arrivals.append(event.request.DataSet.getvalue())
        return 0x0000

    def stop(self):
        self.server.shutdown()


def received(scp) -> list:
    """What the destination has, as data sets."""
    if isinstance(scp, dcmtk.StoreScp):
        return [images.data_set_bytes(file) for file in scp.files()]
    return scp.arrivals


@pytest.mark.parametrize("serve", ["storescp", "pynetdicom"])
def test_what_is_sent_by_tls_arrives_with_the_same_bytes(stage, tmp_path, study, serve):
    towards = Towards(stage, tmp_path, serve=serve)
    instances = study(4)
    assert towards.store(instances).returncode == 0
    wait_until(lambda: len(received(towards.scp)) == 4, 10, "4 instances")
    assert sorted(received(towards.scp)) == sorted(one.data_set() for one in instances)
    done = towards.house.gateway.command("echo", "dest", "--config", towards.house.gateway.file)
    assert "answers" in done.stdout


def test_a_large_object_passes_by_tls_on_both_legs(stage, tmp_path, study):
    def more(_):
        return {"certificates": []}

    towards = Towards(stage, tmp_path, more=more)
    house = towards.house
    [instance] = study(1, pixel_bytes=5_000_000)
    done = house.storescu(house.modality, [instance])
    assert done.returncode == 0, done.stdout
    [arrived] = received(towards.scp)
    assert arrived == instance.data_set()
    [decision] = house.gateway.bodies("decision")
    transport = decision["request"]["transport"]
    shown = house.modality.pin.removeprefix("sha256:")
    assert transport == {"tls": True, "mutual": False, "address_checked": True, "certificate": shown}


def test_the_facts_say_which_hops_are_encrypted(stage, tmp_path, study):
    towards = Towards(stage, tmp_path)
    assert towards.store(study(1)).returncode == 0
    [decision] = towards.house.gateway.bodies("decision")
    assert decision["request"]["transport"] == {"tls": False, "mutual": False, "address_checked": True}


def wrong_name(house):
    return house.authority.issue("dest", dns=["other.st-anna.example"])


def wrong_authority(house):
    return house.stranger.issue("dest", ips=["127.0.0.1"])


def expired(house):
    return house.authority.issue("dest", ips=["127.0.0.1"], begins=-9, ends=-1)


def early(house):
    return house.authority.issue("dest", ips=["127.0.0.1"], begins=1, ends=9)


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (wrong_name, "does not have the name that is expected of it"),
        (wrong_authority, "is of an authority that is not believed"),
        (expired, "has expired"),
        (early, "is not valid yet"),
    ],
)
def test_a_destination_that_is_not_believed_gets_nothing(stage, tmp_path, study, certificate, reason):
    assert Towards(stage, tmp_path, certificate).is_distrusted(study(1), reason)


def test_a_destination_with_the_name_that_the_configuration_gives_is_believed(stage, tmp_path, study):
    towards = Towards(stage, tmp_path, wrong_name, more=lambda _: {"tls_name": "other.st-anna.example"})
    assert towards.store(study(1)).returncode == 0


def test_a_good_certificate_that_is_not_the_pinned_one_is_refused(stage, tmp_path, study):
    def more(house):
        return {"certificates": [house.authority.issue("before", ips=["127.0.0.1"]).pin]}

    assert Towards(stage, tmp_path, more=more).is_distrusted(study(1), "none of those that the configuration names")


def test_a_destination_without_tls_gets_nothing(stage, tmp_path, study):
    towards = Towards(stage, tmp_path, serve="plain")
    assert towards.store(study(1)).returncode != 0
    towards.house.told("tls-refused", "connection to peer dest")
    assert not towards.scp.requests and not received(towards.scp)


@pytest.mark.parametrize("serve", ["storescp", "pynetdicom"])
def test_a_destination_that_refuses_our_certificate_is_told_of(stage, tmp_path, study, serve):
    """By TLS 1.3 its alert comes after our own handshake is over."""
    unknown = Authority(tmp_path / "unknown", "unknown")
    towards = Towards(stage, tmp_path, serve=serve, gateway=lambda _: unknown.issue("gateway", ips=["127.0.0.1"]))
    assert towards.is_distrusted(study(1), "it refused the handshake")


def test_a_destination_that_requires_an_authority_of_its_own_is_shown_our_certificate(stage, tmp_path, study):
    """storescp requires a certificate; another gateway's, of an authority it does not believe, is refused."""
    stranger = Towards(stage, tmp_path, gateway=lambda authority: authority.issue("gateway", ips=["127.0.0.1"]))
    assert stranger.store(study(1)).returncode == 0
    with socket.create_connection(("127.0.0.1", stranger.port)) as tcp:
        context = ssl.create_default_context(cafile=str(stranger.house.authority.certificate))
        context.load_cert_chain(*certificate_of_a_stranger(stranger.house))
        with pytest.raises(OSError):
            with context.wrap_socket(tcp, server_hostname="127.0.0.1") as tls:
                tls.sendall(b"x")
                assert tls.recv(1) == b""
                raise OSError("closed")


def certificate_of_a_stranger(house):
    pair = house.stranger.issue("gateway")
    return pair.certificate, pair.key


RULE = """
@id("test-encrypted-only")
@description("permitted where every hop is encrypted")
@obligation("require_tls")
permit (principal, action, resource);
"""


@pytest.mark.parametrize("encrypted", [True, False])
def test_require_tls_permits_only_what_is_encrypted_on_every_hop(stage, tmp_path, study, encrypted):
    schema = "schema.cedarschema"
    delivered = dcmtk.Path(__file__).resolve().parents[2] / "gateway-config" / "policy"
    policies = {schema: (delivered / schema).read_text(), "10-test.cedar": RULE}
    towards = Towards(stage, tmp_path, policies=policies)
    house = towards.house
    if encrypted:
        done = house.storescu(house.modality, study(1))
    else:
        done = towards.store(study(1))
    [decision] = house.gateway.bodies("decision")
    assert (done.returncode == 0) == encrypted, json.dumps(decision)
    assert len(received(towards.scp)) == (1 if encrypted else 0)
    if not encrypted:
        assert "encrypted transport required" in json.dumps(decision)
