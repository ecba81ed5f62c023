"""The AuditEvents of every kind of ledger entry, read by software that is not ours, and held to IHE BALP.

The events are those of `fixtures/audit/AuditEvent.ndjson`, which a test of `src/audit/fhir` compares byte by byte with
what is written. They are of FHIR R4 (4.0.1). `fhir.resources` has R4B (4.3.0) but not R4; their AuditEvents have the
same elements, cardinalities and types. It checks structure and types, but neither terminology nor profiles: those of
BALP 1.1.4 are checked here one by one, in the order of their sources (IHE/ITI.BasicAudit, input/fsh/Disclose.fsh and
AuthZ.fsh), and each check has an event that it must not let pass.
"""

import copy
import json
import re
from pathlib import Path

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

FILE = Path(__file__).resolve().parents[2] / "fixtures" / "audit" / "AuditEvent.ndjson"
EVENTS = [json.loads(line) for line in FILE.read_text().splitlines()]

BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
SOURCE = BALP + "PrivacyDisclosure.Source"
RECIPIENT = BALP + "PrivacyDisclosure.Recipient"
AUTHZ = BALP + "AuthZconsent"

DCM = "http://dicom.nema.org/resources/ontology/DCM"
DISCLOSE = ("http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose")
AUTHZ_SUBTYPES = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
PERSON = ("http://terminology.hl7.org/CodeSystem/audit-entity-type", "1")
PATIENT = ("http://terminology.hl7.org/CodeSystem/object-role", "1")
CONSENT = ("http://hl7.org/fhir/resource-types", "Consent")
TOKEN = ("https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes", "UserOauthAgent")
AGENT_CUSTODIAN = ("http://snomed.info/sct", "159541003")
AGENT_AUTHORIZER = ("http://snomed.info/sct", "429577009")
CLIENT = (DCM, "110150")
USER = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
USER_ORGANIZATION = ("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV")
AUTHORIZER = ("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver")
AGENT_ELEMENTS = ["role", "altId", "name", "location", "policy", "media", "network", "purposeOfUse"]


def profile_of(event):
    profiles = event.get("meta", {}).get("profile", [])
    assert len(profiles) <= 1
    return profiles[0] if profiles else None


def of_profile(profile):
    return [event for event in EVENTS if profile_of(event) == profile]


def coded(coding):
    return (coding.get("system"), coding.get("code"))


def agents(event, kind):
    """The slice of agents whose type has this pattern."""
    return [agent for agent in event["agent"] if kind in map(coded, agent.get("type", {}).get("coding", []))]


def entities(event, kind):
    return [entity for entity in event.get("entity", []) if coded(entity.get("type", {})) == kind]


def who(agent):
    return bool(agent.get("who"))


def only(found):
    return found[0] if len(found) == 1 else {}


# --- the base resource ------------------------------------------------------------------------

INSTANT = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
)


def values(node):
    if isinstance(node, dict):
        for value in node.values():
            yield from values(value)
    elif isinstance(node, list):
        yield node
        for value in node:
            yield from values(value)
    else:
        yield node


def is_fhir_value(value):
    """No null, no empty array, no empty string, no control characters (R4, JSON and datatypes)."""
    if isinstance(value, str):
        return bool(value.strip()) and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", value)
    return value not in (None, [], {})


BASE = {
    "resourceType": lambda e: e["resourceType"] == "AuditEvent",
    "id": lambda e: re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", e["id"]),
    "type of DICOM": lambda e: re.fullmatch("1101[0-9]{2}", e["type"]["code"]) and e["type"]["system"] == DCM,
    "action": lambda e: e["action"] in "CRUDE",
    "recorded": lambda e: INSTANT.fullmatch(e["recorded"]),
    "outcome": lambda e: e.get("outcome") in ("0", "4", "8", "12"),
    "agent 1..*": lambda e: len(e["agent"]) >= 1,
    "requestor 1..1": lambda e: all(isinstance(a["requestor"], bool) for a in e["agent"]),
    "one initiator at most": lambda e: sum(a["requestor"] is True for a in e["agent"]) <= 1,
    "source.observer 1..1": lambda e: bool(e["source"]["observer"]),
    "values": lambda e: all(is_fhir_value(value) for value in values(e)),
    "sev-1": lambda e: not any("name" in x and "query" in x for x in e.get("entity", [])),
    "detail 1..1": lambda e: all(
        d["type"] and d["valueString"] for x in e.get("entity", []) for d in x.get("detail", [])
    ),
    "modifierExtension 0..0": lambda e: "modifierExtension" not in e,
}

# --- BALP -------------------------------------------------------------------------------------


def audit_source(event, kind):
    """val-audit-source: $this.who = %resource.source.observer."""
    return only(agents(event, kind)).get("who") == event["source"]["observer"]


def patient_entity(event):
    found = entities(event, PERSON)
    return len(found) == 1 and coded(found[0].get("role", {})) == PATIENT and bool(found[0].get("what"))


def patient_reference(event):
    """what only Reference(Patient): a logical reference says so by its type."""
    return only(entities(event, PERSON)).get("what", {}).get("type") == "Patient"


def disclosure(kind, action, own):
    source, recipient = (DCM, "110153"), (DCM, "110152")
    return {
        "type": lambda e: coded(e["type"]) == (DCM, kind),
        "action": lambda e: e["action"] == action,
        "subtype:disclosure": lambda e: sum(coded(s) == DISCLOSE for s in e.get("subtype", [])) == 1,
        "outcome 1..1": lambda e: "outcome" in e,
        "agent 2..*": lambda e: len(e["agent"]) >= 2,
        "agent:source 1..1": lambda e: len(agents(e, source)) == 1,
        "agent:source.who": lambda e: who(only(agents(e, source))),
        "agent:source.network": lambda e: bool(only(agents(e, source)).get("network")),
        "agent:recipient 1..1": lambda e: len(agents(e, recipient)) == 1,
        "agent:recipient.who": lambda e: who(only(agents(e, recipient))),
        "agent:recipient.network": lambda e: bool(only(agents(e, recipient)).get("network")),
        "agent:custodian 0..1": lambda e: len(agents(e, AGENT_CUSTODIAN)) <= 1,
        "agent:authorizer 0..1": lambda e: len(agents(e, AGENT_AUTHORIZER)) <= 1,
        "val-audit-source": lambda e: audit_source(e, (DCM, own)),
        "entity 2..*": lambda e: len(e.get("entity", [])) >= 2,
        "entity:patient 1..1": patient_entity,
        "entity:patient.what": patient_reference,
    }


def none_of(kind, *elements):
    return lambda e: not any(element in agent for agent in agents(e, kind) for element in elements)


def without(*kept):
    return [element for element in AGENT_ELEMENTS if element not in kept]


CHECKS = {
    SOURCE: disclosure("110106", "R", "110153"),
    RECIPIENT: disclosure("110107", "C", "110152"),
    AUTHZ: {
        "type": lambda e: coded(e["type"]) == (DCM, "110113"),
        "subtype 1..*": lambda e: len(e.get("subtype", [])) >= 1,
        "subtype from AuthZsubTypeVS": lambda e: all(
            s["system"] == AUTHZ_SUBTYPES and s["code"] in ("AuthZ-Consent", "AuthZ-Role")
            for s in e.get("subtype", [])
        ),
        "action": lambda e: e["action"] == "E",
        "outcome 1..1": lambda e: "outcome" in e,
        "agent 2..*": lambda e: len(e["agent"]) >= 2,
        "agent:client 1..1": lambda e: len(agents(e, CLIENT)) == 1,
        "agent:client.who": lambda e: who(only(agents(e, CLIENT))),
        "agent:client.network": lambda e: bool(only(agents(e, CLIENT)).get("network")),
        "agent:client 0..0": none_of(CLIENT, *without("network", "policy")),
        "agent:user 1..1": lambda e: len(agents(e, USER)) == 1,
        "agent:user.who": lambda e: who(only(agents(e, USER))),
        "agent:user.requestor": lambda e: only(agents(e, USER)).get("requestor") is True,
        "agent:user 0..0": none_of(USER, "altId", "location", "media", "network"),
        "agent:userorg 1..1": lambda e: len(agents(e, USER_ORGANIZATION)) == 1,
        "agent:userorg.who": lambda e: who(only(agents(e, USER_ORGANIZATION))),
        "agent:userorg.requestor": lambda e: only(agents(e, USER_ORGANIZATION)).get("requestor") is False,
        "agent:userorg 0..0": none_of(USER_ORGANIZATION, *without("purposeOfUse")),
        "agent:authorizer 1..1": lambda e: len(agents(e, AUTHORIZER)) == 1,
        "agent:authorizer.who": lambda e: who(only(agents(e, AUTHORIZER))),
        "agent:authorizer.requestor": lambda e: only(agents(e, AUTHORIZER)).get("requestor") is False,
        "agent:authorizer 0..0": none_of(AUTHORIZER, *without()),
        "val-audit-source": lambda e: audit_source(e, AUTHORIZER),
        "entity 2..*": lambda e: len(e.get("entity", [])) >= 2,
        "entity:patient 1..1": patient_entity,
        "entity:patient.what": patient_reference,
        "entity:consent 1..*": lambda e: len(entities(e, CONSENT)) >= 1,
        "entity:consent.what": lambda e: all(entity.get("what") for entity in entities(e, CONSENT)),
        "entity:token 0..1": lambda e: len(entities(e, TOKEN)) <= 1,
        "entity closed": lambda e: all(
            coded(entity["type"]) in (PERSON, CONSENT, TOKEN) for entity in e["entity"]
        ),
    },
    None: {},
}


def faults(event):
    """The names of what an event does not keep."""
    checks = {**BASE, **CHECKS[profile_of(event)]}
    return {name for name, kept in checks.items() if not kept(event)}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event["id"])
def test_an_event_is_an_audit_event_and_keeps_its_profile(event):
    AuditEvent.model_validate_json(json.dumps(event))
    assert faults(event) == set()


def test_every_profile_has_events():
    for profile in CHECKS:
        assert len(of_profile(profile)) >= 2


def test_ids_are_unique():
    assert len({event["id"] for event in EVENTS}) == len(EVENTS)


def test_a_bundle_of_them_is_a_bundle():
    """bundle.json holds the same resources (a test in src/audit/fhir); here, that they make a collection."""
    entries = [{"fullUrl": f"urn:uuid:00000000-0000-8000-8000-{at:012}", "resource": event}
               for at, event in enumerate(EVENTS)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert len(Bundle.model_validate_json(json.dumps(bundle)).entry) == len(EVENTS)


# --- what must not pass -----------------------------------------------------------------------


def drop(kind, which, *path):
    """Takes the slice `which` of agents or entities away, or an element of it."""
    def spoil(event):
        found = kind(event, which)
        if path:
            for item in found:
                item.pop(path[0], None)
        else:
            name = "agent" if kind is agents else "entity"
            event[name] = [item for item in event[name] if item not in found]
    return spoil


def put(kind, which, element, value):
    def spoil(event):
        for item in kind(event, which):
            item[element] = value
    return spoil


def twice(kind, which):
    def spoil(event):
        event["agent" if kind is agents else "entity"].extend(copy.deepcopy(kind(event, which)))
    return spoil


def setting(element, value):
    return lambda event: event.update({element: value})


def without_element(element):
    return lambda event: event.pop(element)


def more_agents(*kinds):
    def spoil(event):
        for system, code in kinds:
            kind = {"coding": [{"system": system, "code": code}]}
            event["agent"].append({"type": kind, "who": {"display": "x"}, "requestor": False})
    return spoil


def more_entities(*kinds):
    def spoil(event):
        for system, code in kinds:
            event["entity"].append({"type": {"system": system, "code": code}, "what": {"display": "x"}})
    return spoil


def other_observer(event):
    event["source"]["observer"]["display"] = "another machine"


def one_agent(event):
    del event["agent"][1:]


def one_entity(event):
    del event["entity"][1:]


BASE_SPOILED = {
    "resourceType": setting("resourceType", "Patient"),
    "id": setting("id", "under_score"),
    "type of DICOM": setting("type", {"system": "http://example.org", "code": "110113"}),
    "action": setting("action", "X"),
    "recorded": setting("recorded", "2026-01-31T12:00:00.123456Z"),
    "outcome": setting("outcome", "1"),
    "agent 1..*": setting("agent", []),
    "requestor 1..1": lambda e: e["agent"][0].update(requestor="no"),
    "one initiator at most": lambda e: [agent.update(requestor=True) for agent in e["agent"]],
    "source.observer 1..1": lambda e: e["source"].update(observer={}),
    "values": setting("outcomeDesc", " "),
    "sev-1": lambda e: e["entity"][0].update(name="x", query="eA=="),
    "detail 1..1": lambda e: e["entity"][0].update(detail=[{"type": "x", "valueString": ""}]),
    "modifierExtension 0..0": setting("modifierExtension", [{"url": "http://example.org", "valueCode": "x"}]),
}


def spoiled_disclosure(kind, own):
    source, recipient = (DCM, "110153"), (DCM, "110152")
    return {
        "type": setting("type", {"system": DCM, "code": kind}),
        "action": setting("action", "E"),
        "subtype:disclosure": without_element("subtype"),
        "outcome 1..1": without_element("outcome"),
        "agent 2..*": one_agent,
        "agent:source 1..1": twice(agents, source),
        "agent:source.who": drop(agents, source, "who"),
        "agent:source.network": drop(agents, source, "network"),
        "agent:recipient 1..1": drop(agents, recipient),
        "agent:recipient.who": drop(agents, recipient, "who"),
        "agent:recipient.network": drop(agents, recipient, "network"),
        "agent:custodian 0..1": more_agents(AGENT_CUSTODIAN, AGENT_CUSTODIAN),
        "agent:authorizer 0..1": more_agents(AGENT_AUTHORIZER, AGENT_AUTHORIZER),
        "val-audit-source": other_observer,
        "entity 2..*": one_entity,
        "entity:patient 1..1": twice(entities, PERSON),
        "entity:patient.what": put(entities, PERSON, "what", {"type": "Group"}),
    }


SPOILED = {
    SOURCE: spoiled_disclosure("110107", "110153"),
    RECIPIENT: spoiled_disclosure("110106", "110152"),
    AUTHZ: {
        "type": setting("type", {"system": DCM, "code": "110112"}),
        "subtype 1..*": without_element("subtype"),
        "subtype from AuthZsubTypeVS": lambda e: e["subtype"].append({"system": DCM, "code": "110132"}),
        "action": setting("action", "R"),
        "outcome 1..1": without_element("outcome"),
        "agent 2..*": one_agent,
        "agent:client 1..1": twice(agents, CLIENT),
        "agent:client.who": drop(agents, CLIENT, "who"),
        "agent:client.network": drop(agents, CLIENT, "network"),
        "agent:client 0..0": put(agents, CLIENT, "purposeOfUse", [{"text": "x"}]),
        "agent:user 1..1": drop(agents, USER),
        "agent:user.who": drop(agents, USER, "who"),
        "agent:user.requestor": put(agents, USER, "requestor", False),
        "agent:user 0..0": put(agents, USER, "network", {"address": "x"}),
        "agent:userorg 1..1": drop(agents, USER_ORGANIZATION),
        "agent:userorg.who": drop(agents, USER_ORGANIZATION, "who"),
        "agent:userorg.requestor": put(agents, USER_ORGANIZATION, "requestor", True),
        "agent:userorg 0..0": put(agents, USER_ORGANIZATION, "name", "x"),
        "agent:authorizer 1..1": twice(agents, AUTHORIZER),
        "agent:authorizer.who": drop(agents, AUTHORIZER, "who"),
        "agent:authorizer.requestor": put(agents, AUTHORIZER, "requestor", True),
        "agent:authorizer 0..0": put(agents, AUTHORIZER, "network", {"address": "x"}),
        "val-audit-source": other_observer,
        "entity 2..*": one_entity,
        "entity:patient 1..1": drop(entities, PERSON),
        "entity:patient.what": put(entities, PERSON, "what", {"type": "Group"}),
        "entity:consent 1..*": drop(entities, CONSENT),
        "entity:consent.what": drop(entities, CONSENT, "what"),
        "entity:token 0..1": more_entities(TOKEN, TOKEN),
        "entity closed": more_entities(("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2")),
    },
}

CASES = [(profile, name) for profile, checks in CHECKS.items() if profile for name in checks]


def test_every_check_has_a_broken_event():
    assert BASE_SPOILED.keys() == BASE.keys()
    assert all(SPOILED[profile].keys() == CHECKS[profile].keys() for profile in SPOILED)


@pytest.mark.parametrize(("profile", "name"), CASES, ids=lambda text: text.rpartition("/")[2])
def test_a_broken_event_does_not_keep_its_profile(profile, name):
    for event in of_profile(profile):
        broken = copy.deepcopy(event)
        SPOILED[profile][name](broken)
        assert name in faults(broken)


@pytest.mark.parametrize("name", BASE)
def test_a_broken_event_is_no_audit_event(name):
    broken = copy.deepcopy(of_profile(SOURCE)[0])
    BASE_SPOILED[name](broken)
    assert name in faults(broken)


@pytest.mark.parametrize("spoil", [
    without_element("recorded"),
    without_element("type"),
    without_element("source"),
    setting("recorded", "yesterday"),
    setting("outcome", 0),
    setting("unheardOf", "x"),
    without_element("agent"),
    lambda e: e["agent"][0].pop("requestor"),
    lambda e: e["entity"][0].update(detail=[{"type": "x"}]),
])
def test_other_software_refuses_a_broken_event(spoil):
    broken = copy.deepcopy(of_profile(SOURCE)[0])
    spoil(broken)
    with pytest.raises(ValidationError):
        AuditEvent.model_validate_json(json.dumps(broken))
