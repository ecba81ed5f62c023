//! The form by which rules are proposed: all of their text, to be checked and tried before.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde::Deserialize;

use super::tried;
use crate::admin::console::Shared;
use crate::admin::pages::frame::Frame;
use crate::admin::pages::frame::Posted;
use crate::admin::problem::Problem;
use crate::admin::rights::Right;
use crate::admin::trial::DECISIONS_DEFAULT;
use crate::contract::CREDIT_NAME;
use crate::contract::PolicyParts;
use crate::contract::RuleFile;
use crate::contract::SCHEMA_NAME;
use crate::gateway::control::Change;
use crate::gateway::control::Command;

/// Files of rules that a form can have.
const FILES_MAX: usize = 64;
/// Lines of a text that are shown at once.
const LINES: usize = 18;

/// Prefilled with what is in force.
pub(super) async fn page(
    State(console): State<Shared>,
    frame: Frame,
) -> Result<Html<String>, Problem> {
    frame.for_right(Right::ProposePolicy)?;
    let set = console.policy_in_force().await?;
    let parts = set.map_or_else(PolicyParts::default, |set| set.parts());
    Ok(Html(
        form(&frame, &parts, DECISIONS_DEFAULT, &html! {}).into_string(),
    ))
}

fn form(frame: &Frame, parts: &PolicyParts, last: usize, found: &Markup) -> Markup {
    let words = frame.words;
    let body = html! {
        p { (words.say("policy-propose-what")) }
        (found)
        form class="card" method="post" action="/policy/propose" {
            (frame.csrf())
            @for (number, file) in parts.rules.iter().enumerate() {
                (rule_file(frame, number, &file.name, &file.text))
            }
            (rule_file(frame, parts.rules.len(), "", ""))
            (text(SCHEMA_NAME, "schema", SCHEMA_NAME, &parts.schema))
            (text(CREDIT_NAME, "credit", CREDIT_NAME, &parts.credit))
            (tried::last_field(frame, last))
            div class="actions" {
                button type="submit" name="act" value="check" class="quiet" { (words.say("policy-check")) }
                button type="submit" name="act" value="try" class="quiet" { (words.say("policy-try")) }
                button type="submit" name="act" value="propose" { (words.say("policy-propose")) }
            }
        }
    };
    frame.page(&words.say("policy-propose-others"), &body)
}

/// A file of rules: its name and its text. Without a text there is no such file.
fn rule_file(frame: &Frame, number: usize, name: &str, content: &str) -> Markup {
    let words = frame.words;
    let (id, label) = (
        format!("name-{number}"),
        match name {
            "" => words.say("policy-another-file").into_owned(),
            name => words.with("policy-file-name", "name", name.to_owned()),
        },
    );
    html! {
        fieldset {
            legend { (label) }
            label for=(id) { (words.say("policy-file")) }
            input id=(id) name="file" value=(name) spellcheck="false" autocomplete="off" placeholder="50-more.cedar";
            (text(&format!("rules-{number}"), "rules", &words.say("policy-text"), content))
        }
    }
}

fn text(id: &str, name: &str, label: &str, content: &str) -> Markup {
    let lines = content.lines().count().clamp(3, LINES);
    html! {
        label for=(id) { (label) }
        // A line end that begins a text area is none of its text.
        textarea id=(id) name=(name) rows=(lines) spellcheck="false" class="code" { "\n" (content) }
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    schema: String,
    #[serde(default)]
    credit: String,
    #[serde(default)]
    last: String,
    #[serde(default)]
    act: Act,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    #[default]
    Check,
    Try,
    Propose,
}

/// As files have it: browsers end the lines of a form by two characters.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn parts_of(posted: &Posted<Asked>) -> PolicyParts {
    let files = posted.all("file").zip(posted.all("rules"));
    let files = files.filter(|(_, text)| !text.trim().is_empty());
    let rules = files.take(FILES_MAX).map(|(name, text)| RuleFile {
        name: name.trim().to_owned(),
        text: unix(text),
    });
    let mut rules: Vec<RuleFile> = rules.collect();
    rules.sort_by(|one, other| one.name.cmp(&other.name));
    PolicyParts {
        schema: unix(&posted.form.schema),
        credit: unix(&posted.form.credit),
        rules,
    }
}

pub(super) async fn posted(
    State(console): State<Shared>,
    posted: Posted<Asked>,
) -> Result<Response, Problem> {
    posted.caller.may(Right::ProposePolicy)?;
    let parts = parts_of(&posted);
    let last = tried::last_of(&posted.form.last);
    let (status, found) = match posted.form.act {
        Act::Check => {
            let checked = console.check_policy(parts.clone()).await?;
            (StatusCode::OK, tried::checked(&posted.frame, &checked))
        }
        Act::Try => match try_out(&console, &posted.frame, &parts, last).await {
            Ok(found) => (StatusCode::OK, found),
            Err(problem) => (problem.code(), refused(&problem)),
        },
        Act::Propose => match propose(&console, &posted, &parts).await {
            Ok(to) => return Ok(Redirect::to(&to).into_response()),
            Err(NotProposed::Faults(found)) => (StatusCode::CONFLICT, found),
            Err(NotProposed::Refused(problem)) => (problem.code(), refused(&problem)),
        },
    };
    let page = form(&posted.frame, &parts, last, &found);
    Ok((status, Html(page.into_string())).into_response())
}

/// Why something was not done, in words.
pub(super) fn refused(problem: &Problem) -> Markup {
    let why = problem.detail.as_deref().unwrap_or(&problem.title);
    html! { p class="notice bad" role="alert" { (why) } }
}

/// What rules would have answered; their faults, where they have some.
pub(super) async fn try_out(
    console: &Shared,
    frame: &Frame,
    parts: &PolicyParts,
    last: usize,
) -> Result<Markup, Problem> {
    let checked = console.check_policy(parts.clone()).await?;
    if checked.sha256.is_none() {
        return Ok(tried::checked(frame, &checked));
    }
    let tried = console.backtest(parts.clone(), last).await?;
    Ok(tried::backtested(frame, &tried))
}

/// Why rules were not proposed.
enum NotProposed {
    Faults(Markup),
    Refused(Problem),
}

impl From<Problem> for NotProposed {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// Proposes rules without faults; gives where they are shown.
async fn propose(
    console: &Shared,
    posted: &Posted<Asked>,
    parts: &PolicyParts,
) -> Result<String, NotProposed> {
    let checked = console.check_policy(parts.clone()).await?;
    let (true, Some(text), Some(sha256)) = (checked.valid, &checked.text, &checked.sha256) else {
        return Err(NotProposed::Faults(tried::checked(&posted.frame, &checked)));
    };
    let command = Command::Change {
        change: Change::PolicyPropose { text: text.clone() },
        by: posted.caller.name.clone(),
    };
    console.answer(&posted.caller, command).await?;
    Ok(format!("/policy/proposals/{sha256}"))
}
