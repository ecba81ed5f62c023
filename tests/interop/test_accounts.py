"""Accounts of the console, changed by the command while the gateway runs."""

import json

from rig import pynet

PASSCODE = "PASSCODE-77190"


def test_a_running_gateway_takes_up_accounts_and_tokens(stage):
    dest = stage.serve(pynet.Destination, "DEST")
    gateway = stage.store_gateway(dest.port)

    def say(*words, **options):
        return gateway.command("user", *words, "--config", gateway.file, **options)

    say("add", "ada", "--role", "pacs-admin", "--by", "root", said=f"{PASSCODE}\n")
    made = say("token", "make", "ada", "--machine", "nightly", "--role", "pacs-admin", "--json")
    token = json.loads(made.stdout)["token"]
    (account,) = json.loads(say("accounts", "--json").stdout)
    assert account["name"] == "ada" and account["roles"] == ["pacs-admin"]
    assert [kept["name"] for kept in account["tokens"]] == ["nightly"]
    assert token not in json.dumps(account)
    assert say("disable", "ada", check=False).returncode == 1
    told = gateway.bodies("account-changed")
    assert [(body["act"], body["token"]) for body in told] == [("added", None), ("token-made", "nightly")]
    assert told[0]["by"] == "root"
    assert (gateway.folder / "keys/accounts.json").stat().st_mode & 0o777 == 0o600
    gateway.stop()
    gateway.verify()
    secrets = [PASSCODE.encode(), token.encode()]
    files = [path.read_bytes() for path in gateway.folder.rglob("*") if path.is_file()]
    assert not any(secret in content for secret in secrets for content in files)
