//! A label's value that comes from a configuration or a policy.

use std::fmt;
use std::fmt::Write;
use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelValue;
use prometheus_client::encoding::LabelValueEncoder;

/// A label's value. The library writes values down as they are: quotation marks, backslashes and line feeds are
/// escaped here, as OpenMetrics has it, so that no name can pass for a label or a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LabelText(Arc<str>);

impl From<&str> for LabelText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl EncodeLabelValue for LabelText {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' => encoder.write_str("\\\"")?,
                '\\' => encoder.write_str("\\\\")?,
                '\n' => encoder.write_str("\\n")?,
                other => encoder.write_char(other)?,
            }
        }
        Ok(())
    }
}
