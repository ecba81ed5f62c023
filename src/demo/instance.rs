//! Instances and identifiers as the stand-ins hold them: data sets as bytes, and the door to
//! `dicom-object` for reading and writing them.

use std::io::Read;

use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::TransferSyntax;
use dicom_encoding::TransferSyntaxIndex;
use dicom_object::FileMetaTable;
use dicom_object::FileMetaTableBuilder;
use dicom_object::InMemDicomObject;
use dicom_object::OpenFileOptions;
use dicom_object::file::ReadPreamble;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::demo::DemoError;
use crate::dicom::Uid;

/// Bytes before the file meta information: preamble and prefix (PS3.10 §7.1).
const PREAMBLE_BYTES: usize = 128;
/// Bytes from the end of the preamble to the end of the group length element: prefix, header,
/// value.
const GROUP_LENGTH_END_BYTES: usize = 4 + 8 + 4;

/// One SOP instance: its data set as it was read or received, never encoded anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// SOP Class UID.
    pub sop_class: Uid,
    /// SOP Instance UID.
    pub sop_instance: Uid,
    /// How `data_set` is encoded.
    pub transfer_syntax: Uid,
    /// The data set, without file meta information.
    pub data_set: Bytes,
}

impl Instance {
    /// The instance in a Part 10 file (PS3.10 §7).
    ///
    /// # Errors
    /// When the file meta information cannot be read.
    pub fn from_part10(file: &Bytes) -> Result<Self, DemoError> {
        let cut = || DemoError::Dicom("the file meta information is cut short".to_owned());
        let meta = file.get(PREAMBLE_BYTES..).ok_or_else(cut)?;
        let meta = FileMetaTable::from_reader(meta).map_err(DemoError::dicom)?;
        let group = usize::try_from(meta.information_group_length).unwrap_or(usize::MAX);
        let start = (PREAMBLE_BYTES + GROUP_LENGTH_END_BYTES).saturating_add(group);
        if start > file.len() {
            return Err(cut());
        }
        let uid = |text: &str| Uid::from_bytes(text.as_bytes()).map_err(DemoError::dicom);
        Ok(Self {
            sop_class: uid(meta.media_storage_sop_class_uid())?,
            sop_instance: uid(meta.media_storage_sop_instance_uid())?,
            transfer_syntax: uid(meta.transfer_syntax())?,
            data_set: file.slice(start..),
        })
    }

    /// This instance as a Part 10 file with a zeroed preamble.
    ///
    /// # Errors
    /// When the file meta information cannot be written.
    pub fn to_part10(&self) -> Result<Vec<u8>, DemoError> {
        let mut file = vec![0; PREAMBLE_BYTES];
        file.extend_from_slice(b"DICM");
        let meta = self.meta()?;
        meta.write(&mut file).map_err(DemoError::dicom)?;
        file.extend_from_slice(&self.data_set);
        Ok(file)
    }

    /// The elements before the pixel data.
    ///
    /// # Errors
    /// When the data set cannot be read.
    pub fn attributes(&self) -> Result<InMemDicomObject, DemoError> {
        let mut meta = b"DICM".to_vec();
        self.meta()?.write(&mut meta).map_err(DemoError::dicom)?;
        let object = OpenFileOptions::new()
            .read_preamble(ReadPreamble::Never)
            .read_until(tags::PIXEL_DATA)
            .from_reader((&*meta).chain(&*self.data_set))
            .map_err(DemoError::dicom)?;
        Ok(object.into_inner())
    }

    /// The same instance in `transfer_syntax`, where both syntaxes leave pixels as they are;
    /// `None` where pixels would have to be decoded.
    pub fn transcoded(&self, transfer_syntax: &Uid) -> Option<Self> {
        if self.transfer_syntax == *transfer_syntax {
            return Some(self.clone());
        }
        let plain = |uid: &Uid| syntax(uid).is_ok_and(TransferSyntax::is_codec_free);
        if !plain(&self.transfer_syntax) || !plain(transfer_syntax) {
            return None;
        }
        let data_set = read_identifier(&self.data_set, &self.transfer_syntax).ok()?;
        Some(Self {
            transfer_syntax: transfer_syntax.clone(),
            data_set: write_identifier(&data_set, transfer_syntax).ok()?,
            ..self.clone()
        })
    }

    fn meta(&self) -> Result<FileMetaTable, DemoError> {
        FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(self.sop_class.as_str())
            .media_storage_sop_instance_uid(self.sop_instance.as_str())
            .transfer_syntax(self.transfer_syntax.as_str())
            .build()
            .map_err(DemoError::dicom)
    }
}

fn syntax(uid: &Uid) -> Result<&'static TransferSyntax, DemoError> {
    TransferSyntaxRegistry
        .get(uid.as_str())
        .ok_or_else(|| DemoError::Dicom(format!("transfer syntax {uid} is not known here")))
}

/// Reads a data set, such as the identifier of a query.
///
/// # Errors
/// When it cannot be read, or its transfer syntax is not known.
pub fn read_identifier(bytes: &[u8], transfer_syntax: &Uid) -> Result<InMemDicomObject, DemoError> {
    InMemDicomObject::read_dataset_with_ts(bytes, syntax(transfer_syntax)?)
        .map_err(DemoError::dicom)
}

/// Writes a data set in the character set that it names.
///
/// # Errors
/// When it cannot be written, or its transfer syntax is not known.
pub fn write_identifier(
    data_set: &InMemDicomObject,
    transfer_syntax: &Uid,
) -> Result<Bytes, DemoError> {
    let mut bytes = Vec::new();
    data_set
        .write_dataset_with_ts(&mut bytes, syntax(transfer_syntax)?)
        .map_err(DemoError::dicom)?;
    Ok(bytes.into())
}

/// The element's text, trimmed; empty when it is absent or no text.
pub fn text(data_set: &InMemDicomObject, tag: Tag) -> String {
    let element = data_set.element_opt(tag).ok().flatten();
    let text = element.and_then(|element| element.to_str().ok());
    text.map_or_else(String::new, |text| {
        text.trim_matches([' ', '\0']).to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::phantom;

    #[test]
    fn a_file_keeps_its_data_set_bytes_on_the_way_in_and_out() {
        for study in phantom::studies().unwrap() {
            let file = Bytes::from(study.files[0].bytes.clone());
            let instance = Instance::from_part10(&file).unwrap();
            assert!(file.ends_with(&instance.data_set));
            let again = Instance::from_part10(&instance.to_part10().unwrap().into()).unwrap();
            assert!(again == instance);
            let attributes = instance.attributes().unwrap();
            assert_eq!(text(&attributes, tags::PATIENT_NAME), study.patient.name);
            assert!(attributes.element_opt(tags::PIXEL_DATA).unwrap().is_none());
        }
    }

    #[test]
    fn only_uncompressed_pixels_are_transcoded() {
        let studies = phantom::studies().unwrap();
        let first = |at: usize| {
            Instance::from_part10(&Bytes::from(studies[at].files[0].bytes.clone())).unwrap()
        };
        let (explicit, implicit, rle) = (first(0), first(1), first(3));
        let there = explicit.transcoded(&implicit.transfer_syntax).unwrap();
        assert_ne!(there.data_set, explicit.data_set);
        let back = there.transcoded(&explicit.transfer_syntax).unwrap();
        assert!(back == explicit);
        assert_eq!(rle.transcoded(&explicit.transfer_syntax), None);
    }

    #[test]
    fn a_cut_file_is_refused() {
        let file = Bytes::from(phantom::studies().unwrap().remove(0).files.remove(0).bytes);
        assert!(Instance::from_part10(&file.slice(..100)).is_err());
        assert!(Instance::from_part10(&file.slice(..200)).is_err());
    }
}
