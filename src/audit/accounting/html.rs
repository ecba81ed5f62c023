//! A page that is printed and handed to the patient: plain sentences.

use std::io;
use std::io::Write;

use super::Accounting;
use super::Asked;
use super::Item;
use super::Left;
use super::words;
use crate::audit::page;
use crate::audit::page::escaped;

impl Accounting {
    /// Writes the page.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn html(&self, asked: &Asked, out: &mut dyn Write) -> io::Result<()> {
        let Asked { site, clock, .. } = asked;
        page::begin(out, "Who was sent your images", page::UPRIGHT)?;
        let own = site.name(&site.own);
        let issuer = asked.issuer.as_ref();
        writeln!(
            out,
            "<p>{}{}</p>\n<p>For the patient with the number {}{}, from {} to {}. Dates are those of {}.</p>",
            escaped(own),
            escaped(
                &site
                    .address(&site.own)
                    .map(|at| format!(", {at}"))
                    .unwrap_or_default()
            ),
            escaped(&asked.patient),
            escaped(
                &issuer
                    .map(|by| format!(" (given by {by})"))
                    .unwrap_or_default()
            ),
            clock.date(asked.since),
            clock.date(asked.until),
            escaped(clock.name()),
        )?;
        if self.items.iter().any(|item| item.is_suspended) {
            writeln!(
                out,
                "<p class=\"warning\"><b>Not for the patient.</b> An agency has the right suspended to be told of some of \
                 this. What that is, is marked.</p>"
            )?;
        }
        if self.items.is_empty() {
            writeln!(out, "<p>In this time nothing was sent to anybody else.</p>")?;
        } else {
            writeln!(out, "<ol>")?;
            for item in &self.items {
                writeln!(out, "<li>{}</li>", escaped(&item.sentence(asked)))?;
            }
            writeln!(out, "</ol>")?;
        }
        if self.more > 0 {
            writeln!(
                out,
                "<p>There were {} more, too many to be listed here. Ask us for them.</p>",
                self.more
            )?;
        }
        writeln!(
            out,
            "<footer>This is the account of disclosures to which you have a right (45 CFR 164.528; Article 15 GDPR). What \
             was sent to the same recipient for the same purpose and on the same ground is told once, with the first \
             date, the last date and how often. Where it says that you had consented, somebody who may consent in your \
             place may have done so. Numbers of entries are those of our ledger, in which everything is recorded; with \
             them we find it again. What a recipient did with your images afterwards, the recipient knows.</footer>\n\
             </body></html>"
        )
    }
}

impl Item {
    /// All of it, in a sentence or two.
    fn sentence(&self, asked: &Asked) -> String {
        let Asked { site, clock, .. } = asked;
        let alike = &self.alike;
        let [first, last] = [self.first, self.last].map(|(at, _)| clock.date(at));
        let mut text = if self.is_suspended {
            "[Suspended, not to be told to the patient for now] ".to_owned()
        } else {
            String::new()
        };
        text.push_str(&match (self.times, first == last) {
            (1, _) => format!("On {first}"),
            (times, true) => format!("On {first}, {times} times,"),
            (times, false) => format!("Between {first} and {last}, {times} times,"),
        });
        let to = format!(
            "{} ({})",
            site.name(&alike.recipient),
            site.address(&alike.recipient).map_or_else(
                || "address not known".to_owned(),
                |at| format!("address: {at}")
            ),
        );
        let (purpose, because) = (words::purpose(alike.purpose), words::because(&alike.ground));
        match alike.what {
            Left::Images => {
                let examinations = words::examinations(self.studies.values());
                let uncertain = match self.is_uncertain {
                    true => " The sending broke off, or has not ended: not all of it may have arrived.",
                    false => "",
                };
                text.push_str(&format!(
                    " images of {examinations} were sent to {to} {purpose}, {because}. Number of images: {}.{uncertain}",
                    self.instances
                ));
            }
            Left::Told => text.push_str(&format!(
                " {to} was told that there are examinations of you (how many: {}), {purpose}, {because}. No images were \
                 sent by that.",
                self.studies_count
            )),
        }
        let (from, to) = (self.first.1, self.last.1);
        text.push_str(&match from == to {
            true => format!(" Entry {from}."),
            false => format!(" First entry {from}, last entry {to}."),
        });
        text
    }
}
