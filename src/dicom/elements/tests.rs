#![allow(
    clippy::arithmetic_side_effects,
    reason = "tests count bytes of their own making"
)]

use proptest::prelude::*;

use super::*;
use crate::dicom::tag;

const PLAIN: [Encoding; 3] = [
    Encoding::ImplicitLittle,
    Encoding::ExplicitLittle,
    Encoding::ExplicitBig,
];
const SEQUENCE: Tag = Tag::new(0x0040, 0x0100);

/// An identifier with a sequence of undefined length in it.
fn identifier(encoding: Encoding) -> Vec<u8> {
    let syntax = Syntax::of(encoding);
    let mut bytes = Builder::new(encoding)
        .text(tag::SOP_INSTANCE_UID, *b"UI", "1.2\\1.3.4")
        .text(tag::QUERY_RETRIEVE_LEVEL, *b"CS", "STUDY")
        .text(tag::PATIENT_ID, *b"LO", "P-1")
        .text(tag::STUDY_INSTANCE_UID, *b"UI", "1.2.3")
        .build();
    syntax.write_header(&mut bytes, SEQUENCE, *b"SQ", u32::MAX);
    for (group, element, length) in [
        (0xFFFE, 0xE000, u32::MAX),
        (0xFFFE, 0xE00D, 0),
        (0xFFFE, 0xE0DD, 0),
    ] {
        let plain = Syntax {
            explicit: false,
            ..syntax
        };
        plain.write_header(&mut bytes, Tag::new(group, element), *b"UN", length);
    }
    write(&mut bytes, syntax, Tag::new(0x0040, 0xA001), *b"LO", b"end");
    bytes
}

#[test]
fn values_are_found_by_tag_in_every_plain_encoding() {
    for encoding in PLAIN {
        let bytes = identifier(encoding);
        let elements = Elements::parse(&bytes, encoding).unwrap();
        assert_eq!(elements.value(tag::PATIENT_ID), Some(&b"P-1 "[..]));
        assert_eq!(elements.text(tag::PATIENT_ID).as_deref(), Some("P-1"));
        assert_eq!(elements.texts(tag::SOP_INSTANCE_UID), ["1.2", "1.3.4"]);
        assert_eq!(elements.uid(tag::STUDY_INSTANCE_UID), "1.2.3".parse().ok());
        assert_eq!(elements.uid(tag::SOP_INSTANCE_UID), None);
        assert!(!elements.has(tag::MODALITY));
        assert_eq!(elements.text(tag::MODALITY), None);
        assert_eq!(elements.value(SEQUENCE).map(<[u8]>::len), Some(16));
        assert_eq!(elements.text(Tag::new(0x0040, 0xA001)).unwrap(), "end");
        assert_eq!(elements.tags().count(), 6);
    }
}

#[test]
fn an_empty_element_is_there_without_texts() {
    let bytes = Builder::new(Encoding::ImplicitLittle)
        .text(tag::MODALITIES_IN_STUDY, *b"CS", "")
        .build();
    let elements = Elements::parse(&bytes, Encoding::ImplicitLittle).unwrap();
    assert!(elements.has(tag::MODALITIES_IN_STUDY));
    assert!(elements.texts(tag::MODALITIES_IN_STUDY).is_empty());
}

#[test]
fn replacing_changes_one_element_and_no_other_byte() {
    for encoding in PLAIN {
        let bytes = identifier(encoding);
        let elements = Elements::parse(&bytes, encoding).unwrap();
        for (tag, vr, value) in [
            (tag::PATIENT_ID, *b"LO", &b"another"[..]),
            (tag::RETRIEVE_AE_TITLE, *b"AE", b"CREDENCE"),
            (tag::SPECIFIC_CHARACTER_SET, *b"CS", b"ISO_IR 192"),
            (SEQUENCE, *b"SQ", b""),
            (Tag::new(0x7FE0, 0x0010), *b"OB", b"123"),
        ] {
            let replaced = elements.replaced(tag, vr, value);
            let after = Elements::parse(&replaced, encoding).unwrap();
            assert_eq!(trimmed(after.value(tag).unwrap()), value);
            assert!(after.value(tag).unwrap().len().is_multiple_of(2));
            for other in elements.tags().filter(|other| *other != tag) {
                assert_eq!(after.value(other), elements.value(other));
            }
        }
        let same = elements.replaced(tag::PATIENT_ID, *b"LO", b"P-1");
        assert_eq!(same, bytes);
    }
}

#[test]
fn a_group_length_that_would_lie_goes() {
    let group_length = Tag::new(0x0008, 0x0000);
    let bytes = Builder::new(Encoding::ImplicitLittle)
        .bytes(group_length, *b"UL", &[10, 0, 0, 0])
        .text(tag::RETRIEVE_AE_TITLE, *b"AE", "PACS")
        .text(tag::PATIENT_ID, *b"LO", "P-1")
        .build();
    let elements = Elements::parse(&bytes, Encoding::ImplicitLittle).unwrap();
    let replaced = elements.replaced(tag::RETRIEVE_AE_TITLE, *b"AE", b"CREDENCE");
    let after = Elements::parse(&replaced, Encoding::ImplicitLittle).unwrap();
    assert!(!after.has(group_length));
    let replaced = elements.replaced(tag::PATIENT_ID, *b"LO", b"P-2");
    let after = Elements::parse(&replaced, Encoding::ImplicitLittle).unwrap();
    assert!(after.has(group_length));
}

#[test]
fn a_value_too_long_for_its_vr_becomes_unknown_and_stays_whole() {
    let long = "1.2\\".repeat(20_000);
    let bytes = Builder::new(Encoding::ExplicitLittle)
        .text(tag::FAILED_SOP_INSTANCE_UID_LIST, *b"UI", &long)
        .text(tag::PATIENT_ID, *b"LO", "P-1")
        .build();
    let elements = Elements::parse(&bytes, Encoding::ExplicitLittle).unwrap();
    assert_eq!(
        elements.value(tag::FAILED_SOP_INSTANCE_UID_LIST),
        Some(long.as_bytes())
    );
    assert_eq!(bytes.get(4..6), Some(&b"UN"[..]));
}

#[test]
fn a_builder_sorts_and_pads() {
    let bytes = Builder::new(Encoding::ExplicitLittle)
        .text(tag::STUDY_INSTANCE_UID, *b"UI", "1.2")
        .text(tag::PATIENT_ID, *b"LO", "P-1")
        .build();
    assert_eq!(
        bytes,
        b"\x10\0\x20\0LO\x04\0P-1 \x20\0\x0d\0UI\x04\x001.2\0"
    );
}

#[test]
fn what_is_no_small_data_set_is_refused() {
    let parse = |bytes: &[u8]| Elements::parse(bytes, Encoding::ImplicitLittle).err();
    let too_long = vec![0; ELEMENTS_BYTES_MAX + 1];
    assert_eq!(
        parse(&too_long),
        Some(ElementsError::TooLong {
            bytes: too_long.len()
        })
    );
    assert_eq!(
        Elements::parse(&[3, 0], Encoding::DeflatedLittle).err(),
        Some(ElementsError::Deflated)
    );
    let huge = b"\x08\0\x52\0\xfe\xff\xff\xffSTUDY ";
    assert_eq!(parse(huge), Some(ElementsError::Truncated));
    let nested = b"\x08\0\x40\x11\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff".repeat(2000);
    assert_eq!(
        parse(&nested),
        Some(ElementsError::Scan(ScanError::TooDeep {
            tag: Tag::new(0x0008, 0x1140)
        }))
    );
    let twice = b"\x10\0\x20\0\x02\0\0\0P1".repeat(2);
    assert_eq!(
        parse(&twice),
        Some(ElementsError::Scan(ScanError::NotRising {
            tag: tag::PATIENT_ID,
            after: tag::PATIENT_ID
        }))
    );
}

#[test]
fn neither_elements_nor_builder_shows_values_in_debug_output() {
    let builder = Builder::new(Encoding::ImplicitLittle).text(tag::PATIENT_ID, *b"LO", "P-1");
    let bytes = builder.clone().build();
    let elements = Elements::parse(&bytes, Encoding::ImplicitLittle).unwrap();
    assert_eq!(format!("{elements:?}"), "[Tag(0010,0020)]");
    assert_eq!(format!("{builder:?}"), "[Tag(0010,0020)]");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        encoding in proptest::sample::select(&PLAIN),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(elements) = Elements::parse(&bytes, encoding) {
            let replaced = elements.replaced(tag::PATIENT_ID, *b"LO", b"P-1");
            prop_assert!(Elements::parse(&replaced, encoding).is_ok());
        }
    }

    #[test]
    fn a_prefix_has_true_values_or_is_refused(
        encoding in proptest::sample::select(&PLAIN),
        at in any::<usize>(),
    ) {
        let bytes = identifier(encoding);
        let all = Elements::parse(&bytes, encoding).unwrap();
        if let Ok(elements) = Elements::parse(&bytes[..at % bytes.len()], encoding) {
            for tag in elements.tags() {
                prop_assert_eq!(elements.value(tag), all.value(tag));
            }
        }
    }
}
