//! The demo's patients: three invented people and four drawn studies, the same bytes on every
//! machine. `fixtures/` holds a copy of them.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use dicom_core::DataElement;
use dicom_core::PrimitiveValue;
use dicom_core::Tag;
use dicom_core::VR;
use dicom_core::value::PixelFragmentSequence;
use dicom_dictionary_std::tags;
use dicom_dictionary_std::uids;
use dicom_object::FileMetaTableBuilder;
use dicom_object::InMemDicomObject;

use crate::demo::DemoError;
use crate::demo::drawing;
use crate::demo::drawing::CHEST;
use crate::demo::drawing::Ellipsoid;
use crate::demo::drawing::HEAD;
use crate::demo::instance::Instance;
use crate::dicom::Uid;
use crate::digest::Sha256;

/// A person who never lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patient {
    /// Patient's Name (PN).
    pub name: &'static str,
    /// Patient ID, of the issuer [`ISSUER`].
    pub id: &'static str,
    pub(crate) birth_date: &'static str,
    pub(crate) sex: &'static str,
}

/// Issuer of every Patient ID here.
pub const ISSUER: &str = "CREDENCE-DEMO";

/// Has a CT of the chest.
pub const ADA: Patient = Patient {
    name: "Phantom^Ada",
    id: "DEMO-0001",
    birth_date: "19501210",
    sex: "F",
};

/// Has an MR of the head, in implicit VR; the name needs a character set.
pub const JOERG: Patient = Patient {
    name: "Phantom^Jörg",
    id: "DEMO-0002",
    birth_date: "19620229",
    sex: "M",
};

/// Has a radiograph and an ultrasound.
pub const MEI: Patient = Patient {
    name: "Phantom^Mei",
    id: "DEMO-0003",
    birth_date: "19880808",
    sex: "F",
};

/// A drawn study.
#[derive(Clone, Debug)]
pub struct Study {
    /// Whose it is.
    pub patient: Patient,
    /// Folder of its files, for example `ada-ct`.
    pub name: &'static str,
    /// Study Description.
    pub description: &'static str,
    /// Modality (CS).
    pub modality: &'static str,
    /// Study Instance UID.
    pub uid: Uid,
    /// Its files, in Part 10 form with a zeroed preamble, in order.
    pub files: Vec<Part10>,
}

/// One file of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part10 {
    /// File name, for example `007.dcm`.
    pub name: String,
    /// The whole file.
    pub bytes: Vec<u8>,
}

/// Why the files could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PhantomError {
    /// The DICOM writer refused what was drawn.
    #[error("cannot encode {study}: {cause}")]
    Encode {
        /// Folder of the study.
        study: &'static str,
        /// What the writer says.
        cause: String,
    },
    /// The disk refused a file.
    #[error("cannot write {path}: {cause}")]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// What differs between the drawn studies.
struct Recipe {
    name: &'static str,
    patient: Patient,
    modality: &'static str,
    description: &'static str,
    date: &'static str,
    sop_class: &'static str,
    transfer_syntax: &'static str,
    bodies: &'static [Ellipsoid],
    side: u16,
    instances: u16,
    frames: u16,
}

const RECIPES: [Recipe; 4] = [
    Recipe {
        name: "ada-ct",
        patient: ADA,
        modality: "CT",
        description: "CT CHEST, DRAWN",
        date: "20260105",
        sop_class: uids::CT_IMAGE_STORAGE,
        transfer_syntax: uids::EXPLICIT_VR_LITTLE_ENDIAN,
        bodies: CHEST,
        side: 128,
        instances: 24,
        frames: 1,
    },
    Recipe {
        name: "joerg-mr",
        patient: JOERG,
        modality: "MR",
        description: "MR HEAD, DRAWN",
        date: "20260112",
        sop_class: uids::MR_IMAGE_STORAGE,
        transfer_syntax: uids::IMPLICIT_VR_LITTLE_ENDIAN,
        bodies: HEAD,
        side: 96,
        instances: 10,
        frames: 1,
    },
    Recipe {
        name: "mei-cr",
        patient: MEI,
        modality: "CR",
        description: "CHEST PA, DRAWN",
        date: "20260119",
        sop_class: uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
        transfer_syntax: uids::EXPLICIT_VR_LITTLE_ENDIAN,
        bodies: CHEST,
        side: 256,
        instances: 1,
        frames: 1,
    },
    Recipe {
        name: "mei-us",
        patient: MEI,
        modality: "US",
        description: "US LOOP, DRAWN",
        date: "20260120",
        sop_class: uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
        transfer_syntax: uids::RLE_LOSSLESS,
        bodies: HEAD,
        side: 64,
        instances: 1,
        frames: 8,
    },
];

/// Draws all studies.
///
/// # Errors
/// When the DICOM writer refuses a data set; the test below keeps that from happening.
pub fn studies() -> Result<Vec<Study>, PhantomError> {
    RECIPES.iter().map(study).collect()
}

/// All instances of all studies, in order.
///
/// # Errors
/// As [`studies`].
pub fn instances() -> Result<Vec<Instance>, DemoError> {
    let files = studies()?.into_iter().flat_map(|study| study.files);
    files
        .map(|file| Instance::from_part10(&file.bytes.into()))
        .collect()
}

/// Writes `studies` below `folder`, one folder each, and returns the paths in order.
///
/// # Errors
/// When the disk refuses.
pub fn write(folder: &Path, studies: &[Study]) -> Result<Vec<PathBuf>, PhantomError> {
    let mut paths = Vec::new();
    for study in studies {
        let place = folder.join(study.name);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |cause| PhantomError::Write { path, cause }
        };
        std::fs::create_dir_all(&place).map_err(failed(&place))?;
        for file in &study.files {
            let path = place.join(&file.name);
            std::fs::write(&path, &file.bytes).map_err(failed(&path))?;
            paths.push(path);
        }
    }
    Ok(paths)
}

/// A UID under 2.25 (PS3.5 §B.2) for `name`: a version 8 UUID from its SHA-256, so that nothing
/// drawn here can meet a real one.
pub(crate) fn uid(name: &str) -> String {
    let digest = Sha256::of(&[b"credence demo ", name.as_bytes()]);
    let high = digest.as_bytes().first_chunk().copied();
    let number = u128::from_be_bytes(high.unwrap_or_default());
    let version = number & !(0xf << 76) | 8 << 76;
    let variant = version & !(0b11 << 62) | 0b10 << 62;
    format!("2.25.{variant}")
}

fn study(recipe: &Recipe) -> Result<Study, PhantomError> {
    let failed = |cause: String| PhantomError::Encode {
        study: recipe.name,
        cause,
    };
    let files = (0..recipe.instances)
        .map(|index| {
            Ok(Part10 {
                name: format!("{:03}.dcm", index + 1),
                bytes: part10(recipe, index).map_err(failed)?,
            })
        })
        .collect::<Result<_, PhantomError>>()?;
    Ok(Study {
        patient: recipe.patient,
        name: recipe.name,
        description: recipe.description,
        modality: recipe.modality,
        uid: uid(recipe.name)
            .parse()
            .map_err(|cause| failed(format!("{cause}")))?,
        files,
    })
}

/// One instance as a file. Errors are the writer's words.
fn part10(recipe: &Recipe, index: u16) -> Result<Vec<u8>, String> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(recipe.transfer_syntax)
        .implementation_class_uid(uid("implementation"))
        .implementation_version_name("CREDENCE_DEMO");
    let mut bytes = Vec::new();
    data_set(recipe, index)
        .with_meta(meta)
        .map_err(|cause| cause.to_string())?
        .write_all(&mut bytes)
        .map_err(|cause| cause.to_string())?;
    Ok(bytes)
}

fn data_set(recipe: &Recipe, index: u16) -> InMemDicomObject {
    let mut data_set = InMemDicomObject::new_empty();
    let number = (index + 1).to_string();
    let instance = uid(&format!("{}/1/{number}", recipe.name));
    let (study, series) = (uid(recipe.name), uid(&format!("{}/1", recipe.name)));
    let Patient {
        name,
        id,
        birth_date,
        sex,
    } = recipe.patient;
    for (tag, vr, value) in [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY"),
        (tags::SOP_CLASS_UID, VR::UI, recipe.sop_class),
        (tags::SOP_INSTANCE_UID, VR::UI, &instance),
        (tags::STUDY_DATE, VR::DA, recipe.date),
        (tags::CONTENT_DATE, VR::DA, recipe.date),
        (tags::STUDY_TIME, VR::TM, "101500"),
        (tags::CONTENT_TIME, VR::TM, "101500"),
        (tags::ACCESSION_NUMBER, VR::SH, recipe.name),
        (tags::MODALITY, VR::CS, recipe.modality),
        (tags::CONVERSION_TYPE, VR::CS, "SYN"),
        (tags::MANUFACTURER, VR::LO, "Credence (drawn, not acquired)"),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Nobody^Nora"),
        (tags::STUDY_DESCRIPTION, VR::LO, recipe.description),
        (tags::PATIENT_NAME, VR::PN, name),
        (tags::PATIENT_ID, VR::LO, id),
        (tags::ISSUER_OF_PATIENT_ID, VR::LO, ISSUER),
        (tags::PATIENT_BIRTH_DATE, VR::DA, birth_date),
        (tags::PATIENT_SEX, VR::CS, sex),
        (tags::STUDY_INSTANCE_UID, VR::UI, &study),
        (tags::SERIES_INSTANCE_UID, VR::UI, &series),
        (tags::STUDY_ID, VR::SH, "1"),
        (tags::SERIES_NUMBER, VR::IS, "1"),
        (tags::INSTANCE_NUMBER, VR::IS, &number),
    ] {
        data_set.put_str(tag, vr, value);
    }
    put_geometry(&mut data_set, recipe, index);
    put_pixels(&mut data_set, recipe, index);
    data_set
}

/// Where the slice lies: what viewers need to stack a series.
fn put_geometry(data_set: &mut InMemDicomObject, recipe: &Recipe, index: u16) {
    if recipe.instances < 2 {
        return;
    }
    let position = format!("-160\\-160\\{}", 10 * i32::from(index));
    for (tag, vr, value) in [
        (tags::SLICE_THICKNESS, VR::DS, "10"),
        (tags::IMAGE_POSITION_PATIENT, VR::DS, &*position),
        (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0"),
        (tags::PIXEL_SPACING, VR::DS, "2.5\\2.5"),
    ] {
        data_set.put_str(tag, vr, value);
    }
    if recipe.modality == "CT" {
        data_set.put_str(tags::RESCALE_INTERCEPT, VR::DS, "-1024");
        data_set.put_str(tags::RESCALE_SLOPE, VR::DS, "1");
    }
    let frame = uid(&format!("{}/frame", recipe.name));
    data_set.put_str(tags::FRAME_OF_REFERENCE_UID, VR::UI, frame);
}

fn put_pixels(data_set: &mut InMemDicomObject, recipe: &Recipe, index: u16) {
    let bits = if recipe.frames > 1 { 8 } else { 16 };
    let mut put = |tag: Tag, value: u16| {
        data_set.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    };
    put(tags::SAMPLES_PER_PIXEL, 1);
    put(tags::ROWS, recipe.side);
    put(tags::COLUMNS, recipe.side);
    put(tags::BITS_ALLOCATED, bits);
    put(tags::BITS_STORED, bits.min(12));
    put(tags::HIGH_BIT, bits.min(12) - 1);
    put(tags::PIXEL_REPRESENTATION, 0);
    data_set.put_str(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    if recipe.frames > 1 {
        let frames: Vec<Vec<u8>> = (0..recipe.frames)
            .map(|frame| loop_frame(recipe, frame))
            .collect();
        data_set.put_str(tags::NUMBER_OF_FRAMES, VR::IS, recipe.frames.to_string());
        data_set.put_str(tags::FRAME_TIME, VR::DS, "100");
        data_set.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OB,
            PixelFragmentSequence::new_fragments(frames),
        ));
    } else {
        let z = drawing::position(index, recipe.instances);
        let pixels = drawing::plane(recipe.bodies, recipe.side, z, 4_000);
        data_set.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OW,
            PrimitiveValue::U16(pixels.into()),
        ));
    }
}

/// One 8-bit frame of a loop, packed.
fn loop_frame(recipe: &Recipe, frame: u16) -> Vec<u8> {
    let z = drawing::position(frame, recipe.frames);
    let pixels: Vec<u8> = drawing::plane(recipe.bodies, recipe.side, z, 2_000)
        .into_iter()
        .map(|value| u8::try_from(value / 8).unwrap_or(u8::MAX))
        .collect();
    drawing::rle_frame(&pixels, usize::from(recipe.side))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_fixtures_are_what_the_generator_draws_byte_for_byte() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut expected = 0;
        for study in studies().unwrap() {
            for file in &study.files {
                let path = root.join(study.name).join(&file.name);
                assert!(
                    std::fs::read(&path).unwrap() == file.bytes,
                    "{} differs",
                    path.display()
                );
                expected += 1;
            }
        }
        let committed: usize = std::fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .flat_map(|folder| std::fs::read_dir(folder).unwrap())
            .filter(|file| file.as_ref().unwrap().path().extension() == Some("dcm".as_ref()))
            .count();
        assert_eq!(
            committed, expected,
            "no other image lies among the fixtures"
        );
    }

    #[test]
    fn preambles_are_zero_and_every_instance_has_a_uid_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for study in studies().unwrap() {
            for file in &study.files {
                assert_eq!(file.bytes[..132], [&[0_u8; 128][..], b"DICM"].concat());
                let object = dicom_object::from_reader(&file.bytes[..]).unwrap();
                let uid = object.meta().media_storage_sop_instance_uid().to_owned();
                assert!(uid.starts_with("2.25."));
                assert!(seen.insert(uid));
                let name = object.element(tags::PATIENT_NAME).unwrap();
                assert_eq!(name.to_str().unwrap(), study.patient.name);
            }
        }
        assert_eq!(seen.len(), 36);
    }
}
