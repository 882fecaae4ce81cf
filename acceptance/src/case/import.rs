//! What a case forgets of what it has applied, and brings in again.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::outside::fill;
use crate::terraform::{Core, Workspace};

/// The file with the block that imports.
const FILE: &str = "import.tf";

/// A resource that is forgotten and brought in again.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    /// Its address.
    pub address: String,
    /// What it is found by.
    pub key: Key,
    /// The attributes that are then to be set, since only the provider reads them; in order.
    pub set: Vec<String>,
}

/// What an import finds a resource by.
#[derive(Debug, PartialEq, Eq)]
pub enum Key {
    /// The id that the command `import` takes.
    Id(String),
    /// The attributes of its identity, for a block `import`.
    Identity(BTreeMap<String, String>),
}

impl Import {
    /// Reads `ADDRESS ID ATTRIBUTE …`.
    ///
    /// # Errors
    /// Where there is no id.
    pub fn by_id(text: &str) -> Result<Self> {
        let mut words = text.split_whitespace().map(str::to_owned);
        let address = words.next().context("an import names no address")?;
        let id = words.next().context("an import takes an address and an id")?;
        Ok(Self::new(address, Key::Id(id), words.collect()))
    }

    /// Reads `ADDRESS NAME=VALUE … ATTRIBUTE …`.
    ///
    /// # Errors
    /// Where there is no identity.
    pub fn by_identity(text: &str) -> Result<Self> {
        let mut words = text.split_whitespace();
        let address = words.next().context("an import names no address")?;
        let (identity, set): (Vec<&str>, Vec<&str>) = words.partition(|word| word.contains('='));
        ensure!(!identity.is_empty(), "an import takes an address and an identity");
        let identity = identity.into_iter().filter_map(|word| word.split_once('='));
        let identity = identity.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let set = set.into_iter().map(str::to_owned).collect();
        Ok(Self::new(address.to_owned(), Key::Identity(identity), set))
    }

    fn new(address: String, key: Key, mut set: Vec<String>) -> Self {
        set.sort();
        Self { address, key, set }
    }

    /// The same with outputs of the configuration in the places of `${NAME}`.
    ///
    /// # Errors
    /// Where there is no output of that name.
    pub fn with(&self, outputs: &BTreeMap<String, String>) -> Result<Self> {
        let key = match &self.key {
            Key::Id(id) => Key::Id(fill(id, outputs)?),
            Key::Identity(identity) => {
                let filled = |(name, value): (&String, &String)| {
                    anyhow::Ok((name.clone(), fill(value, outputs)?))
                };
                Key::Identity(identity.iter().map(filled).collect::<Result<_>>()?)
            }
        };
        Ok(Self { address: self.address.clone(), key, set: self.set.clone() })
    }

    /// Forgets the resource and brings it in again, where the core can do that.
    ///
    /// # Errors
    /// Where a command fails, or there is more to do after it than to set its attributes.
    pub async fn run(&self, workspace: &Workspace) -> Result<()> {
        let Self { address, key, set } = self;
        // terraform knows identities in import blocks from 1.12 on.
        if matches!(key, Key::Identity(_)) && workspace.core() != Core::OpenTofu {
            return Ok(());
        }
        workspace.run(&["state", "rm", address]).await?;
        match key {
            Key::Id(id) => {
                workspace.run(&["import", "-input=false", "-no-color", address, id]).await?;
            }
            // It is brought in by the apply.
            Key::Identity(identity) => workspace.write(FILE, &block(address, identity))?,
        }
        let plan = workspace.plan(&[]).await?;
        let planned = plan.changed_attributes.get(address).cloned().unwrap_or_default();
        ensure!(planned == *set, "an import by {key:?} leaves {set:?} to set: {plan:?}");
        ensure!(plan.is_empty() == set.is_empty(), "an import by {key:?} does more: {plan:?}");
        if set.is_empty() && matches!(key, Key::Id(_)) {
            return Ok(());
        }
        workspace.apply(&[]).await?;
        workspace.write(FILE, "")?;
        let plan = workspace.plan(&[]).await?;
        ensure!(plan.is_empty(), "the plan after an import by {key:?} is not empty: {plan:?}");
        Ok(())
    }
}

fn block(address: &str, identity: &BTreeMap<String, String>) -> String {
    let identity: String =
        identity.iter().map(|(name, value)| format!("    {name} = {value:?}\n")).collect();
    format!("import {{\n  to = {address}\n  identity = {{\n{identity}  }}\n}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds() {
        let import = |key, set: &[&str]| {
            let set = set.iter().map(|name| (*name).to_owned()).collect();
            Import { address: "a.b".to_owned(), key, set }
        };
        let by_id = import(Key::Id("eu/x".to_owned()), &["chart", "values"]);
        assert_eq!(Import::by_id("a.b eu/x values chart").unwrap(), by_id);
        let identity =
            [("name".to_owned(), "x".to_owned()), ("region".to_owned(), "eu".to_owned())];
        let by_identity = import(Key::Identity(identity.into()), &["values"]);
        assert_eq!(Import::by_identity("a.b region=eu name=x values").unwrap(), by_identity);
        for text in ["", "a.b"] {
            assert!(Import::by_id(text).is_err() && Import::by_identity(text).is_err(), "{text}");
        }
        assert!(Import::by_identity("a.b values").is_err());
    }

    #[test]
    fn outputs_take_their_places() {
        let outputs = [("id".to_owned(), "1".to_owned())].into();
        let filled = |import: Result<Import>| import.unwrap().with(&outputs);
        let by_id = |text| filled(Import::by_id(text));
        assert_eq!(by_id("a.b ${id}/eu c").unwrap(), Import::by_id("a.b 1/eu c").unwrap());
        let by_identity = |text| filled(Import::by_identity(text));
        let expected = Import::by_identity("a.b account=1").unwrap();
        assert_eq!(by_identity("a.b account=${id}").unwrap(), expected);
        assert!(by_id("a.b ${other}").is_err() && by_identity("a.b account=${other}").is_err());
    }

    #[test]
    fn writes_a_block() {
        let identity = [("name".to_owned(), "x".to_owned())].into();
        let expected = "import {\n  to = a.b\n  identity = {\n    name = \"x\"\n  }\n}\n";
        assert_eq!(block("a.b", &identity), expected);
    }
}
