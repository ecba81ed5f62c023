//! Which records an audit is about. It is part of what is signed and recorded: patients and studies stand in it
//! as the ledger knows them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::record::Record;
use crate::contract::Body;
use crate::contract::InstitutionSlug;
use crate::contract::Pseudonym;
use crate::contract::Purpose;
use crate::contract::Verdict;
use crate::dicom::AeTitle;
use crate::digest::Sha256;
use crate::time::UtcMicros;

/// See the module. What is absent leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// From this moment on, by the ledger's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<UtcMicros>,
    /// Before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<UtcMicros>,
    /// About one person: every pseudonym of theirs.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub patients: BTreeSet<Pseudonym>,
    /// Requester, custodian, recipient, or whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub institution: Option<InstitutionSlug>,
    /// Of the requester or of the recipient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ae: Option<AeTitle>,
    /// Who asked, did or recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Keyed digest of the Study Instance UID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study: Option<Sha256>,
    /// For what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The kind of entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Nothing is asked for, or just that.
fn is_it<T: PartialEq>(asked: Option<&T>, found: Option<&T>) -> bool {
    asked.is_none() || asked == found
}

impl Filter {
    /// Whether it takes a record.
    pub fn takes(&self, record: &Record) -> bool {
        let at = record.at();
        let request = record.request();
        let user = record.person().map(str::to_owned);
        let study = match record.body() {
            Body::QueueChanged { study, .. } => *study,
            _ => record.study().map(|study| study.uid_digest),
        };
        let has_ae = |ae: &AeTitle| {
            let of_peer =
                matches!(record.body(), Body::UserAuthenticated { ae: peer, .. } if peer == ae);
            of_peer
                || request.is_some_and(|request| {
                    request.requester_ae == *ae || request.recipient_ae == *ae
                })
        };
        let has_institution =
            |institution: &InstitutionSlug| record.institutions().contains(institution);
        self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
            && (self.patients.is_empty() || !self.patients.is_disjoint(&record.patients()))
            && self.institution.as_ref().is_none_or(has_institution)
            && self.ae.as_ref().is_none_or(has_ae)
            && is_it(self.user.as_ref(), user.as_ref())
            && is_it(self.study.as_ref(), study.as_ref())
            && is_it(self.purpose.as_ref(), record.purpose().as_ref())
            && is_it(self.verdict.as_ref(), record.verdict().as_ref())
            && self
                .kind
                .as_ref()
                .is_none_or(|kind| kind == record.body().kind())
    }
}
