//! SOP classes (PS3.4 Annex B, C, K; PS3.6 Table A-1) and the services that they stand for.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dicom_core::dictionary::UidDictionary as _;
use dicom_dictionary_std::StandardSopClassDictionary;
use dicom_dictionary_std::uids;

use crate::dicom::Uid;

/// SOP class of the link between gateways: our own, from a UUID (PS3.5 §B.2).
const LINK: &str = "2.25.28590620662259735104072960431024146970";

/// A service that Credence judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// C-ECHO (PS3.4 Annex A).
    Verification,
    /// C-STORE (PS3.4 Annex B, GG), whether or not the instances belong to a patient.
    Storage,
    /// C-FIND (PS3.4 §C.4.1, Annex K).
    Find(Model),
    /// C-MOVE (PS3.4 §C.4.2).
    Move(Model),
    /// C-GET (PS3.4 §C.4.3).
    Get(Model),
    /// N-CREATE and N-SET of a Modality Performed Procedure Step (PS3.4 Annex F).
    ProcedureStep,
    /// N-ACTION and N-EVENT-REPORT of Storage Commitment, Push Model (PS3.4 Annex J).
    Commitment,
    /// N-ACTION and N-EVENT-REPORT between two gateways: on whose behalf one asks, and what the other decided.
    Link,
}

/// An information model of queries and retrievals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// Patient Root (PS3.4 §C.6.1).
    PatientRoot,
    /// Study Root (PS3.4 §C.6.2).
    StudyRoot,
    /// Modality Worklist (PS3.4 Annex K); found only, never moved.
    Worklist,
}

impl Service {
    /// The SOP class of a query or retrieval; `None` for storage, which has many, and for a
    /// worklist that would be retrieved.
    pub fn sop_class(self) -> Option<Uid> {
        let class = match self {
            Self::Verification => uids::VERIFICATION,
            Self::Find(Model::PatientRoot) => {
                uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND
            }
            Self::Find(Model::StudyRoot) => uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
            Self::Find(Model::Worklist) => uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
            Self::Move(Model::PatientRoot) => {
                uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE
            }
            Self::Move(Model::StudyRoot) => uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
            Self::Get(Model::PatientRoot) => {
                uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET
            }
            Self::Get(Model::StudyRoot) => uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
            Self::ProcedureStep => uids::MODALITY_PERFORMED_PROCEDURE_STEP,
            Self::Commitment => uids::STORAGE_COMMITMENT_PUSH_MODEL,
            Self::Link => LINK,
            Self::Storage | Self::Move(Model::Worklist) | Self::Get(Model::Worklist) => {
                return None;
            }
        };
        class.parse().ok()
    }
}

/// The service of an abstract syntax; private storage classes only if `private_storage` names
/// them. `None` means: not judged, hence not accepted.
pub fn service_of(abstract_syntax: &Uid, private_storage: &BTreeSet<Uid>) -> Option<Service> {
    match abstract_syntax.as_str() {
        uids::VERIFICATION => Some(Service::Verification),
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND => {
            Some(Service::Find(Model::PatientRoot))
        }
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE => {
            Some(Service::Move(Model::PatientRoot))
        }
        uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET => {
            Some(Service::Get(Model::PatientRoot))
        }
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND => {
            Some(Service::Find(Model::StudyRoot))
        }
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE => {
            Some(Service::Move(Model::StudyRoot))
        }
        uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET => {
            Some(Service::Get(Model::StudyRoot))
        }
        uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND => Some(Service::Find(Model::Worklist)),
        uids::MODALITY_PERFORMED_PROCEDURE_STEP => Some(Service::ProcedureStep),
        uids::STORAGE_COMMITMENT_PUSH_MODEL => Some(Service::Commitment),
        LINK => Some(Service::Link),
        other
            if STORAGE.contains(other)
                || NON_PATIENT_STORAGE_CLASSES.contains(&other)
                || private_storage.contains(abstract_syntax) =>
        {
            Some(Service::Storage)
        }
        _ => None,
    }
}

/// The name of a standard SOP class (PS3.6 Table A-1), as in `CT Image Storage`; `None`: a private one.
pub fn sop_class_name(class: &Uid) -> Option<&'static str> {
    let entry = StandardSopClassDictionary.by_uid(class.as_str())?;
    Some(entry.name)
}

/// All standard storage SOP classes whose instances belong to a study, in the order of their
/// texts, retired ones included: archives still hold and move their instances. What DICOS and
/// DICONDE store has the same shape as a patient's study and is included.
pub fn storage_classes() -> impl Iterator<Item = &'static str> {
    STORAGE.iter().copied()
}

/// [`STORAGE_CLASSES`], searchable.
static STORAGE: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| STORAGE_CLASSES.into_iter().collect());

/// Storage SOP classes of PS3.6 Table A-1 whose instances belong to a study.
#[expect(
    deprecated,
    reason = "the dictionary marks retired classes so; archives hold them"
)]
const STORAGE_CLASSES: [&str; 205] = [
    uids::STORED_PRINT_STORAGE,
    uids::HARDCOPY_GRAYSCALE_IMAGE_STORAGE,
    uids::HARDCOPY_COLOR_IMAGE_STORAGE,
    uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
    uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::STANDALONE_MODALITY_LUT_STORAGE,
    uids::ENCAPSULATED_PDF_STORAGE,
    uids::ENCAPSULATED_CDA_STORAGE,
    uids::ENCAPSULATED_STL_STORAGE,
    uids::ENCAPSULATED_OBJ_STORAGE,
    uids::ENCAPSULATED_MTL_STORAGE,
    uids::STANDALONE_VOILUT_STORAGE,
    uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::SEGMENTED_VOLUME_RENDERING_VOLUMETRIC_PRESENTATION_STATE_STORAGE,
    uids::MULTIPLE_VOLUME_RENDERING_VOLUMETRIC_PRESENTATION_STATE_STORAGE,
    uids::VARIABLE_MODALITY_LUT_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::PSEUDO_COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::BLENDING_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::XAXRF_GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    uids::GRAYSCALE_PLANAR_MPR_VOLUMETRIC_PRESENTATION_STATE_STORAGE,
    uids::COMPOSITING_PLANAR_MPR_VOLUMETRIC_PRESENTATION_STATE_STORAGE,
    uids::ADVANCED_BLENDING_PRESENTATION_STATE_STORAGE,
    uids::VOLUME_RENDERING_VOLUMETRIC_PRESENTATION_STATE_STORAGE,
    uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
    uids::ENHANCED_XA_IMAGE_STORAGE,
    uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE,
    uids::ENHANCED_XRF_IMAGE_STORAGE,
    uids::X_RAY_ANGIOGRAPHIC_BI_PLANE_IMAGE_STORAGE,
    uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_PET_IMAGE_STORAGE,
    uids::STANDALONE_PET_CURVE_STORAGE,
    uids::X_RAY3_D_ANGIOGRAPHIC_IMAGE_STORAGE,
    uids::X_RAY3_D_CRANIOFACIAL_IMAGE_STORAGE,
    uids::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE,
    uids::BREAST_PROJECTION_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::BREAST_PROJECTION_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::ENHANCED_PET_IMAGE_STORAGE,
    uids::BASIC_STRUCTURED_DISPLAY_STORAGE,
    uids::INTRAVASCULAR_OPTICAL_COHERENCE_TOMOGRAPHY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::INTRAVASCULAR_OPTICAL_COHERENCE_TOMOGRAPHY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::CT_IMAGE_STORAGE,
    uids::ENHANCED_CT_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE,
    uids::CT_IMAGE_STORAGE_FOR_PROCESSING,
    uids::ENHANCED_CT_IMAGE_STORAGE_FOR_PROCESSING,
    uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE_FOR_PROCESSING,
    uids::NUCLEAR_MEDICINE_IMAGE_STORAGE,
    uids::CT_PERFORMED_PROCEDURE_PROTOCOL_STORAGE,
    uids::XA_PERFORMED_PROCEDURE_PROTOCOL_STORAGE,
    uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE_RETIRED,
    uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
    uids::PARAMETRIC_MAP_STORAGE,
    uids::MR_IMAGE_STORAGE,
    uids::ENHANCED_MR_IMAGE_STORAGE,
    uids::MR_SPECTROSCOPY_STORAGE,
    uids::ENHANCED_MR_COLOR_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_MR_IMAGE_STORAGE,
    uids::RT_IMAGE_STORAGE,
    uids::RT_PHYSICIAN_INTENT_STORAGE,
    uids::RT_SEGMENT_ANNOTATION_STORAGE,
    uids::RT_RADIATION_SET_STORAGE,
    uids::C_ARM_PHOTON_ELECTRON_RADIATION_STORAGE,
    uids::TOMOTHERAPEUTIC_RADIATION_STORAGE,
    uids::ROBOTIC_ARM_RADIATION_STORAGE,
    uids::RT_RADIATION_RECORD_SET_STORAGE,
    uids::RT_RADIATION_SALVAGE_RECORD_STORAGE,
    uids::TOMOTHERAPEUTIC_RADIATION_RECORD_STORAGE,
    uids::C_ARM_PHOTON_ELECTRON_RADIATION_RECORD_STORAGE,
    uids::RT_DOSE_STORAGE,
    uids::ROBOTIC_RADIATION_RECORD_STORAGE,
    uids::RT_RADIATION_SET_DELIVERY_INSTRUCTION_STORAGE,
    uids::RT_TREATMENT_PREPARATION_STORAGE,
    uids::ENHANCED_RT_IMAGE_STORAGE,
    uids::ENHANCED_CONTINUOUS_RT_IMAGE_STORAGE,
    uids::RT_PATIENT_POSITION_ACQUISITION_INSTRUCTION_STORAGE,
    uids::RT_STRUCTURE_SET_STORAGE,
    uids::RT_BEAMS_TREATMENT_RECORD_STORAGE,
    uids::RT_PLAN_STORAGE,
    uids::RT_BRACHY_TREATMENT_RECORD_STORAGE,
    uids::RT_TREATMENT_SUMMARY_RECORD_STORAGE,
    uids::RT_ION_PLAN_STORAGE,
    uids::RT_ION_BEAMS_TREATMENT_RECORD_STORAGE,
    uids::NUCLEAR_MEDICINE_IMAGE_STORAGE_RETIRED,
    uids::DICOSCT_IMAGE_STORAGE,
    uids::DICOS_DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    uids::DICOS_DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    uids::DICOS_THREAT_DETECTION_REPORT_STORAGE,
    uids::DICOS2DAIT_STORAGE,
    uids::DICOS3DAIT_STORAGE,
    uids::DICOS_QUADRUPOLE_RESONANCE_STORAGE,
    uids::ULTRASOUND_IMAGE_STORAGE_RETIRED,
    uids::ULTRASOUND_IMAGE_STORAGE,
    uids::ENHANCED_US_VOLUME_STORAGE,
    uids::PHOTOACOUSTIC_IMAGE_STORAGE,
    uids::EDDY_CURRENT_IMAGE_STORAGE,
    uids::EDDY_CURRENT_MULTI_FRAME_IMAGE_STORAGE,
    uids::THERMOGRAPHY_IMAGE_STORAGE,
    uids::THERMOGRAPHY_MULTI_FRAME_IMAGE_STORAGE,
    uids::ULTRASOUND_WAVEFORM_STORAGE,
    uids::RAW_DATA_STORAGE,
    uids::SPATIAL_REGISTRATION_STORAGE,
    uids::SPATIAL_FIDUCIALS_STORAGE,
    uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE,
    uids::SEGMENTATION_STORAGE,
    uids::SURFACE_SEGMENTATION_STORAGE,
    uids::TRACTOGRAPHY_RESULTS_STORAGE,
    uids::LABEL_MAP_SEGMENTATION_STORAGE,
    uids::HEIGHT_MAP_SEGMENTATION_STORAGE,
    uids::REAL_WORLD_VALUE_MAPPING_STORAGE,
    uids::SURFACE_SCAN_MESH_STORAGE,
    uids::SURFACE_SCAN_POINT_CLOUD_STORAGE,
    uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_SINGLE_BIT_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::VL_IMAGE_STORAGE_TRIAL,
    uids::VL_ENDOSCOPIC_IMAGE_STORAGE,
    uids::VIDEO_ENDOSCOPIC_IMAGE_STORAGE,
    uids::VL_MICROSCOPIC_IMAGE_STORAGE,
    uids::VIDEO_MICROSCOPIC_IMAGE_STORAGE,
    uids::VL_SLIDE_COORDINATES_MICROSCOPIC_IMAGE_STORAGE,
    uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE,
    uids::VIDEO_PHOTOGRAPHIC_IMAGE_STORAGE,
    uids::OPHTHALMIC_PHOTOGRAPHY8_BIT_IMAGE_STORAGE,
    uids::OPHTHALMIC_PHOTOGRAPHY16_BIT_IMAGE_STORAGE,
    uids::STEREOMETRIC_RELATIONSHIP_STORAGE,
    uids::OPHTHALMIC_TOMOGRAPHY_IMAGE_STORAGE,
    uids::WIDE_FIELD_OPHTHALMIC_PHOTOGRAPHY_STEREOGRAPHIC_PROJECTION_IMAGE_STORAGE,
    uids::WIDE_FIELD_OPHTHALMIC_PHOTOGRAPHY3_D_COORDINATES_IMAGE_STORAGE,
    uids::OPHTHALMIC_OPTICAL_COHERENCE_TOMOGRAPHY_EN_FACE_IMAGE_STORAGE,
    uids::OPHTHALMIC_OPTICAL_COHERENCE_TOMOGRAPHY_BSCAN_VOLUME_ANALYSIS_STORAGE,
    uids::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE,
    uids::DERMOSCOPIC_PHOTOGRAPHY_IMAGE_STORAGE,
    uids::CONFOCAL_MICROSCOPY_IMAGE_STORAGE,
    uids::CONFOCAL_MICROSCOPY_TILED_PYRAMIDAL_IMAGE_STORAGE,
    uids::VL_MULTI_FRAME_IMAGE_STORAGE_TRIAL,
    uids::LENSOMETRY_MEASUREMENTS_STORAGE,
    uids::AUTOREFRACTION_MEASUREMENTS_STORAGE,
    uids::KERATOMETRY_MEASUREMENTS_STORAGE,
    uids::SUBJECTIVE_REFRACTION_MEASUREMENTS_STORAGE,
    uids::VISUAL_ACUITY_MEASUREMENTS_STORAGE,
    uids::SPECTACLE_PRESCRIPTION_REPORT_STORAGE,
    uids::OPHTHALMIC_AXIAL_MEASUREMENTS_STORAGE,
    uids::INTRAOCULAR_LENS_CALCULATIONS_STORAGE,
    uids::MACULAR_GRID_THICKNESS_AND_VOLUME_REPORT_STORAGE,
    uids::STANDALONE_OVERLAY_STORAGE,
    uids::OPHTHALMIC_VISUAL_FIELD_STATIC_PERIMETRY_MEASUREMENTS_STORAGE,
    uids::OPHTHALMIC_THICKNESS_MAP_STORAGE,
    uids::CORNEAL_TOPOGRAPHY_MAP_STORAGE,
    uids::TEXT_SR_STORAGE_TRIAL,
    uids::BASIC_TEXT_SR_STORAGE,
    uids::AUDIO_SR_STORAGE_TRIAL,
    uids::ENHANCED_SR_STORAGE,
    uids::DETAIL_SR_STORAGE_TRIAL,
    uids::COMPREHENSIVE_SR_STORAGE,
    uids::COMPREHENSIVE3_DSR_STORAGE,
    uids::EXTENSIBLE_SR_STORAGE,
    uids::COMPREHENSIVE_SR_STORAGE_TRIAL,
    uids::PROCEDURE_LOG_STORAGE,
    uids::MAMMOGRAPHY_CADSR_STORAGE,
    uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
    uids::CHEST_CADSR_STORAGE,
    uids::X_RAY_RADIATION_DOSE_SR_STORAGE,
    uids::RADIOPHARMACEUTICAL_RADIATION_DOSE_SR_STORAGE,
    uids::COLON_CADSR_STORAGE,
    uids::IMPLANTATION_PLAN_SR_STORAGE,
    uids::ACQUISITION_CONTEXT_SR_STORAGE,
    uids::SIMPLIFIED_ADULT_ECHO_SR_STORAGE,
    uids::PATIENT_RADIATION_DOSE_SR_STORAGE,
    uids::PLANNED_IMAGING_AGENT_ADMINISTRATION_SR_STORAGE,
    uids::PERFORMED_IMAGING_AGENT_ADMINISTRATION_SR_STORAGE,
    uids::ENHANCED_X_RAY_RADIATION_DOSE_SR_STORAGE,
    uids::WAVEFORM_ANNOTATION_SR_STORAGE,
    uids::STANDALONE_CURVE_STORAGE,
    uids::WAVEFORM_STORAGE_TRIAL,
    uids::TWELVE_LEAD_ECG_WAVEFORM_STORAGE,
    uids::GENERAL_ECG_WAVEFORM_STORAGE,
    uids::AMBULATORY_ECG_WAVEFORM_STORAGE,
    uids::GENERAL32BIT_ECG_WAVEFORM_STORAGE,
    uids::WAVEFORM_PRESENTATION_STATE_STORAGE,
    uids::WAVEFORM_ACQUISITION_PRESENTATION_STATE_STORAGE,
    uids::HEMODYNAMIC_WAVEFORM_STORAGE,
    uids::CARDIAC_ELECTROPHYSIOLOGY_WAVEFORM_STORAGE,
    uids::BASIC_VOICE_AUDIO_WAVEFORM_STORAGE,
    uids::GENERAL_AUDIO_WAVEFORM_STORAGE,
    uids::ARTERIAL_PULSE_WAVEFORM_STORAGE,
    uids::RESPIRATORY_WAVEFORM_STORAGE,
    uids::MULTICHANNEL_RESPIRATORY_WAVEFORM_STORAGE,
    uids::ROUTINE_SCALP_ELECTROENCEPHALOGRAM_WAVEFORM_STORAGE,
    uids::ELECTROMYOGRAM_WAVEFORM_STORAGE,
    uids::ELECTROOCULOGRAM_WAVEFORM_STORAGE,
    uids::SLEEP_ELECTROENCEPHALOGRAM_WAVEFORM_STORAGE,
    uids::BODY_POSITION_WAVEFORM_STORAGE,
    uids::CONTENT_ASSESSMENT_RESULTS_STORAGE,
    uids::MICROSCOPY_BULK_SIMPLE_ANNOTATIONS_STORAGE,
    uids::RT_BEAMS_DELIVERY_INSTRUCTION_STORAGE_TRIAL,
    uids::RT_BRACHY_APPLICATION_SETUP_DELIVERY_INSTRUCTION_STORAGE,
    uids::RT_BEAMS_DELIVERY_INSTRUCTION_STORAGE,
];

/// Storage SOP classes whose instances belong to no patient and to no study (PS3.4 Annex GG, and
/// Inventory). They are stored like any other and judged without either; no study that is
/// retrieved holds them. The directory of media (1.2.840.10008.1.3.10) is never sent at all.
const NON_PATIENT_STORAGE_CLASSES: [&str; 9] = [
    uids::HANGING_PROTOCOL_STORAGE,
    uids::COLOR_PALETTE_STORAGE,
    uids::GENERIC_IMPLANT_TEMPLATE_STORAGE,
    uids::IMPLANT_ASSEMBLY_TEMPLATE_STORAGE,
    uids::IMPLANT_TEMPLATE_GROUP_STORAGE,
    uids::CT_DEFINED_PROCEDURE_PROTOCOL_STORAGE,
    uids::XA_DEFINED_PROCEDURE_PROTOCOL_STORAGE,
    uids::PROTOCOL_APPROVAL_STORAGE,
    uids::INVENTORY_STORAGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn service(uid: &str) -> Option<Service> {
        service_of(&uid.parse().unwrap(), &BTreeSet::new())
    }

    #[test]
    fn current_and_retired_storage_classes_are_storage() {
        for uid in [
            "1.2.840.10008.5.1.4.1.1.2",
            "1.2.840.10008.5.1.4.1.1.6",
            "1.2.840.10008.5.1.4.1.1.3",
            "1.2.840.10008.5.1.4.1.1.5",
            "1.2.840.10008.5.1.4.1.1.66.4",
            "1.2.840.10008.5.1.4.34.7",
            "1.2.840.10008.5.1.1.29",
        ] {
            assert_eq!(service(uid), Some(Service::Storage), "{uid}");
        }
    }

    #[test]
    fn what_belongs_to_no_patient_is_stored_and_judged_but_part_of_no_study() {
        for uid in [
            "1.2.840.10008.5.1.4.38.1",
            "1.2.840.10008.5.1.4.39.1",
            "1.2.840.10008.5.1.4.43.1",
            "1.2.840.10008.5.1.4.44.1",
            "1.2.840.10008.5.1.4.45.1",
            "1.2.840.10008.5.1.4.1.1.200.1",
            "1.2.840.10008.5.1.4.1.1.200.3",
            "1.2.840.10008.5.1.4.1.1.200.7",
            "1.2.840.10008.5.1.4.1.1.201.1",
        ] {
            assert_eq!(service(uid), Some(Service::Storage), "{uid}");
            assert!(storage_classes().all(|class| class != uid), "{uid}");
        }
    }

    #[test]
    fn what_is_neither_stored_nor_retrieved_by_patient_or_study_is_not_judged() {
        for uid in [
            "1.2.840.10008.1.3.10",
            "1.2.840.10008.1.20.2",
            "1.2.840.10008.3.1.2.3.4",
            "1.2.840.10008.5.1.1.9",
            "1.2.840.10008.5.1.4.38.2",
            "1.2.840.10008.5.1.4.39.3",
            "1.2.840.10008.5.1.4.1.2.3.1",
            "1.2.3",
        ] {
            assert_eq!(service(uid), None, "{uid}");
        }
    }

    #[test]
    fn standard_classes_have_names_and_private_ones_none() {
        let name = |uid: &str| sop_class_name(&uid.parse().unwrap());
        assert_eq!(name("1.2.840.10008.5.1.4.1.1.2"), Some("CT Image Storage"));
        assert!(storage_classes().all(|class| name(class).is_some()));
        assert_eq!(name("1.3.46.670589.11.0.0.12.1"), None);
    }

    #[test]
    fn a_private_storage_class_is_storage_only_if_configured() {
        let philips: Uid = "1.3.46.670589.11.0.0.12.1".parse().unwrap();
        assert_eq!(service_of(&philips, &BTreeSet::new()), None);
        assert_eq!(
            service_of(&philips, &BTreeSet::from([philips.clone()])),
            Some(Service::Storage)
        );
    }

    #[test]
    fn queries_and_retrievals_name_their_model() {
        assert_eq!(service("1.2.840.10008.1.1"), Some(Service::Verification));
        assert_eq!(
            service("1.2.840.10008.5.1.4.1.2.2.1"),
            Some(Service::Find(Model::StudyRoot))
        );
        assert_eq!(
            service("1.2.840.10008.5.1.4.1.2.1.2"),
            Some(Service::Move(Model::PatientRoot))
        );
        assert_eq!(
            service("1.2.840.10008.5.1.4.1.2.1.3"),
            Some(Service::Get(Model::PatientRoot))
        );
        assert_eq!(
            service("1.2.840.10008.5.1.4.31"),
            Some(Service::Find(Model::Worklist))
        );
    }

    #[test]
    fn a_query_or_retrieval_is_found_again_by_its_sop_class() {
        for model in [Model::PatientRoot, Model::StudyRoot, Model::Worklist] {
            for known in [
                Service::Find(model),
                Service::Move(model),
                Service::Get(model),
            ] {
                let class = known.sop_class();
                let is_none = model == Model::Worklist && known != Service::Find(model);
                assert_eq!(class.is_none(), is_none, "{known:?}");
                assert!(class.is_none_or(|class| service(class.as_str()) == Some(known)));
            }
        }
        assert_eq!(Service::Storage.sop_class(), None);
    }

    #[test]
    fn every_storage_class_is_a_uid_and_appears_once() {
        assert_eq!(storage_classes().count(), STORAGE_CLASSES.len());
        assert!(storage_classes().all(|uid| uid.parse::<Uid>().is_ok()));
    }
}
