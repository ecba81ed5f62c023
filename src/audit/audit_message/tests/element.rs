//! XML, read back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::BytesStart;
use quick_xml::events::Event as Token;

/// An element, read back.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = utf8(&attribute.value);
            let value = quick_xml::escape::unescape(&value).unwrap().into_owned();
            (utf8(attribute.key.as_ref()), value)
        });
        Self {
            attributes: attributes.collect(),
            name: utf8(start.name().as_ref()),
            ..Self::default()
        }
    }

    pub(super) fn read(text: &str) -> Self {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().unwrap() {
                Token::Start(start) => open.push(Self::of(&start)),
                Token::Empty(start) => open.last_mut().unwrap().children.push(Self::of(&start)),
                Token::End(_) => {
                    let done = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(done);
                }
                Token::Text(text) => {
                    let text = text.decode().unwrap().into_owned();
                    open.last_mut().unwrap().text.push_str(&text);
                }
                Token::GeneralRef(name) => {
                    let entity = format!("&{};", name.decode().unwrap());
                    let text = quick_xml::escape::unescape(&entity).unwrap().into_owned();
                    open.last_mut().unwrap().text.push_str(&text);
                }
                Token::Decl(_) => {}
                Token::Eof => break,
                other => panic!("{other:?}"),
            }
        }
        let mut root = open.pop().unwrap();
        assert!(open.is_empty());
        root.children.pop().unwrap()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(of, _)| of == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&Self> {
        let children = self.children.iter();
        children.filter(|child| child.name == name).collect()
    }

    pub(super) fn code(&self, name: &str) -> Option<&str> {
        self.all(name).first()?.attribute("csd-code")
    }

    /// The message in one line: event, type, action, outcome.
    pub(super) fn event(&self) -> String {
        let event = self.all("EventIdentification")[0];
        format!(
            "{} {} {} {}",
            event.code("EventID").unwrap(),
            event.code("EventTypeCode").unwrap_or("-"),
            event.attribute("EventActionCode").unwrap(),
            event.attribute("EventOutcomeIndicator").unwrap()
        )
    }

    /// The participants, each in one line: role, UserID, and `!` if it asked.
    pub(super) fn participants(&self) -> Vec<String> {
        let participants = self.all("ActiveParticipant");
        let told = participants.iter().map(|participant| {
            let role = participant.code("RoleIDCode").unwrap_or("-");
            let user = participant.attribute("UserID").unwrap();
            let asks = participant.attribute("UserIsRequestor") == Some("true");
            format!("{role} {user}{}", if asks { "!" } else { "" })
        });
        told.collect()
    }

    pub(super) fn objects(&self) -> Vec<&Self> {
        self.all("ParticipantObjectIdentification")
    }

    pub(super) fn object_ids(&self) -> Vec<&str> {
        let objects = self.objects().into_iter();
        objects
            .map(|object| object.attribute("ParticipantObjectID").unwrap())
            .collect()
    }

    /// A detail of any of its objects.
    pub(super) fn detail(&self, kind: &str) -> Option<String> {
        let objects = self.objects().into_iter();
        let mut details = objects.flat_map(|object| object.all("ParticipantObjectDetail"));
        let detail = details.find(|detail| detail.attribute("type") == Some(kind))?;
        let value = STANDARD.decode(detail.attribute("value").unwrap()).unwrap();
        Some(String::from_utf8(value).unwrap())
    }
}
