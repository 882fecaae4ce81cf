//! Documents as plans and states show them: for each its fields with short values.

use std::collections::BTreeMap;

use travel_kube::Document;
use travel_kube::drift::{DriftState, as_found};
use travel_kube::fields::Summary;
use travel_value::Value;

use crate::secrets::{SecretKey, Secrets};

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

/// The fields of one object.
pub fn fields(object: &Document, key: &SecretKey, secrets: &Secrets) -> Fields {
    let fields = shown(object, Some(key), secrets);
    fields.into_iter().filter_map(|(path, value)| Some((path, value?))).collect()
}

/// The fields of an object but for those that its key says already; no value for what is secret, without
/// a key.
pub fn shown(
    object: &Document,
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

/// The fields of a document as the cluster has them; none where its object is not there, or not ours.
pub fn standing(
    document: &Document,
    state: &DriftState,
    key: &SecretKey,
    secrets: &Secrets,
) -> Option<Fields> {
    match state {
        DriftState::Same => Some(fields(document, key, secrets)),
        DriftState::Absent | DriftState::Foreign { .. } => None,
        DriftState::Differs(found) => Some(fields(&as_found(document, found), key, secrets)),
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

/// The documents in a state.
pub fn seen(state: &Value) -> Option<Documents> {
    let fields = |value: &Value| -> Option<Fields> {
        let entries = value.entries()?.iter();
        entries.map(|(path, text)| Some((path.clone(), text.as_str()?.to_owned()))).collect()
    };
    let documents = state.get("documents").entries()?.iter();
    documents.map(|(name, value)| Some((name.clone(), fields(value)?))).collect()
}

/// Documents as a value.
pub fn documents_value(documents: &Documents) -> Value {
    Value::map(documents.iter().map(|(name, fields)| {
        let fields = fields.iter().map(|(path, text)| (path.clone(), text.as_str().into()));
        (name.clone(), Value::map(fields))
    }))
}
