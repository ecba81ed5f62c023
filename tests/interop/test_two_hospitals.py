"""docs/two-hospitals.md: its ten commands work as printed, between two gateways, a real PACS and a real workstation."""

from rig.gateway import ROOT
from test_readme import Reader
from test_readme import blocks

PORTS = ["4242", "11112", "12762", "11443", "21112", "22762", "21443", "21113"]


def test_two_hospitals_are_set_up_as_printed(tmp_path, stage):
    reader = Reader(tmp_path, stage, PORTS)
    roles = []
    for block in blocks((ROOT / "docs" / "two-hospitals.md").read_text()):
        reader.do(block)
        roles.append(block.role)
        if block.argument == "refused":
            assert reader.images("lakeside/images") == 0
    assert roles.count("serve") == 3 and roles.count("run") >= 12 and roles.count("output") == 4
    assert reader.images("lakeside/images") == len(list((ROOT / "fixtures" / "ada-ct").iterdir()))
