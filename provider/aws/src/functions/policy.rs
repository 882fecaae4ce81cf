//! `provider::travel::policy`: a policy document, checked and without spaces.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language".

use travel_framework::data::Function;
use travel_framework::schema::{FunctionSignature, Parameter};
use travel_framework::server::FunctionError;
use travel_value::{Type, Value};

use crate::policy::document;
use crate::policy::grammar::{Kind, faults};

/// The version that a document has where it says none.
const VERSION: &str = "2012-10-17";

/// Writes a policy document.
#[derive(Clone, Copy, Debug)]
pub struct PolicyText;

impl Function for PolicyText {
    fn signature(&self) -> FunctionSignature {
        FunctionSignature {
            name: "policy".to_owned(),
            summary: "Writes a policy document.".to_owned(),
            description: "Gives the text in JSON, without spaces, of a document in the grammar of \
                          IAM: of a whole one (an object with a `Statement`, or a text in JSON), of \
                          a list of statements, or of a single one. Without a `Version` it has \
                          `2012-10-17`; attributes that are null are left out. What breaks the \
                          grammar is refused. What a kind of policy demands beyond that (no \
                          `Principal` in permissions, no `Resource` in a trust policy, sizes) is \
                          checked by the resource that takes it."
                .to_owned(),
            parameters: vec![Parameter::new(
                "document",
                "The document, its statements, or one statement.",
                Type::Dynamic,
            )],
            variadic: None,
            result: Type::String,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let [given] = arguments else { return Err(FunctionError::arity(1)) };
        let refused = |words: String| FunctionError::at(0, words);
        let tree = document::tree(given).map_err(|error| refused(format!("no JSON: {error}")))?;
        let statements = tree.elements().is_some() || !tree.get("Effect").is_null();
        let mut whole = match tree.entries() {
            Some(entries) if !statements => Value::Object(entries.clone()),
            _ if statements => Value::object([("Statement", tree.clone())]),
            _ => return Err(refused("neither a policy nor statements of one".to_owned())),
        };
        if whole.get("Version").is_null() {
            whole.set_attribute("Version", VERSION.into());
        }
        let faults = faults(Kind::Other, &whole);
        if !faults.is_empty() {
            return Err(refused(faults.join(" ")));
        }
        let text = document::text(&whole);
        text.map(Value::from).ok_or_else(|| refused("not known as a whole".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Value {
        let parts = [("Effect", "Allow"), ("Action", "s3:*"), ("Resource", "*")];
        Value::object(parts.map(|(name, value)| (name, value.into())))
    }

    #[test]
    fn documents_statements_and_texts_give_the_same() {
        let expected = r#"{"Statement":{"Action":"s3:*","Effect":"Allow","Resource":"*"},"Version":"2012-10-17"}"#;
        let whole = Value::object([("Statement", statement())]);
        let spaced = expected.replace(':', ": ").replace("s3: *", "s3:*");
        for given in [whole, statement(), document::dynamic(statement()), spaced.into()] {
            let text = PolicyText.call(std::slice::from_ref(&given)).unwrap();
            assert_eq!(text.as_str(), Some(expected), "{given:?}");
        }
        let list = Value::Tuple(vec![statement()]);
        let text = PolicyText.call(&[list]).unwrap();
        assert!(text.as_str().unwrap().contains("\"Statement\":[{"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let wrong = Value::object([("Effect", "Allow".into()), ("Action", "s3".into())]);
        for given in ["{".into(), "text".into(), Value::object([("a", "b".into())]), wrong] {
            let error = PolicyText.call(std::slice::from_ref(&given)).unwrap_err();
            assert_eq!(error.argument, Some(0), "{given:?}");
        }
    }
}
