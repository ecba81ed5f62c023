"""P-DATA byte by byte: fragments, lengths, garbage, and what they may cost (PS3.8 §9.3, Annex D)."""

import struct
import time

import pytest

from rig import images
from rig import wire
from rig.gateway import Peer
from rig.listener import Listener
from rig.wire import Wire

CONTEXT_CT = wire.context(1, wire.CT, [wire.EXPLICIT])


@pytest.fixture
def destination(stage):
    return stage.keep(Listener())


@pytest.fixture
def gateway(stage, destination):
    return stage.store_gateway(destination.port, timeouts={"artim_s": 1})


@pytest.fixture
def associated(gateway):
    with Wire(gateway.port) as connection:
        answered = connection.associate(contexts=CONTEXT_CT + wire.context(3))
        assert answered[:1] == bytes([wire.ASSOCIATE_AC])
        connection.max_length = struct.unpack(">I", wire.user_items(answered)[0x51][0])[0]
        yield connection


def echo_works(connection) -> None:
    connection.send(wire.p_data(wire.pdv(3, wire.c_echo_rq(77), command=True)))
    context_id, answered = connection.read_command()
    assert (context_id, wire.status_of(answered), answered[0x0120]) == (3, 0, wire.us(77))


# 6. Maximum length.


@pytest.mark.parametrize("max_length", [4096, 16384, 131072])
def test_no_pdu_exceeds_what_the_destination_announced(stage, study, max_length):
    listener = stage.keep(Listener(max_length=max_length))
    gateway = stage.store_gateway(listener.port)
    image = study(1, pixel_bytes=500_000)[0]
    with Wire(gateway.port) as connection:
        connection.associate(contexts=CONTEXT_CT)
        store(connection, image, piece=60_000)
        assert wire.status_of(connection.read_command()[1]) == 0
        connection.release()
    heard = listener.heard[-1]
    data = [sent for sent in heard.pdus if sent[0] == wire.P_DATA]
    # The maximum counts everything but the six bytes of the PDU header (PS3.8 §D.1).
    assert max(len(sent) - 6 for sent in data) <= max_length
    assert all(len(piece) % 2 == 0 for sent in data for _, _, piece in wire.pdvs(sent))
    assert heard.data_sets[0][1] == image.data_set()


def test_a_destination_without_a_maximum_gets_pdus_of_a_bounded_size(stage, study):
    listener = stage.keep(Listener(max_length=0))
    gateway = stage.store_gateway(listener.port)
    image = study(1, pixel_bytes=2_000_000)[0]
    with Wire(gateway.port) as connection:
        connection.associate(contexts=CONTEXT_CT)
        store(connection, image, piece=16_000)
        assert wire.status_of(connection.read_command()[1]) == 0
    heard = listener.heard[-1]
    assert max(len(sent) for sent in heard.pdus) <= 1 << 20
    assert heard.data_sets[0][1] == image.data_set()


def test_a_peers_cap_holds_below_what_it_announced(stage, study):
    listener = stage.keep(Listener(max_length=131072))
    gateway = stage.store_gateway(listener.port, destination={"pdu_bytes_max": 16384})
    image = study(1, pixel_bytes=500_000)[0]
    with Wire(gateway.port) as connection:
        connection.associate(contexts=CONTEXT_CT)
        store(connection, image, piece=60_000)
        assert wire.status_of(connection.read_command()[1]) == 0
    assert max(len(sent) - 6 for sent in listener.heard[-1].pdus) <= 16384


def test_an_announced_maximum_is_never_zero(associated):
    assert 4096 <= associated.max_length <= 1 << 20


def store(connection, image, piece: int, context_id: int = 1, message_id: int = 1) -> None:
    data = image.data_set()
    command = wire.c_store_rq(image.sop_class.encode(), image.sop_instance.encode(), message_id)
    connection.send(wire.p_data(wire.pdv(context_id, command, command=True)))
    for start in range(0, len(data), piece):
        connection.send(
            wire.p_data(wire.pdv(context_id, data[start : start + piece], command=False, last=start + piece >= len(data)))
        )


# 7. Fragments.


def test_command_and_data_set_may_share_one_pdu(associated, destination, study):
    image = study(1)[0]
    command = wire.c_store_rq(wire.CT, image.sop_instance.encode())
    associated.send(
        wire.p_data(wire.pdv(1, command, command=True), wire.pdv(1, image.data_set(), command=False))
    )
    assert wire.status_of(associated.read_command()[1]) == 0
    assert destination.heard[-1].data_sets[0][1] == image.data_set()


def test_a_command_and_a_data_set_may_span_many_fragments(associated, destination, study):
    image = study(1, pixel_bytes=512)[0]
    for data, command in ((wire.c_store_rq(wire.CT, image.sop_instance.encode()), True), (image.data_set(), False)):
        for start in range(0, len(data), 2):
            last = start + 2 >= len(data)
            associated.send(wire.p_data(wire.pdv(1, data[start : start + 2], command=command, last=last)))
    assert wire.status_of(associated.read_command()[1]) == 0
    assert destination.heard[-1].data_sets[0][1] == image.data_set()


def test_a_pdu_may_arrive_byte_by_byte(associated):
    for byte in wire.p_data(wire.pdv(3, wire.c_echo_rq(5), command=True)):
        associated.send(bytes([byte]))
    assert wire.status_of(associated.read_command()[1]) == 0


def test_many_small_pdvs_in_one_pdu_are_one_message(associated):
    command = wire.c_echo_rq(6)
    pieces = [command[start : start + 4] for start in range(0, len(command), 4)]
    associated.send(
        wire.p_data(*(wire.pdv(3, piece, command=True, last=n + 1 == len(pieces)) for n, piece in enumerate(pieces)))
    )
    assert wire.status_of(associated.read_command()[1]) == 0


def test_an_empty_last_fragment_ends_a_data_set(associated, destination, study):
    image = study(1)[0]
    associated.send(wire.p_data(wire.pdv(1, wire.c_store_rq(wire.CT, image.sop_instance.encode()), command=True)))
    associated.send(wire.p_data(wire.pdv(1, image.data_set(), command=False, last=False)))
    associated.send(wire.p_data(wire.pdv(1, b"", command=False, last=True)))
    assert wire.status_of(associated.read_command()[1]) == 0
    assert destination.heard[-1].data_sets[0][1] == image.data_set()


def test_messages_are_never_interleaved(associated, study):
    image = study(1)[0]
    associated.send(wire.p_data(wire.pdv(1, wire.c_store_rq(wire.CT, image.sop_instance.encode()), command=True)))
    associated.send(wire.p_data(wire.pdv(1, image.data_set()[:600], command=False, last=False)))
    associated.send(wire.p_data(wire.pdv(3, wire.c_echo_rq(2), command=True)))
    assert associated.read() == wire.aborted(2, 6)


def test_a_data_set_that_no_command_announced_is_an_abort(associated):
    associated.send(wire.p_data(wire.pdv(1, b"\x08\x00" * 4, command=False)))
    assert associated.read() == wire.aborted(2, 6)


# 12. What ends an association.


def test_p_data_over_the_negotiated_maximum_is_aborted(associated):
    length = associated.max_length + 2
    associated.send(struct.pack(">BBI", 4, 0, length) + wire.pdv(1, bytes(1000), command=False, length=length - 4))
    assert associated.read() == wire.aborted(2, 6)


@pytest.mark.parametrize("length", [0, 1])
def test_a_pdv_shorter_than_its_header_is_aborted(associated, length):
    associated.send(wire.pdu(wire.P_DATA, struct.pack(">I", length) + bytes(length)))
    assert associated.read() == wire.aborted(2, 6)


def test_a_p_data_without_a_pdv_is_aborted(associated):
    associated.send(wire.pdu(wire.P_DATA, b""))
    assert associated.read() == wire.aborted(2, 6)


def test_a_pdv_longer_than_its_pdu_is_aborted(associated):
    associated.send(wire.p_data(wire.pdv(3, wire.c_echo_rq(), command=True, length=5000)))
    assert associated.read() == wire.aborted(2, 6)


@pytest.mark.parametrize("rest", [1, 3, 5])
def test_a_pdu_with_a_broken_rest_behind_its_pdv_is_aborted(associated, rest):
    associated.send(wire.p_data(wire.pdv(3, wire.c_echo_rq(), command=True), bytes(rest)))
    # The first message is whole, so that its answer may come before the abort.
    answered = associated.read()
    while answered[:1] == bytes([wire.P_DATA]):
        answered = associated.read()
    assert answered == wire.aborted(2, 6)


@pytest.mark.parametrize("context_id", [5, 2, 0, 255])
def test_a_context_that_was_not_accepted_is_aborted(associated, context_id):
    associated.send(wire.p_data(wire.pdv(context_id, wire.c_echo_rq(), command=True)))
    assert associated.read() == wire.aborted(2, 5)


@pytest.mark.parametrize("kind", [0, 8, 0x47, 0xFF])
def test_an_unknown_pdu_is_aborted(associated, kind):
    associated.send(wire.pdu(kind, bytes(4)))
    assert associated.read() == wire.aborted(2, 1)


@pytest.mark.parametrize(
    "sent",
    [
        wire.associate_rq(),
        wire.pdu(wire.ASSOCIATE_RJ, bytes([0, 1, 1, 1])),
        wire.RELEASE_RESPONSE,
        wire.pdu(wire.ASSOCIATE_AC, wire.associate_rq()[6:]),
    ],
)
def test_an_unexpected_pdu_is_aborted(associated, sent):
    associated.send(sent)
    assert associated.read() == wire.aborted(2, 2)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"\x01\x00\xff\xff\xff\xff" + bytes(64),
        b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x03",
        b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00",
        b"\x02\x00\x00\x00\x00\x04\x00\x00\x00\x00",
        bytes(10),
        b"\xff" * 40,
    ],
    ids=["http", "tls", "4 GiB", "p-data", "release", "associate-ac", "zeros", "ones"],
)
def test_what_comes_before_an_association_and_is_none_is_aborted(gateway, garbage):
    with Wire(gateway.port) as connection:
        connection.send(garbage)
        assert connection.read(5) == wire.aborted(0, 0)
        # The peer is to close; if it does not, ARTIM (one second here) does.
        assert connection.closed_within(3)


def test_a_length_is_not_believed_before_its_bytes_have_come(gateway):
    def resident() -> int:
        return gateway.process.peak_memory_bytes()

    with Wire(gateway.port) as connection:
        connection.associate()
    before = resident()
    connections = [Wire(gateway.port) for _ in range(50)]
    for connection in connections:
        connection.send(b"\x01\x00\x7f\xff\xff\xff" + bytes(100))
    time.sleep(0.5)
    # At most 64 KiB each, plus what the runtime needs for a connection.
    assert resident() - before <= 50 * (64 + 64) * 1024
    for connection in connections:
        connection.socket.close()


def test_a_long_associate_request_within_64_kib_is_read(gateway):
    syntaxes = [wire.IMPLICIT] + [b"1.2.840.10008.1.2.4.%d" % n for n in range(50, 61)]
    contexts = b"".join(wire.context(n, wire.CT, syntaxes) for n in range(1, 256, 2))
    assert 40_000 < len(contexts) < 65_000
    with Wire(gateway.port) as connection:
        answered = wire.accepted_contexts(connection.associate(contexts=contexts))
    assert {result for result, _ in answered.values()} == {0}


def test_a_peer_that_stops_in_the_middle_of_a_pdu_does_not_hold_the_association_for_ever(stage, destination):
    gateway = stage.store_gateway(destination.port, timeouts={"idle_s": 1, "dimse_response_s": 1, "artim_s": 1})
    with Wire(gateway.port) as connection:
        connection.associate()
        connection.send(b"\x04\x00\x00\x00\x00\x40\x00\x00")
        assert connection.read(6) == wire.aborted(0, 0)
        assert connection.closed_within(6)


def test_other_associations_do_not_notice_a_hostile_one(gateway, associated, destination):
    with Wire(gateway.port) as hostile:
        hostile.send(b"\xff" * 100_000)
        echo_works(associated)


def test_a_peer_without_any_right_to_store_is_refused_the_contexts(stage, destination):
    gateway = stage.store_gateway(destination.port, peers=[Peer("ECHOER", may=["echo"])])
    with Wire(gateway.port) as connection:
        answered = connection.associate(calling=b"ECHOER", contexts=CONTEXT_CT + wire.context(3))
        accepted = wire.accepted_contexts(answered)
        assert accepted[1][0] != 0
        assert accepted[3][0] == 0


def test_what_the_data_set_says_of_itself_must_be_what_the_command_says(associated, destination, study):
    image = study(1)[0]
    command = wire.c_store_rq(wire.CT, images.uid(9, 9, 9).encode())
    associated.send(wire.p_data(wire.pdv(1, command, command=True), wire.pdv(1, image.data_set(), command=False)))
    assert wire.status_of(associated.read_command()[1]) == 0xA900
    assert destination.heard[-1].data_sets == []
