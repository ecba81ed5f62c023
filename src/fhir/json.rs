//! JSON in which no property stands twice. RFC 8259 leaves open which of two counts, and of two
//! `provision`s neither may be lost.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;

/// A value without repeated properties.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    // No number of a Consent is read; one with a fraction must not end the reading.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unique(value))) = properties.next_entry::<String, Unique>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a property stands twice in one object"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// Reads one JSON text; nesting beyond 127 levels is refused by the reader.
///
/// # Errors
/// What is wrong, with line and column, without any of the text.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map(|Unique(value)| value)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_stands_twice_is_an_error() {
        let twice = r#"{"provision": {"type": "deny"}, "provision": {"type": "permit"}}"#;
        assert!(parse(twice).unwrap_err().contains("twice"));
        assert!(parse(r#"{"a": [{"b": 1, "b": 2}]}"#).is_err());
    }

    #[test]
    fn other_values_are_what_they_are() {
        let text = r#"{"a":[null,true,-1,1.5,"x",{}]}"#;
        assert_eq!(
            parse(text).unwrap(),
            serde_json::json!({"a": [null, true, -1, 1.5, "x", {}]})
        );
    }

    #[test]
    fn an_error_holds_none_of_the_text() {
        let error = parse(r#"{"value": "SECRET-4711" "#).unwrap_err();
        assert!(!error.contains("SECRET"), "{error}");
        assert!(parse(&"[".repeat(1_000)).is_err());
    }
}
