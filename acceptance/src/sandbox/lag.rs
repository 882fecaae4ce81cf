//! Lists that filter by tags and stay behind: which tags of which things they do not show yet.
//!
//! AWS answers DescribeTags, GetResources and tag filters from indexes that follow the resources by some seconds. The
//! emulators are consistent at once, so the gateway notes when a tag was put on and hides it for as long as the
//! setting `tag_lag_seconds` says.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::form::Form;

/// When each tag was put on.
#[derive(Debug, Default)]
pub struct Lag(Mutex<HashMap<(String, String), Instant>>);

impl Lag {
    /// Notes the tags that an EC2 call put on, from its parameters and its answer.
    pub fn note_form(&self, operation: &str, form: &Form, answer: &str) {
        let names = form.0.iter().filter(|(name, _)| {
            (name.starts_with("TagSpecification.") || name.starts_with("Tag."))
                && name.ends_with(".Key")
        });
        let keys: Vec<String> = names.map(|(_, key)| key.clone()).collect();
        let things = if operation == "CreateTags" {
            form.list("ResourceId").into_iter().map(str::to_owned).collect()
        } else {
            identifiers(answer)
        };
        self.note(&things, &keys);
    }

    /// Notes the tags that a JSON call put on, from its content and its answer.
    pub fn note_json(&self, input: &Value, answer: &str) {
        let mut keys = Vec::new();
        if let Some(members) = input.as_object() {
            for (_, tags) in members.iter().filter(|(name, _)| name.eq_ignore_ascii_case("tags")) {
                keys.extend(tag_keys(tags));
            }
        }
        let mut things = identifiers(answer);
        things.extend(identifiers(&input.to_string()));
        self.note(&things, &keys);
    }

    fn note(&self, things: &[String], keys: &[String]) {
        let now = Instant::now();
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for thing in things {
            for key in keys {
                // A list that has shown a tag goes on showing it, with whatever value.
                noted.entry((thing.clone(), key.clone())).or_insert(now);
            }
        }
    }

    /// Whether lists do not show a tag of a thing yet, when they stay behind by some seconds.
    pub fn hides(&self, thing: &str, key: &str, lag_seconds: f64) -> bool {
        if lag_seconds <= 0.0 {
            return false;
        }
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = noted.get(&(thing.to_owned(), key.to_owned()));
        at.is_some_and(|at| at.elapsed() < Duration::from_secs_f64(lag_seconds))
    }
}

/// The keys of tags in any of the shapes services use: a list of pairs, or a map.
fn tag_keys(tags: &Value) -> Vec<String> {
    match tags {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(list) => list
            .iter()
            .filter_map(|tag| ["Key", "TagKey", "key"].iter().find_map(|name| tag.get(*name)))
            .filter_map(|key| key.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// The ARNs and EC2 ids in a text.
pub fn identifiers(text: &str) -> Vec<String> {
    let part = |letter: char| letter.is_ascii_alphanumeric() || ":/_.-".contains(letter);
    text.split(|letter| !part(letter))
        .filter(|word| word.starts_with("arn:") || is_ec2_id(word))
        .map(str::to_owned)
        .collect()
}

fn is_ec2_id(word: &str) -> bool {
    word.rsplit_once('-').is_some_and(|(kind, number)| {
        kind.starts_with(|letter: char| letter.is_ascii_lowercase())
            && matches!(number.len(), 8 | 17)
            && number.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hides_what_was_tagged_just_now() {
        let lag = Lag::default();
        let form = Form::parse(
            "Action=CreateVpc&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=owner&TagSpecification.1.Tag.1.Value=me",
        );
        lag.note_form("CreateVpc", &form, "<vpcId>vpc-0123456789abcdef0</vpcId>");
        let form = Form::parse("Action=CreateTags&ResourceId.1=subnet-01234567&Tag.1.Key=name");
        lag.note_form("CreateTags", &form, "<return>true</return>");
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1";
        lag.note_json(
            &json!({"Tags": [{"TagKey": "use", "TagValue": "x"}]}),
            &format!(r#"{{"Arn":"{key}"}}"#),
        );
        let check = |thing: &str, tag: &str, seconds: f64, expected: bool| {
            assert_eq!(lag.hides(thing, tag, seconds), expected, "{thing} {tag}");
        };
        check("vpc-0123456789abcdef0", "owner", 600.0, true);
        check("vpc-0123456789abcdef0", "owner", 0.0, false);
        check("vpc-0123456789abcdef0", "name", 600.0, false);
        check("subnet-01234567", "name", 600.0, true);
        check(key, "use", 600.0, true);
    }

    #[test]
    fn finds_identifiers() {
        let text = r#"<a>vpc-01234567</a>{"x":"arn:aws:s3:::b/k","y":"eu-central-1","z":"eipalloc-0123456789abcdef0"}"#;
        let expected = ["vpc-01234567", "arn:aws:s3:::b/k", "eipalloc-0123456789abcdef0"];
        assert_eq!(identifiers(text), expected);
    }
}
