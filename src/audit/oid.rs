//! Which texts are OIDs as FHIR (R4 §2.24.0.1, `oid`) and the schema of audit messages write them. What DICOM devices
//! take for UIDs need not be.

/// See the module.
pub(super) fn is_oid(text: &str) -> bool {
    let mut arcs = text.split('.');
    let first = arcs.next();
    let arc = |arc: &str| {
        let digits = !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
        digits && (arc == "0" || !arc.starts_with('0'))
    };
    matches!(first, Some("0" | "1" | "2")) && text.contains('.') && arcs.all(arc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oid_has_arcs_without_leading_zeros() {
        for text in ["1.2", "2.25.4711", "0.0", "1.2.840.10008.5.1.4.1.1.2"] {
            assert!(is_oid(text), "{text}");
        }
        for text in ["", "1", "3.1", "1.", "1..2", "1.02", "1.2.", "a.b", "1.2 "] {
            assert!(!is_oid(text), "{text}");
        }
    }
}
