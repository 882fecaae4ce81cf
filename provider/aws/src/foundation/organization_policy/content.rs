//! The content of a policy: JSON of which many texts mean the same, sent as short as can be.

use serde_json::{Map, Value as Json};
use travel_value::Value;

use crate::policy;

/// The rule of the attribute.
pub fn is_content(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Object(_)) => Ok(()),
        Ok(_) => Err("a policy: a JSON object".to_owned()),
        Err(error) => Err(format!("a policy in JSON ({error})")),
    }
}

/// Whether two texts mean the same: by the grammar of IAM where they have statements, otherwise as
/// JSON.
pub fn same(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else { return false };
    let as_json = |text: &str| serde_json::from_str::<Json>(text).ok();
    policy::same(one, other)
        || matches!((as_json(one), as_json(other)), (Some(one), Some(other)) if one == other)
}

/// A text without the white space that means nothing.
pub fn minified(text: &str) -> String {
    let json = serde_json::from_str::<Json>(text);
    json.map_or_else(|_| text.to_owned(), |json| json.to_string())
}

/// The members of a policy; none where it is no JSON object.
pub fn members(text: &str) -> Option<Map<String, Json>> {
    match serde_json::from_str(text) {
        Ok(Json::Object(members)) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_meaning() {
        let statement = |action: &str| {
            format!(
                r#"{{"Statement": [{{"Effect": "Deny", "Action": {action}, "Resource": "*"}}]}}"#
            )
        };
        let tags = r#"{"tags":{"team":{"tag_key":{"@@assign":"team"}}}}"#;
        for (one, other, expected) in [
            (statement("\"ec2:*\""), statement("[\"EC2:*\"]"), true),
            (statement("\"ec2:*\""), statement("\"s3:*\""), false),
            (tags.to_owned(), tags.replace(':', " : "), true),
            (tags.to_owned(), tags.replace("team", "Team"), false),
            ("no".to_owned(), tags.to_owned(), false),
        ] {
            assert_eq!(
                same(&one.as_str().into(), &other.as_str().into()),
                expected,
                "{one} {other}"
            );
        }
    }

    #[test]
    fn white_space_goes_where_it_means_nothing() {
        let text = "{\n  \"tags\": { \"a b\": [1, 2] }\n}\n";
        assert_eq!(minified(text), r#"{"tags":{"a b":[1,2]}}"#);
    }

    #[test]
    fn knows_content() {
        for (text, is) in [("{}", true), ("[]", false), ("{", false)] {
            assert_eq!(is_content(&text.into()).is_ok(), is, "{text}");
        }
    }
}
