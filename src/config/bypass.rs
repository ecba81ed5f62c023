//! Downtime: who may let images go by without contract and ledger, and for how long.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::reading::Section;
use crate::config::user::UserName;

/// `[bypass]`: forwarding while contract or ledger are out of order (`credence bypass`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bypass {
    /// Where what was let through is written down, until a gateway has recorded it.
    pub dir: PathBuf,
    /// Who may ask for it, and agree to it: two of these. Empty: nobody.
    pub persons: Vec<UserName>,
    /// For how long at the most.
    pub longest: Duration,
    /// Associations at the same time.
    pub associations_max: usize,
}

impl Bypass {
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Self {
        let dir: Option<PathBuf> = section.optional("dir");
        let minutes_max: u64 = section.number("minutes_max", 60, 1..=1_440);
        Self {
            dir: base_dir.join(dir.unwrap_or_else(|| "bypass".into())),
            persons: section.optional_list("persons").unwrap_or_default(),
            longest: Duration::from_secs(minutes_max.saturating_mul(60)),
            associations_max: section.number("associations_max", 64, 1..=4_096),
        }
    }
}
