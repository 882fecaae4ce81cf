//! Which attributes a case leaves out: of each that an update can set it must have an update set it,
//! and show a drift.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use hcl::Body;

use super::reference::{CONFIG_ONLY, attributes_called, replacing_attributes};
use crate::case::{Case, PROVIDER, Step};
use crate::core::{Configuration, Schemas};

/// The attributes that an update can set and of which a case says no drift, nor that there is none.
///
/// # Errors
/// Where the resource has no page, or the case names what it has not.
pub fn without_drift(case: &Case, schemas: &Schemas) -> Result<BTreeSet<String>> {
    let scene = case.drift.as_ref();
    let covered = scene.into_iter().flat_map(|scene| &scene.drifts).flat_map(|it| &it.covered);
    let undrifted = scene.into_iter().flat_map(|scene| &scene.undrifted);
    let said: BTreeSet<String> = covered.chain(undrifted).cloned().collect();
    check_names(case, schemas, &said)?;
    without(case, schemas, &said)
}

/// The attributes that an update can set in a service, and that a case has no update set: no step,
/// none that mends a drift; but for those of which it says so.
///
/// # Errors
/// Where the resource has no page, or a step cannot be read.
pub fn without_update(case: &Case, schemas: &Schemas) -> Result<BTreeSet<String>> {
    let applied: Vec<&Step> = case.steps.iter().filter(|step| !step.is_refused()).collect();
    let mut said = BTreeSet::new();
    for pair in applied.windows(2) {
        let [before, after] = [read(&pair[0].text)?, read(&pair[1].text)?];
        for (address, actions) in pair[1].plan.iter().flatten() {
            let (old, new) = (before.resources.get(address), after.resources.get(address));
            let (Some(old), Some(new), "update") = (old, new, actions.as_str()) else { continue };
            if new.type_name == case.type_name {
                said.extend(differences(&old.body, &new.body));
            }
        }
    }
    let scene = case.drift.as_ref();
    said.extend(scene.into_iter().flat_map(|scene| &scene.not_updated).cloned());
    check_names(case, schemas, &said)?;
    let mended = scene.into_iter().flat_map(|scene| &scene.drifts).flat_map(|it| &it.covered);
    said.extend(mended.cloned());
    without(case, schemas, &said)
}

fn read(text: &str) -> Result<Configuration> {
    let charts = BTreeMap::from([("charts".to_owned(), "charts".into())]);
    Configuration::read(&format!("{PROVIDER}\n{text}"), charts)
}

/// The attributes that two bodies do not have alike.
fn differences(one: &Body, other: &Body) -> BTreeSet<String> {
    let find = |body: &Body, name: &str| {
        body.attributes().find(|attribute| attribute.key() == name).map(|it| it.expr().clone())
    };
    let names = one.attributes().chain(other.attributes()).map(|it| it.key().to_owned());
    names.filter(|name| find(one, name) != find(other, name)).collect()
}

fn check_names(case: &Case, schemas: &Schemas, said: &BTreeSet<String>) -> Result<()> {
    let schema = schemas.resources.get(&case.type_name).context("there is no such resource")?;
    let has =
        |name: &String| schema.attributes.contains_key(name) || schema.blocks.contains_key(name);
    let unknown: Vec<&String> = said.iter().filter(|name| !has(name)).collect();
    ensure!(unknown.is_empty(), "{} has no {unknown:?}", case.type_name);
    Ok(())
}

/// The attributes that an update can set, but for these.
fn without(case: &Case, schemas: &Schemas, said: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let schema = schemas.resources.get(&case.type_name).context("there is no such resource")?;
    let updatable =
        schema.attributes.iter().filter(|(_, attribute)| attribute.required || attribute.optional);
    let mut left: BTreeSet<String> = updatable.map(|(name, _)| name.clone()).collect();
    // They say where and which the object is.
    let identity = schemas.identities.get(&case.type_name).into_iter().flat_map(|it| &it.names);
    let places = ["account".to_owned(), "region".to_owned()];
    let replacing = replacing_attributes(&case.type_name)?;
    let config_only = attributes_called(&case.type_name, CONFIG_ONLY, false)?;
    let is_else = |name: &String| replacing.contains(name) || config_only.contains(name);
    left.retain(|name| !said.contains(name) && !is_else(name));
    let named: BTreeSet<&String> = identity.chain(&places).collect();
    left.retain(|name| !named.contains(name));
    Ok(left)
}
