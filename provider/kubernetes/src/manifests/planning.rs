//! Planning a set: its documents read, named, checked and shown, as far as they are known. A pure
//! function of what a plan is given.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::{Diagnostic, Plan};
use travel_helm::KubeVersion;
use travel_kube::DocumentKey;
use travel_kube::drift::means_the_same;
use travel_kube::ownership::Owner;
use travel_kube::ready::wait::is_kind;
use travel_kube::schema::Schemas;
use travel_value::{Path, Value};

use super::immutable;
use super::inventory::Inventory;
use super::memory::Memory;
use super::source::{Item, Source, Unknown};
use crate::checking::Check;
use crate::documents::{Documents, Fields, PlannedDocuments, seen};
use crate::release::planning::kube_version;

/// Checks what can be said of a configuration alone.
pub fn validate(plan: &mut Plan<'_>) {
    if ["yaml", "objects", "secret_yaml"].iter().all(|name| plan.config.get(name).is_null()) {
        plan.refuse("objects", "no documents", "Set yaml, objects or secret_yaml.");
    }
    match Source::of(plan.config) {
        Ok(source) => plan.diagnostics.extend(source.items.iter().filter_map(refuse_marked)),
        Err(errors) => plan.diagnostics.extend(errors),
    }
}

/// Refuses a document that says itself that something else keeps its object.
fn refuse_marked(item: &Item) -> Option<Diagnostic> {
    // Which set it will be in makes no difference to the marks of others.
    let ownership = Inventory::of("").ownership();
    let Owner::Other { mark, .. } = ownership.owner(&item.document) else { return None };
    let detail = format!(
        "{} bears {mark}, by which something else knows its own. One object has one writer: take the \
         mark off the document, or leave the document out.",
        item.document.key(),
    );
    Some(Diagnostic::error("a document of another's", detail).at(item.path.clone()))
}

/// Plans a set.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    let memory = match Memory::read(&plan.remembered) {
        Ok(memory) => memory,
        Err(error) => return plan.diagnostics.push(error),
    };
    let source = match Source::of(&plan.planned) {
        Ok(source) => source,
        Err(errors) => return plan.diagnostics.extend(errors),
    };
    let prior = seen(plan.prior).unwrap_or_default();
    let planned = documents(&source, &memory, &prior);
    let name = plan.planned.get("name").as_str().map(str::to_owned);
    plan.set("documents", (&planned).into());
    plan.set("ready", true.into());
    plan.set_known("applyset_id", name.map(|name| Inventory::of(&name).id()).as_ref());
    check_schemas(plan, &source, &memory);
    // Another cluster has none of the objects; and what may be made anew must be known.
    if !plan.is_replacement() && plan.planned.get("recreate").is_wholly_known() {
        check_changes(plan, &source, &planned, &prior);
    }
}

/// What a plan shows.
fn documents(source: &Source, memory: &Memory, prior: &Documents) -> PlannedDocuments {
    if !source.is_complete {
        return PlannedDocuments::Unknown;
    }
    let key = memory.secret_key();
    let shown = source.items.iter().map(|item| {
        let name = item.name();
        let mut fields = item.fields(key.as_ref());
        let known = prior.get(&name).filter(|_| memory.inferred.contains(&name));
        if let (Some(fields), Some(known)) = (&mut fields, known) {
            settle(fields, known, item.document.group());
        }
        (name, fields)
    });
    PlannedDocuments::Known(shown.collect())
}

/// Takes the cluster's way of writing where a document is known only as the cluster has it: amounts
/// in lowest terms, and without what its own kinds leave out as empty.
fn settle(fields: &mut BTreeMap<String, Option<String>>, known: &Fields, group: &str) {
    const EMPTY: [&str; 5] = ["false", "0", "\"\"", "{}", "[]"];
    let is_left_out = |path: &String, value: &Option<String>| {
        let is_empty = value.as_deref().is_some_and(|value| EMPTY.contains(&value));
        is_empty && !known.contains_key(path) && travel_kube::order::is_built_in(group)
    };
    fields.retain(|path, value| !is_left_out(path, value));
    for (path, value) in fields {
        if let (Some(planned), Some(known)) = (&value, known.get(path))
            && means_the_same(path, planned, known)
        {
            *value = Some(known.clone());
        }
    }
}

/// Refuses documents that do not fit their kinds.
fn check_schemas(plan: &mut Plan<'_>, source: &Source, memory: &Memory) {
    let known = || source.items.iter().filter(|item| item.unknown != Unknown::Content);
    let mut schemas = Schemas::built_in();
    schemas.add_definitions(known().map(|item| &item.document));
    let said = plan.planned.get("kube_version").as_str();
    let version = match said
        .or(Some(&memory.kube_version).filter(|it| !it.is_empty()).map(|it| it.as_str()))
    {
        None => None,
        Some(version) => match kube_version(version, &Path::root()) {
            Ok(version) => Some(version),
            Err(error) => return plan.diagnostics.push(error),
        },
    };
    let secrets = source.secrets();
    let check = Check {
        schemas: &schemas,
        kube_version: version.as_ref(),
        secrets: &secrets,
        remedy: "Correct the document.",
    };
    for item in known() {
        let wrong = check.of_known(&item.document, |path| item.is_known(path));
        plan.diagnostics.extend(wrong.into_iter().map(|it| it.at(item.path.clone())));
    }
}

/// Says of every object that cannot be changed as planned that it is made anew, or refuses that.
fn check_changes(
    plan: &mut Plan<'_>,
    source: &Source,
    planned: &PlannedDocuments,
    prior: &Documents,
) {
    let PlannedDocuments::Known(planned) = planned else { return };
    let recreate = recreated_kinds(&plan.planned);
    for item in &source.items {
        let name = item.name();
        let (Some(before), Some(Some(after))) = (prior.get(&name), planned.get(&name)) else {
            continue;
        };
        let after: Vec<(String, Option<String>)> =
            after.iter().map(|(path, value)| (path.clone(), value.clone())).collect();
        let key = item.document.key();
        let fields = immutable::changed(key, before, &after);
        if !fields.is_empty() {
            let said = announcement(key, &fields, is_recreated(key, &recreate));
            plan.diagnostics.push(said.at(item.path.clone()));
        }
    }
}

fn announcement(key: &DocumentKey, fields: &BTreeSet<String>, is_recreated: bool) -> Diagnostic {
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let fields = fields.join(", ");
    if is_recreated {
        return Diagnostic::warning(
            format!("{} {:?} is deleted and made anew", key.kind, key.name),
            format!("{key} cannot be changed in place: {fields}."),
        );
    }
    let group = key.group();
    let kind = if group.is_empty() { key.kind.clone() } else { format!("{}.{group}", key.kind) };
    Diagnostic::error(
        format!("{} {:?} cannot be changed so", key.kind, key.name),
        format!(
            "{key} cannot be changed in place: {fields}. Give the object another name, or have it \
             deleted and made anew, with all that this means for what it holds: add {kind:?} to \
             recreate.",
        ),
    )
}

/// The kinds whose objects may be made anew.
fn recreated_kinds(object: &Value) -> BTreeSet<String> {
    let kinds = object.get("recreate").elements().unwrap_or_default().iter();
    kinds.filter_map(|kind| kind.as_str().map(str::to_owned)).collect()
}

/// Whether an object is of one of these kinds.
pub fn is_recreated(key: &DocumentKey, kinds: &BTreeSet<String>) -> bool {
    kinds.iter().any(|kind| is_kind(key, kind))
}

/// The version of Kubernetes that is remembered, if it can be read.
pub fn readable_version(text: &str) -> String {
    KubeVersion::parse(text).map(|version| version.version).unwrap_or_default()
}

#[cfg(test)]
mod tests;
