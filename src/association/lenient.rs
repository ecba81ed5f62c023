//! The pass over A-ASSOCIATE-RQ and -AC before `dicom-ul` reads them.
//!
//! Strict on lengths: every one is checked against what holds it, and the fields of an item must
//! add up. Lenient on content that PS3.8 §9.3.1 tells receivers to skip and that peers get wrong:
//! unknown items are dropped, a rejected context needs no transfer syntax, unknown results are
//! rejections. What comes out is at most 4 bytes per context longer than what came in.

use std::ops::Range;

use super::fault::PduFault;
use super::pdu::APPLICATION_CONTEXT_NAME;
use crate::dicom::AeTitle;

/// Bytes before the items: version, reserved, two AE titles, reserved (PS3.8 Tables 9-11, 9-17).
const FIXED_BYTES: usize = 68;
/// The AE title fields within them.
const AE_TITLES: [Range<usize>; 2] = [4..20, 20..36];

const RQ: u8 = 0x01;
const AC: u8 = 0x02;

const APPLICATION_CONTEXT: u8 = 0x10;
const PROPOSED_CONTEXT: u8 = 0x20;
const CONTEXT_RESULT: u8 = 0x21;
const ABSTRACT_SYNTAX: u8 = 0x30;
const TRANSFER_SYNTAX: u8 = 0x40;
const USER_INFORMATION: u8 = 0x50;
const MAXIMUM_LENGTH: u8 = 0x51;
const IMPLEMENTATION_CLASS: u8 = 0x52;
const ROLE_SELECTION: u8 = 0x54;
const IMPLEMENTATION_VERSION: u8 = 0x55;
const EXTENDED: u8 = 0x56;
/// SOP class common extended negotiation.
pub(super) const COMMON_EXTENDED: u8 = 0x57;
const USER_IDENTITY: u8 = 0x58;
/// The acceptor's answer to a user identity.
pub(super) const USER_IDENTITY_RESPONSE: u8 = 0x59;

/// Result/Reason 2 of Table 9-18: no reason.
const NO_REASON: u8 = 2;

/// The whole A-ASSOCIATE-RQ PDU to read for the one whose bytes after the header are `body`.
///
/// # Errors
/// When a length does not fit what holds it.
pub(super) fn request(body: &[u8]) -> Result<Vec<u8>, PduFault> {
    let (fixed, items) = split_fixed(body)?;
    let mut out = fixed.to_vec();
    let mut items = Items(items);
    while let Some((kind, value)) = items.next()? {
        match kind {
            APPLICATION_CONTEXT => put(&mut out, kind, value)?,
            PROPOSED_CONTEXT => put(&mut out, kind, &proposed_context(value)?)?,
            USER_INFORMATION => put(&mut out, kind, &user_information(value)?)?,
            _ => {}
        }
    }
    whole(RQ, out)
}

/// The fields of the called and the calling AE title.
pub(super) fn ae_titles(body: &[u8]) -> [&[u8]; 2] {
    AE_TITLES.map(|title| body.get(title).unwrap_or_default())
}

/// The whole A-ASSOCIATE-AC PDU to read for the one whose bytes after the header are `body`.
///
/// # Errors
/// When a length does not fit what holds it.
pub(super) fn acceptance(body: &[u8]) -> Result<Vec<u8>, PduFault> {
    let (fixed, items) = split_fixed(body)?;
    let mut out = fixed.to_vec();
    // Reserved in an AC and not to be tested: some peers send zeros or rubbish.
    for title in AE_TITLES {
        if let Some(title) = out.get_mut(title)
            && AeTitle::from_bytes(title).is_err()
        {
            title.fill(b'-');
        }
    }
    // No more than a reminder of the request's; peers forget it.
    put(
        &mut out,
        APPLICATION_CONTEXT,
        APPLICATION_CONTEXT_NAME.as_bytes(),
    )?;
    let mut items = Items(items);
    while let Some((kind, value)) = items.next()? {
        match kind {
            CONTEXT_RESULT => put(&mut out, kind, &context_result(value)?)?,
            USER_INFORMATION => put(&mut out, kind, &user_information(value)?)?,
            _ => {}
        }
    }
    whole(AC, out)
}

fn split_fixed(body: &[u8]) -> Result<(&[u8], &[u8]), PduFault> {
    body.split_at_checked(FIXED_BYTES)
        .ok_or(PduFault::AssociateTooShort {
            length: body.len(),
            least: FIXED_BYTES,
        })
}

/// Puts the PDU header before `body`.
fn whole(kind: u8, body: Vec<u8>) -> Result<Vec<u8>, PduFault> {
    let length = u32::try_from(body.len()).map_err(|_| PduFault::Unreadable)?;
    let mut pdu = vec![kind, 0];
    pdu.extend(length.to_be_bytes());
    pdu.extend(body);
    Ok(pdu)
}

/// Items one after the other: type, reserved byte, length of 2 bytes, value.
struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, PduFault> {
        let [kind, _, high, low, rest @ ..] = self.0 else {
            let left = self.0.len();
            return match left {
                0 => Ok(None),
                _ => Err(PduFault::ItemCut { left }),
            };
        };
        let length = u16::from_be_bytes([*high, *low]);
        let Some((value, rest)) = rest.split_at_checked(usize::from(length)) else {
            return Err(PduFault::ItemTooLong {
                kind: *kind,
                length,
                left: rest.len(),
            });
        };
        self.0 = rest;
        Ok(Some((*kind, value)))
    }
}

fn put(out: &mut Vec<u8>, kind: u8, value: &[u8]) -> Result<(), PduFault> {
    let length = u16::try_from(value.len()).map_err(|_| misfit(kind, value))?;
    out.extend([kind, 0]);
    out.extend(length.to_be_bytes());
    out.extend(value);
    Ok(())
}

const fn misfit(kind: u8, value: &[u8]) -> PduFault {
    PduFault::ItemFields {
        kind,
        length: value.len(),
    }
}

/// Id, three reserved bytes, one abstract syntax, transfer syntaxes (PS3.8 §9.3.2.2).
fn proposed_context(value: &[u8]) -> Result<Vec<u8>, PduFault> {
    let (head, syntaxes) = value
        .split_at_checked(4)
        .ok_or_else(|| misfit(PROPOSED_CONTEXT, value))?;
    let mut out = head.to_vec();
    let mut abstract_syntaxes = 0_u8;
    let mut syntaxes = Items(syntaxes);
    while let Some((kind, name)) = syntaxes.next()? {
        match kind {
            ABSTRACT_SYNTAX => {
                abstract_syntaxes = abstract_syntaxes.saturating_add(1);
                put(&mut out, kind, name)?;
            }
            TRANSFER_SYNTAX => put(&mut out, kind, name)?,
            _ => {}
        }
    }
    if abstract_syntaxes == 1 {
        Ok(out)
    } else {
        Err(misfit(PROPOSED_CONTEXT, value))
    }
}

/// Id, reserved, result, reserved, one transfer syntax that counts only in an acceptance
/// (PS3.8 §9.3.3.2). An acceptance without one, or with a result that PS3.8 does not know,
/// becomes "no reason".
fn context_result(value: &[u8]) -> Result<Vec<u8>, PduFault> {
    let [id, _, result, _, syntaxes @ ..] = value else {
        return Err(misfit(CONTEXT_RESULT, value));
    };
    let mut named = None;
    let mut syntaxes = Items(syntaxes);
    while let Some((kind, name)) = syntaxes.next()? {
        if kind == TRANSFER_SYNTAX && named.is_none() {
            named = Some(name);
        }
    }
    let (result, syntax) = match (*result, named) {
        (0, Some(syntax)) => (0, syntax),
        (0, None) => (NO_REASON, &[][..]),
        (known @ 1..=4, _) => (known, &[][..]),
        (5.., _) => (NO_REASON, &[][..]),
    };
    let mut out = vec![*id, 0, result, 0];
    put(&mut out, TRANSFER_SYNTAX, syntax)?;
    Ok(out)
}

/// Sub-items of PS3.7 Annex D.3.3 and PS3.8 Annex D.1. The asynchronous operations window (53H)
/// falls under the unknown ones: it is not negotiated.
fn user_information(value: &[u8]) -> Result<Vec<u8>, PduFault> {
    let mut out = Vec::new();
    let mut items = Items(value);
    while let Some((kind, value)) = items.next()? {
        let (fits, wanted) = match kind {
            MAXIMUM_LENGTH => (value.len() == 4, true),
            IMPLEMENTATION_CLASS | IMPLEMENTATION_VERSION | COMMON_EXTENDED => (true, true),
            // UID with its length, then two bytes of roles.
            ROLE_SELECTION => (rest_after_field(value).is_some_and(|r| r.len() == 2), true),
            EXTENDED => (rest_after_field(value).is_some(), true),
            USER_IDENTITY => user_identity(value),
            USER_IDENTITY_RESPONSE => (rest_after_field(value) == Some(&[]), true),
            _ => (true, false),
        };
        if !fits {
            return Err(misfit(kind, value));
        }
        if wanted {
            put(&mut out, kind, value)?;
        }
    }
    Ok(out)
}

/// Type, whether a response is wanted, two fields with their lengths. An acceptor that does not
/// know the type goes on as if there were no identity (PS3.7 §D.3.3.7).
fn user_identity(value: &[u8]) -> (bool, bool) {
    let [kind, _, fields @ ..] = value else {
        return (false, false);
    };
    let rest = rest_after_field(fields).and_then(rest_after_field);
    (rest == Some(&[]), matches!(kind, 1..=5))
}

/// A field that begins with its length in 2 bytes.
pub(super) fn field(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let [high, low, rest @ ..] = value else {
        return None;
    };
    rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
}

fn rest_after_field(value: &[u8]) -> Option<&[u8]> {
    field(value).map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::super::example::RawRq;
    use super::super::example::item;
    use super::*;

    #[test]
    fn a_request_without_oddities_passes_unchanged() {
        let body = RawRq::default().body();
        let passed = request(&body).unwrap();
        assert_eq!(passed[6..], body);
        assert_eq!(passed[..2], [1, 0]);
        assert_eq!(
            passed[2..6],
            u32::try_from(body.len()).unwrap().to_be_bytes()
        );
    }

    #[test]
    fn a_rejected_context_gets_the_transfer_syntax_item_that_it_lacks() {
        let body = example::ac_body(&[item(0x21, &[1, 0, 3, 0])]);
        let passed = acceptance(&body).unwrap();
        let completed = item(0x21, &[&[1, 0, 3, 0][..], &item(0x40, b"")].concat());
        assert!(passed.ends_with(&completed));
    }

    #[test]
    fn the_asynchronous_operations_window_is_dropped() {
        let passed = request(&RawRq::with_user(&[item(0x53, &[0, 1, 0, 1])]).body()).unwrap();
        assert!(passed.ends_with(&item(0x50, b"")));
    }

    #[test]
    fn roles_and_extended_items_must_add_up() {
        for bad in [
            item(0x54, b"\0\x031.2\x01"),
            item(0x54, b"\0\x031.2\x01\x01\x01"),
            item(0x56, b"\0\x041.2"),
            item(0x56, b"\xff\xff1.2"),
            item(0x51, &[0, 0, 1]),
        ] {
            let raw = RawRq::with_user(std::slice::from_ref(&bad));
            let fault = request(&raw.body());
            assert!(matches!(fault, Err(PduFault::ItemFields { .. })), "{bad:?}");
        }
    }
}
