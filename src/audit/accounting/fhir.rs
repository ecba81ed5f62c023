//! The same entries as a Bundle of AuditEvents.

use std::io::Write;
use std::path::Path;

use super::Accounting;
use crate::audit::AuditEventBundle;
use crate::audit::Format;
use crate::audit::Record;
use crate::audit::Site;
use crate::audit::list;
use crate::audit::list::ListError;
use crate::contract::Body;

/// Writes the AuditEvents of the decisions that `accounting` rests on, and of what was sent under them.
///
/// # Errors
/// When the ledger in `data_dir` cannot be read or is damaged, or `out` cannot be written.
pub fn bundle(
    accounting: &Accounting,
    data_dir: &Path,
    site: &Site,
    out: &mut dyn Write,
) -> Result<(), ListError> {
    let mut bundle = AuditEventBundle::new(site.clone());
    let begun = bundle.begin(out);
    begun.map_err(list::broken)?;
    list::each(data_dir, None, |record| match is_told(accounting, record) {
        true => bundle.record(out, record),
        false => Ok(()),
    })?;
    Ok(bundle.end(out).map_err(list::broken)?)
}

/// Not what people and gateways said of it later: reviews, receipts, alerts.
fn is_told(accounting: &Accounting, record: &Record) -> bool {
    let told = matches!(
        record.body(),
        Body::Decision { .. }
            | Body::TransferClosed { .. }
            | Body::ProcedureStep { .. }
            | Body::ParcelSealed { .. }
            | Body::ParcelOpened { .. }
    );
    let judged = record.judged.as_deref();
    told && judged.is_some_and(|judged| accounting.entries().contains(&judged.entry))
}
