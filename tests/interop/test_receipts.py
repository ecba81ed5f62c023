"""Receipts that two gateways sign for what DCMTK stores through both, whatever order studies come in."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from hospitals.houses import ANNA
from hospitals.houses import LAKESIDE
from hospitals.houses import Hospitals
from hospitals.houses import house_peer
from hospitals.receipts import Receipts
from rig import dcmtk
from rig import images
from rig.process import free_port
from rig.process import wait_until

# One association names so many transfers to another gateway (docs/two-hospitals.md).
TRANSFERS_MAX = 64


class Loopback(nullcontext):
    """A site without a network of its own."""

    address = "127.0.0.1"


def two(stage, tmp_path) -> Hospitals:
    """Two gateways on loopback."""
    line = SimpleNamespace(sites=[Loopback(), Loopback()])
    hospitals = Hospitals(tmp_path, line, ports=((free_port(), free_port()), (free_port(), free_port())))
    stage.keep(SimpleNamespace(stop=hospitals.close))
    return hospitals


def storing(hospitals: Hospitals, delivery: str) -> dcmtk.StoreScp:
    """What WS1 stores at St. Anna for LAKESIDE goes to Lakeside's storescp, which this is."""
    anna, lakeside = hospitals.anna, hospitals.lakeside
    scp = hospitals.serve(lakeside, dcmtk.StoreScp, lakeside.folder, "PACS", again=True)
    pacs = house_peer("PACS", LAKESIDE, scp.port)
    hospitals.configure(([house_peer("WS1", ANNA)],), ([pacs], "pacs"), delivery=delivery)
    hospitals.grant("P1")
    return scp


def in_turns(tmp_path, studies: int, each: int) -> list:
    made = [images.study(tmp_path / "made", each, study=study, patient="P1") for study in range(1, studies + 1)]
    return [one.path for turn in zip(*made) for one in turn]


@pytest.mark.parametrize("delivery", ["direct", "spool"])
def test_two_studies_in_turns_have_a_receipt_each(stage, tmp_path, delivery):
    hospitals = two(stage, tmp_path)
    scp = storing(hospitals, delivery)
    sent = in_turns(tmp_path, 2, 5)
    done = dcmtk.storescu(hospitals.anna.port, sent, "-xe", calling="WS1", called=hospitals.anna.titles.other)
    assert done.returncode == 0, done.stdout
    wait_until(lambda: len(list(scp.received_in.iterdir())) == 10, 30, "all images")
    Receipts(hospitals).came(2)
    assert [body["code"] for body in hospitals.anna.gateway.bodies("alert")] == []
    hospitals.anna.gateway.verify()


def test_of_more_studies_than_one_statement_names_each_still_has_its_receipts(stage, tmp_path):
    """The oldest transfer ends when one too many begins, and the study's next image begins another."""
    hospitals = two(stage, tmp_path)
    scp = storing(hospitals, "direct")
    studies = TRANSFERS_MAX + 2
    sent = in_turns(tmp_path, studies, 2)
    done = dcmtk.storescu(hospitals.anna.port, sent, "-xe", calling="WS1", called=hospitals.anna.titles.other)
    assert done.returncode == 0, done.stdout
    assert len(list(scp.received_in.iterdir())) == 2 * studies
    # In turns, each study comes back when its transfer has just ended.
    Receipts(hospitals).came(2 * studies)
    assert [body["code"] for body in hospitals.anna.gateway.bodies("alert")] == []


def test_a_retrieval_of_more_studies_than_one_statement_names_is_whole(stage, tmp_path):
    hospitals = two(stage, tmp_path)
    anna, lakeside = hospitals.anna, hospitals.lakeside
    studies = TRANSFERS_MAX + 2
    pacs = hospitals.archive(anna, in_turns(tmp_path, studies, 1))
    scp = hospitals.serve(lakeside, dcmtk.StoreScp, lakeside.folder, "WS1", again=True)
    hospitals.configure(
        ([house_peer("PACS", ANNA, pacs.port, retrieve="get")], "pacs"), ([house_peer("WS1", LAKESIDE, scp.port)],),
    )
    hospitals.grant("P1")
    wanted = {"QueryRetrieveLevel": "PATIENT", "PatientID": "P1"}
    done = dcmtk.movescu(lakeside.port, "WS1", wanted, "-P", "-d", called=lakeside.titles.other, timeout_s=120)
    assert dcmtk.suboperations(done) == {"Completed": studies, "Failed": 0, "Warning": 0}, done.stdout[-800:]
    Receipts(hospitals).came(studies)
