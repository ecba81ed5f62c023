"""DIMSE messages byte by byte (PS3.7 §6.3, §9.3, Annex C)."""

import struct
import time

import pydicom
import pytest

from rig import images
from rig import wire
from rig.gateway import Config
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.gateway import destination as workstation
from rig.listener import Listener
from rig.pynet import Pacs
from rig.wire import Wire

CONTEXTS = wire.context(1, wire.CT, [wire.EXPLICIT]) + wire.context(3)
STUDY_FIND = b"1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = b"1.2.840.10008.5.1.4.1.2.2.2"


@pytest.fixture
def destination(stage):
    return stage.keep(Listener())


@pytest.fixture
def gateway(stage, destination):
    return stage.store_gateway(destination.port)


@pytest.fixture
def associated(gateway):
    with Wire(gateway.port) as connection:
        assert connection.associate(contexts=CONTEXTS)[:1] == bytes([wire.ASSOCIATE_AC])
        yield connection


def store(connection, image, message_id: int, data: bytes | None = None, command: bytes | None = None) -> dict:
    command = command or wire.c_store_rq(image.sop_class.encode(), image.sop_instance.encode(), message_id)
    data = image.data_set() if data is None else data
    connection.send(wire.p_data(wire.pdv(1, command, command=True), wire.pdv(1, data, command=False)))
    return connection.read_command()[1]


def group_length_is_true(command: dict[int, bytes]) -> bool:
    rest = wire.command_set({number: value for number, value in command.items() if number != 0})
    return command[0] == rest[8:12]


# 13. Command sets.


@pytest.mark.parametrize("group_length", [0, 0xFFFFFFFF])
def test_a_wrong_group_length_is_recomputed_towards_the_destination(associated, destination, study, group_length):
    image = study(1)[0]
    command = wire.c_store_rq(wire.CT, image.sop_instance.encode(), 3)
    command = command[:8] + struct.pack("<I", group_length) + command[12:]
    answered = store(associated, image, 3, command=command)
    assert wire.status_of(answered) == 0
    assert group_length_is_true(answered)
    assert group_length_is_true(destination.heard[-1].commands[0][1])


def test_a_command_set_without_its_group_length_is_read(associated):
    associated.send(wire.p_data(wire.pdv(3, wire.c_echo_rq(4)[12:], command=True)))
    answered = associated.read_command()[1]
    assert wire.status_of(answered) == 0
    assert group_length_is_true(answered)


def test_a_broken_command_set_ends_the_association_and_nothing_else(associated, gateway):
    associated.send(wire.p_data(wire.pdv(3, b"\x00\x00\x00\x01\xff\xff\xff\x7f", command=True)))
    assert associated.read() == wire.aborted(2, 6)
    with Wire(gateway.port) as connection:
        assert connection.associate()[:1] == bytes([wire.ASSOCIATE_AC])


def test_a_command_set_over_its_limit_ends_the_association(associated):
    piece = struct.pack("<HHI", 0, 0x0002, 1 << 20) + bytes(8000)
    associated.send(wire.p_data(wire.pdv(3, piece, command=True, last=False)))
    try:
        for _ in range(20):
            associated.send(wire.p_data(wire.pdv(3, bytes(16000), command=True, last=False)))
    except OSError:
        pass
    try:
        answered = associated.read()
    except OSError:
        answered = b""
    assert answered[:1] in (bytes([wire.ABORT]), b"")


# 14. Message IDs.


@pytest.mark.parametrize("message_id", [0, 1, 0x1234, 0xFFFF])
def test_a_response_names_the_message_that_it_answers(associated, study, message_id):
    answered = store(associated, study(1)[0], message_id)
    assert answered[0x0120] == wire.us(message_id)
    assert wire.status_of(answered) == 0


def test_the_same_message_id_on_two_associations_is_two_messages(gateway, study):
    first, second = study(2)
    with Wire(gateway.port) as one, Wire(gateway.port) as two:
        one.associate(contexts=CONTEXTS)
        two.associate(contexts=CONTEXTS)
        for connection, image in ((one, first), (two, second)):
            command = wire.c_store_rq(wire.CT, image.sop_instance.encode(), 7)
            connection.send(wire.p_data(wire.pdv(1, command, command=True)))
        for connection, image in ((two, second), (one, first)):
            connection.send(wire.p_data(wire.pdv(1, image.data_set(), command=False)))
        for connection, image in ((one, first), (two, second)):
            answered = connection.read_command()[1]
            assert answered[0x0120] == wire.us(7)
            assert answered[0x1000].rstrip(b"\0") == image.sop_instance.encode()


@pytest.mark.parametrize("early", [False, True], ids=["after the object", "inside the object"])
def test_a_response_to_another_message_is_no_success(stage, study, early):
    listener = stage.keep(Listener(wrong_message_id=True, early=early))
    gateway = stage.store_gateway(listener.port)
    image = study(1, pixel_bytes=400_000)[0]
    with Wire(gateway.port) as connection:
        connection.associate(contexts=CONTEXTS)
        command = wire.c_store_rq(wire.CT, image.sop_instance.encode(), 3)
        connection.send(wire.p_data(wire.pdv(1, command, command=True)))
        data = image.data_set()
        for start in range(0, len(data), 16000):
            if start == 160_000:
                time.sleep(0.3)
            last = start + 16000 >= len(data)
            connection.send(wire.p_data(wire.pdv(1, data[start : start + 16000], command=False, last=last)))
        assert wire.status_of(connection.read_command()[1]) == 0xA700
        echo(connection)


# 15 and 16. Counts and C-CANCEL.


@pytest.fixture
def hospital(stage, study):
    made = [pydicom.dcmread(image.path) for image in study(5)]
    sink = stage.keep(Listener())
    ports = {"WS1": sink.port}
    pacs = stage.serve(Pacs, "PACS", made, {}, pending_delay_s=0.1)
    peers = [Peer("PACS", port=pacs.port, more={"retrieve": "move"}), workstation("WS1", ports["WS1"])]
    gateway = stage.gateway(Config(peers, [(["CREDENCE"], ["storage", "query-retrieve"], "pacs")]))
    pacs.hosts["CRED_WS1"] = gateway.port
    gateway.pacs = pacs
    return gateway


def identifier(*elements: tuple[int, int, bytes]) -> bytes:
    """Implicit VR Little Endian."""
    return b"".join(
        struct.pack("<HHI", group, number, len(value)) + value for group, number, value in elements
    )


STUDY_LEVEL = (0x0008, 0x0052, b"STUDY ")
STUDY_KEY = (0x0020, 0x000D, wire.ui(images.uid(1).encode()))


def request(field: int, sop_class: bytes, message_id: int, more: dict[int, bytes] | None = None) -> bytes:
    return wire.command_set({
        0x0002: wire.ui(sop_class), 0x0100: wire.us(field), 0x0110: wire.us(message_id), 0x0700: wire.us(0),
        0x0800: wire.us(1), **(more or {}),
    })


def cancel(message_id: int) -> bytes:
    return wire.command_set({0x0100: wire.us(0x0FFF), 0x0120: wire.us(message_id), 0x0800: wire.us(0x0101)})


def next_message(connection) -> tuple[dict[int, bytes], bytes]:
    """Command set and data set of the next message."""
    _, command = connection.read_command(20)
    data = b""
    if command[0x0800] != wire.us(0x0101):
        while True:
            received = connection.read(20)
            ended = False
            for _, control, piece in wire.pdvs(received):
                data += piece
                ended = ended or bool(control & 2)
            if ended:
                break
    return command, data


def responses(connection) -> list[tuple[dict[int, bytes], bytes]]:
    found = []
    while True:
        found.append(next_message(connection))
        if wire.status_of(found[-1][0]) not in (0xFF00, 0xFF01):
            return found


def test_the_counts_of_a_c_move_are_command_elements(hospital):
    with Wire(hospital.port) as connection:
        connection.associate(calling=b"WS1", contexts=wire.context(1, STUDY_MOVE))
        connection.send(wire.p_data(
            wire.pdv(1, request(0x0021, STUDY_MOVE, 9, {0x0600: b"WS1 "}), command=True),
            wire.pdv(1, identifier(STUDY_LEVEL, STUDY_KEY), command=False),
        ))
        last, data = responses(connection)[-1]
    assert wire.status_of(last) == 0
    assert (last[0x1021], last[0x1022], last[0x1023]) == (wire.us(5), wire.us(0), wire.us(0))
    assert last[0x0120] == wire.us(9)
    assert data == b""


def test_a_c_cancel_may_come_at_once_and_has_no_answer_of_its_own(hospital):
    with Wire(hospital.port) as connection:
        connection.associate(calling=b"WS1", contexts=wire.context(1, STUDY_FIND) + wire.context(3))
        connection.send(
            wire.p_data(
                wire.pdv(1, request(0x0020, STUDY_FIND, 5), command=True),
                wire.pdv(1, identifier(STUDY_LEVEL, STUDY_KEY), command=False),
            )
            + wire.p_data(wire.pdv(1, cancel(5), command=True))
        )
        last = responses(connection)[-1][0]
        # The PACS may have ended its answer before the cancellation reached it.
        assert wire.status_of(last) in (0xFE00, 0x0000)
        assert last[0x0100] == wire.us(0x8020)
        echo(connection)


def test_a_late_c_cancel_is_ignored(hospital):
    with Wire(hospital.port) as connection:
        connection.associate(calling=b"WS1", contexts=wire.context(1, STUDY_FIND) + wire.context(3))
        connection.send(wire.p_data(
            wire.pdv(1, request(0x0020, STUDY_FIND, 5), command=True),
            wire.pdv(1, identifier(STUDY_LEVEL, STUDY_KEY), command=False),
        ))
        assert wire.status_of(responses(connection)[-1][0]) == 0
        connection.send(wire.p_data(wire.pdv(1, cancel(5), command=True)))
        connection.send(wire.p_data(wire.pdv(1, cancel(4711), command=True)))
        echo(connection)


def echo(connection) -> None:
    connection.send(wire.p_data(wire.pdv(3, wire.c_echo_rq(99), command=True)))
    answered = connection.read_command()[1]
    assert answered[0x0100] == wire.us(0x8030)
    assert answered[0x0120] == wire.us(99)


# 17. Statuses.


@pytest.mark.parametrize("field", [0x0130, 0x0150, 0x4711])
def test_an_unknown_command_is_answered_with_0211(associated, field):
    command = wire.command_set({
        0x0002: wire.ui(wire.VERIFICATION), 0x0100: wire.us(field), 0x0110: wire.us(8), 0x0800: wire.us(0x0101),
    })
    associated.send(wire.p_data(wire.pdv(3, command, command=True)))
    answered = associated.read_command()[1]
    assert wire.status_of(answered) == 0x0211
    assert answered[0x0120] == wire.us(8)
    assert answered[0x0100] == wire.us(field | 0x8000)
    echo(associated)


def test_a_denied_c_store_is_answered_with_0124_and_an_error_comment(stage, destination, study):
    gateway = stage.store_gateway(destination.port, peers=[Peer("FOREIGN", institution=OTHER, may=["echo", "store"])])
    with Wire(gateway.port) as connection:
        connection.associate(calling=b"FOREIGN", contexts=CONTEXTS)
        answered = store(connection, study(1)[0], 2)
        assert wire.status_of(answered) == 0x0124
        assert 0 < len(answered[0x0902].rstrip()) <= 64
        # One refusal does not end the association.
        echo(connection)
    assert all(heard.data_sets == [] for heard in destination.heard)


def test_a_data_set_that_cannot_be_read_is_answered_with_c000(associated, destination):
    image = images.Instance(None, images.CT, "2.25.1963.1.1.1", images.EXPLICIT)
    answered = store(associated, image, 2, data=b"\xff\xfe\xfd\xfc" * 64)
    assert wire.status_of(answered) == 0xC000
    echo(associated)
    assert destination.heard[-1].data_sets == []


@pytest.fixture
def without_study(tmp_path):
    made = images.data_set()
    del made.StudyInstanceUID
    return images.write(tmp_path / "studyless", made)


def test_a_data_set_without_a_study_is_judged_all_the_same(associated, destination, without_study):
    assert wire.status_of(store(associated, without_study, 2)) == 0
    assert destination.heard[-1].data_sets[0][1] == without_study.data_set()


def test_a_data_set_without_a_study_from_another_institution_is_not_released(stage, destination, without_study):
    gateway = stage.store_gateway(destination.port, peers=[Peer("FOREIGN", institution=OTHER, may=["echo", "store"])])
    with Wire(gateway.port) as connection:
        connection.associate(calling=b"FOREIGN", contexts=CONTEXTS)
        assert wire.status_of(store(connection, without_study, 2)) == 0x0124
        echo(connection)
    assert all(heard.data_sets == [] for heard in destination.heard)


def test_a_data_set_without_a_patient_id_is_judged_all_the_same(associated, destination, tmp_path):
    image = images.write(tmp_path / "anonymous", images.data_set(patient=None))
    assert wire.status_of(store(associated, image, 2)) == 0
    assert destination.heard[-1].data_sets[0][1] == image.data_set()


def move(connection, to: bytes, *elements) -> int:
    connection.send(wire.p_data(
        wire.pdv(1, request(0x0021, STUDY_MOVE, 9, {0x0600: to}), command=True),
        wire.pdv(1, identifier(*elements), command=False),
    ))
    return wire.status_of(responses(connection)[-1][0])


def test_a_move_to_an_unknown_destination_is_answered_with_a801(hospital):
    with Wire(hospital.port) as connection:
        connection.associate(calling=b"WS1", contexts=wire.context(1, STUDY_MOVE))
        assert move(connection, b"NOWHERE ", STUDY_LEVEL, STUDY_KEY) == 0xA801
    assert hospital.pacs.moves == []


@pytest.mark.parametrize(
    "elements",
    [
        [STUDY_KEY],
        [(0x0008, 0x0052, b"GALAXY"), STUDY_KEY],
        [STUDY_LEVEL],
        [(0x0008, 0x0052, b"STUDY "), (0x0020, 0x000D, b"")],
    ],
    ids=["no level", "unknown level", "no study", "empty study"],
)
def test_a_move_whose_identifier_does_not_match_is_answered_with_a900(hospital, elements):
    with Wire(hospital.port) as connection:
        connection.associate(calling=b"WS1", contexts=wire.context(1, STUDY_MOVE))
        assert move(connection, b"WS1 ", *elements) == 0xA900
    assert hospital.pacs.moves == []


@pytest.mark.parametrize(
    "data", [b"\x08\x00\x52\x00\xff\xff\xff\x7fSTUDY ", identifier(STUDY_KEY)], ids=["a length beyond its end", "no level"]
)
def test_a_query_whose_identifier_does_not_match_is_answered_with_a900(hospital, data):
    with Wire(hospital.port) as connection:
        connection.associate(calling=b"WS1", contexts=wire.context(1, STUDY_FIND) + wire.context(3))
        connection.send(wire.p_data(
            wire.pdv(1, request(0x0020, STUDY_FIND, 5), command=True), wire.pdv(1, data, command=False),
        ))
        status = wire.status_of(responses(connection)[-1][0])
        assert status == 0xA900
        echo(connection)
    assert hospital.pacs.finds == []


def test_deep_nesting_in_an_identifier_harms_nobody(hospital):
    nested = struct.pack("<HHI", 0x0008, 0x1140, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    with Wire(hospital.port) as connection:
        connection.associate(calling=b"WS1", contexts=wire.context(1, STUDY_FIND))
        connection.send(wire.p_data(wire.pdv(1, request(0x0020, STUDY_FIND, 5), command=True)))
        data = identifier(STUDY_LEVEL) + nested * 2000
        for start in range(0, len(data), 8000):
            connection.send(
                wire.p_data(wire.pdv(1, data[start : start + 8000], command=False, last=start + 8000 >= len(data)))
            )
        assert wire.status_of(responses(connection)[-1][0]) == 0xA900
    assert hospital.process.alive()


# 18. Warnings and failures of the destination are told as they are.


@pytest.mark.parametrize(
    "status", [0xB000, 0xB006, 0xB007, 0x0001, 0x0107, 0x0116, 0xA700, 0xA701, 0xA900, 0xA9FF, 0xC000, 0xCFFF, 0x0110, 0x0124, 0xF123]
)
def test_the_destinations_status_reaches_the_sender(stage, study, status):
    listener = stage.keep(Listener(status=status))
    gateway = stage.store_gateway(listener.port)
    with Wire(gateway.port) as connection:
        connection.associate(contexts=CONTEXTS)
        assert wire.status_of(store(connection, study(1)[0], 2)) == status
        # And the next one is sent all the same.
        assert wire.status_of(store(connection, study(2)[1], 3)) == status


def test_a_response_that_never_comes_ends_with_a_failure_in_time(stage, study):
    listener = stage.keep(Listener(respond=False))
    gateway = stage.store_gateway(listener.port, timeouts={"dimse_response_s": 1})
    started = time.monotonic()
    with Wire(gateway.port) as connection:
        connection.associate(contexts=CONTEXTS)
        image = study(1)[0]
        command = wire.c_store_rq(wire.CT, image.sop_instance.encode(), 2)
        connection.send(wire.p_data(wire.pdv(1, command, command=True), wire.pdv(1, image.data_set(), command=False)))
        answered = connection.read(8)
        assert answered[:1] == bytes([wire.P_DATA])
        assert wire.status_of(wire.parse_command(wire.pdvs(answered)[0][2])) == 0xA700
    assert time.monotonic() - started < 7
