//! The guide as a text with commands in it.

use std::fmt;

/// A command, and what it prints.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// `credence …`, without the `$`; a line that ends with a backslash is continued.
    pub(crate) command: String,
    /// The lines below it.
    pub(crate) printed: String,
    /// What it exits with.
    pub(crate) code: i32,
}

enum Part {
    Text(String),
    Step(Step),
}

/// The guide, in order.
pub(crate) struct Page {
    parts: Vec<Part>,
}

const EXITS: &str = "# exits with ";

/// Takes the blocks marked `console` apart.
pub(crate) fn read(text: &str) -> Page {
    let mut parts = Vec::new();
    let mut is_console = false;
    let mut is_continued = false;
    let mut code = 0;
    for line in text.lines() {
        let is_fence = line.starts_with("```");
        if is_fence {
            is_console = line == "```console";
        }
        if let (true, Some(Part::Step(step))) = (is_continued, parts.last_mut()) {
            step.command.push('\n');
            step.command.push_str(line);
            is_continued = line.ends_with('\\');
            continue;
        }
        if is_console && let Some(command) = line.strip_prefix("$ ") {
            is_continued = line.ends_with('\\');
            assert!(command.starts_with("credence "), "{line}: not of ours");
            parts.push(Part::Step(Step {
                command: command.to_owned(),
                printed: String::new(),
                code: std::mem::take(&mut code),
            }));
            continue;
        }
        let exits = line.strip_prefix(EXITS);
        if let (true, Some(exits)) = (is_console, exits) {
            code = exits.parse().unwrap();
        }
        match parts.last_mut() {
            Some(Part::Step(step)) if is_console && !is_fence && exits.is_none() => {
                step.printed.push_str(line);
                step.printed.push('\n');
            }
            Some(Part::Text(text)) => {
                text.push_str(line);
                text.push('\n');
            }
            Some(Part::Step(_)) | None => parts.push(Part::Text(format!("{line}\n"))),
        }
    }
    Page { parts }
}

impl Page {
    /// Its commands.
    pub(crate) fn steps(&mut self) -> impl Iterator<Item = &mut Step> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Step(step) => Some(step),
            Part::Text(_) => None,
        })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Step(step) => write!(f, "$ {}\n{}", step.command, step.printed),
        })
    }
}
