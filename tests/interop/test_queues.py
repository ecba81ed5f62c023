"""Queues of the spool: destinations that go down and return, and what people do to what waits."""

import json
import subprocess
import time

import pytest
from pydicom import dcmread

from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Config
from rig.gateway import OTHER
from rig.gateway import OWN
from rig.gateway import Peer
from rig.orthanc import Orthanc
from rig.process import free_port
from rig.process import wait_until

BACK_TO_WORK_S = 30
SPOOL = [("[spool]", {"retry_first_s": 1, "retry_max_s": 2, "tries_refused_max": 1, "free_bytes_min": 0})]


def queue(gateway, *words, check=True):
    return gateway.command("queue", *words, "--config", gateway.file, check=check)


def listed(gateway) -> dict:
    """The queue `dest`, as the list tells of it."""
    queues = json.loads(queue(gateway, "list", "--json").stdout)
    return next(one for one in queues if one["queue"] == "dest")


def content(gateway) -> dict:
    return json.loads(queue(gateway, "list", "dest", "--objects", "--json").stdout)


def changes(gateway) -> list[dict]:
    return gateway.bodies("queue-changed")


def alerts(gateway) -> list[str]:
    return [body["code"] for body in gateway.bodies("alert")]


def spooling(stage, port, delivery="spool", institution=OWN):
    """A gateway that spools for DEST."""
    peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", institution=institution, port=port)]
    return stage.gateway(Config(peers, [(["CREDENCE"], ["storage"], "dest", {"delivery": delivery})], more=SPOOL))


def sent(gateway, made, calling="MODALITY"):
    done = dcmtk.storescu(gateway.port, [one.path for one in made], "-xe", calling=calling)
    assert done.returncode == 0, done.stdout


# Real peers that go down and return.


@pytest.mark.parametrize("delivery", ["spool", "direct-then-spool"])
def test_storescp_that_was_down_gets_every_byte_when_it_returns(stage, tmp_path, delivery):
    port = free_port()
    gateway = spooling(stage, port, delivery)
    made = images.study(tmp_path / "made", 8)
    sent(gateway, made)
    time.sleep(3)
    assert listed(gateway)["state"] == "down"
    returned = time.monotonic()
    storescp = stage.start(dcmtk.StoreScp, "DEST", port=port)
    wait_until(lambda: len(storescp.files()) == 8, BACK_TO_WORK_S, "eight files")
    print(f"all there {time.monotonic() - returned:.1f} s after the return")
    wait_until(lambda: listed(gateway)["waiting"]["objects"] == 0, 10, "an empty queue")
    kept = {images.data_set_bytes(file) for file in storescp.files()}
    assert kept == {one.data_set() for one in made}
    assert listed(gateway)["state"] == "idle" and listed(gateway)["delivered"]["objects"] == 8
    assert {"destination-down", "destination-back"} <= set(alerts(gateway))
    gateway.verify()


@pytest.mark.parametrize("delivery", ["spool", "direct-then-spool"])
def test_storescp_that_is_killed_among_it_gets_the_rest_when_it_returns(stage, tmp_path, delivery):
    storescp = stage.start(dcmtk.StoreScp, "DEST")
    gateway = spooling(stage, storescp.port, delivery)
    made = images.study(tmp_path / "made", 60, pixel_bytes=200_000)
    sender = stage.keep(_Sender(gateway, made))
    wait_until(lambda: len(storescp.files()) >= 10, 30, "ten files")
    storescp.kill()
    assert sender.wait() == 0
    # What it was killed in the middle of lies there in part.
    everything = {one.data_set() for one in made}
    before = {images.data_set_bytes(file) for file in storescp.files() if file.stat().st_size > 200} & everything
    again = dcmtk.StoreScp(tmp_path / "again", "DEST", port=storescp.port)
    stage.keep(again)
    wait_until(lambda: listed(gateway)["waiting"]["objects"] == 0, BACK_TO_WORK_S + 10, "an empty queue")
    after = [images.data_set_bytes(file) for file in again.files()]
    assert set(after) | before == everything
    assert len(after) == len(set(after)), "storescp was sent something twice after it returned"


class _Sender:
    """storescu in the background."""

    def __init__(self, gateway, made):
        words = ["storescu", "-xe", "-aet", "MODALITY", "-aec", "CREDENCE", "127.0.0.1", str(gateway.port)]
        self.popen = subprocess.Popen([*words, *(str(one.path) for one in made)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> int:
        return self.popen.wait(90)

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()


def test_orthanc_that_was_down_gets_every_instance_when_it_returns(stage, tmp_path):
    port = free_port()
    gateway = spooling(stage, port)
    studies = [images.study(tmp_path / f"made{key}", 5, study=key, patient=f"P{key}") for key in (1, 2)]
    for made in studies:
        sent(gateway, made)
    orthanc = stage.start(Orthanc, "DEST", port=port)
    wait_until(lambda: len(orthanc.get("/instances")) == 10, BACK_TO_WORK_S, "ten instances")
    orthanc.stop()
    more = images.study(tmp_path / "more", 5, study=3)
    sent(gateway, more)
    # Its folder stays: it is the same archive that returns.
    orthanc = stage.start(Orthanc, "DEST", port=port)
    wait_until(lambda: len(orthanc.get("/instances")) == 15, BACK_TO_WORK_S, "fifteen instances")
    for made in (*studies, more):
        for one in made:
            found = orthanc.post("/tools/lookup", one.sop_instance.encode())
            file = orthanc.get(f"/instances/{found[0]['ID']}/file")
            assert one.data_set() == file[images.data_set_offset(file) :]


# What people see and do.


def test_a_paused_queue_delivers_nothing_until_it_is_resumed_also_after_a_restart(stage, tmp_path):
    dest = stage.serve(pynet.Destination, "DEST")
    gateway = spooling(stage, dest.port, "direct-then-spool")
    queue(gateway, "pause", "dest", "--reason", "the archive is moved", "--by", "ada")
    sent(gateway, images.study(tmp_path / "made", 3))
    gateway.restart()
    time.sleep(1)
    told = listed(gateway)
    assert (told["state"], told["waiting"]["objects"], len(dest.arrivals)) == ("paused", 3, 0)
    queue(gateway, "resume", "dest", "--by", "ada")
    dest.wait_for(3)
    acts = [(body["act"], body["by"], body["reason"]) for body in changes(gateway)]
    assert acts == [("paused", "ada", "the archive is moved"), ("resumed", "ada", "")]


def test_a_dead_letter_is_told_with_its_reason_and_can_be_tried_again(stage, tmp_path):
    statuses = {"refuse": True}
    dest = stage.serve(pynet.Destination, "DEST", status=lambda _: 0xC123 if statuses["refuse"] else 0x0000)
    gateway = spooling(stage, dest.port)
    made = images.study(tmp_path / "made", 2)
    sent(gateway, made)
    wait_until(lambda: listed(gateway)["dead"]["objects"] == 2, 10, "two dead letters")
    for one in content(gateway)["objects"]:
        assert (one["place"], one["failure"], one["status"], one["tries"]) == ("dead", "refused", 0xC123, 1)
    assert alerts(gateway).count("dead-letter") == 1, "one alert for a study"
    statuses["refuse"] = False
    queue(gateway, "retry", "dest", "--by", "ada")
    wait_until(lambda: listed(gateway)["delivered"]["objects"] == 2, 10, "both delivered")
    assert dest.instances()[-2:] == [one.sop_instance for one in made], "in their order"
    (body,) = changes(gateway)
    assert (body["act"], body["objects"]) == ("retried", 2) and body["study"] and body["patient"]


def test_what_is_revoked_while_it_waits_is_released_only_when_the_contract_permits_it_again(stage, tmp_path):
    port = free_port()
    gateway = spooling(stage, port, institution=OTHER)
    consent = gateway.grant("P1")
    made = images.study(tmp_path / "made", 3)
    sent(gateway, made)
    gateway.revoke(consent["entry"])
    dest = stage.serve(pynet.Destination, "DEST", port=port)
    wait_until(lambda: listed(gateway)["quarantined"]["objects"] == 3, BACK_TO_WORK_S, "three in quarantine")
    assert alerts(gateway).count("quarantined") == 1
    decision = content(gateway)["objects"][0]["decision"]
    assert gateway.entries()[decision]["event"]["body"]["decision"]["verdict"] == "deny"
    # Nobody releases against the contract.
    queue(gateway, "release", "dest", "--all", "--reason", "asked for", "--by", "ada")
    wait_until(lambda: listed(gateway)["quarantined"]["objects"] == 3, 10, "three in quarantine again")
    assert dest.arrivals == []
    gateway.grant("P1")
    queue(gateway, "release", "dest", "--patient", "P1", "--reason", "granted anew", "--by", "ada")
    dest.wait_for(3)
    assert dest.instances() == [one.sop_instance for one in made]
    assert [(body["act"], body["objects"]) for body in changes(gateway)] == [("released", 3)] * 2


def test_dropping_is_recorded_and_narrowed_and_final(stage, tmp_path):
    gateway = spooling(stage, free_port())
    sent(gateway, images.study(tmp_path / "a", 2, study=1, patient="P1"))
    sent(gateway, images.study(tmp_path / "b", 2, study=2, patient="P2"))
    objects = content(gateway)["objects"]
    assert [one["place"] for one in objects] == ["waiting"] * 4
    nothing = queue(gateway, "drop", "dest", "--all", "--reason", "clean up", "--by", "ada", check=False)
    assert nothing.returncode == 1, "what waits is not dropped unless that is said"
    unsaid = queue(gateway, "drop", "dest", "--reason", "x", "--by", "ada", check=False)
    assert unsaid.returncode == 2, "which must be said"
    queue(gateway, "drop", "dest", "--patient", "P2", "--place", "waiting", "--reason", "sent otherwise", "--by", "ada")
    queue(gateway, "drop", "dest", "--object", objects[0]["object"], "--reason", "sent otherwise", "--by", "ada")
    gateway.restart()
    left = content(gateway)["objects"]
    assert [one["object"] for one in left] == [objects[1]["object"]]
    queue(gateway, "drop", "dest", "--study", left[0]["study"][:12], "--place", "waiting", "--reason", "x", "--by", "ada")
    assert listed(gateway)["waiting"] == {"objects": 0, "bytes": 0}
    told = [(body["objects"], body["study"]) for body in changes(gateway)]
    assert told == [(2, objects[2]["study"]), (1, objects[0]["study"]), (1, objects[0]["study"])]


def test_queues_are_listed_and_changed_where_no_gateway_runs(stage, tmp_path):
    gateway = spooling(stage, free_port())
    sent(gateway, images.study(tmp_path / "made", 2))
    gateway.stop()
    assert listed(gateway)["state"] == "not-served"
    shown = queue(gateway, "list", "dest").stdout
    assert shown.splitlines()[0].split() == ["place", "study", "patient", "instances", "bytes", "oldest", "reason"]
    assert "P1" not in shown.split() and "Invented" not in shown
    first = content(gateway)["objects"][0]["object"]
    queue(gateway, "drop", "dest", "--object", first, "--reason", "sent otherwise", "--by", "ada")
    queue(gateway, "pause", "dest", "--by", "ada")
    assert (listed(gateway)["state"], listed(gateway)["waiting"]["objects"]) == ("paused", 1)
    gateway.start()
    assert (listed(gateway)["state"], listed(gateway)["waiting"]["objects"]) == ("paused", 1)
    gateway.verify()


def test_what_waits_for_a_peer_that_is_no_more_stays_and_is_told(stage, tmp_path):
    gateway = spooling(stage, free_port())
    sent(gateway, images.study(tmp_path / "made", 2))
    gateway.stop()
    for peer in gateway.config.peers:
        if peer.aet == "DEST":
            peer.aet, peer.port = "NEW", free_port()
    gateway.config.routes = [(["CREDENCE"], ["storage"], "new", {"delivery": "spool"})]
    gateway.write()
    gateway.start()
    told = listed(gateway)
    assert (told["state"], told["waiting"]["objects"]) == ("no-peer", 2)
    assert "queue-without-peer" in alerts(gateway)


def test_a_high_priority_overtakes_other_studies_and_not_its_own(stage, tmp_path):
    port = free_port()
    gateway = spooling(stage, port)
    order = []
    for key, priority in ((1, 2), (2, 0), (3, 1)):
        made = images.study(tmp_path / f"made{key}", 2, study=key)
        association = pynet.associate(gateway.port, pynet.contexts_for(made))
        for number, one in enumerate(made, 1):
            assert _store(association, one, priority, number) == 0
        association.release()
        order = [one.sop_instance for one in made] + order
    dest = stage.serve(pynet.Destination, "DEST", port=port)
    dest.wait_for(6, BACK_TO_WORK_S)
    assert dest.instances() == order


def _store(association, one, priority, message_id):
    """Sends it with a priority."""
    return association.send_c_store(dcmread(one.path), message_id, priority=priority).Status
