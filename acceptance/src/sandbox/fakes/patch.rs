//! JSON merge patches.

use serde_json::{Value, json};

/// Changes a value by a JSON merge patch (RFC 7396).
pub fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (name, change) in changes {
        if change.is_null() {
            if let Some(members) = value.as_object_mut() {
                members.remove(name);
            }
        } else {
            merge(&mut value[name.as_str()], change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_merge() {
        let mut value = json!({"a": 1, "b": {"c": 2, "d": [1]}});
        merge(&mut value, &json!({"a": null, "b": {"d": [3], "e": {"f": true}}}));
        assert_eq!(value, json!({"b": {"c": 2, "d": [3], "e": {"f": true}}}));
    }
}
