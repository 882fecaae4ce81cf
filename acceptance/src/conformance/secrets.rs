//! Secrets: what is sensitive stands in no log and no error, and in plan and state only where it is
//! written; what is write-only stands in neither. Nor is anything logged that lets others act as
//! whoever applies.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use travel_value::Value;

use super::{Check, Trial};
use crate::core::{Attribute, Block, BlockNesting, Plan};

/// The variable by which the provider logs everything.
pub(super) const LOG_ALL: (&str, &str) = ("TF_LOG_PROVIDER", "TRACE");
/// What is shorter stands in other texts by chance.
const SHORTEST: usize = 8;
/// What credentials begin with that are made on the way: tokens for a cluster, and signed addresses.
const MADE: [&str; 2] = ["k8s-aws-v1.", "X-Amz-Signature="];
/// The variables that hold whoever applies.
const GIVEN: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

impl Trial<'_> {
    /// Checks what has come of a plan: what is written in it, the state, what was said and logged.
    ///
    /// # Errors
    /// Where a secret shows.
    pub(super) fn check_secrets(&mut self, plan: Option<&Plan>, said: &str) -> Result<()> {
        let schemas = self.schemas.clone();
        let block = |address: &str| {
            address.split('.').next().and_then(|type_name| schemas.resources.get(type_name))
        };
        for (address, change) in plan.iter().flat_map(|plan| &plan.changes) {
            let Some(block) = block(address) else { continue };
            attributes(block, &change.config, &mut |attribute, value| {
                if attribute.sensitive || attribute.write_only {
                    texts(value, &mut self.secrets);
                }
            });
        }
        self.secrets.retain(|secret| secret.len() >= SHORTEST);
        for (address, change) in plan.iter().flat_map(|plan| &plan.changes) {
            self.check_value(address, block(address), &change.planned, &change.private)?;
        }
        for (address, object) in &self.state.objects {
            self.check_value(address, block(address), &object.value, &object.private)?;
        }
        self.check_text("an error", said)?;
        let log = self.core.start.log.take();
        ensure!(!log.is_empty(), "nothing was logged");
        self.check_text("the log", &log)?;
        let given = GIVEN.iter().filter_map(|name| self.core.start.environment.get(*name));
        for part in given.map(String::as_str).chain(MADE).filter(|part| !part.is_empty()) {
            let line = log.lines().find(|line| line.contains(part));
            let hidden = line.map(|line| line.split(part).next().unwrap_or_default());
            ensure!(hidden.is_none(), "the log holds credentials behind {hidden:?}");
        }
        self.count(Check::Secrets);
        Ok(())
    }

    /// Checks that there was a secret to look for, if the resource takes any.
    ///
    /// # Errors
    /// Where the case writes none.
    pub(super) fn check_that_secrets_were_written(&self) -> Result<()> {
        let takes = self.schemas.resources.get(&self.case.type_name).is_some_and(takes_secrets);
        ensure!(!takes || !self.secrets.is_empty(), "the case writes no secret to look for");
        Ok(())
    }

    fn check_value(
        &self,
        address: &str,
        block: Option<&Block>,
        value: &Value,
        private: &[u8],
    ) -> Result<()> {
        let (mut shown, mut kept) = (BTreeSet::new(), false);
        if let Some(block) = block {
            attributes(block, value, &mut |attribute, value| {
                kept |= attribute.write_only && !value.is_null();
                if !attribute.sensitive {
                    texts(value, &mut shown);
                }
            });
        }
        ensure!(!kept, "{address} keeps what is write-only");
        for text in &shown {
            self.check_text(address, text)?;
        }
        self.check_text(
            &format!("the provider's memory of {address}"),
            &String::from_utf8_lossy(private),
        )
    }

    fn check_text(&self, place: &str, text: &str) -> Result<()> {
        for secret in &self.secrets {
            let shows =
                [secret.clone(), STANDARD.encode(secret)].iter().any(|it| text.contains(it));
            ensure!(!shows, "{place} shows a secret of {} characters", secret.len());
        }
        Ok(())
    }
}

/// Visits the attributes of a block's value, and of what is nested in it.
fn attributes(block: &Block, value: &Value, visit: &mut impl FnMut(&Attribute, &Value)) {
    for (name, attribute) in &block.attributes {
        in_attribute(attribute, value.get(name), visit);
    }
    for (name, nested) in &block.blocks {
        let inner = plain(value.get(name));
        let is_one = matches!(nested.nesting, BlockNesting::Single | BlockNesting::Group);
        for one in objects(inner, is_one) {
            attributes(&nested.block, one, visit);
        }
    }
}

fn in_attribute(attribute: &Attribute, value: &Value, visit: &mut impl FnMut(&Attribute, &Value)) {
    let hidden = attribute.sensitive || attribute.write_only;
    let Some((nesting, inner)) = attribute.nested.as_ref().filter(|_| !hidden) else {
        return visit(attribute, value);
    };
    let is_one = *nesting == crate::core::Nesting::Single;
    for one in objects(plain(value), is_one) {
        for (name, attribute) in inner {
            in_attribute(attribute, one.get(name), visit);
        }
    }
}

/// Whether something in a block is hidden.
fn takes_secrets(block: &Block) -> bool {
    fn is_hidden(attribute: &Attribute) -> bool {
        let nested = attribute.nested.iter().flat_map(|(_, nested)| nested.values());
        attribute.sensitive || attribute.write_only || nested.into_iter().any(is_hidden)
    }
    let nested = block.blocks.values().any(|nested| takes_secrets(&nested.block));
    nested || block.attributes.values().any(is_hidden)
}

fn plain(value: &Value) -> &Value {
    match value {
        Value::Dynamic(_, inner) => inner,
        other => other,
    }
}

/// The objects in a value: itself, or each of its elements.
fn objects(value: &Value, is_one: bool) -> Vec<&Value> {
    match value {
        value if is_one => vec![value],
        Value::Map(all) | Value::Object(all) => all.values().collect(),
        Value::List(all) | Value::Set(all) | Value::Tuple(all) => all.iter().collect(),
        _ => Vec::new(),
    }
}

/// All texts in a value.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Dynamic(_, inner) => texts(inner, found),
        Value::Map(all) | Value::Object(all) => all.values().for_each(|it| texts(it, found)),
        Value::List(all) | Value::Set(all) | Value::Tuple(all) => {
            all.iter().for_each(|it| texts(it, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => {}
    }
}
