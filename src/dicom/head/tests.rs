#![allow(
    clippy::arithmetic_side_effects,
    reason = "tests count bytes of their own making"
)]

use proptest::prelude::*;

use super::*;
use crate::dicom::Builder;
use crate::dicom::deflate::deflated;
use crate::dicom::tag;

const LIMIT: usize = 1024 * 1024;
const ENCODINGS: [Encoding; 4] = [
    Encoding::ImplicitLittle,
    Encoding::ExplicitLittle,
    Encoding::ExplicitBig,
    Encoding::DeflatedLittle,
];

fn sample(encoding: Encoding) -> Vec<u8> {
    Builder::new(encoding)
        .text(tag::SPECIFIC_CHARACTER_SET, *b"CS", "ISO_IR 100")
        .text(tag::SOP_CLASS_UID, *b"UI", "1.2.840.10008.5.1.4.1.1.2")
        .text(tag::SOP_INSTANCE_UID, *b"UI", "1.2.3.4")
        .text(tag::STUDY_DATE, *b"DA", "19700102")
        .text(tag::MODALITY, *b"CS", "CT")
        .bytes(Tag::new(0x0009, 0x1001), *b"OB", &[9; 3000])
        .text(tag::PATIENT_NAME, *b"PN", "Doe^Jane")
        .text(tag::PATIENT_ID, *b"LO", " P-1 ")
        .text(tag::ISSUER_OF_PATIENT_ID, *b"LO", "St Anna")
        .text(tag::STUDY_INSTANCE_UID, *b"UI", "1.2.3")
        .text(tag::SERIES_INSTANCE_UID, *b"UI", "1.2.3.9")
        .bytes(Tag::new(0x7FE0, 0x0010), *b"OW", &[1; 5000])
        .build()
}

fn expected() -> Head {
    Head {
        sop_class_uid: Some("1.2.840.10008.5.1.4.1.1.2".parse().unwrap()),
        sop_instance_uid: Some("1.2.3.4".parse().unwrap()),
        patient_id: Some(b"P-1".to_vec()),
        issuer_of_patient_id: Some(b"St Anna".to_vec()),
        study_instance_uid: Some("1.2.3".parse().unwrap()),
        modality: Some("CT".to_owned()),
        station_name: None,
        study_date: Some(Day(1)),
    }
}

/// The answer to a whole data set that comes in these pieces.
fn read<'a>(
    encoding: Encoding,
    limit: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Head, HeadError> {
    let mut reader = HeadReader::new(encoding, limit);
    for piece in pieces {
        if let Some(head) = reader.push(piece)? {
            return Ok(head);
        }
    }
    reader.finish()
}

fn whole(encoding: Encoding, bytes: &[u8]) -> Result<Head, HeadError> {
    read(encoding, LIMIT, [bytes])
}

fn explicit(tag: Tag, vr: [u8; 2], length: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    Syntax::of(Encoding::ExplicitLittle).write_header(&mut bytes, tag, vr, length);
    bytes
}

fn implicit(tag: Tag, length: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    Syntax::of(Encoding::ImplicitLittle).write_header(&mut bytes, tag, *b"UN", length);
    bytes
}

const SEQUENCE: Tag = Tag::new(0x0008, 0x1140);
const ITEM: Tag = Tag::new(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag::new(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag::new(0xFFFE, 0xE0DD);
const UNDEFINED: u32 = u32::MAX;

#[test]
fn the_head_is_the_same_in_every_encoding() {
    for encoding in ENCODINGS {
        assert_eq!(whole(encoding, &sample(encoding)), Ok(expected()));
    }
}

#[test]
fn the_head_is_there_with_the_last_byte_of_the_study_instance_uid() {
    let bytes = sample(Encoding::ExplicitLittle);
    let end = bytes.windows(6).position(|w| w == b"1.2.3\0").unwrap() + 6;
    let mut reader = HeadReader::new(Encoding::ExplicitLittle, LIMIT);
    assert_eq!(reader.push(&bytes[..end - 1]), Ok(None));
    assert_eq!(reader.push(&bytes[end - 1..end]), Ok(Some(expected())));
    assert_eq!(reader.push(b"anything"), Ok(Some(expected())));
    assert_eq!(reader.finish(), Ok(expected()));
}

#[test]
fn a_missing_or_empty_patient_id_is_a_fact() {
    for id in [None, Some(""), Some("  ")] {
        let mut builder = Builder::new(Encoding::ImplicitLittle);
        if let Some(id) = id {
            builder = builder.text(tag::PATIENT_ID, *b"LO", id);
        }
        let bytes = builder.text(tag::STUDY_INSTANCE_UID, *b"UI", "1.2").build();
        let head = whole(Encoding::ImplicitLittle, &bytes).unwrap();
        assert_eq!(head.patient_id, None);
        assert_eq!(head.sop_class_uid, None);
    }
}

#[test]
fn a_missing_or_empty_study_is_a_fact_known_as_soon_as_it_is_certain() {
    let patient = || {
        Builder::new(Encoding::ExplicitLittle)
            .text(tag::MODALITY, *b"CS", "CT")
            .text(tag::PATIENT_ID, *b"LO", "P-1")
    };
    let known = |head: Head| {
        assert_eq!(head.study_instance_uid, None);
        assert_eq!(head.patient_id.as_deref(), Some(&b"P-1"[..]));
        assert_eq!(head.modality.as_deref(), Some("CT"));
    };
    let mut empty = HeadReader::new(Encoding::ExplicitLittle, LIMIT);
    let bytes = patient().text(tag::STUDY_INSTANCE_UID, *b"UI", "").build();
    known(empty.push(&bytes).unwrap().unwrap());
    let mut passed = HeadReader::new(Encoding::ExplicitLittle, LIMIT);
    assert_eq!(passed.push(&patient().build()), Ok(None));
    let pixels = explicit(Tag::new(0x7FE0, 0x0010), *b"OW", 0x7FFF_FFFE);
    known(passed.push(&pixels).unwrap().unwrap());
    known(passed.finish().unwrap());
    known(whole(Encoding::ExplicitLittle, &patient().build()).unwrap());
    for encoding in ENCODINGS {
        let nothing = Builder::new(encoding).build();
        assert_eq!(whole(encoding, &nothing).unwrap().study_instance_uid, None);
    }
}

#[test]
fn a_data_set_that_ends_inside_an_element_is_no_data_set_without_a_study() {
    let bytes = explicit(tag::PATIENT_ID, *b"LO", 4);
    for cut in 1..=bytes.len() {
        assert_eq!(
            whole(Encoding::ExplicitLittle, &bytes[..cut]),
            Err(HeadError::Truncated)
        );
    }
}

#[test]
fn thirty_eight_bytes_that_declare_four_gibibytes_are_refused_at_the_header() {
    let bytes = [
        explicit(tag::MODALITY, *b"CS", 2),
        b"CT".to_vec(),
        explicit(tag::PATIENT_SEX, *b"CS", 2),
        b"O ".to_vec(),
        implicit(Tag::new(0x0010, 0x1000), 0xFFFF_FFFE)[..4].to_vec(),
        b"UN\0\0\xfe\xff\xff\xff".to_vec(),
        vec![0; 6],
    ]
    .concat();
    assert_eq!(bytes.len(), 38);
    assert_eq!(
        whole(Encoding::ExplicitLittle, &bytes),
        Err(HeadError::TooLong { limit_bytes: LIMIT })
    );
    let patient = explicit(tag::PATIENT_ID, *b"UT", 0xFFFF_FFF0);
    assert_eq!(
        whole(Encoding::ExplicitLittle, &patient),
        Err(HeadError::ValueTooLong {
            tag: tag::PATIENT_ID,
            length: 0xFFFF_FFF0
        })
    );
}

#[test]
fn sequences_nest_sixty_four_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let mut bytes = Vec::new();
        for _ in 0..depth {
            bytes.extend(explicit(SEQUENCE, *b"SQ", UNDEFINED));
            bytes.extend(implicit(ITEM, UNDEFINED));
        }
        for _ in 0..depth {
            bytes.extend(implicit(ITEM_END, 0));
            bytes.extend(implicit(SEQUENCE_END, 0));
        }
        bytes.extend(explicit(tag::STUDY_INSTANCE_UID, *b"UI", 4));
        bytes.extend_from_slice(b"1.2\0");
        whole(Encoding::ExplicitLittle, &bytes)
    };
    assert!(nested(64).is_ok());
    let too_deep = Err(HeadError::Scan(ScanError::TooDeep { tag: SEQUENCE }));
    assert_eq!(nested(65), too_deep);
    assert_eq!(nested(2000), too_deep);
}

#[test]
fn a_duplicated_patient_id_and_falling_tags_are_refused() {
    let id = [explicit(tag::PATIENT_ID, *b"LO", 2), b"P1".to_vec()].concat();
    let twice = [id.clone(), id.clone()].concat();
    assert_eq!(
        whole(Encoding::ExplicitLittle, &twice),
        Err(HeadError::Scan(ScanError::NotRising {
            tag: tag::PATIENT_ID,
            after: tag::PATIENT_ID
        }))
    );
    let falling = [id, explicit(tag::MODALITY, *b"CS", 0)].concat();
    assert_eq!(
        whole(Encoding::ExplicitLittle, &falling),
        Err(HeadError::Scan(ScanError::NotRising {
            tag: tag::MODALITY,
            after: tag::PATIENT_ID
        }))
    );
}

#[test]
fn a_patient_id_inside_a_sequence_is_not_the_patients() {
    let inner = [explicit(tag::PATIENT_ID, *b"LO", 2), b"XX".to_vec()].concat();
    let study = [
        explicit(tag::STUDY_INSTANCE_UID, *b"UI", 2),
        b"1\0".to_vec(),
    ]
    .concat();
    let undefined = [
        explicit(SEQUENCE, *b"SQ", UNDEFINED),
        implicit(ITEM, UNDEFINED),
        inner.clone(),
        explicit(tag::STUDY_INSTANCE_UID, *b"UI", 2),
        b"9\0".to_vec(),
        implicit(ITEM_END, 0),
        implicit(ITEM, u32::try_from(inner.len()).unwrap()),
        inner,
        implicit(SEQUENCE_END, 0),
        study,
    ]
    .concat();
    let head = whole(Encoding::ExplicitLittle, &undefined).unwrap();
    assert_eq!(head.patient_id, None);
    assert_eq!(head.study_instance_uid, Some("1".parse().unwrap()));
}

#[test]
fn an_unknown_element_of_undefined_length_is_implicit_little_endian_inside() {
    let mut bytes = Vec::new();
    let big = Syntax::of(Encoding::ExplicitBig);
    big.write_header(&mut bytes, Tag::new(0x0009, 0x1002), *b"UN", UNDEFINED);
    bytes.extend(implicit(ITEM, UNDEFINED));
    bytes.extend(implicit(Tag::new(0x0009, 0x1003), UNDEFINED));
    bytes.extend(implicit(ITEM, 4));
    bytes.extend_from_slice(b"\x01\x02\x03\x04");
    bytes.extend(implicit(SEQUENCE_END, 0));
    bytes.extend(implicit(Tag::new(0x0009, 0x1004), 2));
    bytes.extend_from_slice(b"ab");
    bytes.extend(implicit(ITEM_END, 0));
    bytes.extend(implicit(SEQUENCE_END, 0));
    big.write_header(&mut bytes, tag::STUDY_INSTANCE_UID, *b"UI", 2);
    bytes.extend_from_slice(b"1\0");
    assert!(whole(Encoding::ExplicitBig, &bytes).is_ok());
}

#[test]
fn structure_out_of_place_is_refused() {
    let out_of_place = |parts: &[Vec<u8>], tag: Tag| {
        assert_eq!(
            whole(Encoding::ExplicitLittle, &parts.concat()),
            Err(HeadError::Scan(ScanError::OutOfPlace { tag }))
        );
    };
    let sequence = explicit(SEQUENCE, *b"SQ", UNDEFINED);
    let item = implicit(ITEM, UNDEFINED);
    out_of_place(&[implicit(ITEM, 0)], ITEM);
    out_of_place(&[sequence.clone(), implicit(ITEM_END, 0)], ITEM_END);
    out_of_place(
        &[sequence.clone(), explicit(tag::MODALITY, *b"CS", 0)],
        tag::MODALITY,
    );
    out_of_place(
        &[sequence.clone(), item.clone(), implicit(SEQUENCE_END, 0)],
        SEQUENCE_END,
    );
    out_of_place(&[sequence.clone(), item, implicit(ITEM_END, 2)], ITEM_END);
    out_of_place(&[sequence, implicit(SEQUENCE_END, 8)], SEQUENCE_END);
}

#[test]
fn commands_and_file_meta_information_are_not_data_sets() {
    for group in [0x0000, 0x0002, 0x0003, 0x0007] {
        let tag = Tag::new(group, 0x0010);
        for bytes in [explicit(tag, *b"UI", 0), implicit(tag, 0)] {
            let error = Err(HeadError::Scan(ScanError::Group { tag }));
            assert_eq!(whole(Encoding::ImplicitLittle, &bytes), error);
        }
    }
}

#[test]
fn group_lengths_are_legal() {
    let bytes = Builder::new(Encoding::ImplicitLittle)
        .bytes(Tag::new(0x0008, 0x0000), *b"UL", &[1, 0, 0, 0])
        .bytes(Tag::new(0x0010, 0x0000), *b"UL", &[1, 0, 0, 0])
        .text(tag::STUDY_INSTANCE_UID, *b"UI", "1.2")
        .build();
    assert!(whole(Encoding::ImplicitLittle, &bytes).is_ok());
}

#[test]
fn a_future_vr_has_a_long_length_and_what_is_no_vr_is_refused() {
    let private = Tag::new(0x0009, 0x1001);
    let with = |vr: &[u8; 2], rest: &[u8]| {
        [
            &explicit(private, *b"CS", 0)[..4],
            vr,
            rest,
            &explicit(tag::STUDY_INSTANCE_UID, *b"UI", 2),
            b"1\0",
        ]
        .concat()
    };
    let future = with(b"ZZ", &[0, 0, 2, 0, 0, 0, 1, 2]);
    assert!(whole(Encoding::ExplicitLittle, &future).is_ok());
    let refused = Err(HeadError::Scan(ScanError::Vr { tag: private }));
    for bytes in [
        with(b"ZZ", &[2, 0, 1, 2]),
        with(b"cs", &[0, 0, 0, 0, 0, 0]),
        with(b"\0\0", &[0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(whole(Encoding::ExplicitLittle, &bytes), refused);
    }
}

#[test]
fn text_of_undefined_length_is_refused() {
    let endless = explicit(Tag::new(0x0008, 0x0119), *b"UC", UNDEFINED);
    assert_eq!(
        whole(Encoding::ExplicitLittle, &endless),
        Err(HeadError::Scan(ScanError::UndefinedLength {
            tag: Tag::new(0x0008, 0x0119)
        }))
    );
    for bytes in [
        implicit(tag::PATIENT_ID, UNDEFINED),
        implicit(tag::STUDY_INSTANCE_UID, UNDEFINED),
    ] {
        let error = whole(Encoding::ImplicitLittle, &bytes);
        assert!(matches!(error, Err(HeadError::NotText { .. })), "{error:?}");
    }
}

#[test]
fn uids_are_checked_and_a_modality_is_a_code_or_nothing() {
    let bad = Builder::new(Encoding::ImplicitLittle)
        .text(tag::SOP_INSTANCE_UID, *b"UI", "1.2\\1.3")
        .build();
    assert_eq!(
        whole(Encoding::ImplicitLittle, &bad),
        Err(HeadError::Uid {
            tag: tag::SOP_INSTANCE_UID,
            source: UidError::Character(b'\\')
        })
    );
    for (value, modality) in [
        ("MR", Some("MR")),
        ("Doe^Jane", None),
        ("SEVENTEEN LETTERS", None),
        ("", None),
    ] {
        let bytes = Builder::new(Encoding::ImplicitLittle)
            .text(tag::MODALITY, *b"CS", value)
            .text(tag::STUDY_DATE, *b"DA", "1970.01.02")
            .text(tag::STUDY_INSTANCE_UID, *b"UI", "1.2")
            .build();
        let head = whole(Encoding::ImplicitLittle, &bytes).unwrap();
        assert_eq!(head.modality.as_deref(), modality);
        assert_eq!(head.study_date, None);
    }
}

#[test]
fn a_study_beyond_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let bytes = sample(Encoding::ExplicitLittle);
    let end = bytes.windows(6).position(|w| w == b"1.2.3\0").unwrap() + 6;
    let within = |limit| read(Encoding::ExplicitLittle, limit, [&bytes[..]]);
    assert_eq!(within(end), Ok(expected()));
    assert_eq!(
        within(end - 1),
        Err(HeadError::TooLong {
            limit_bytes: end - 1
        })
    );
}

#[test]
fn a_bomb_and_an_endless_run_of_empty_blocks_are_refused() {
    let sequence = explicit(Tag::new(0x0009, 0x1001), *b"OB", UNDEFINED);
    let items = implicit(ITEM, 0).repeat(1_000_000);
    let bomb = deflated(&[sequence, items].concat());
    assert!(bomb.len() < 100_000);
    let too_long = Err(HeadError::TooLong { limit_bytes: LIMIT });
    assert_eq!(whole(Encoding::DeflatedLittle, &bomb), too_long);
    let empty_blocks = [0, 0, 0, 0xff, 0xff].repeat(LIMIT / 5 + 1);
    assert_eq!(whole(Encoding::DeflatedLittle, &empty_blocks), too_long);
    assert_eq!(
        whole(Encoding::DeflatedLittle, &[0xff; 64]),
        Err(HeadError::Inflate)
    );
}

#[test]
fn neither_head_nor_reader_shows_the_patient_in_debug_output() {
    let head = expected();
    let mut reader = HeadReader::new(Encoding::ExplicitLittle, LIMIT);
    let bytes = sample(Encoding::ExplicitLittle);
    let end = bytes.windows(3).position(|w| w == b"P-1").unwrap() + 2;
    assert_eq!(reader.push(&bytes[..end]), Ok(None));
    for text in [format!("{head:?}"), format!("{reader:?}")] {
        assert!(!text.contains("P-1"));
        assert!(!text.contains("80, 45"), "the bytes of the Patient ID");
    }
}

/// Cuts `bytes` at these places, taken modulo its length.
fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    at.sort_unstable();
    let mut start = 0;
    let mut pieces = Vec::new();
    for end in at.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[start..end]);
        start = end;
    }
    pieces
}

fn encodings() -> impl Strategy<Value = Encoding> {
    proptest::sample::select(&ENCODINGS)
}

/// Bytes that are nearly a data set, so that they get far into the reader.
fn nearly(encoding: Encoding) -> impl Strategy<Value = Vec<u8>> {
    let spoilt = proptest::collection::vec((any::<usize>(), any::<u8>()), 0..4);
    spoilt.prop_map(move |spoilt| {
        let mut bytes = sample(encoding);
        for (at, byte) in spoilt {
            let at = at % bytes.len().min(200);
            bytes[at] = byte;
        }
        bytes
    })
}

/// Every value that `part` has is that of `whole`.
fn is_beginning_of(part: &Head, whole: &Head) -> bool {
    fn same<T: PartialEq>(part: &Option<T>, whole: &Option<T>) -> bool {
        part.is_none() || part == whole
    }
    same(&part.sop_class_uid, &whole.sop_class_uid)
        && same(&part.sop_instance_uid, &whole.sop_instance_uid)
        && same(&part.patient_id, &whole.patient_id)
        && same(&part.issuer_of_patient_id, &whole.issuer_of_patient_id)
        && same(&part.modality, &whole.modality)
        && same(&part.study_date, &whole.study_date)
}

proptest! {
    #[test]
    fn any_bytes_in_any_cuts_give_the_answer_of_one_cut(
        encoding in encodings(),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
        limit in 0..200_usize,
    ) {
        let one = read(encoding, limit, [&bytes[..]]);
        prop_assert_eq!(&read(encoding, limit, cut(&bytes, &cuts)), &one);
        prop_assert_eq!(&read(encoding, limit, bytes.chunks(1)), &one);
    }

    #[test]
    fn nearly_data_sets_in_any_cuts_give_the_answer_of_one_cut(
        (encoding, bytes) in encodings().prop_flat_map(|e| (Just(e), nearly(e))),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
        limit in 0..5000_usize,
    ) {
        let one = read(encoding, limit, [&bytes[..]]);
        prop_assert_eq!(&read(encoding, limit, cut(&bytes, &cuts)), &one);
        prop_assert_eq!(&read(encoding, limit, bytes.chunks(1)), &one);
    }

    #[test]
    fn a_prefix_gives_no_value_that_the_whole_has_not(
        encoding in encodings(),
        at in any::<usize>(),
    ) {
        let bytes = sample(encoding);
        let prefix = &bytes[..at % bytes.len()];
        match whole(encoding, prefix) {
            Ok(head) if head.study_instance_uid.is_some() => prop_assert_eq!(head, expected()),
            Ok(head) => prop_assert!(is_beginning_of(&head, &expected())),
            Err(error) => prop_assert_eq!(error, HeadError::Truncated),
        }
    }
}
