//! Imports: an object is forgotten and taken in again, by each of the ways there are. Then there is
//! nothing to set but what only the provider reads, and the state ends as it was.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use travel_value::Value;

use super::known::is_known;
use super::reference::{CONFIG_ONLY, attributes_called};
use super::{Check, Trial};
use crate::case::{Key, Step};
use crate::core::{Configuration, Object, broken_promises};

/// What a resource's page calls an attribute that an import leaves out until the next change.
const NOT_IMPORTED: &str = "not known after an import";

/// What an import finds an object by: an id, or, where that is empty, an identity.
type Way = (String, Value);

/// What may be left to set after an import.
enum Left {
    /// Just these attributes, in order.
    Exactly(Vec<String>),
    /// At most these.
    AtMost(BTreeSet<String>),
}

impl Trial<'_> {
    /// Imports what a step says; and, in the first and the last, every object of the resource by its
    /// identity and by the id made of that.
    ///
    /// # Errors
    /// Where an import does not find the object, or leaves more to do than to set what only the
    /// provider reads.
    pub(super) async fn imports(&mut self, step: &Step, is_end: bool) -> Result<()> {
        let outputs = self.outputs()?;
        for import in &step.imports {
            let import = import.with(&outputs)?;
            let way = match &import.key {
                Key::Id(id) => (id.clone(), Value::Null),
                Key::Identity(identity) => (String::new(), texts(identity)),
            };
            let left = Left::Exactly(import.set.clone());
            self.import(step, &import.address, way, &left).await?;
        }
        let type_name = &self.case.type_name;
        let ours = |(_, object): &(&String, &Object)| object.type_name == *type_name;
        let addresses: Vec<String> = match is_end {
            true => self.state.objects.iter().filter(ours).map(|(it, _)| it.clone()).collect(),
            false => Vec::new(),
        };
        let mut allowed = attributes_called(type_name, CONFIG_ONLY, false)?;
        // Of blocks the case says whether they hold such attributes.
        let said = self.case.steps.iter().flat_map(|step| &step.imports);
        allowed.extend(said.flat_map(|import| import.set.clone()));
        let left = Left::AtMost(allowed);
        for address in addresses {
            let identity = self.object(&address)?.identity.clone();
            ensure!(!identity.is_null(), "{address} has no identity");
            let id = self.id_of(&identity)?;
            for way in [(String::new(), identity), (id, Value::Null)] {
                self.import(step, &address, way, &left).await?;
            }
        }
        Ok(())
    }

    fn is_known_to_differ(&self, path: &str) -> bool {
        let attribute = path.rsplit('.').next().unwrap_or(path);
        [path, attribute].iter().any(|it| is_known(&self.case.type_name, Check::Import, it))
    }

    fn object(&self, address: &str) -> Result<&Object> {
        let found = self.state.objects.get(address);
        found.with_context(|| format!("there is no {address} to import"))
    }

    /// The id that stands for an identity: its values in the schema's order.
    fn id_of(&self, identity: &Value) -> Result<String> {
        let schema = self.schemas.identities.get(&self.case.type_name);
        let names = &schema.context("the resource has no identity")?.names;
        let text = |name: &String| {
            let value = identity.get(name).as_str().map(str::to_owned);
            value.with_context(|| format!("{name} of the identity is no text"))
        };
        Ok(names.iter().map(text).collect::<Result<Vec<String>>>()?.join("/"))
    }

    async fn import(
        &mut self,
        step: &Step,
        address: &str,
        (id, identity): Way,
        left: &Left,
    ) -> Result<()> {
        let configuration = self.read(&step.text)?;
        // What was made after it in the same apply shows in it only when it is read again.
        self.state = self.plan(&step.text).await?.refreshed;
        let before = self.object(address)?.clone();
        let way = match id.as_str() {
            "" => format!("its identity {identity:?}"),
            id => format!("the id {id}"),
        };
        self.state.objects.remove(address);
        self.core
            .import(&configuration, &mut self.state, address, &id, &identity)
            .await
            .with_context(|| format!("failed to import {address} by {way}"))?;
        let imported = self.object(address)?.clone();
        // The command import is followed by a plan that looks again; an import by identity is part
        // of a plan, which looks once.
        let plan = match id.as_str() {
            "" => self.core.plan_from(&configuration, &self.state).await?,
            _ => self.plan(&step.text).await?,
        };
        let summary = plan.summary();
        let set = summary.changed_attributes.get(address).cloned().unwrap_or_default();
        let fits = match left {
            Left::Exactly(expected) => set == *expected,
            Left::AtMost(allowed) => {
                set.iter().all(|name| allowed.contains(name) || self.is_known_to_differ(name))
            }
        };
        ensure!(
            fits && summary.changes.len() == usize::from(!set.is_empty()),
            "an import by {way} leaves too much to set: {summary:?}",
        );
        self.check_generated(&configuration, address, &imported).await?;
        self.carry_out(&step.text, &plan).await?;
        self.expect_nothing(&step.text).await?;
        let after = self.object(address)?;
        ensure!(
            after.identity == before.identity && imported.identity == before.identity,
            "an import by {way} gives the identity {:?}, not {:?}",
            imported.identity,
            before.identity,
        );
        // What this plan sets is as it was written; what it left open may be new.
        let mut not_imported = attributes_called(&self.case.type_name, NOT_IMPORTED, true)?;
        not_imported.retain(|name| !set.contains(name));
        let planned = plan.changes.get(address).map(|change| &change.planned);
        let is_open = |name: &str| planned.is_some_and(|planned| planned.get(name).is_unknown());
        let expected = without(&masked(&before.value), &not_imported);
        let differences = broken_promises(&expected, &masked(&after.value));
        let config_only = attributes_called(&self.case.type_name, CONFIG_ONLY, true)?;
        // An import leaves the mark of ownership to the next update, which renews it; and what only
        // the provider reads is then as it is written, not as it was once written.
        let others = differences.into_iter().filter(|difference| {
            let path = difference.split(": ").next().unwrap_or_default();
            let attribute = path.rsplit('.').next().unwrap_or(path);
            let is_expected =
                attribute == "generation" || config_only.contains(attribute) || is_open(path);
            !is_expected && !self.is_known_to_differ(path)
        });
        let others: Vec<String> = others.collect();
        ensure!(
            others.is_empty(),
            "an import by {way} ends in another state: {}",
            others.join("; ")
        );
        self.count(Check::Import);
        Ok(())
    }
}

impl Trial<'_> {
    /// What the provider writes for an object says neither more nor less than what is there; but
    /// nobody can write what an import cannot tell.
    async fn check_generated(
        &self,
        configuration: &Configuration,
        address: &str,
        imported: &Object,
    ) -> Result<()> {
        if !attributes_called(&self.case.type_name, NOT_IMPORTED, true)?.is_empty() {
            return Ok(());
        }
        let generated = self.core.plan_generated(configuration, address, imported).await;
        let generated = generated.context("failed to plan a generated configuration")?.summary();
        ensure!(
            generated.is_empty(),
            "a generated configuration does not say what is there: {generated:?}",
        );
        Ok(())
    }
}

/// A value without its secrets' codes: they stand under a key that every object has of its own.
fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("hmac:") => "hmac:".into(),
        Value::Dynamic(_, inner) => told(masked(inner)),
        Value::Object(entries) | Value::Map(entries) => {
            Value::object(entries.iter().map(|(name, value)| (name.clone(), masked(value))))
        }
        Value::List(all) => Value::List(all.iter().map(masked).collect()),
        other => other.clone(),
    }
}

/// A value of any type as what it says: a policy may be a text in JSON, or an object.
fn told(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with('{') => match serde_json::from_str(&text) {
            Ok(json) => tree(&json),
            Err(_) => text.into(),
        },
        Value::Object(entries) | Value::Map(entries) => {
            Value::object(entries.into_iter().map(|(name, value)| (name, told(value))))
        }
        Value::List(all) | Value::Tuple(all) | Value::Set(all) => {
            Value::List(all.into_iter().map(told).collect())
        }
        other => other,
    }
}

fn tree(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Object(entries) => {
            Value::object(entries.iter().map(|(name, json)| (name.clone(), tree(json))))
        }
        serde_json::Value::Array(all) => Value::List(all.iter().map(tree).collect()),
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Bool(truth) => (*truth).into(),
        serde_json::Value::Number(number) => number.as_i64().map_or(Value::Null, Value::from),
        serde_json::Value::Null => Value::Null,
    }
}

/// A value in which attributes of these names are null, wherever they stand.
fn without(value: &Value, names: &BTreeSet<String>) -> Value {
    let Value::Object(entries) = value else { return value.clone() };
    Value::object(entries.iter().map(|(name, value)| {
        let value = if names.contains(name) { Value::Null } else { without(value, names) };
        (name.clone(), value)
    }))
}

fn texts(identity: &BTreeMap<String, String>) -> Value {
    Value::object(identity.iter().map(|(name, value)| (name.clone(), value.as_str().into())))
}
