//! A decision in words, for people who answer for it.

use std::io;
use std::io::Write;

use crate::cli::desk::joined;
use crate::config::Config;
use crate::contract::Consent;
use crate::contract::Considered;
use crate::contract::Decision;
use crate::contract::Effect;
use crate::contract::Explanation;
use crate::contract::Facts;
use crate::contract::Giver;
use crate::contract::Grantees;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::contract::Request;
use crate::contract::UserProof;
use crate::contract::Verb;
use crate::contract::Verdict;

/// Columns of a label.
const LABEL: usize = 22;

/// The verdict alone.
pub(super) fn verdict(out: &mut dyn Write, decision: &Decision) -> io::Result<()> {
    let word = decision.verdict.as_str();
    match decision.verdict {
        Verdict::Permit if decision.obligations.is_empty() => writeln!(out, "{word}"),
        Verdict::Permit => {
            let obligations = joined(&decision.obligations);
            writeln!(out, "{word}, with obligations: {obligations}")
        }
        Verdict::Deny => writeln!(out, "{word}: {}", decision.short_reason()),
    }
}

/// The verdict and all that it rests on.
pub(super) fn explain(
    out: &mut dyn Write,
    config: &Config,
    explanation: &Explanation,
) -> io::Result<()> {
    verdict(out, &explanation.decision)?;
    writeln!(out, "\nThe question")?;
    question(out, config, &explanation.request)?;
    writeln!(out, "\nRules that decided")?;
    rules(out, explanation)?;
    if let Some(facts) = &explanation.facts {
        writeln!(out, "\nFacts that the rules saw")?;
        tell_facts(out, &explanation.request, facts)?;
    }
    writeln!(out, "\nConsents and objections of the patient")?;
    if explanation.consents.is_empty() {
        writeln!(out, "  none is recorded")?;
    }
    for considered in &explanation.consents {
        consent(out, considered)?;
    }
    if explanation.decision.verdict == Verdict::Deny {
        writeln!(out, "\nWhat would make it a permit, all else being equal")?;
        remedies(out, explanation)?;
    }
    writeln!(out, "\nThe answer")?;
    answer(out, &explanation.decision)
}

fn line(out: &mut dyn Write, label: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {label:<LABEL$}{value}")
}

fn question(out: &mut dyn Write, config: &Config, request: &Request) -> io::Result<()> {
    let named = |slug: &InstitutionSlug| match config.institutions.get(slug) {
        Some(institution) => format!("{} ({slug})", institution.name),
        None => slug.to_string(),
    };
    let wants = match request.verb {
        Verb::Store => "to send images",
        Verb::Query => "to learn what images there are",
        Verb::Retrieve => "to have images sent",
    };
    let requester = format!(
        "{}, AE title {}",
        named(&request.requester),
        request.requester_ae
    );
    line(out, "who asks", &requester)?;
    if let Some(user) = &request.user {
        let proven = match user.proof {
            UserProof::None => "by the peer's word",
            UserProof::Passcode => "proven by a passcode",
            UserProof::Token => "proven by a token",
        };
        line(out, "person", &format!("{}, {proven}", user.name))?;
    }
    line(out, "wants", &format!("{wants}, for {}", request.purpose))?;
    line(out, "whose images", &named(&request.custodian))?;
    let recipient = format!(
        "{}, AE title {}",
        named(&request.recipient),
        request.recipient_ae
    );
    line(out, "who receives", &recipient)?;
    let patient = request.patient.map(|patient| match patient.as_bytes() {
        [0, ..] if patient.as_bytes().iter().all(|byte| *byte == 0) => {
            "not known to this gateway by this ID and issuer".to_owned()
        }
        _ => format!("pseudonym {patient}"),
    });
    let patient = patient.unwrap_or_else(|| "none identified".to_owned());
    line(out, "patient", &patient)?;
    line(out, "study", &study(request))?;
    let transport = match (request.transport.tls, request.transport.mutual) {
        (true, true) => "encrypted, certificate verified",
        (true, false) => "encrypted",
        (false, _) => "not encrypted",
    };
    line(out, "transport", transport)?;
    line(out, "at", &request.received_at.to_string())
}

fn study(request: &Request) -> String {
    let Some(study) = &request.study else {
        return "not named".to_owned();
    };
    let modalities = if study.modalities.is_empty() {
        "modalities not known".to_owned()
    } else {
        joined(&study.modalities)
    };
    match study.date {
        Some(date) => format!("{modalities}, of {date}"),
        None => format!("{modalities}, day not known"),
    }
}

fn rules(out: &mut dyn Write, explanation: &Explanation) -> io::Result<()> {
    let decision = &explanation.decision;
    for error in &decision.errors {
        writeln!(out, "  cannot be evaluated: {error}")?;
    }
    if explanation.rules.is_empty() && decision.errors.is_empty() {
        writeln!(out, "  none: whatever no rule permits is refused")?;
    }
    for rule in &explanation.rules {
        writeln!(out, "  {}", rule.id)?;
        if let Some(description) = &rule.description {
            writeln!(out, "    {description}")?;
        }
    }
    Ok(())
}

fn tell_facts(out: &mut dyn Write, request: &Request, facts: &Facts) -> io::Result<()> {
    let own = [
        (facts.requester_own, "requester"),
        (facts.custodian_own, "custodian"),
        (facts.recipient_own, "recipient"),
    ];
    let own = joined(own.iter().filter_map(|(is, who)| is.then_some(*who)));
    let own = if own.is_empty() { "nobody" } else { &own };
    line(out, "of our own house", own)?;
    let score = format!(
        "{} counts (requester {}, recipient {})",
        facts.score, facts.requester_score, facts.recipient_score
    );
    line(out, "credit scores", &score)?;
    let granted = match (facts.names_institution, facts.names_institution_and_study) {
        _ if facts.granted.is_empty() => "no".to_owned(),
        (_, true) => format!(
            "{}, naming the institution and the study",
            joined(&facts.granted)
        ),
        (true, false) => format!(
            "{}, naming the institution, not the study",
            joined(&facts.granted)
        ),
        (false, false) => format!("{}, for any institution", joined(&facts.granted)),
    };
    line(out, "consent", &granted)?;
    line(out, "objection", if facts.denied { "yes" } else { "no" })?;
    if let Some(days) = facts.study_age_days {
        line(out, "age of the study", &format!("{days} days"))?;
    }
    if request.purpose == Purpose::Emergency {
        let break_glass = &facts.break_glass;
        let patients = format!(
            "{} within the hour, this one included; at most {}",
            break_glass.patients, break_glass.patients_max
        );
        line(out, "emergency patients", &patients)?;
        let outweighs = if break_glass.overrides_denial {
            "yes"
        } else {
            "no"
        };
        line(out, "outweighs objection", outweighs)?;
    }
    if request.action().weighs_standing() {
        line(out, "patient's standing", &facts.standing.to_string())?;
    }
    Ok(())
}

fn consent(out: &mut dyn Write, considered: &Considered) -> io::Result<()> {
    writeln!(
        out,
        "  {}  {}",
        considered.consent,
        terms(&considered.terms)
    )?;
    if considered.mismatches.is_empty() {
        let speaks = match considered.terms.effect {
            Effect::Grant => "speaks for this request",
            Effect::Deny => "speaks against this request",
        };
        return writeln!(out, "      {speaks}");
    }
    let mismatches = considered.mismatches.iter();
    let mismatches = joined(mismatches.map(|mismatch| mismatch.as_str()));
    writeln!(out, "      does not speak of this request: {mismatches}")
}

fn terms(consent: &Consent) -> String {
    let effect = match (consent.effect, consent.given_by) {
        (Effect::Grant, Giver::Patient) => "grants",
        (Effect::Grant, Giver::Guardian) => "grants, by a guardian,",
        (Effect::Deny, Giver::Patient) => "denies",
        (Effect::Deny, Giver::Guardian) => "denies, by a guardian,",
    };
    let to = match &consent.grantees {
        Grantees::Any => "any institution".to_owned(),
        Grantees::Named(names) => joined(names),
    };
    let mut text = format!("{effect} {to} for {}", joined(&consent.purposes));
    if let Some(modalities) = &consent.modalities {
        text.push_str(&format!(", {} only", joined(modalities)));
    }
    if consent.names_study() {
        text.push_str(", one study only");
    }
    match (consent.study_from, consent.study_until) {
        (None, None) => {}
        (Some(from), None) => text.push_str(&format!(", studies from {from}")),
        (None, Some(until)) => text.push_str(&format!(", studies until {until}")),
        (Some(from), Some(until)) => text.push_str(&format!(", studies of {from} to {until}")),
    }
    text.push_str(&format!("; from {}", consent.valid_from));
    match consent.valid_until {
        Some(until) => text.push_str(&format!(" until {until}")),
        None => text.push_str(" until revoked"),
    }
    text
}

fn remedies(out: &mut dyn Write, explanation: &Explanation) -> io::Result<()> {
    if explanation.remedies.is_empty() {
        writeln!(out, "  no score, consent or encryption would")?;
    }
    for way in &explanation.remedies {
        let changes = way.changes.iter().map(|change| change.as_str().to_owned());
        let score = way.score.map(|score| format!("a credit score of {score}"));
        let parts: Vec<String> = changes.chain(score).collect();
        writeln!(out, "  - {}", parts.join(", and "))?;
    }
    Ok(())
}

fn answer(out: &mut dyn Write, decision: &Decision) -> io::Result<()> {
    let obligations = if decision.obligations.is_empty() {
        "none".to_owned()
    } else {
        joined(&decision.obligations)
    };
    line(out, "obligations", &obligations)?;
    let until = format!(
        "{}, unless a consent, a score or the rules change before",
        decision.valid_until
    );
    line(out, "holds until", &until)?;
    line(out, "rules in force", &decision.policy.to_string())?;
    let versions = format!("{}, {}", decision.contract_version, decision.engine);
    line(out, "contract version", &versions)?;
    line(out, "state of the ledger", &decision.state_root.to_string())
}
