//! A site with a ledger: a configuration, rules, and decisions that its gateway took.

use std::fs;
use std::path::PathBuf;

use credence::contract::Decision;
use credence::contract::Purpose;
use credence::contract::Request;
use credence::contract::TransportFacts;
use credence::contract::Verb;
use credence::time::DAY_MICROS;
use credence::time::UtcMicros;

use super::SAMPLE;
use super::books::Books;
use super::books::OWN;
use super::books::rules::copy_rules;
use super::books::slug;

/// 2026-02-02, noon.
const BEGIN: UtcMicros = UtcMicros(20_486 * DAY_MICROS + DAY_MICROS / 2);

/// A site's folder, and its ledger.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    books: Books,
}

impl Site {
    /// Begun: the sample configuration, the rules as delivered in force.
    pub(crate) fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("credence.toml"), SAMPLE).unwrap();
        copy_rules(&folder.path().join("policy"));
        let books = Books::begin(folder.path(), BEGIN);
        Self { folder, books }
    }

    /// Records what the contract says to `request`, changed.
    pub(crate) fn decide(&mut self, request: Request, change: impl FnOnce(&mut Decision)) -> u64 {
        self.books.decide(request, change)
    }

    /// The next day begins.
    pub(crate) fn next_day(&mut self) {
        self.books.now = self.books.now.plus(DAY_MICROS);
    }

    /// A path in the site's folder, as text.
    pub(crate) fn path(&self, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// Adds a file of rules to a copy of those delivered; the copy's folder.
    pub(crate) fn other_rules(&self, rule: &str) -> String {
        let folder = self.folder.path().join("other/policy");
        copy_rules(&folder);
        fs::write(folder.join("50-more.cedar"), rule).unwrap();
        folder.to_str().unwrap().to_owned()
    }

    /// Our modality stores into our archive.
    pub(crate) fn acquisition(&self) -> Request {
        Request {
            verb: Verb::Store,
            purpose: Purpose::Treatment,
            requester: slug(OWN),
            requester_ae: "CT1".parse().unwrap(),
            user: None,
            again: None,
            through: None,
            custodian: slug(OWN),
            recipient: slug(OWN),
            recipient_ae: "PACS".parse().unwrap(),
            patient: None,
            study: None,
            question: false,
            transport: TransportFacts {
                tls: false,
                mutual: false,
                address_checked: true,
                certificate: None,
            },
            received_at: self.books.now,
        }
    }

    /// Another hospital fetches images of nobody known, which the rules refuse.
    pub(crate) fn foreign(&self) -> Request {
        Request {
            verb: Verb::Retrieve,
            requester: slug("lakeside"),
            recipient: slug("lakeside"),
            ..self.acquisition()
        }
    }
}
