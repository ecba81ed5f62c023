"""Each role is given what it is for, on pages and by the API, and refused everything else; nobody is given anything."""

import json

import pytest

from console import matrix
from rig.console import PEOPLE
from rig.console import ROLES
from rig.console import passcode

# What is refused for another reason than who asks: there is no such thing, or the contract does not want it.
MAY = (200, 202, 404, 409)


@pytest.fixture(scope="module")
def document(hospital):
    return hospital.console.ask("GET", "/api/v1/openapi.json").json


@pytest.fixture
def own(console):
    """A gateway whose accounts are there, and where commands do no harm."""
    return console().open_for_everybody()


def operations(document: dict):
    for path, methods in document["paths"].items():
        for method in methods:
            yield method.upper(), path


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_its_pages_in_the_menu_and_is_refused_the_others(hospital, visit, role):
    visitor = visit(hospital.console, role)
    page = visitor.page
    menu = page.get_by_role("navigation").get_by_role("link")
    listed = {menu.nth(number).get_attribute("href") for number in range(menu.count())}
    assert listed == {path for path, roles in matrix.PAGES.items() if role in roles}
    visitor.expected = (403,)
    for path, roles in matrix.PAGES.items():
        status = visitor.go(path)
        assert status == (200 if role in roles else 403), (role, path, status)
        heading = page.get_by_role("heading", level=1).inner_text()
        assert (heading == "Not with your roles") == (role not in roles), (role, path, heading)
        assert page.get_by_role("heading", level=1).count() == 1


def test_nobody_sees_a_page(hospital):
    for path in matrix.PAGES:
        reply = hospital.console.ask("GET", path)
        assert reply.status == 303 and reply.headers["Location"].startswith("/sign-in"), (path, reply.status)
        assert hospital.console.ask("GET", path, token="cred_" + "x" * 43).status == 303


def test_every_route_of_the_document_is_in_the_matrix(document):
    told = set(operations(document)) - {matrix.COMMANDS_ROUTE}
    assert told == set(matrix.ROUTES), told ^ set(matrix.ROUTES)


def test_every_command_of_the_document_is_in_the_matrix(document):
    schemas = document["components"]["schemas"]

    def kinds(schema: str, tag: str) -> set[str]:
        return {one["properties"][tag]["enum"][0] for one in schemas[schema]["oneOf"]}

    assert kinds("Command", "command") == {*matrix.ASKED, "change", "account-change"}
    assert kinds("Change", "change") == set(matrix.CHANGED)
    assert kinds("AccountChange", "act") == set(matrix.ACCOUNT_ACTS)


def filled(path: str) -> str:
    for name, value in matrix.PATH_VALUES.items():
        path = path.replace("{" + name + "}", value)
    assert "{" not in path, f"no value for {path}"
    return path


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_answered_its_routes_and_refused_the_others(hospital, document, role):
    for method, path in operations(document):
        if (method, path) == matrix.COMMANDS_ROUTE:
            continue
        body = matrix.BODIES.get((method, path))
        reply = hospital.console.ask(method, filled(path), role=role, body=body)
        if role in matrix.ROUTES[method, path]:
            assert reply.status in MAY, (role, method, path, reply.status, reply.text)
        else:
            assert reply.status == 403, (role, method, path, reply.status, reply.text)
            assert reply.headers["Content-Type"] == "application/problem+json"


def test_a_role_may_give_its_commands_and_no_others(own):
    accounts = json.loads((own.gateway.folder / "keys" / "accounts.json").read_text())
    digest = next(word for word in json.dumps(accounts).split('"') if word.startswith("$argon2id$"))
    for name, command, roles in matrix.commands(digest):
        for role in ROLES:
            reply = own.command(command, role=role)
            expected = MAY if role in roles else (403,)
            assert reply.status in expected, (role, name, reply.status, reply.text)


def test_nobody_is_answered(hospital, document):
    console = hospital.console
    for method, path in operations(document):
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YWRhOmFkYQ=="}, {"Cookie": "credence=x"}):
            reply = console.ask(method, filled(path), headers=headers, body={} if method == "POST" else None)
            assert reply.status == 401, (method, path, headers, reply.status)
            assert reply.headers["WWW-Authenticate"].startswith("Bearer") and reply.json["status"] == 401


def test_a_token_has_no_more_than_its_roles_and_its_account(own):
    own.user("roles", PEOPLE["auditor"], "--role", "auditor", "--role", "pacs-admin")
    token = own.make_token(PEOPLE["auditor"], "auditor", machine="monitor")
    assert own.ask("GET", "/api/v1/me", token=token).json == {"name": "aude", "roles": ["auditor"]}
    command = {"command": "account-change", "by": "", "change": {"act": "disable", "account": "nobody"}}
    assert own.ask("POST", "/api/v1/commands", token=token, body=command).status == 403
    refused = own.user("token", "make", PEOPLE["auditor"], "--machine", "x", "--role", "compliance", check=False)
    assert refused.returncode != 0, "no role that its account has not"
    # A token is kept as a digest.
    for path in (own.gateway.folder / "keys" / "accounts.json", own.gateway.process.log):
        assert token not in path.read_text()


def test_whoever_may_open_the_socket_may_everything(hospital):
    console = hospital.console
    assert console.ask("GET", "/api/v1/me", local=True).json["name"] == "operator"
    for name, roles in matrix.ROUTES.items():
        method, path = name
        if method == "GET":
            assert console.ask(method, filled(path), local=True).status in MAY, path
    mode = (hospital.gateway.data / "control.sock").stat().st_mode & 0o777
    assert mode == 0o600


def test_the_first_link_is_told_to_nobody_by_http_and_works_once(console):
    made = console()
    link = made.set_up_link().removeprefix(made.url)
    secret = link.rpartition("token=")[2]
    for path in ("/", "/sign-in", "/set-up", "/livez", "/readyz", "/api/v1/openapi.json"):
        reply = made.ask("GET", path)
        assert secret not in reply.text and secret not in str(reply.headers), path
    assert made.ask("GET", link).status == 200
    made.make_first_account()
    again = {"token": secret, "name": "eve", "passcode": passcode("eve")}
    refused = (made.ask("GET", link), made.ask("POST", "/set-up", form=again))
    assert [reply.status for reply in refused] == [404, 404] and made.sign_in("eve").status == 401
    assert [change["account"] for change in made.gateway.bodies("account-changed")] == ["ada"]


def test_the_first_link_opens_nothing_where_somebody_has_an_account(console):
    made = console()
    link = made.set_up_link().removeprefix(made.url)
    # By the command line, and the link was not used.
    made.add("ada", "auditor")
    eve = {"token": link.rpartition("token=")[2], "name": "eve", "passcode": passcode("eve")}
    refused = (made.ask("GET", link), made.ask("POST", "/set-up", form=eve))
    assert [reply.status for reply in refused] == [404, 404] and made.sign_in("eve").status == 401
