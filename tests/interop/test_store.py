"""C-ECHO and C-STORE through the gateway: DCMTK, pynetdicom and Orthanc on both sides."""

import signal
import socket
import subprocess
import threading
import time

import pytest

from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Config
from rig.gateway import Peer
from rig.orthanc import Orthanc
from rig.process import free_port
from rig.process import peer_environment
from rig.process import wait_until

ECHO = [(pynet.VERIFICATION, ["1.2.840.10008.1.2"])]


@pytest.fixture
def dest(stage):
    return stage.serve(pynet.Destination, "DEST")


@pytest.fixture
def gateway(stage, dest):
    return stage.store_gateway(dest.port)


def failure(status: int | None) -> bool:
    """No success and no warning: the sender keeps its copy."""
    return status is None or status >> 12 in (0xA, 0xC) or status in (0x0110, 0x0122, 0x0124)


# Verification, and who may speak at all.


def test_echoscu_is_answered(gateway):
    assert dcmtk.echoscu(gateway.port).returncode == 0


def test_pynetdicom_is_answered(gateway):
    association = pynet.associate(gateway.port, ECHO)
    assert association.send_c_echo().Status == 0
    association.release()


def test_credence_echo_reaches_a_peer_and_says_when_it_cannot(gateway, dest):
    done = gateway.command("echo", "dest", "--config", gateway.file)
    assert done.returncode == 0
    dest.stop()
    failed = gateway.command("echo", "dest", "--config", gateway.file, check=False)
    assert failed.returncode != 0


def test_unknown_ae_titles_are_rejected_with_the_standards_codes(gateway):
    assert pynet.rejection(pynet.associate(gateway.port, ECHO, called="NOBODY")) == (1, 1, 7)
    assert pynet.rejection(pynet.associate(gateway.port, ECHO, calling="STRANGER")) == (1, 1, 3)


def test_a_known_ae_title_from_another_address_is_rejected(stage, dest):
    cart = Peer("CART", may=["echo", "store"], addresses=["127.0.0.2"])
    gateway = stage.store_gateway(dest.port, peers=[cart])
    assert pynet.rejection(pynet.associate(gateway.port, ECHO, calling="CART")) == (1, 1, 3)
    association = pynet.associate(gateway.port, ECHO, calling="CART", bind="127.0.0.2")
    assert association.is_established
    association.release()


# What comes is what went.


def test_several_studies_and_contexts_on_one_association_arrive_unchanged(gateway, dest, study, tmp_path):
    sent = [image for number in range(1, 5) for image in study(3, study=number, patient=f"P{number}")]
    sent += study(2, study=7, syntax=images.IMPLICIT)
    sent += study(2, study=8, sop_class=images.MR)
    sent += study(2, study=9, sop_class=images.MR, syntax=images.BIG_ENDIAN)
    assert pynet.store_all(gateway.port, sent) == [0] * len(sent)
    assert dest.instances() == [image.sop_instance for image in sent]
    assert [arrival.data for arrival in dest.arrivals] == [image.data_set() for image in sent]
    assert [arrival.syntax for arrival in dest.arrivals] == [image.syntax for image in sent]
    assert len({arrival.association for arrival in dest.arrivals}) == 1


def test_storescu_to_storescp_arrives_bit_for_bit(stage, study):
    scp = stage.start(dcmtk.StoreScp, "DEST")
    gateway = stage.store_gateway(scp.port)
    sent = study(10, series_count=2)
    done = dcmtk.storescu(gateway.port, [image.path for image in sent])
    assert done.returncode == 0, done.stdout
    received = {images.data_set_bytes(path) for path in scp.files()}
    assert received == {image.data_set() for image in sent}


def test_dcmsend_arrives(stage, study):
    scp = stage.start(dcmtk.StoreScp, "DEST")
    gateway = stage.store_gateway(scp.port)
    sent = study(4) + study(3, study=2, sop_class=images.MR)
    done = dcmtk.dcmsend(gateway.port, [image.path for image in sent])
    assert done.returncode == 0, done.stdout
    wait_until(lambda: len(scp.files()) == len(sent), 5)


def test_orthanc_stores_through_the_gateway_into_orthanc(stage, study):
    pacs = stage.start(Orthanc, "DEST")
    gateway = stage.store_gateway(pacs.port)
    sender = stage.start(Orthanc, "MODALITY", {"gateway": ("CREDENCE", gateway.port)})
    ids = sender.fill([image.path for image in study(5)])
    told = sender.post("/modalities/gateway/store", {"Resources": ids, "Synchronous": True})
    assert (told["InstancesCount"], told["FailedInstancesCount"]) == (5, 0)
    assert pacs.instance_count() == 5
    for orthanc_id in ids:
        ours, theirs = (images_of(it, orthanc_id) for it in (sender, pacs))
        assert ours == theirs


def images_of(orthanc, orthanc_id: str) -> bytes:
    raw = orthanc.data_set_bytes(orthanc_id)
    return raw[images.data_set_offset(raw) :]


def test_a_large_object_arrives_unchanged(gateway, dest, study):
    image = study(1, pixel_bytes=60_000_000)[0]
    assert pynet.store_all(gateway.port, [image], timeout_s=120) == [0]
    assert dest.arrivals[0].data == image.data_set()


def test_several_senders_at_once_do_not_mix(gateway, dest, study):
    studies = [study(6, study=number, patient=f"P{number}") for number in range(1, 9)]
    statuses: dict[int, list] = {}
    threads = [
        threading.Thread(target=lambda n=n, sent=sent: statuses.update({n: pynet.store_all(gateway.port, sent)}))
        for n, sent in enumerate(studies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == {n: [0] * 6 for n in range(len(studies))}
    by_association: dict[int, set] = {}
    for arrival in dest.arrivals:
        by_association.setdefault(arrival.association, set()).add(arrival.sop_instance)
    assert sorted(map(sorted, by_association.values())) == sorted(
        sorted(image.sop_instance for image in sent) for sent in studies
    )
    sent_bytes = {image.sop_instance: image.data_set() for sent in studies for image in sent}
    assert {arrival.sop_instance: arrival.data for arrival in dest.arrivals} == sent_bytes


def test_a_corrected_resend_of_the_same_instance_passes_in_order(gateway, dest, tmp_path):
    first = images.write(tmp_path / "first", images.data_set(salt=1))
    corrected = images.write(tmp_path / "corrected", images.data_set(salt=2))
    assert first.sop_instance == corrected.sop_instance and first.data_set() != corrected.data_set()
    association = pynet.associate(gateway.port, pynet.contexts_for([first]))
    assert [pynet.store_raw(association, image) for image in (first, corrected)] == [0, 0]
    association.release()
    assert pynet.store_all(gateway.port, [corrected]) == [0]
    assert [arrival.data for arrival in dest.arrivals] == [first.data_set(), corrected.data_set(), corrected.data_set()]


def test_the_released_association_is_released_at_the_destination_too(gateway, dest, study):
    pynet.store_all(gateway.port, study(1))
    wait_until(lambda: dest.released == 1, 5, "the release")


# Private classes and syntaxes.


def test_a_private_class_passes_by_configuration_and_only_then(stage, study):
    private = "1.3.46.670589.11.0.0.12.1"
    dest = stage.serve(pynet.Destination, "DEST", extra_classes=[private])
    image = study(1, sop_class=private)[0]
    without = stage.store_gateway(dest.port)
    association = pynet.associate(without.port, pynet.contexts_for([image]) + ECHO)
    assert [context.abstract_syntax for context in association.accepted_contexts] == [pynet.VERIFICATION]
    association.release()
    peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=dest.port)]
    config = Config(peers, [(["CREDENCE"], ["storage"], "dest")], more=[("[[private_sop_class]]", {"uid": private})])
    configured = stage.gateway(config, "configured")
    assert pynet.store_all(configured.port, [image]) == [0]
    assert dest.arrivals[0].data == image.data_set()


def test_a_private_transfer_syntax_passes_where_its_encoding_is_configured(stage, study):
    private = "1.2.840.113619.5.2"
    dest = stage.serve(pynet.Destination, "DEST", syntaxes=[images.EXPLICIT, private])
    plain = study(1, syntax=images.EXPLICIT)[0]
    image = images.Instance(plain.path, plain.sop_class, plain.sop_instance, private)
    without = stage.store_gateway(dest.port)
    association = pynet.associate(without.port, [(image.sop_class, [private]), *ECHO])
    assert image.sop_class not in [context.abstract_syntax for context in association.accepted_contexts]
    association.release()
    peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=dest.port)]
    more = [("[[private_transfer_syntax]]", {"uid": private, "encoding": "explicit-little"})]
    configured = stage.gateway(Config(peers, [(["CREDENCE"], ["storage"], "dest")], more=more), "configured")
    assert pynet.store_all(configured.port, [image]) == [0]
    assert dest.arrivals[0].data == plain.data_set()


# The truth about failures.


@pytest.mark.parametrize("status", [0xB007, 0xB000, 0xA700, 0xC000, 0xA900])
def test_the_destinations_answer_is_the_senders_answer(stage, study, status):
    dest = stage.serve(pynet.Destination, "DEST", status=lambda arrival: status if arrival.sop_instance.endswith(".2") else 0)
    gateway = stage.store_gateway(dest.port)
    assert pynet.store_all(gateway.port, study(3)) == [0, status, 0]


def test_a_destination_that_is_down_is_a_rejection_within_five_seconds(stage):
    gateway = stage.store_gateway(free_port())
    started = time.monotonic()
    association = pynet.associate(gateway.port, [(images.CT, [images.EXPLICIT])])
    assert pynet.rejection(association) == (2, 1, 1)
    assert time.monotonic() - started < 5


def test_a_destination_that_does_not_answer_is_a_rejection_within_five_seconds(stage):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = stage.store_gateway(silent.getsockname()[1])
        started = time.monotonic()
        association = pynet.associate(gateway.port, [(images.CT, [images.EXPLICIT])])
        assert pynet.rejection(association) == (2, 1, 1)
        assert time.monotonic() - started < 5.5


def test_a_destination_that_refuses_associations_is_a_rejection(stage):
    scp = stage.start(dcmtk.StoreScp, "DEST", args=["--refuse"])
    gateway = stage.store_gateway(scp.port)
    association = pynet.associate(gateway.port, [(images.CT, [images.EXPLICIT])])
    assert pynet.rejection(association)[0] in (1, 2)


def test_a_verification_needs_no_destination(stage):
    gateway = stage.store_gateway(free_port())
    assert dcmtk.echoscu(gateway.port).returncode == 0


@pytest.mark.parametrize("moment", ["--abort-during", "--abort-after"])
def test_a_destination_that_dies_in_the_middle_is_no_success(stage, study, moment):
    scp = stage.start(dcmtk.StoreScp, "DEST", args=[moment])
    gateway = stage.store_gateway(scp.port)
    image = study(1, pixel_bytes=4_000_000)[0]
    association = pynet.associate(gateway.port, pynet.contexts_for([image]), timeout_s=10)
    started = time.monotonic()
    assert failure(pynet.store_raw(association, image))
    assert time.monotonic() - started < 8
    association.abort()


def test_a_destination_killed_in_the_middle_is_no_success_and_its_return_is_noticed(stage, study):
    port = free_port()
    scp = stage.start(dcmtk.StoreScp, "DEST", port=port, args=["--sleep-during", "3"])
    gateway = stage.store_gateway(port)
    image = study(1, pixel_bytes=4_000_000)[0]
    association = pynet.associate(gateway.port, pynet.contexts_for([image]), timeout_s=15)
    threading.Timer(0.7, scp.kill).start()
    assert failure(pynet.store_raw(association, image))
    association.abort()
    again = stage.start(dcmtk.StoreScp, "DEST", port=port)
    assert pynet.store_all(gateway.port, [image]) == [0]
    assert images.data_set_bytes(again.files()[0]) == image.data_set()


def test_an_idle_association_that_the_destination_drops_is_reopened_unnoticed(stage, dest, gateway, study):
    first, second, third = study(3)
    association = pynet.associate(gateway.port, pynet.contexts_for([first]))
    assert pynet.store_raw(association, first) == 0
    for image in (second, third):
        dest.drop_associations()
        time.sleep(0.5)
        assert association.is_established
        assert pynet.store_raw(association, image) == 0
    association.release()
    assert dest.instances() == [image.sop_instance for image in (first, second, third)]


def test_a_destination_restarted_while_the_sender_idles_is_not_noticed(stage, study):
    port = free_port()
    scp = stage.start(dcmtk.StoreScp, "DEST", port=port)
    gateway = stage.store_gateway(port)
    first, second = study(2)
    association = pynet.associate(gateway.port, pynet.contexts_for([first]))
    assert pynet.store_raw(association, first) == 0
    scp.kill()
    again = stage.start(dcmtk.StoreScp, "DEST", port=port)
    time.sleep(0.3)
    assert pynet.store_raw(association, second) == 0
    association.release()
    assert images.data_set_bytes(sorted(again.files())[-1]) in (second.data_set(), first.data_set())


def test_an_idle_association_is_released_where_the_destination_wants_it_and_reopened(stage, study):
    dest = stage.serve(pynet.Destination, "DEST")
    gateway = stage.store_gateway(dest.port, destination={"idle_close_s": 1})
    first, second = study(2)
    association = pynet.associate(gateway.port, pynet.contexts_for([first]))
    assert pynet.store_raw(association, first) == 0
    wait_until(lambda: dest.released == 1, 5, "the release of the idle association")
    assert association.is_established
    assert pynet.store_raw(association, second) == 0
    association.release()
    assert len({arrival.association for arrival in dest.arrivals}) == 2


def test_a_sender_that_vanishes_in_the_middle_leaves_nothing_whole_behind(gateway, dest, study):
    image = study(1, pixel_bytes=30_000_000)[0]
    sender = subprocess.Popen(
        ["storescu", "-aet", "MODALITY", "-aec", "CREDENCE", "--max-send-pdu", "4096", "127.0.0.1", str(gateway.port), image.path],
        env=peer_environment(),
    )
    time.sleep(0.25)
    sender.send_signal(signal.SIGKILL)
    sender.wait()
    time.sleep(1)
    assert all(arrival.data == image.data_set() for arrival in dest.arrivals)
    assert pynet.store_all(gateway.port, study(1, study=2)) == [0]


def test_the_calling_ae_title_towards_the_destination_is_a_choice(stage, study):
    dest = stage.serve(pynet.Destination, "DEST")
    sender = stage.store_gateway(dest.port, destination={"calling": "sender"})
    pynet.store_all(sender.port, study(1))
    assert dest.arrivals[-1].calling == "MODALITY"
    own = stage.gateway(
        Config(
            [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=dest.port, more={"calling": "own", "calling_ae": "CRED_OUT"})],
            [(["CREDENCE"], ["storage"], "dest")],
        ),
        "own",
    )
    pynet.store_all(own.port, study(1))
    assert dest.arrivals[-1].calling == "CRED_OUT"


def test_one_ae_title_routes_by_sop_class(stage, study):
    ct = stage.serve(pynet.Destination, "CTSTORE")
    rest = stage.serve(pynet.Destination, "DEST")
    peers = [
        Peer("MODALITY", may=["echo", "store"]), Peer("CTSTORE", port=ct.port), Peer("DEST", port=rest.port),
    ]
    gateway = stage.gateway(Config(peers, [(["CREDENCE"], [images.CT], "ctstore"), (["CREDENCE"], ["storage"], "dest")]))
    sent = study(2) + study(2, study=2, sop_class=images.MR)
    assert pynet.store_all(gateway.port, sent) == [0] * 4
    assert ct.instances() == [image.sop_instance for image in sent[:2]]
    assert rest.instances() == [image.sop_instance for image in sent[2:]]


