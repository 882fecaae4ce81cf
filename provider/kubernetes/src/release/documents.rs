//! The documents of a release as a plan shows them: for each its fields with short values.

use std::collections::BTreeMap;

use travel_helm::lifecycle::{ObjectError, objects_of, objects_of_manifest};
use travel_helm::{Hook, HookEvent, Rendering};
use travel_kube::fields::Summary;
use travel_kube::scope::Scopes;
use travel_value::Value;

use super::memory::SecretKey;
use super::values::Secrets;

/// For each document, by `apiVersion/kind/namespace/name`, its fields with their values.
pub type Documents = BTreeMap<String, Fields>;
/// For each field, by its path, its value.
pub type Fields = BTreeMap<String, String>;

/// Documents as far as a plan knows them.
#[derive(Clone, Debug, PartialEq)]
pub enum PlannedDocuments {
    /// Not even which there are.
    Unknown,
    /// Those there are; none for one whose content is not known, or for a field whose value is
    /// not.
    Known(BTreeMap<String, Option<BTreeMap<String, Option<String>>>>),
}

/// A kind's place does not depend on what a cluster serves: a plan could not ask it, and both must
/// name documents alike. A document of a kind of others is named as it is written.
fn scopes() -> Scopes {
    Scopes::built_in()
}

/// An object of a rendering.
pub struct Rendered {
    /// The object.
    pub object: travel_kube::Document,
    /// Whether its content is known, and not only which it is.
    pub is_known: bool,
    /// Whether it is a hook, which is no part of the release and not shown.
    pub is_hook: bool,
}

/// The objects of a rendering, with definitions that come with it, but for those of tests; none
/// where it is not known which there are.
///
/// # Errors
/// Which document is no object.
pub fn rendered(
    rendering: &Rendering,
    definitions: &[travel_kube::Document],
    namespace: &str,
) -> Result<Option<Vec<Rendered>>, ObjectError> {
    let mut found = Vec::new();
    let mut add = |objects: Vec<travel_kube::Document>, is_known: bool, is_hook: bool| {
        found.extend(objects.into_iter().map(|object| Rendered { object, is_known, is_hook }));
    };
    add(definitions.to_vec(), true, false);
    for document in &rendering.manifests {
        add(objects_of([document], namespace, &scopes())?, !document.unknown, false);
    }
    let is_run = |hook: &&Hook| hook.events.iter().any(|event| *event != HookEvent::Test);
    for Hook { document, .. } in rendering.hooks.iter().filter(is_run) {
        add(objects_of([document], namespace, &scopes())?, !document.unknown, true);
    }
    Ok(rendering.unknown.is_none().then_some(found))
}

/// What a plan shows of the objects of a release. Secret values are told apart under `key`, or not
/// known without one.
pub fn planned(
    objects: &[Rendered],
    key: Option<&SecretKey>,
    secrets: &Secrets,
) -> PlannedDocuments {
    let document = |Rendered { object, is_known, .. }: &Rendered| {
        (object.key().to_string(), is_known.then(|| shown(object, key, secrets)))
    };
    let objects = objects.iter().filter(|it| !it.is_hook);
    PlannedDocuments::Known(objects.map(document).collect())
}

/// The objects of a recorded manifest, named as a plan names them.
///
/// # Errors
/// Which document is no object.
pub fn recorded(
    manifest: &str,
    namespace: &str,
) -> Result<Vec<travel_kube::Document>, ObjectError> {
    objects_of_manifest(manifest, namespace, &scopes())
}

/// The fields of one object.
pub fn fields(object: &travel_kube::Document, key: &SecretKey, secrets: &Secrets) -> Fields {
    let fields = shown(object, Some(key), secrets);
    fields.into_iter().filter_map(|(path, value)| Some((path, value?))).collect()
}

/// The fields of an object but for those that its key says already.
fn shown(
    object: &travel_kube::Document,
    key: Option<&SecretKey>,
    secrets: &Secrets,
) -> BTreeMap<String, Option<String>> {
    const IN_KEY: [&str; 4] = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
    let is_secret_text = |text: &str| secrets.are_in(text);
    let summary = Summary::new(key.map(SecretKey::bytes)).hiding(&is_secret_text);
    let mut fields = summary.fields(object);
    fields.retain(|path, _| !IN_KEY.contains(&path.as_str()));
    fields
}

impl PlannedDocuments {
    /// Whether all is known.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Known(documents) => documents
                .values()
                .all(|fields| fields.as_ref().is_some_and(|it| it.values().all(Option::is_some))),
        }
    }
}

impl PlannedDocuments {
    /// Whether these can turn out to be just those: everything that is known of them is so.
    pub fn may_be(&self, documents: &Documents) -> bool {
        let Self::Known(planned) = self else { return true };
        let is_so = |fields: &BTreeMap<String, Option<String>>, found: &Fields| {
            fields.len() == found.len()
                && fields.iter().all(|(path, value)| {
                    let found = found.get(path);
                    found.is_some() && value.as_ref().is_none_or(|value| Some(value) == found)
                })
        };
        planned.len() == documents.len()
            && planned.iter().all(|(name, fields)| {
                let found = documents.get(name);
                found.is_some_and(|found| fields.as_ref().is_none_or(|it| is_so(it, found)))
            })
    }
}

/// The value that a plan shows.
impl From<&PlannedDocuments> for Value {
    fn from(documents: &PlannedDocuments) -> Self {
        let value = |text: &Option<String>| text.as_deref().map_or_else(Value::unknown, Into::into);
        let fields = |fields: &Option<BTreeMap<String, Option<String>>>| match fields {
            None => Value::unknown(),
            Some(fields) => {
                Value::map(fields.iter().map(|(path, text)| (path.clone(), value(text))))
            }
        };
        match documents {
            PlannedDocuments::Unknown => Value::unknown(),
            PlannedDocuments::Known(documents) => {
                Value::map(documents.iter().map(|(name, it)| (name.clone(), fields(it))))
            }
        }
    }
}

/// What an apply tells of documents: what was planned of them, and beyond that what they are.
pub fn as_planned(planned: Option<&Documents>, actual: Documents) -> Documents {
    let Some(planned) = planned else { return actual };
    let mut told = planned.clone();
    for (name, fields) in actual {
        let known = told.entry(name).or_default();
        for (path, value) in fields {
            known.entry(path).or_insert(value);
        }
    }
    told
}

/// Whether a document of this name is a definition of custom resources.
pub fn is_definition(name: &str) -> bool {
    name.contains("/CustomResourceDefinition/")
}

/// What was applied of a release whose documents, as they were seen in the cluster, are these.
pub fn restored(seen: &Documents, drifted: &Documents) -> Documents {
    let mut documents = seen.clone();
    documents.extend(drifted.iter().map(|(name, fields)| (name.clone(), fields.clone())));
    documents
}

#[cfg(test)]
mod tests;
