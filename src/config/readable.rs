//! How the values that other rooms define stand in the file.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use crate::config::reading::Readable;
use crate::contract::InstitutionSlug;
use crate::contract::Purpose;
use crate::dicom::AeTitle;
use crate::dicom::Encoding;
use crate::dicom::Uid;

/// Characters in the longest free text.
const TEXT_CHARACTERS_MAX: usize = 100;

impl Readable for AeTitle {
    const ALLOWED: &'static str =
        "an AE title: 1 to 16 ASCII characters without backslash and controls";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error| format!("{text:?} is not an AE title: {error}"))
    }
}

impl Readable for Uid {
    const ALLOWED: &'static str = "a UID: 1 to 64 digits and dots";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error| format!("{text:?} is not a UID: {error}"))
    }
}

impl Readable for InstitutionSlug {
    const ALLOWED: &'static str = "an institution's slug: 1 to 40 of a-z, 0-9 and '-'";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error| format!("{text:?} is not a slug: {error}"))
    }
}

impl Readable for Purpose {
    const ALLOWED: &'static str =
        "TREATMENT, EMERGENCY, PATIENT_REQUEST, RESEARCH, OPERATIONS or PAYMENT";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not a purpose of use"))
    }
}

impl Readable for SocketAddr {
    const ALLOWED: &'static str =
        "an IP address and a port, as 127.0.0.1:11112 or [::1]:11112 (not a host name)";

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not an IP address and a port"))
    }
}

impl Readable for IpNet {
    const ALLOWED: &'static str = "an IP address or a network, as 10.1.2.3 or 10.1.0.0/16";

    fn read(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.to_canonical().into());
        }
        let network: Self = text
            .parse()
            .map_err(|_| format!("{text:?} is neither an IP address nor a network"))?;
        if network != network.trunc() {
            return Err(format!(
                "{network} has bits set beyond its prefix; the network is {}",
                network.trunc()
            ));
        }
        Ok(network)
    }
}

impl Readable for PathBuf {
    const ALLOWED: &'static str = "a path; a relative one starts at the folder of this file";

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.contains('\0') {
            return Err(format!("{text:?} is not a path"));
        }
        Ok(Self::from(text))
    }
}

impl Readable for String {
    const ALLOWED: &'static str = "1 to 100 characters on one line";

    fn read(text: &str) -> Result<Self, String> {
        let characters = text.chars().count();
        if text.trim().is_empty() || characters > TEXT_CHARACTERS_MAX {
            return Err(format!("has {characters} characters"));
        }
        if text.chars().any(char::is_control) {
            return Err("has a control character".to_owned());
        }
        Ok(text.trim().to_owned())
    }
}

impl Readable for Encoding {
    const ALLOWED: &'static str =
        "implicit-little, explicit-little, explicit-big or deflated-little";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "implicit-little" => Ok(Self::ImplicitLittle),
            "explicit-little" => Ok(Self::ExplicitLittle),
            "explicit-big" => Ok(Self::ExplicitBig),
            "deflated-little" => Ok(Self::DeflatedLittle),
            _ => Err(format!("{text:?} is not an encoding")),
        }
    }
}
