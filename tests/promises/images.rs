//! Instances to send, with whatever patient, study, encoding and size a test wants.

use credence::demo::Instance;
use credence::demo::phantom;
use credence::dicom::Builder;
use credence::dicom::Encoding;
use credence::dicom::Tag;
use credence::dicom::tag;

use crate::house::uid;

pub(crate) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// An instance in the making.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) class: &'static str,
    pub(crate) syntax: &'static str,
    pub(crate) encoding: Encoding,
    pub(crate) name: &'static str,
    pub(crate) patient: Option<&'static str>,
    pub(crate) issuer: &'static str,
    pub(crate) study: Option<&'static str>,
    pub(crate) modality: &'static str,
    /// Length of the pixel data.
    pub(crate) pixels: usize,
}

impl Default for Image {
    fn default() -> Self {
        Self {
            class: CT,
            syntax: EXPLICIT,
            encoding: Encoding::ExplicitLittle,
            name: "Doe^Jane",
            patient: Some("P-1"),
            issuer: "ST-ANNA",
            study: Some("1.2.3.100"),
            modality: "CT",
            pixels: 20_000,
        }
    }
}

impl Image {
    /// The instance with this number.
    pub(crate) fn instance(&self, number: u32) -> Instance {
        let sop_instance = format!("1.2.3.100.1.{number}");
        let mut data_set = Builder::new(self.encoding)
            .text(tag::SOP_CLASS_UID, *b"UI", self.class)
            .text(tag::SOP_INSTANCE_UID, *b"UI", &sop_instance)
            .text(tag::STUDY_DATE, *b"DA", "20260105")
            .text(tag::MODALITY, *b"CS", self.modality)
            .text(tag::PATIENT_NAME, *b"PN", self.name)
            .text(tag::ISSUER_OF_PATIENT_ID, *b"LO", self.issuer)
            .text(tag::PATIENT_BIRTH_DATE, *b"DA", "19370911")
            .bytes(
                Tag::new(0x7FE0, 0x0010),
                *b"OW",
                &noise(self.pixels, number),
            );
        if let Some(patient) = self.patient {
            data_set = data_set.text(tag::PATIENT_ID, *b"LO", patient);
        }
        if let Some(study) = self.study {
            data_set = data_set.text(tag::STUDY_INSTANCE_UID, *b"UI", study);
        }
        Instance {
            sop_class: uid(self.class),
            sop_instance: uid(&sop_instance),
            transfer_syntax: uid(self.syntax),
            data_set: data_set.build().into(),
        }
    }
}

/// Bytes without a pattern that a shifted or repeated copy would share.
fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..length).map(byte).collect()
}

/// Ada's CT: 24 instances, explicit VR.
pub(crate) fn ada() -> Vec<Instance> {
    phantom::instances().unwrap().drain(..24).collect()
}

/// Jörg's MR: 10 instances, implicit VR.
pub(crate) fn joerg() -> Vec<Instance> {
    phantom::instances().unwrap().drain(24..34).collect()
}
