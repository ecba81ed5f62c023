"""Users that prove who they are, and those who do not (PS3.7 §D.3.3.7): what is answered, recorded and forwarded."""

import json
import threading
import time

import pytest
from rig import dcmtk
from rig import pynet
from rig import wire
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.process import wait_until
from rig.pynet import user_identity
from rig.tokens import AUDIENCE
from rig.tokens import ISSUER
from rig.tokens import Provider

PASSCODE = "correct horse 77190"
WRONG = "battery staple 55213"
NAME, NAME_AND_PASSCODE, KERBEROS, SAML, TOKEN = range(1, 6)
NOT_ACCEPTED = (1, 2, 1)

LISTED = [("[[user]]", {"name": "er-console", "purpose": "EMERGENCY", "peers": ["modality"], "proof": "required"})]


@pytest.fixture
def provider(tmp_path):
    return Provider(tmp_path / "provider")


@pytest.fixture
def house(stage, provider):
    """`house(user="proven")`: a gateway whose modality has to say so much of its user, and its destination."""

    def make(user: str = "proven", identity: dict | None = None, **options):
        dest = stage.serve(pynet.Destination, "DEST")
        settings = {"passcodes": "passcodes", "jwks": "jwks.json", "issuer": ISSUER, "audience": AUDIENCE, **(identity or {})}
        config = Config(
            [
                Peer("MODALITY", may=["echo", "store"], more={"user": user, "purpose": "TREATMENT"}),
                Peer("DEST", port=dest.port, more={"purpose": "TREATMENT"}),
            ],
            [(["CREDENCE", "CREDENCE_ANY"], ["storage"], "dest", {"delivery": "direct"})],
            aes={"CREDENCE": "TREATMENT", "CREDENCE_ANY": None},
            more=[("[identity]", settings), *options.pop("more", [])],
            **options,
        )
        gateway = Gateway(stage.folder / "gateway", config)
        (gateway.folder / "jwks.json").write_text(json.dumps(provider.jwks()))
        (gateway.folder / "jwks.json").chmod(0o644)
        for name in ["weber", "er-console"]:
            gateway.set_passcode(name, PASSCODE)
        stage.keep(gateway)
        gateway.start()
        gateway.dest = dest
        return gateway

    return make


def associate(gateway, image, item=None, called: str = "CREDENCE"):
    return pynet.associate(
        gateway.port, pynet.contexts_for([image]), calling="MODALITY", called=called, ext_neg=[item] if item else []
    )


def rejection(gateway, item=None) -> tuple[int, int, int]:
    """Result, source and reason of the answer to a request with this identity, byte by byte."""
    more = b""
    if item is not None:
        more = wire.user_identity(item.user_identity_type, item.primary_field, item.secondary_field or b"")
    with wire.Wire(gateway.port) as raw:
        answer = raw.associate(contexts=wire.context(1, wire.CT), user=wire.user_information(more=more))
    assert answer[:1] == bytes([wire.ASSOCIATE_RJ]), answer[:16]
    return tuple(answer[7:10])


def users(gateway) -> list:
    return [body["request"]["user"] for body in gateway.bodies("decision")]


def refusals(gateway) -> list[str]:
    """What the ledger was told; it is told without waiting."""

    def told() -> list[str]:
        return [body["text"] for body in gateway.bodies("alert") if body["code"] == "user-refused"]

    wait_until(told, timeout_s=10, what="an alert")
    return told()


def nowhere(gateway, *secrets: bytes) -> bool:
    """No file of the gateway's, its log among them, has one of these."""
    files = [path for path in gateway.folder.rglob("*") if path.is_file()]
    assert files
    return not any(secret in path.read_bytes() for path in files for secret in secrets)


def sends(gateway, image, item, called: str = "CREDENCE") -> None:
    association = associate(gateway, image, item, called)
    assert association.is_established
    assert pynet.store_raw(association, image) == 0
    association.release()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_proves_its_user(house, study, provider, algorithm):
    gateway, image = house(), study(1)[0]
    token = provider.token(algorithm)
    sends(gateway, image, user_identity(TOKEN, token))
    assert users(gateway) == [{"name": "weber", "proof": "token"}]
    assert nowhere(gateway, token)


def test_a_passcode_proves_its_user(house, study):
    gateway, image = house(), study(1)[0]
    sends(gateway, image, user_identity(NAME_AND_PASSCODE, b"weber", PASSCODE.encode()))
    assert users(gateway) == [{"name": "weber", "proof": "passcode"}]
    assert nowhere(gateway, PASSCODE.encode())
    assert gateway.dest.requests[-1].user_information is not None
    kinds = {type(item).__name__ for item in gateway.dest.requests[-1].user_information}
    assert "UserIdentityNegotiation" not in kinds, "the destination learns nothing of the user"


REFUSED = {
    "nobody": (lambda p: None, "names no user"),
    "a name alone": (lambda p: user_identity(NAME, b"weber"), "without the proof"),
    "a wrong passcode": (lambda p: user_identity(NAME_AND_PASSCODE, b"weber", WRONG.encode()), "not that of user weber"),
    "an unknown user": (lambda p: user_identity(NAME_AND_PASSCODE, b"nobody", PASSCODE.encode()), "not in the file"),
    "a Kerberos ticket": (lambda p: user_identity(KERBEROS, b"ticket"), "Kerberos"),
    "a SAML assertion": (lambda p: user_identity(SAML, b"<assertion/>"), "SAML"),
    "an expired token": (lambda p: user_identity(TOKEN, p.token(exp=int(time.time()) - 60)), "expired"),
    "a token from tomorrow": (lambda p: user_identity(TOKEN, p.token(nbf=int(time.time()) + 600)), "not valid yet"),
    "a token without expiry": (lambda p: user_identity(TOKEN, p.token(exp=None)), "without an expiry"),
    "another audience": (lambda p: user_identity(TOKEN, p.token(aud="pacs")), "another audience"),
    "another issuer": (lambda p: user_identity(TOKEN, p.token(iss="https://evil.example.org")), "another issuer"),
    "another's key": (lambda p: user_identity(TOKEN, Provider(p.folder, "foreign").token()), "signature is wrong"),
    "an unknown key": (lambda p: user_identity(TOKEN, p.token(header={"kid": "who"})), "does not have"),
    "no signature": (lambda p: user_identity(TOKEN, p.token("none")), "no algorithm of the list"),
    "the public key as secret": (lambda p: user_identity(TOKEN, p.token("HS256")), "no algorithm of the list"),
    "the public key as secret, unnamed": (lambda p: user_identity(TOKEN, p.token("HS256", {"kid": None})), "no algorithm"),
    "critical extensions": (lambda p: user_identity(TOKEN, p.token(header={"crit": ["b64"], "b64": False})), "critical"),
    "no token": (lambda p: user_identity(TOKEN, b"weber"), "not a JSON Web Token"),
    "a token without user": (lambda p: user_identity(TOKEN, p.token(sub=None)), "names no user"),
    "a long token": (lambda p: user_identity(TOKEN, p.token(more="x" * 16384)), "more than 16384 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_proves_nothing_is_rejected_and_told_of(house, provider, name):
    gateway = house()
    make, says = REFUSED[name]
    item = make(provider)
    assert rejection(gateway, item) == NOT_ACCEPTED
    told = refusals(gateway)
    assert len(told) == 1 and says in told[0] and "modality" in told[0], told
    assert gateway.bodies("decision") == []
    assert gateway.dest.requests == [], "not so much as an association"
    secrets = [WRONG.encode(), PASSCODE.encode()]
    if item is not None and item.user_identity_type == TOKEN and len(item.primary_field) > 10:
        secrets.append(item.primary_field)
    assert nowhere(gateway, *secrets)


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in ("nobody", "a name alone")])
def test_what_is_wrong_is_rejected_of_a_peer_that_need_not_say_anything(house, provider, name):
    gateway = house(user="none")
    assert rejection(gateway, REFUSED[name][0](provider)) == NOT_ACCEPTED
    assert len(refusals(gateway)) == 1
    assert gateway.dest.requests == []


def test_a_peer_that_needs_a_name_gives_one(house, study):
    gateway, image = house(user="name"), study(1)[0]
    assert rejection(gateway) == NOT_ACCEPTED
    assert rejection(gateway, user_identity(NAME, b"\xff\xfe")) == NOT_ACCEPTED
    sends(gateway, image, user_identity(NAME, b"night shift"))
    assert users(gateway) == [{"name": "night shift", "proof": "none"}]


@pytest.mark.parametrize("proven", [True, False])
def test_a_purpose_by_a_user_needs_its_proof(house, study, proven):
    gateway, image = house(user="none", more=LISTED), study(1)[0]
    item = user_identity(NAME_AND_PASSCODE, b"er-console", PASSCODE.encode()) if proven else user_identity(NAME, b"er-console")
    sends(gateway, image, item, called="CREDENCE_ANY")
    asked = [body["request"]["purpose"] for body in gateway.bodies("decision")]
    assert asked == ["EMERGENCY" if proven else "TREATMENT"]


def response(gateway, image, item) -> bytes | None:
    association = associate(gateway, image, item)
    assert association.is_established
    answer = association.acceptor.user_identity
    association.release()
    return None if answer is None else answer.server_response


@pytest.mark.parametrize("asks", [True, False])
def test_a_positive_response_is_given_when_it_is_asked_for(house, study, provider, asks):
    gateway, image = house(user="none"), study(1)[0]
    expected = b"" if asks else None
    assert response(gateway, image, user_identity(NAME, b"weber", response=asks)) == expected
    assert response(gateway, image, user_identity(NAME_AND_PASSCODE, b"weber", PASSCODE.encode(), asks)) == expected
    assert response(gateway, image, user_identity(TOKEN, provider.token(), response=asks)) == expected
    assert associate(gateway, image).acceptor.user_identity is None


def test_the_response_item_is_as_the_standard_draws_it(house):
    gateway = house(user="none")
    item = wire.user_identity(NAME_AND_PASSCODE, b"weber", PASSCODE.encode(), True)
    with wire.Wire(gateway.port) as raw:
        answer = raw.associate(user=wire.user_information(more=item))
    # Item length 2: a server response of length 0 (PS3.7 Table D.3-15).
    assert wire.user_items(answer)[0x59] == [b"\x00\x00"]


def test_pynetdicom_hears_that_its_user_is_not_accepted(house, study):
    gateway, image = house(), study(1)[0]
    association = associate(gateway, image, user_identity(NAME_AND_PASSCODE, b"weber", WRONG.encode()))
    assert not association.is_established
    assert len(refusals(gateway)) == 1 and gateway.dest.requests == []


@pytest.mark.parametrize("words", [["-usr", "weber", "-pwd", PASSCODE, "-rsp"], ["-usr", "weber", "-pwd", WRONG]])
def test_storescu_with_a_passcode(house, study, words):
    gateway = house()
    done = dcmtk.storescu(gateway.port, [study(1)[0].path], *words, calling="MODALITY")
    if PASSCODE in words:
        assert done.returncode == 0, done.stdout
        assert len(gateway.dest.arrivals) == 1
    else:
        assert done.returncode != 0
        assert "Rejected Permanent" in done.stdout, done.stdout
        assert gateway.dest.requests == []


def test_the_file_counts_as_it_stands(house, study, provider):
    gateway, image = house(), study(1)[0]
    item = user_identity(NAME_AND_PASSCODE, b"weber", PASSCODE.encode())
    sends(gateway, image, item)
    gateway.command("user", "remove", "weber", "--config", gateway.file)
    assert rejection(gateway, item) == NOT_ACCEPTED
    gateway.set_passcode("weber", WRONG)
    assert rejection(gateway, item) == NOT_ACCEPTED
    sends(gateway, image, user_identity(NAME_AND_PASSCODE, b"weber", WRONG.encode()))
    # A new key of the provider, in place of the old one.
    token = user_identity(TOKEN, provider.token())
    sends(gateway, image, token)
    (gateway.folder / "jwks.json").write_text(json.dumps(Provider(gateway.folder.parent / "new").jwks()))
    assert rejection(gateway, token) == NOT_ACCEPTED
    # What others can read or write is not believed, and it is not the user's fault.
    (gateway.folder / "passcodes").chmod(0o644)
    assert rejection(gateway, item) == (2, 1, 1)
    assert any("chmod 600" in text for text in refusals(gateway))


def test_users_are_listed_and_short_passcodes_refused(house):
    gateway = house()
    listed = gateway.command("user", "list", "--config", gateway.file, "--json").stdout
    assert json.loads(listed) == {"users": ["er-console", "weber"]}
    done = gateway.set_passcode("adler", "short", check=False)
    assert done.returncode == 1 and "at least 12 characters" in done.stderr
    assert gateway.command("user", "remove", "adler", "--config", gateway.file, check=False).returncode == 1
    assert (gateway.folder / "passcodes").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("spoil", ["exposed", "damaged", "absent", "private key"])
def test_a_gateway_that_could_verify_nobody_does_not_start(house, provider, spoil):
    gateway = house()
    gateway.stop()
    passcodes, keys = gateway.folder / "passcodes", gateway.folder / "jwks.json"
    match spoil:
        case "exposed":
            passcodes.chmod(0o640)
        case "damaged":
            passcodes.write_text(f"weber:{PASSCODE}\n")
        case "absent":
            keys.unlink()
        case "private key":
            keys.write_text(json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}))
    done = gateway.command("serve", "--config", gateway.file, check=False)
    assert done.returncode != 0
    assert "identity." in done.stderr and PASSCODE not in done.stderr, done.stderr


def test_a_flood_of_passcodes_is_served_in_turn_and_told_of_once(house, study):
    gateway, image = house(user="none"), study(1)[0]
    answers: list = []

    def guess(number: int) -> None:
        item = user_identity(NAME_AND_PASSCODE, b"weber", f"guess number {number:06}".encode())
        answers.append(rejection(gateway, item))

    guesses = [threading.Thread(target=guess, args=(number,)) for number in range(40)]
    for thread in guesses:
        thread.start()
    # Others are served meanwhile.
    sends(gateway, image, None)
    for thread in guesses:
        thread.join()
    assert set(answers) <= {NOT_ACCEPTED, (2, 3, 1)} and NOT_ACCEPTED in answers
    assert len(refusals(gateway)) <= 2, "one for each reason within a minute"
    sends(gateway, image, user_identity(NAME_AND_PASSCODE, b"weber", PASSCODE.encode()))


def test_an_unknown_user_takes_as_long_as_a_known_one(house):
    gateway = house(user="none")

    def times(name: bytes) -> list[float]:
        taken = []
        for _ in range(7):
            begin = time.monotonic()
            assert rejection(gateway, user_identity(NAME_AND_PASSCODE, name, WRONG.encode())) == NOT_ACCEPTED
            taken.append(time.monotonic() - begin)
        return sorted(taken)

    known, unknown = times(b"weber"), times(b"nobody")
    assert unknown[0] > known[0] / 2 and known[0] > unknown[0] / 2, (known, unknown)
