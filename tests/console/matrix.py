"""Who may do what, written out from what the roles are for, and not from the gateway's own table.

    pacs-admin      peers, routes, queues, echo, logs, and the accounts: runs the machine and sees no patient
    compliance      search, export, disclosures, incidents
    auditor         reads and verifies, and changes nothing
    patient-desk    consents, and one patient's report
    rule-approver   agrees to rules: the second of two persons
"""

from rig.console import APPROVER
from rig.console import AUDITOR
from rig.console import COMPLIANCE
from rig.console import DESK
from rig.console import PACS_ADMIN
from rig.console import ROLES

EVERYBODY = ROLES
HOUSE = (PACS_ADMIN, COMPLIANCE, AUDITOR)
CONTRACT = (*HOUSE, APPROVER)
READERS = (COMPLIANCE, AUDITOR)
PATIENTS = (COMPLIANCE, DESK)

# The menu.
PAGES = {
    "/": EVERYBODY,
    "/transfers": HOUSE,
    "/decisions": CONTRACT,
    "/institutions": CONTRACT,
    "/consents": (*READERS, DESK),
    "/policy": CONTRACT,
    "/reviews": READERS,
    "/audit": READERS,
    "/ledger": HOUSE,
    "/peers": HOUSE,
    "/accounts": HOUSE,
}

# Routes of the API: a route that is not here fails the test that reads the OpenAPI document.
ROUTES = {
    ("GET", "/api/v1/me"): EVERYBODY,
    ("GET", "/api/v1/accounts"): HOUSE,
    ("GET", "/api/v1/associations"): HOUSE,
    ("GET", "/api/v1/charges"): READERS,
    ("GET", "/api/v1/consents"): (*READERS, DESK),
    ("GET", "/api/v1/epochs"): READERS,
    ("GET", "/api/v1/holds"): READERS,
    ("GET", "/api/v1/incidents"): READERS,
    ("GET", "/api/v1/proposals"): CONTRACT,
    ("GET", "/api/v1/queues"): HOUSE,
    ("GET", "/api/v1/queues/{queue}"): HOUSE,
    ("GET", "/api/v1/reviews"): READERS,
    ("GET", "/api/v1/scores"): CONTRACT,
    ("GET", "/api/v1/suspensions"): (COMPLIANCE,),
    ("GET", "/api/v1/alerts"): EVERYBODY,
    ("POST", "/api/v1/consents/search"): PATIENTS,
    ("GET", "/api/v1/decisions"): CONTRACT,
    ("GET", "/api/v1/decisions/{entry}"): CONTRACT,
    ("GET", "/api/v1/decisions/{entry}/line"): CONTRACT,
    ("GET", "/api/v1/decisions/{entry}/proof"): CONTRACT,
    ("POST", "/api/v1/disclosures/search"): PATIENTS,
    ("GET", "/api/v1/entries"): READERS,
    ("GET", "/api/v1/entries/{entry}"): READERS,
    ("POST", "/api/v1/entries/{entry}/details"): (COMPLIANCE,),
    ("GET", "/api/v1/exports"): (COMPLIANCE,),
    ("POST", "/api/v1/exports"): (COMPLIANCE,),
    ("GET", "/api/v1/exports/{export}"): (COMPLIANCE,),
    ("DELETE", "/api/v1/exports/{export}"): (COMPLIANCE,),
    ("GET", "/api/v1/exports/{export}/file"): (COMPLIANCE,),
    ("GET", "/api/v1/institutions"): CONTRACT,
    ("GET", "/api/v1/institutions/{institution}"): CONTRACT,
    ("GET", "/api/v1/ledger"): HOUSE,
    ("GET", "/api/v1/log"): HOUSE,
    ("GET", "/api/v1/peers"): HOUSE,
    ("POST", "/api/v1/peers/{peer}/echo"): (PACS_ADMIN,),
    ("GET", "/api/v1/policy"): CONTRACT,
    ("POST", "/api/v1/policy/check"): (COMPLIANCE, APPROVER),
    ("POST", "/api/v1/policy/backtest"): (COMPLIANCE, APPROVER),
    ("GET", "/api/v1/transfers"): HOUSE,
    ("GET", "/api/v1/transfers/{decision}"): HOUSE,
    ("GET", "/api/v1/verifications"): HOUSE,
    ("POST", "/api/v1/verifications"): HOUSE,
}
# The route whose right is its command's.
COMMANDS_ROUTE = ("POST", "/api/v1/commands")

NOBODY = {"id": "NOBODY-1"}
NEVER = 10**12
DIGEST = "0" * 64
TERMS = {"patient": NOBODY, "effect": "grant", "to": [], "purposes": ["TREATMENT"], "modalities": []}
QUESTION = {
    "verb": "retrieve", "purpose": "TREATMENT", "requester": "st-berta", "requester_ae": "WSB", "recipient": "st-berta",
    "recipient_ae": "WSB", "modalities": ["CT"], "tls": False,
}

# What people ask: the command without what it is about, and who may.
ASKED = {
    "consents": ({"patient": None}, (*READERS, DESK)),
    "reviews": ({}, READERS),
    "incidents": ({}, READERS),
    "policies": ({}, CONTRACT),
    "scores": ({}, CONTRACT),
    "holds": ({}, READERS),
    "epochs": ({}, READERS),
    "checkpoint": ({}, HOUSE),
    "queues": ({}, HOUSE),
    "queue": ({"queue": "no-such", "one_by_one": True}, HOUSE),
    "associations": ({}, HOUSE),
    "disclosures": ({"patient": NOBODY}, PATIENTS),
    "suspensions": ({}, (COMPLIANCE,)),
    "names": ({"patient": NOBODY, "study": None}, PATIENTS),
    "sign-audit": ({"manifest": "not one", "by": ""}, (COMPLIANCE,)),
    "accounts": ({}, HOUSE),
    "decide": ({"question": QUESTION}, CONTRACT),
    "queue-change": ({"change": {"queue": "no-such", "act": "paused", "reason": ""}, "by": ""}, (PACS_ADMIN,)),
}
# The same with a patient who is named.
ASKED_OF_A_PATIENT = {
    "consents": ({"patient": NOBODY}, PATIENTS),
    "decide": ({"question": {**QUESTION, "patient": NOBODY}}, (COMPLIANCE,)),
}

# What people change, in `{"command": "change", "change": …}`.
CHANGED = {
    "consent-grant": ({"terms": TERMS}, (DESK,)),
    "consent-revoke": ({"consent": NEVER}, (DESK,)),
    "revocation-honoured": ({"revocation": NEVER, "institution": "st-berta"}, (DESK,)),
    "patient-merge": ({"patient": NOBODY, "into": NOBODY}, (DESK,)),
    "patient-unlink": ({"patient": NOBODY, "from": NOBODY}, (DESK,)),
    "guardian-name": ({"patient": NOBODY, "guardian": "invented"}, (DESK,)),
    "guardian-end": ({"patient": NOBODY}, (DESK,)),
    "standing-note": ({"patient": NOBODY, "evidence": "grant-kept", "proof": [NEVER]}, (DESK,)),
    "patient-erase": ({"patient": NOBODY, "reason": "objection"}, (COMPLIANCE,)),
    "hold-place": ({"reference": "invented"}, (COMPLIANCE,)),
    "hold-lift": ({"hold": NEVER}, (COMPLIANCE,)),
    "details-drop": ({"epoch": "2026/default"}, (COMPLIANCE,)),
    "disclosures-suspend": (
        {"patient": NOBODY, "recipient": "st-berta", "until": 1, "statement": "written", "reference": "x", "said": "x"}, (COMPLIANCE,),
    ),
    "disclosures-resume": ({"suspension": NEVER}, (COMPLIANCE,)),
    "review-reason": ({"review": NEVER, "reason": "invented"}, (COMPLIANCE,)),
    "review-close": ({"review": NEVER, "justified": True}, (COMPLIANCE,)),
    "incident-report": ({"incident": "purpose-misuse", "institution": "st-berta", "proof": [NEVER], "reference": "x"}, (COMPLIANCE,)),
    "incident-decide": ({"report": NEVER, "upheld": False}, (COMPLIANCE,)),
    "charge-reverse": ({"charge": NEVER}, (COMPLIANCE,)),
    "ceiling-lift": ({"charge": NEVER}, (COMPLIANCE,)),
    "policy-propose": ({"text": "not canonical"}, (COMPLIANCE, APPROVER)),
    "policy-withdraw": ({"sha256": DIGEST}, (COMPLIANCE, APPROVER)),
    "policy-approve": ({"sha256": DIGEST}, (APPROVER,)),
    "policy-activate": ({"sha256": DIGEST}, (APPROVER,)),
}

# What is done to accounts, in `{"command": "account-change", "change": …}`; all of it by whoever runs the machine.
ACCOUNT_ACTS = {
    "add": {"account": "ada", "roles": ["auditor"]},
    "set-roles": {"account": "nobody", "roles": ["auditor"]},
    "set-passcode": {"account": "nobody"},
    "disable": {"account": "nobody"},
    "enable": {"account": "nobody"},
    "remove": {"account": "nobody"},
    "make-token": {"account": "nobody", "name": "rig", "roles": ["auditor"]},
    "revoke-token": {"account": "nobody", "token": "0" * 16},
}


def commands(digest: str) -> list[tuple[str, dict, tuple[str, ...]]]:
    """Every command: what it is called here, its body, who may. `digest` is one of a passcode."""
    found = [
        (name, {"command": name, **about}, roles)
        for table in (ASKED, ASKED_OF_A_PATIENT) for name, (about, roles) in table.items()
    ]
    found += [
        (name, {"command": "change", "by": "", "change": {"change": name, **about}}, roles)
        for name, (about, roles) in CHANGED.items()
    ]
    for act, about in ACCOUNT_ACTS.items():
        change = {"act": act, **about, **({"passcode": digest} if act == "set-passcode" else {})}
        found.append((f"account {act}", {"command": "account-change", "by": "", "change": change}, (PACS_ADMIN,)))
    return found

# What stands in the address of a route, where it must be something; and bodies of routes that have one.
PATH_VALUES = {
    "queue": "archive", "entry": "0", "decision": "0", "export": "0" * 32, "institution": "st-berta", "peer": "archive",
}
NO_RULES = {"rules": [], "schema": "", "credit": ""}
BODIES: dict[tuple[str, str], dict] = {
    ("POST", "/api/v1/consents/search"): NOBODY,
    ("POST", "/api/v1/disclosures/search"): {"patient": NOBODY},
    ("POST", "/api/v1/exports"): {"formats": ["csv"], "filter": {"from": "2999-01-01"}},
    ("POST", "/api/v1/policy/check"): NO_RULES,
    ("POST", "/api/v1/policy/backtest"): {"policy": NO_RULES},
    ("POST", "/api/v1/verifications"): {},
}

# What the links of pages lead to: `*` stands for a number, a digest or a name. A kind of page that is not here fails
# the test that walks along all links.
FURTHER = {
    "/accounts/add": (PACS_ADMIN,),
    "/accounts/me": EVERYBODY,
    "/accounts/one": HOUSE,
    "/accounts/settings": HOUSE,
    "/api/v1/openapi.json": EVERYBODY,
    "/audit/entries/*": READERS,
    "/audit/exports": (COMPLIANCE,),
    "/audit/exports/*/file": (COMPLIANCE,),
    "/consents/*/revoke": (DESK,),
    "/consents/deny": (DESK,),
    "/consents/grant": (DESK,),
    "/consents/guardian": (DESK,),
    "/consents/merge": (DESK,),
    "/consents/print": PATIENTS,
    "/consents/report": PATIENTS,
    "/consents/report.csv": PATIENTS,
    "/consents/report.html": PATIENTS,
    "/consents/standing": (DESK,),
    "/decisions/*": CONTRACT,
    "/decisions/*/line": CONTRACT,
    "/decisions/*/proof": CONTRACT,
    "/institutions/*": CONTRACT,
    "/institutions/*/score": CONTRACT,
    "/ledger/checkpoint": HOUSE,
    "/ledger/ledger.vkey": HOUSE,
    "/metrics": EVERYBODY,
    "/peers/log": HOUSE,
    "/peers/queues/*": HOUSE,
    "/peers/queues/*/drop": (PACS_ADMIN,),
    "/peers/queues/*/release": (PACS_ADMIN,),
    "/policy/proposals/*": CONTRACT,
    "/policy/propose": (COMPLIANCE, APPROVER),
    "/reviews/*": READERS,
    "/reviews/charges/*/lift": (COMPLIANCE,),
    "/reviews/charges/*/reverse": (COMPLIANCE,),
    "/reviews/incidents/new": (COMPLIANCE,),
    "/reviews/records": (COMPLIANCE,),
    "/reviews/records/holds/*/lift": (COMPLIANCE,),
    "/transfers/*": HOUSE,
}

# Where forms are sent that do something, and who may.
FORMS = {
    "/accounts/add": (PACS_ADMIN,),
    "/accounts/me/passcode": EVERYBODY,
    "/accounts/me/sign-out": EVERYBODY,
    "/accounts/one/delete": (PACS_ADMIN,),
    "/accounts/one/disable": (PACS_ADMIN,),
    "/accounts/one/enable": (PACS_ADMIN,),
    "/accounts/one/passcode": (PACS_ADMIN,),
    "/accounts/one/roles": (PACS_ADMIN,),
    "/accounts/one/tokens": (PACS_ADMIN,),
    "/accounts/one/tokens/revoke": (PACS_ADMIN,),
    "/audit/disclosures": PATIENTS,
    "/audit/entries/*": (COMPLIANCE,),
    "/audit/exports": (COMPLIANCE,),
    "/audit/exports/*/cancel": (COMPLIANCE,),
    "/audit/patient": (COMPLIANCE,),
    "/consents/*/revoke": (DESK,),
    "/consents/answered": (DESK,),
    "/consents/deny": (DESK,),
    "/consents/done": PATIENTS,
    "/consents/grant": (DESK,),
    "/consents/guardian": (DESK,),
    "/consents/guardian/end": (DESK,),
    "/consents/merge": (DESK,),
    "/consents/patient": PATIENTS,
    "/consents/standing": (DESK,),
    "/consents/unlink": (DESK,),
    "/decisions/*/patient": (COMPLIANCE,),
    "/decisions/of-patient": (COMPLIANCE,),
    "/institutions/*/echo": (PACS_ADMIN,),
    "/ledger/verification": HOUSE,
    "/peers/echo": (PACS_ADMIN,),
    "/peers/queues/*": (PACS_ADMIN,),
    "/peers/queues/*/drop": (PACS_ADMIN,),
    "/peers/queues/*/release": (PACS_ADMIN,),
    "/policy/proposals/*/activate": (APPROVER,),
    "/policy/proposals/*/approve": (APPROVER,),
    "/policy/proposals/*/try": (COMPLIANCE, APPROVER),
    "/policy/proposals/*/withdraw": (COMPLIANCE, APPROVER),
    "/policy/propose": (COMPLIANCE, APPROVER),
    "/reviews/*/close": (COMPLIANCE,),
    "/reviews/*/reason": (COMPLIANCE,),
    "/reviews/*/show": (COMPLIANCE,),
    "/reviews/charges/*/lift": (COMPLIANCE,),
    "/reviews/charges/*/reverse": (COMPLIANCE,),
    "/reviews/incidents/*/decide": (COMPLIANCE,),
    "/reviews/incidents/new": (COMPLIANCE,),
    "/reviews/records/drop": (COMPLIANCE,),
    "/reviews/records/erase": (COMPLIANCE,),
    "/reviews/records/hold": (COMPLIANCE,),
    "/reviews/records/holds/*/lift": (COMPLIANCE,),
    "/reviews/records/suspend": (COMPLIANCE,),
    "/reviews/records/suspensions/*/resume": (COMPLIANCE,),
    "/transfers/*/retry": (PACS_ADMIN,),
}
# The only ones that do not ask what our own pages know: nothing depends on them.
HARMLESS_FORMS = {"/language"}
# Its session ends by it.
LAST_FORM = "/sign-out"
