//! The policies of a parameter: a JSON list, of which many texts mean the same.
//!
//! Source: Systems Manager User Guide, "Assigning parameter policies".

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use travel_value::Value;

/// The kinds of policies, each with the attributes that it needs.
const KINDS: [(&str, &[&str]); 3] = [
    ("Expiration", &["Timestamp"]),
    ("ExpirationNotification", &["Before", "Unit"]),
    ("NoChangeNotification", &["After", "Unit"]),
];
/// How many policies a parameter can have.
const MOST: usize = 10;

/// The rule of the attribute.
pub fn are_policies(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let policies: Vec<Json> = serde_json::from_str(text)
        .map_err(|error| format!("a list of policies in JSON ({error})"))?;
    if policies.is_empty() {
        return Err("a list of at least one policy, or left out".to_owned());
    }
    if policies.len() > MOST {
        return Err(format!("a list of at most {MOST} policies"));
    }
    policies.iter().try_for_each(is_policy)
}

fn is_policy(policy: &Json) -> Result<(), String> {
    let kind = policy["Type"].as_str().unwrap_or_default();
    let Some((_, attributes)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let kinds = KINDS.map(|(name, _)| name).join(", ");
        return Err(format!("a list of policies whose Type is one of {kinds}"));
    };
    if policy["Version"] != "1.0" {
        return Err("a list of policies whose Version is \"1.0\"".to_owned());
    }
    for name in *attributes {
        let Some(text) = policy["Attributes"][name].as_str() else {
            return Err(format!("a list in which {kind} has the text {name} in its Attributes"));
        };
        let fits = match *name {
            "Timestamp" => moment(text).is_some(),
            "Unit" => matches!(text, "Days" | "Hours"),
            _ => text.parse::<u32>().is_ok(),
        };
        if !fits {
            return Err(format!(
                "a list in which the {name} of {kind} is {}; {text:?} is not",
                match *name {
                    "Timestamp" => "a time such as 2030-12-31T23:59:59.000Z",
                    "Unit" => "Days or Hours",
                    _ => "a whole number in quotes",
                }
            ));
        }
    }
    Ok(())
}

/// Whether two lists mean the same: order, spaces, and how a moment is written do not count.
pub fn same(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else { return false };
    let Some((one, mut other)) = meaning(one).zip(meaning(other)) else { return one == other };
    let all_found = one.iter().all(|policy| {
        let place = other.iter().position(|it| it == policy);
        place.map(|place| other.swap_remove(place)).is_some()
    });
    all_found && other.is_empty()
}

fn meaning(text: &str) -> Option<Vec<Json>> {
    let mut policies: Vec<Json> = serde_json::from_str(text).ok()?;
    for policy in &mut policies {
        if let Some(stamp) = policy.pointer_mut("/Attributes/Timestamp")
            && let Some(moment) = stamp.as_str().and_then(moment)
        {
            *stamp = moment.timestamp_millis().into();
        }
    }
    Some(policies)
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRATION: &str = r#"{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2030-01-01T00:00:00.000Z"}}"#;
    const NO_CHANGE: &str = r#"{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}"#;

    #[test]
    fn compares_by_meaning() {
        let list = |policies: &[&str]| Value::from(format!("[{}]", policies.join(",")));
        let both = list(&[EXPIRATION, NO_CHANGE]);
        for (other, expected) in [
            (list(&[NO_CHANGE, EXPIRATION]), true),
            (list(&[EXPIRATION, &NO_CHANGE.replace(':', " : ")]), true),
            (list(&[&EXPIRATION.replace("00:00:00.000Z", "01:00:00+01:00"), NO_CHANGE]), true),
            (list(&[&EXPIRATION.replace("2030", "2031"), NO_CHANGE]), false),
            (list(&[EXPIRATION]), false),
            (list(&[EXPIRATION, EXPIRATION]), false),
            (list(&[EXPIRATION, NO_CHANGE, NO_CHANGE]), false),
            ("none".into(), false),
        ] {
            assert_eq!(same(&both, &other), expected, "{other:?}");
        }
    }

    #[test]
    fn knows_policies() {
        for (text, says) in [
            (format!("[{EXPIRATION},{NO_CHANGE}]"), None),
            ("[]".to_owned(), Some("at least one")),
            ("{}".to_owned(), Some("in JSON")),
            (format!("[{}]", [EXPIRATION; 11].join(",")), Some("at most 10")),
            (format!("[{}]", EXPIRATION.replace("Expiration", "Other")), Some("one of Expiration")),
            (format!("[{}]", EXPIRATION.replace("1.0", "2.0")), Some("Version")),
            (format!("[{}]", EXPIRATION.replace("2030-01", "soon")), Some("a time such as")),
            (format!("[{}]", NO_CHANGE.replace("After", "Before")), Some("the text After")),
            (format!("[{}]", NO_CHANGE.replace("\"20\"", "20")), Some("the text After")),
            (format!("[{}]", NO_CHANGE.replace("Days", "Weeks")), Some("Days or Hours")),
        ] {
            let found = are_policies(&text.as_str().into());
            match says {
                None => assert_eq!(found, Ok(()), "{text}"),
                Some(says) => assert!(found.unwrap_err().contains(says), "{text}"),
            }
        }
    }
}
