//! Policy documents as IAM reads them: two that differ to the letter may mean the same.

pub mod denial;
pub mod document;
pub mod grammar;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use travel_value::Value;

/// Whether two policy documents mean the same: order, letter case of actions and condition keys,
/// one value or a list of one, and the ways to write an account as a principal do not count.
/// Texts that are no policy are the same only to the letter.
///
/// It follows the grammar of IAM policies:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.
pub fn same(one: &str, other: &str) -> bool {
    one == other || matches!((meaning(one), meaning(other)), (Some(a), Some(b)) if a == b)
}

/// As [`same`], for an attribute's `same = …`: texts in JSON, or objects that say the same.
pub fn same_values(one: &Value, other: &Value) -> bool {
    matches!((document::text(one), document::text(other)), (Some(a), Some(b)) if same(&a, &b))
}

/// The rule of an attribute that holds a policy document.
pub fn is_document(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Object(document)) if document.contains_key("Statement") => Ok(()),
        Ok(_) => Err("a policy document: a JSON object with a Statement".to_owned()),
        Err(error) => Err(format!("a policy document in JSON ({error})")),
    }
}

/// A document with everything that does not count made equal; none where it is no policy.
fn meaning(text: &str) -> Option<Json> {
    let Json::Object(mut document) = serde_json::from_str(text).ok()? else { return None };
    let statements = many(document.remove("Statement")?);
    let statements = statements.into_iter().map(statement).collect::<Option<Vec<_>>>()?;
    document.insert("Statement".into(), sorted(statements));
    document.entry("Version").or_insert_with(|| "2008-10-17".into());
    document.retain(|_, value| !value.is_null());
    Some(Json::Object(document))
}

fn statement(statement: Json) -> Option<Json> {
    let Json::Object(parts) = statement else { return None };
    let parts = parts.into_iter().map(|(name, value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" => sorted(many(value).into_iter().map(lowercase)),
            "Resource" | "NotResource" => sorted(many(value)),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value),
            _ => value,
        };
        (name, value)
    });
    let parts: Map<String, Json> = parts.collect();
    // A statement without an identifier may have an empty one.
    let named = |(name, value): &(String, Json)| name != "Sid" || *value != "";
    Some(Json::Object(parts.into_iter().filter(named).collect()))
}

fn principals(value: Json) -> Json {
    let kinds = match value {
        Json::Object(kinds) => kinds,
        anybody => Map::from_iter([("AWS".to_owned(), anybody)]),
    };
    let kinds = kinds.into_iter().map(|(kind, values)| {
        let values = many(values);
        let values = match kind.as_str() {
            "AWS" => sorted(values.into_iter().map(account)),
            _ => sorted(values),
        };
        (kind, values)
    });
    Json::Object(kinds.collect())
}

/// An account as a principal is its id, or the ARN of its root.
fn account(principal: Json) -> Json {
    let id = principal.as_str().and_then(|text| {
        let root = text.strip_suffix(":root")?.split_once(":iam::")?;
        root.0.starts_with("arn:").then(|| root.1.to_owned())
    });
    id.map_or(principal, Json::String)
}

fn conditions(value: Json) -> Json {
    let Json::Object(operators) = value else { return value };
    let operators = operators.into_iter().map(|(operator, keys)| {
        let Json::Object(keys) = keys else { return (operator, keys) };
        let keys: BTreeMap<String, Json> = keys
            .into_iter()
            .map(|(key, values)| (key.to_lowercase(), sorted(many(values).into_iter().map(plain))))
            .collect();
        (operator, Json::Object(keys.into_iter().collect()))
    });
    Json::Object(operators.collect())
}

/// The elements of a list, or the one value that stands for a list of one.
fn many(value: Json) -> Vec<Json> {
    match value {
        Json::Array(values) => values,
        value => vec![value],
    }
}

fn lowercase(value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(text.to_lowercase()),
        value => value,
    }
}

/// A condition's value as text: numbers and booleans may be written either way.
fn plain(value: Json) -> Json {
    match value {
        Json::Number(_) | Json::Bool(_) => Json::String(value.to_string()),
        value => value,
    }
}

fn sorted(values: impl IntoIterator<Item = Json>) -> Json {
    let mut texts: Vec<(String, Json)> =
        values.into_iter().map(|value| (value.to_string(), value)).collect();
    texts.sort_by(|one, other| one.0.cmp(&other.0));
    texts.dedup_by(|one, other| one.0 == other.0);
    Json::Array(texts.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(statement: Json) -> String {
        json!({"Version": "2012-10-17", "Statement": statement}).to_string()
    }

    #[test]
    fn compares_by_meaning() {
        let allow = |action: Json, principal: Json| json!({"Effect": "Allow", "Action": action, "Principal": principal, "Resource": "*"});
        let root = json!({"AWS": "arn:aws:iam::111122223333:root"});
        let one = policy(json!([allow(json!("kms:*"), root.clone())]));
        for (other, expected) in [
            (policy(allow(json!(["KMS:*"]), json!({"AWS": ["111122223333"]}))), true),
            (policy(allow(json!("kms:Encrypt"), root.clone())), false),
            (policy(allow(json!("kms:*"), json!({"AWS": "444455556666"}))), false),
            (policy(json!([])), false),
            ("no policy".to_owned(), false),
            (one.replace("2012-10-17", "2008-10-17"), false),
            (one.replace("\":", "\" : "), true),
        ] {
            assert_eq!(same(&one, &other), expected, "{other}");
        }
        let anybody = |principal| policy(allow(json!("a:b"), principal));
        assert!(same(&anybody(json!("*")), &anybody(json!({"AWS": "*"}))));
    }

    #[test]
    fn order_and_kind_of_values_do_not_count() {
        let with = |condition: Json| policy(json!({"Effect": "Deny", "Condition": condition}));
        let one = with(json!({"Bool": {"aws:SecureTransport": "false"}}));
        assert!(same(&one, &with(json!({"Bool": {"AWS:SecureTransport": [false]}}))));
        let ab = policy(json!([{"Sid": "a"}, {"Sid": "b"}]));
        assert!(same(&ab, &policy(json!([{"Sid": "b"}, {"Sid": "a"}]))));
        assert!(same(&policy(json!({"Sid": ""})), &policy(json!({}))));
    }

    #[test]
    fn knows_a_document() {
        for (text, is) in [("{\"Statement\":[]}", true), ("{}", false), ("[", false), ("[]", false)]
        {
            assert_eq!(is_document(&text.into()).is_ok(), is, "{text}");
        }
    }
}
