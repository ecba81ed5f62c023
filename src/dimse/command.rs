//! Command sets (PS3.7 §6.3, Annex E): always Implicit VR Little Endian, all of group 0000.

use std::collections::BTreeMap;

use crate::dicom::AeTitle;
use crate::dicom::Uid;
use crate::dimse::CommandField;
use crate::dimse::Status;
use crate::dimse::element;
use crate::dimse::field::RESPONSE;

/// Characters in the longest Error Comment (0000,0902), VR LO.
pub const ERROR_COMMENT_CHARACTERS_MAX: usize = 64;

/// Command Data Set Type (0000,0800) of a message without a data set; anything else means one.
const NO_DATA_SET: u16 = 0x0101;
const HAS_DATA_SET: u16 = 0x0000;

/// Why bytes are not a command set. Always the sender's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It ends inside an element.
    #[error("the command set ends inside an element")]
    Truncated,
    /// An element that is not a command element.
    #[error("the command set holds an element of group {group:04X}")]
    Group {
        /// Its group.
        group: u16,
    },
    /// An element that comes twice.
    #[error("the command set holds (0000,{element:04X}) twice")]
    Duplicate {
        /// Its element number.
        element: u16,
    },
    /// No Command Field (0000,0100): not a message.
    #[error("the command set has no Command Field (0000,0100)")]
    NoCommandField,
}

/// A command set: elements of group 0000 by number, unknown ones kept as they came, so that a
/// relayed command loses nothing. Command Group Length is not held but computed.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandSet {
    elements: BTreeMap<u16, Vec<u8>>,
}

impl CommandSet {
    /// A command without a data set.
    pub fn new(field: CommandField) -> Self {
        Self::bare(field.code())
    }

    fn bare(field: u16) -> Self {
        let mut command = Self {
            elements: BTreeMap::new(),
        };
        command.set_u16(element::COMMAND_FIELD, field);
        command.set_has_data_set(false);
        command
    }

    /// Reads a whole command set. Command Group Length is not compared: some peers get it wrong,
    /// and nothing depends on it here.
    ///
    /// # Errors
    /// See [`CommandError`]. An undefined length is a length that never arrives.
    pub fn parse(bytes: &[u8]) -> Result<Self, CommandError> {
        let mut elements = BTreeMap::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(([g0, g1, e0, e1, l0, l1, l2, l3], after)) = rest.split_first_chunk() else {
                return Err(CommandError::Truncated);
            };
            let group = u16::from_le_bytes([*g0, *g1]);
            let element = u16::from_le_bytes([*e0, *e1]);
            if group != 0 {
                return Err(CommandError::Group { group });
            }
            let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
            let Some((value, next)) = after.split_at_checked(length) else {
                return Err(CommandError::Truncated);
            };
            if elements.insert(element, value.to_vec()).is_some() {
                return Err(CommandError::Duplicate { element });
            }
            rest = next;
        }
        elements.remove(&element::GROUP_LENGTH);
        let command = Self { elements };
        match command.get_u16(element::COMMAND_FIELD) {
            Some(_) => Ok(command),
            None => Err(CommandError::NoCommandField),
        }
    }

    /// The command set on the wire: elements rising, the group length first and true.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (element, value) in &self.elements {
            write(&mut body, *element, value);
        }
        let mut out = Vec::with_capacity(body.len().saturating_add(12));
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        write(&mut out, element::GROUP_LENGTH, &length.to_le_bytes());
        out.extend_from_slice(&body);
        out
    }

    /// The response to a request, without a data set: its Message ID as the one responded to, its
    /// SOP class, and its SOP instance if it named one (PS3.7 §9.3, §10.3).
    pub fn response_to(request: &Self, status: Status) -> Self {
        let field = request.get_u16(element::COMMAND_FIELD).unwrap_or(0);
        let mut response = Self::bare(field | RESPONSE);
        let copies = [
            (element::MESSAGE_ID, element::MESSAGE_ID_RESPONDED_TO),
            (
                element::REQUESTED_SOP_CLASS_UID,
                element::AFFECTED_SOP_CLASS_UID,
            ),
            (
                element::AFFECTED_SOP_CLASS_UID,
                element::AFFECTED_SOP_CLASS_UID,
            ),
            (
                element::REQUESTED_SOP_INSTANCE_UID,
                element::AFFECTED_SOP_INSTANCE_UID,
            ),
            (
                element::AFFECTED_SOP_INSTANCE_UID,
                element::AFFECTED_SOP_INSTANCE_UID,
            ),
        ];
        for (from, to) in copies {
            if let Some(value) = request.elements.get(&from) {
                response.elements.insert(to, value.clone());
            }
        }
        response.set_u16(element::STATUS, status.0);
        response
    }

    /// The command; `None` for a Command Field that PS3.7 does not define.
    pub fn field(&self) -> Option<CommandField> {
        CommandField::from_code(self.get_u16(element::COMMAND_FIELD)?)
    }

    /// Answers a request, known or not.
    pub fn is_response(&self) -> bool {
        self.get_u16(element::COMMAND_FIELD)
            .is_some_and(|field| field & RESPONSE != 0)
    }

    /// Message ID (0000,0110).
    pub fn message_id(&self) -> Option<u16> {
        self.get_u16(element::MESSAGE_ID)
    }

    /// Message ID Being Responded To (0000,0120).
    pub fn message_id_responded_to(&self) -> Option<u16> {
        self.get_u16(element::MESSAGE_ID_RESPONDED_TO)
    }

    /// Status (0000,0900).
    pub fn status(&self) -> Option<Status> {
        self.get_u16(element::STATUS).map(Status)
    }

    /// A data set follows. Without a Command Data Set Type (0000,0800) none does.
    pub fn has_data_set(&self) -> bool {
        self.get_u16(element::DATA_SET_TYPE)
            .is_some_and(|kind| kind != NO_DATA_SET)
    }

    /// Says whether a data set follows.
    pub fn set_has_data_set(&mut self, has_data_set: bool) {
        let kind = if has_data_set {
            HAS_DATA_SET
        } else {
            NO_DATA_SET
        };
        self.set_u16(element::DATA_SET_TYPE, kind);
    }

    /// An element as it came, padding included.
    pub fn get(&self, element: u16) -> Option<&[u8]> {
        self.elements.get(&element).map(Vec::as_slice)
    }

    /// A US element; `None` when absent or not two bytes.
    pub fn get_u16(&self, element: u16) -> Option<u16> {
        Some(u16::from_le_bytes(self.get(element)?.try_into().ok()?))
    }

    /// Sets a US element.
    pub fn set_u16(&mut self, element: u16, value: u16) {
        self.elements.insert(element, value.to_le_bytes().to_vec());
    }

    /// A UI element; `None` when absent, empty, or no UID.
    pub fn get_uid(&self, element: u16) -> Option<Uid> {
        Uid::from_bytes(self.get(element)?).ok()
    }

    /// Sets a UI element.
    pub fn set_uid(&mut self, element: u16, value: &Uid) {
        self.set_padded(element, value.as_str(), 0);
    }

    /// An AE element; `None` when absent, empty, or no AE title.
    pub fn get_ae(&self, element: u16) -> Option<AeTitle> {
        AeTitle::from_bytes(self.get(element)?).ok()
    }

    /// Sets an AE element.
    pub fn set_ae(&mut self, element: u16, value: &AeTitle) {
        self.set_padded(element, value.as_str(), b' ');
    }

    /// An LO element without its padding, what is not UTF-8 replaced; `None` when absent.
    pub fn get_text(&self, element: u16) -> Option<String> {
        let value = crate::dicom::trimmed(self.get(element)?);
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// Sets an LO element: cut to [`ERROR_COMMENT_CHARACTERS_MAX`] characters, and what a command
    /// set cannot hold (outside ISO 646, controls, backslashes) becomes a question mark.
    pub fn set_text(&mut self, element: u16, value: &str) {
        let text: String = value
            .chars()
            .take(ERROR_COMMENT_CHARACTERS_MAX)
            .map(|c| match c {
                '\\' => '?',
                ' '..='~' => c,
                _ => '?',
            })
            .collect();
        self.set_padded(element, &text, b' ');
    }

    /// Takes an element out.
    pub fn remove(&mut self, element: u16) {
        self.elements.remove(&element);
    }

    /// With Message ID (0000,0110).
    #[must_use]
    pub fn with_message_id(self, id: u16) -> Self {
        self.with_u16(element::MESSAGE_ID, id)
    }

    /// With Message ID Being Responded To (0000,0120).
    #[must_use]
    pub fn with_message_id_responded_to(self, id: u16) -> Self {
        self.with_u16(element::MESSAGE_ID_RESPONDED_TO, id)
    }

    /// With Affected SOP Class UID (0000,0002).
    #[must_use]
    pub fn with_sop_class(self, uid: &Uid) -> Self {
        self.with_uid(element::AFFECTED_SOP_CLASS_UID, uid)
    }

    /// With Affected SOP Instance UID (0000,1000).
    #[must_use]
    pub fn with_sop_instance(self, uid: &Uid) -> Self {
        self.with_uid(element::AFFECTED_SOP_INSTANCE_UID, uid)
    }

    /// With Status (0000,0900).
    #[must_use]
    pub fn with_status(self, status: Status) -> Self {
        self.with_u16(element::STATUS, status.0)
    }

    /// With Error Comment (0000,0902); see [`Self::set_text`].
    #[must_use]
    pub fn with_error_comment(mut self, comment: &str) -> Self {
        self.set_text(element::ERROR_COMMENT, comment);
        self
    }

    /// With a data set to follow.
    #[must_use]
    pub fn with_data_set(mut self) -> Self {
        self.set_has_data_set(true);
        self
    }

    /// With a US element.
    #[must_use]
    pub fn with_u16(mut self, element: u16, value: u16) -> Self {
        self.set_u16(element, value);
        self
    }

    /// With a UI element.
    #[must_use]
    pub fn with_uid(mut self, element: u16, value: &Uid) -> Self {
        self.set_uid(element, value);
        self
    }

    /// With an AE element.
    #[must_use]
    pub fn with_ae(mut self, element: u16, value: &AeTitle) -> Self {
        self.set_ae(element, value);
        self
    }

    fn set_padded(&mut self, element: u16, value: &str, padding: u8) {
        let mut bytes = value.as_bytes().to_vec();
        if !bytes.len().is_multiple_of(2) {
            bytes.push(padding);
        }
        self.elements.insert(element, bytes);
    }
}

/// The command, its ids and status: nothing that a peer may have put a patient into.
impl std::fmt::Debug for CommandSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandSet")
            .field("field", &self.field())
            .field("message_id", &self.message_id())
            .field("responded_to", &self.message_id_responded_to())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// Appends an element; an odd value of a careless peer is padded with NUL, for fragments are even.
fn write(into: &mut Vec<u8>, element: u16, value: &[u8]) {
    let is_odd = !value.len().is_multiple_of(2);
    let length = value.len().saturating_add(usize::from(is_odd));
    into.extend_from_slice(&[0, 0]);
    into.extend_from_slice(&element.to_le_bytes());
    into.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    into.extend_from_slice(value);
    if is_odd {
        into.push(0);
    }
}

#[cfg(test)]
mod tests;
