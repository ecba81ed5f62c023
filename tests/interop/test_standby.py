"""A second node takes over: the same folders, the same address, handed over by the folder's lock."""

import os
import threading
import time

import pytest

from rig import dcmtk
from rig import images
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.gateway import binary
from rig.process import Process
from rig.process import listening
from rig.process import peer_environment
from rig.process import wait_until


class Standby(Process):
    """`credence serve --standby` on the folders of another gateway."""

    def __init__(self, gateway: Gateway, name: str = "standby"):
        environment = {**peer_environment(), "RUST_LOG": "credence=info"}
        super().__init__(name, [binary(), "serve", "--config", gateway.file, "--standby"], gateway.folder, environment)


class Sender(threading.Thread):
    """Keeps sending studies until it is told to stop; remembers which of them storescu took for stored."""

    def __init__(self, port: int, folder):
        super().__init__(daemon=True)
        self.port = port
        self.folder = folder
        self.sent: list[images.Instance] = []
        self.times: list[float] = []
        self.ended = False

    def run(self) -> None:
        number = 0
        while not self.ended:
            number += 1
            made = images.study(self.folder / f"study-{number}", 3, study=number, patient="P1")
            done = dcmtk.storescu(self.port, [one.path for one in made])
            if done.returncode == 0:
                self.sent += made
                self.times.append(time.monotonic())
            else:
                time.sleep(0.1)


def two_nodes(stage) -> tuple[Gateway, Standby, object]:
    pacs = stage.start(dcmtk.StoreScp, "DEST")
    config = Config([Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=pacs.port)], [(["CREDENCE"], ["storage"], "dest", {"delivery": "direct-then-spool"})])
    active = stage.gateway(config)
    standby = stage.keep(Standby(active))
    wait_until(lambda: "standing by" in standby.output(), what="the standby to stand by")
    return active, standby, pacs


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM"])
def test_a_standby_takes_over_and_nothing_acknowledged_is_lost(stage, tmp_path, how):
    active, standby, pacs = two_nodes(stage)
    sender = Sender(active.port, tmp_path / "sent")
    sender.start()
    wait_until(lambda: len(sender.times) >= 3, what="three studies to be stored")
    began = time.monotonic()
    if how == "SIGKILL":
        active.kill()
    else:
        assert active.stop() == 0
    wait_until(lambda: "taking over" in standby.output(), what="the standby to take over")
    wait_until(lambda: any(when > began for when in sender.times), timeout_s=30, what="a study to be stored by the standby")
    took_s = min(when for when in sender.times if when > began) - began
    print(f"{how}: a study was stored again after {took_s:.1f} s")
    assert took_s < 15
    sender.ended = True
    sender.join(30)
    held = lambda: {images.data_set_bytes(path) for path in pacs.files()}
    wait_until(lambda: {one.data_set() for one in sender.sent} <= held(), timeout_s=30, what="everything that was acknowledged to be there")
    assert standby.stop(20) == 0
    active.command("ledger", "verify", active.data, "--replay")
    started = [body for body in active.bodies("started")]
    assert len(started) == 2


def test_a_standby_does_not_listen_and_does_not_start_beside_the_active_one(stage):
    active, standby, _ = two_nodes(stage)
    assert listening(active.port)
    assert dcmtk.echoscu(active.port).returncode == 0
    # It waits for the lock, not for the port.
    assert standby.alive()
    assert os.path.exists(active.data / "lock")
    assert standby.stop(20) == 0, "it ends in order while it waits"
    assert dcmtk.echoscu(active.port).returncode == 0
