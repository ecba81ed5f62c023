//! DICOM files (PS3.10): what stands before a data set.

use crate::dicom::Builder;
use crate::dicom::Encoding;
use crate::dicom::Tag;
use crate::dicom::Uid;

/// Bytes of the preamble.
const PREAMBLE_BYTES: usize = 128;

/// Media Storage SOP Class UID and what follows it in group 0002 (PS3.10 §7.1).
const META_VERSION: Tag = Tag::new(0x0002, 0x0001);
const SOP_CLASS: Tag = Tag::new(0x0002, 0x0002);
const SOP_INSTANCE: Tag = Tag::new(0x0002, 0x0003);
const TRANSFER_SYNTAX: Tag = Tag::new(0x0002, 0x0010);
const IMPLEMENTATION: Tag = Tag::new(0x0002, 0x0012);
const GROUP_LENGTH: Tag = Tag::new(0x0002, 0x0000);

/// What a file begins with before its data set: a preamble of zeroes, the prefix, and the file meta
/// information; `implementation` is the UID of who writes it.
pub fn part10_head(
    sop_class: &Uid,
    sop_instance: &Uid,
    transfer_syntax: &Uid,
    implementation: &str,
) -> Vec<u8> {
    let group = Builder::new(Encoding::ExplicitLittle)
        .bytes(META_VERSION, *b"OB", &[0, 1])
        .text(SOP_CLASS, *b"UI", sop_class.as_str())
        .text(SOP_INSTANCE, *b"UI", sop_instance.as_str())
        .text(TRANSFER_SYNTAX, *b"UI", transfer_syntax.as_str())
        .text(IMPLEMENTATION, *b"UI", implementation)
        .build();
    // Four UIDs of at most 64 bytes.
    let bytes = u32::try_from(group.len()).unwrap_or(u32::MAX);
    let length = Builder::new(Encoding::ExplicitLittle)
        .bytes(GROUP_LENGTH, *b"UL", &bytes.to_le_bytes())
        .build();
    [&[0; PREAMBLE_BYTES], &b"DICM"[..], &length, &group].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_what_ps3_10_says() {
        let uid = |text: &str| text.parse().unwrap();
        let class = uid("1.2.840.10008.5.1.4.1.1.2");
        let head = part10_head(&class, &uid("1.2.3"), &uid("1.2.840.10008.1.2.1"), "1.2");
        assert_eq!(head[..132], [&[0_u8; 128][..], b"DICM"].concat());
        assert_eq!(head[132..144], *b"\x02\0\0\0UL\x04\0\x66\0\0\0");
        assert_eq!(head[144..158], *b"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01");
        assert_eq!(head.len(), 144 + 0x66);
        // Padded to an even length.
        assert!(head.ends_with(b"\x02\0\x12\0UI\x04\x001.2\0"));
    }
}
