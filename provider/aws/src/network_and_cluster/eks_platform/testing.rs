//! What the tests of a platform share: configurations in JSON, and plans made of them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use travel_framework::call::Memory;
use travel_framework::model::{Field, Model};
use travel_framework::plan::{Computed, plan_by_schema};
use travel_framework::{Diagnostics, Plan};
use travel_value::json::{UnknownAttributes, decode};
use travel_value::{Path, Value};

use super::{EksPlatform, NodeGroup, planning};
use crate::Placement;
use crate::settings::{Setting, Settings};
use crate::testing::{ACCOUNT, REGION};

/// A configuration with these attributes. Text that reads `?` stands for what is not known yet.
pub fn config(attributes: Json) -> Value {
    let kind = EksPlatform::block().value_type();
    let text = without_unknown(&attributes).to_string();
    let value = decode(text.as_bytes(), &kind, UnknownAttributes::Refuse).unwrap();
    with_unknown(value, &attributes)
}

fn is_unknown(value: &Json) -> bool {
    value.as_str() == Some("?")
}

/// What can be decoded, whatever type is wanted where something is not known yet.
fn without_unknown(value: &Json) -> Json {
    match value {
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let value = if is_unknown(value) { Json::Null } else { without_unknown(value) };
                (name.clone(), value)
            })
            .collect(),
        value => value.clone(),
    }
}

fn with_unknown(value: Value, said: &Json) -> Value {
    if is_unknown(said) {
        return Value::unknown();
    }
    let all = |entries: BTreeMap<String, Value>| -> BTreeMap<String, Value> {
        let entries = entries.into_iter();
        entries.map(|(name, value)| (name.clone(), with_unknown(value, &said[&name]))).collect()
    };
    let unknown = |element: &Value| match element.as_str() {
        Some("?") => Value::unknown(),
        _ => element.clone(),
    };
    match value {
        Value::Object(entries) => Value::Object(all(entries)),
        Value::Map(entries) => Value::Map(all(entries)),
        Value::List(elements) => Value::List(elements.iter().map(unknown).collect()),
        Value::Set(elements) => Value::set(elements.iter().map(unknown)),
        value => value,
    }
}

/// The least that a configuration says, with these attributes beside or instead.
pub fn with(attributes: Json) -> Json {
    let mut all = json!({
        "name": "main",
        "version": "1.34",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "timeouts": null,
    });
    for (name, value) in attributes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

/// A node group with these attributes beside or instead of the least one.
pub fn group(attributes: Json) -> Json {
    let mut all = json!({"instance_types": ["m7i.large"], "min_size": 1, "max_size": 3});
    for (name, value) in attributes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

/// What a plan came to.
pub struct Outcome {
    /// The planned state.
    pub planned: Value,
    /// What the person is told.
    pub told: Diagnostics,
    /// Whether another cluster is needed.
    pub replaces: bool,
}

impl Outcome {
    /// What was told, as path and words.
    pub fn words(&self) -> Vec<String> {
        self.told.iter().map(ToString::to_string).collect()
    }
}

/// Plans a configuration over a prior state, or over null.
pub fn plan(prior: &Value, config: &Value) -> Outcome {
    plan_in(prior, config, Some(ACCOUNT), Computed::Applied { resumed: false })
}

/// As [`plan`], in an account that may not be known, and as one of the two plans that the
/// framework makes.
pub fn plan_in(
    prior: &Value,
    config: &Value,
    account: Option<&str>,
    computed: Computed,
) -> Outcome {
    plan_remembering(prior, config, account, computed, Memory::new())
}

/// As [`plan_in`], of a platform of which this is remembered.
pub fn plan_remembering(
    prior: &Value,
    config: &Value,
    account: Option<&str>,
    computed: Computed,
    remembered: Memory,
) -> Outcome {
    let settings = Settings {
        account: account.map_or(Setting::Absent, |id| Setting::Known(id.to_owned())),
        region: Setting::Known(REGION.to_owned()),
        ..Settings::default()
    };
    let planned = plan_by_schema(&EksPlatform::block(), prior, config, computed);
    let mut made = Plan::new(config, prior, planned);
    made.remembered = remembered;
    crate::placement::plan(&mut made, &settings);
    crate::tags::plan(&mut made, &settings.tags);
    planning::plan(&mut made);
    let replaces = made.is_replacement();
    Outcome { planned: made.planned, told: made.diagnostics, replaces }
}

/// The state that a plan leads to, with something in the place of whatever is known only then.
pub fn applied(planned: &Value) -> Value {
    fn known(value: &Value, name: &str) -> Value {
        match value {
            Value::Unknown(_) => match name {
                "version" => "v1.0.0-eksbuild.1".into(),
                "oidc_issuer" | "incarnation" => "https://oidc.eks/id/A".into(),
                "oidc_provider_arn" => {
                    format!("arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks/id/A").into()
                }
                "status" => "ready".into(),
                name => format!("{name} of the service").into(),
            },
            Value::Object(entries) => Value::object(
                entries.iter().map(|(name, value)| (name.clone(), known(value, name))),
            ),
            Value::Map(entries) => {
                Value::map(entries.iter().map(|(key, value)| (key.clone(), known(value, name))))
            }
            value => value.clone(),
        }
    }
    known(planned, "")
}

/// The least platform there can be, as a plan of it would be once everything is known.
pub fn platform() -> EksPlatform {
    EksPlatform {
        version: "1.34".to_owned(),
        subnet_ids: ["subnet-1".to_owned(), "subnet-2".to_owned()].into(),
        ..EksPlatform::named("main".to_owned(), Placement::default())
    }
}

/// The least node group there can be.
pub fn node_group() -> NodeGroup {
    let planned =
        plan(&Value::Null, &config(with(json!({"node_groups": {"g": group(json!({}))}}))));
    let group = planned.planned.get("node_groups").get("g").clone();
    let mut known = applied(&group);
    for name in ["name", "arn", "release_version", "version"] {
        known.set_attribute(name, Value::Null);
    }
    <NodeGroup as Field>::from_value(&known, &Path::root()).unwrap()
}
