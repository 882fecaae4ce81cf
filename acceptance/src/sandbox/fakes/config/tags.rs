//! Tags of whatever has an ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// How many tags a thing can have.
const MOST: usize = 50;

/// The tags of a thing.
#[derive(Debug, Default)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// Those that a request brings.
    ///
    /// # Errors
    /// Where they are too many.
    pub fn of(tags: &Value) -> Result<Self, ServiceError> {
        let mut all = Self::default();
        all.add(tags)?;
        Ok(all)
    }

    /// Carries out an operation on them.
    ///
    /// # Errors
    /// Where they become too many.
    pub fn perform(&mut self, operation: &str, input: &Input) -> Result<Value, ServiceError> {
        match operation {
            "TagResource" => self.add(input.value("Tags"))?,
            "UntagResource" => {
                let removed = input.texts("TagKeys");
                self.0.retain(|key, _| !removed.contains(key));
            }
            _ => {
                let tags = self.0.iter().map(|(key, value)| json!({"Key": key, "Value": value}));
                return Ok(json!({ "Tags": tags.collect::<Vec<_>>() }));
            }
        }
        Ok(json!({}))
    }

    fn add(&mut self, tags: &Value) -> Result<(), ServiceError> {
        let mut all = self.0.clone();
        for tag in tags.as_array().into_iter().flatten() {
            let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
            all.insert(text("Key"), text("Value"));
        }
        if all.len() > MOST {
            let message = format!("a resource can have {MOST} tags");
            return Err(ServiceError::new("TooManyTagsException", message));
        }
        self.0 = all;
        Ok(())
    }
}
