//! Values and paths.

use travel_framework::value::{Path, Step, Type, Value, json, msgpack};
use travel_framework::{Diagnostics, schema::Schema};
use travel_proto::tfplugin6 as wire;
use wire::attribute_path::step::Selector;

use super::ConvertError;

/// Reads and writes the values of one schema.
#[derive(Debug)]
pub struct Values {
    kind: Type,
}

impl Values {
    /// For values of what a schema describes.
    pub fn of(schema: &Schema) -> Self {
        Self::of_type(schema.value_type())
    }

    /// For values of a type.
    pub const fn of_type(kind: Type) -> Self {
        Self { kind }
    }

    /// The value of a message; null where there is none.
    pub fn read(
        &self,
        what: &'static str,
        message: Option<&wire::DynamicValue>,
    ) -> Result<Value, ConvertError> {
        let Some(message) = message else { return Ok(Value::Null) };
        let value = if message.msgpack.is_empty() && !message.json.is_empty() {
            json::decode(&message.json, &self.kind, json::UnknownAttributes::Refuse)
        } else {
            msgpack::decode(&message.msgpack, &self.kind)
        };
        value.map_err(|source| ConvertError::Decode { what, source })
    }

    /// The message of a value.
    pub fn write(
        &self,
        what: &'static str,
        value: &Value,
    ) -> Result<wire::DynamicValue, ConvertError> {
        let msgpack = msgpack::encode(value, &self.kind)
            .map_err(|source| ConvertError::Encode { what, source })?;
        Ok(wire::DynamicValue { msgpack, json: Vec::new() })
    }

    /// The message of a value; none where it cannot be written, which is then among the
    /// diagnostics: what the provider had to say beside the value is still told.
    pub fn try_write(
        &self,
        what: &'static str,
        value: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Option<wire::DynamicValue> {
        diagnostics.take(self.write(what, value))
    }
}

/// The JSON of a state or identity from the state file; empty where there is none.
pub fn raw_json(raw: Option<wire::RawState>) -> Result<Vec<u8>, ConvertError> {
    match raw {
        Some(raw) if raw.json.is_empty() && !raw.flatmap.is_empty() => Err(ConvertError::Flatmap),
        Some(raw) => Ok(raw.json),
        None => Ok(Vec::new()),
    }
}

/// The message of a path. The protocol has no step to an element of a set, so that the path ends
/// at the set.
pub fn attribute_path(path: &Path) -> wire::AttributePath {
    let steps = path.steps().iter().map_while(|step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(i64::try_from(*index).ok()?),
            Step::Element(_) => return None,
        };
        Some(wire::attribute_path::Step { selector: Some(selector) })
    });
    wire::AttributePath { steps: steps.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_either_encoding_and_nothing_as_null() {
        let values = Values::of_type(Type::list(Type::Number));
        let message = |msgpack: &[u8], json: &str| wire::DynamicValue {
            msgpack: msgpack.to_vec(),
            json: json.as_bytes().to_vec(),
        };
        let list = Value::List(vec![1.into()]);
        for (message, expected) in [
            (None, Value::Null),
            (Some(message(b"", "")), Value::Null),
            (Some(message(b"\xc0", "")), Value::Null),
            (Some(message(b"\x91\x01", "")), list.clone()),
            (Some(message(b"", "[1]")), list.clone()),
        ] {
            assert_eq!(values.read("state", message.as_ref()).unwrap(), expected);
        }
        assert_eq!(values.write("state", &list).unwrap(), message(b"\x91\x01", ""));
        let error = values.read("state", Some(&message(b"\xc3", ""))).unwrap_err();
        assert_eq!(error.to_string(), "failed to read the state that Terraform sent");
    }

    #[test]
    fn paths_end_at_a_set() {
        let path = Path::attribute("rules").then(Step::Element(Box::new("x".into()))).field("port");
        assert_eq!(attribute_path(&path), attribute_path(&Path::attribute("rules")));
        let path = Path::attribute("a").key("b").index(2);
        let selectors: Vec<Selector> =
            attribute_path(&path).steps.into_iter().filter_map(|step| step.selector).collect();
        assert_eq!(
            selectors,
            [
                Selector::AttributeName("a".into()),
                Selector::ElementKeyString("b".into()),
                Selector::ElementKeyInt(2),
            ]
        );
    }

    #[test]
    fn refuses_state_of_the_oldest_form() {
        let flatmap = [("id".to_owned(), "x".to_owned())].into();
        let raw = wire::RawState { json: Vec::new(), flatmap };
        assert!(matches!(raw_json(Some(raw)), Err(ConvertError::Flatmap)));
        assert_eq!(raw_json(None).unwrap(), b"");
    }
}
