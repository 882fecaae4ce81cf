//! The documents of a release as a plan shows them: for each its fields with short values.

use travel_helm::lifecycle::{ObjectError, objects_of, objects_of_manifest};
use travel_helm::{Hook, HookEvent, Rendering};
use travel_kube::scope::Scopes;

use crate::documents::{Documents, PlannedDocuments, shown};
use crate::secrets::{SecretKey, Secrets};

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
