//! One row for each item, for spreadsheets.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;

use super::Accounting;
use super::Asked;
use super::Ground;
use super::Item;
use super::Left;
use super::words;
use crate::audit::csv::Row;

/// The columns; docs/disclosures.md says what stands in each.
const COLUMNS: [&str; 20] = [
    "what",
    "first_utc",
    "first_local",
    "last_utc",
    "last_local",
    "times",
    "recipient",
    "recipient_name",
    "recipient_address",
    "purpose",
    "authority",
    "because",
    "consents",
    "rules",
    "modalities",
    "examinations",
    "images",
    "complete",
    "first_entry",
    "last_entry",
];

impl Accounting {
    /// Writes the rows.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn csv(&self, asked: &Asked, out: &mut dyn Write) -> io::Result<()> {
        let mut row = Row::new();
        // Whoever is told nothing of suspensions does not see that there is such a thing.
        let marks = self.items.iter().any(|item| item.is_suspended);
        COLUMNS.iter().for_each(|column| row.cell(column));
        if marks {
            row.cell("suspended");
        }
        row.end(out)?;
        for item in &self.items {
            item.cells(asked, &mut row);
            if marks {
                row.cell(if item.is_suspended { "yes" } else { "no" });
            }
            row.end(out)?;
        }
        Ok(())
    }
}

impl Item {
    fn cells(&self, asked: &Asked, row: &mut Row) {
        let Asked { site, clock, .. } = asked;
        let alike = &self.alike;
        row.cell(match alike.what {
            Left::Images => "images",
            Left::Told => "told",
        });
        for (at, _) in [self.first, self.last] {
            row.cell(&at.to_string());
            row.cell(&clock.local(at));
        }
        row.number(Some(self.times));
        row.cell(alike.recipient.as_str());
        row.cell(site.name(&alike.recipient));
        row.cell(site.address(&alike.recipient).unwrap_or("not known"));
        row.cell(alike.purpose.as_str());
        let (authority, consents, rules) = match &alike.ground {
            Ground::Observed => ("observed", &[][..], &[][..]),
            Ground::Emergency => ("emergency", &[][..], &[][..]),
            Ground::Consents(consents) => ("consent", &consents[..], &[][..]),
            Ground::Rules(rules) => ("policy", &[][..], &rules[..]),
        };
        row.cell(authority);
        row.cell(&words::because(&alike.ground));
        let consents: Vec<String> = consents.iter().map(ToString::to_string).collect();
        row.cell(&consents.join(" "));
        row.cell(&rules.join(" "));
        let studies = self.studies.values();
        let modalities: BTreeSet<&str> = studies
            .flat_map(|study| study.modalities.iter().map(String::as_str))
            .collect();
        let modalities: Vec<&str> = modalities.into_iter().collect();
        row.cell(&modalities.join(" "));
        row.number(Some(self.studies_count));
        row.number(match alike.what {
            Left::Images => Some(self.instances),
            Left::Told => None,
        });
        row.cell(if self.is_uncertain { "no" } else { "yes" });
        row.number(Some(self.first.1));
        row.number(Some(self.last.1));
    }
}
