//! How many instances failed with which status: what a receiver answered, for whoever asks why.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

/// Statuses that one event names, at most: instances refused with further ones are counted under none, so that an
/// entry stays far below its limit whatever a peer answers.
pub const FAILURE_STATUSES_MAX: usize = 16;

/// Instances by the status of the C-STORE response (PS3.4 §B.2.3) that refused them. What was answered by nobody, as
/// its association broke or as it was not let go, is under no status: the sum may be less than what failed, never more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Failures(BTreeMap<StatusCode, u64>);

/// A status as people write it: four hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct StatusCode(u16);

impl From<StatusCode> for String {
    fn from(status: StatusCode) -> Self {
        format!("{:04X}", status.0)
    }
}

impl TryFrom<String> for StatusCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
        let sound = text.len() == 4 && text.bytes().all(digits);
        let status = sound.then(|| u16::from_str_radix(&text, 16).ok()).flatten();
        status
            .map(Self)
            .ok_or("a status has four hexadecimal digits")
    }
}

impl Failures {
    /// Counts one more instance.
    pub fn count(&mut self, status: u16) {
        if let Some(instances) = self.0.get_mut(&StatusCode(status)) {
            *instances = instances.saturating_add(1);
        } else if self.0.len() < FAILURE_STATUSES_MAX {
            self.0.insert(StatusCode(status), 1);
        }
    }

    /// No status is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each status with its instances, the least first.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u64)> {
        self.0
            .iter()
            .map(|(status, instances)| (status.0, *instances))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_counted_by_status_and_what_is_too_much_under_none() {
        let mut failures = Failures::default();
        for status in (0xA700..).take(FAILURE_STATUSES_MAX + 1) {
            failures.count(status);
        }
        failures.count(0xA700);
        failures.count(0xC000);
        let told: Vec<_> = failures.iter().collect();
        assert_eq!(told.len(), FAILURE_STATUSES_MAX);
        assert_eq!((told[0], told[1]), ((0xA700, 2), (0xA701, 1)));
    }

    #[test]
    fn statuses_are_written_as_people_write_them() {
        let mut failures = Failures::default();
        failures.count(0x0110);
        failures.count(0xA900);
        let text = serde_json::to_string(&failures).unwrap();
        assert_eq!(text, r#"{"0110":1,"A900":1}"#);
        assert_eq!(serde_json::from_str::<Failures>(&text).unwrap(), failures);
        for wrong in [r#"{"110":1}"#, r#"{"a900":1}"#, r#"{"+900":1}"#] {
            serde_json::from_str::<Failures>(wrong).unwrap_err();
        }
    }
}
