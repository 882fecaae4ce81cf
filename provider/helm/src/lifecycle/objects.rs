//! From the documents of a release to objects that can be applied: read, put into their namespaces, and marked.

use std::collections::BTreeMap;

use travel_kube::document::DocumentError;
use travel_kube::ownership::{ARGO_CD_MARKS, Ownership};
use travel_kube::scope::Scopes;

use crate::documents::{self, Document};
use crate::yaml::{self, ReadError};

/// The name under which Helm's fields are kept.
pub(super) const FIELD_MANAGER: &str = "helm";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const HELM: &str = "Helm";
const RELEASE_NAME: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";
const KEEP: &str = "keep";
const SOURCE: &str = "# Source: ";

/// Why a document is no object that can be applied.
#[derive(Debug, thiserror::Error)]
#[error("read a document of {path}")]
pub struct ObjectError {
    /// The template it comes from.
    pub path: String,
    /// What is wrong with it.
    #[source]
    pub problem: ObjectProblem,
}

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum ObjectProblem {
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] ReadError),
    /// It is no Kubernetes object.
    #[error(transparent)]
    Object(#[from] DocumentError),
}

/// The marks Helm sets on the objects of a release. Whatever bears other values, or Argo CD's marks, is another's.
#[must_use]
pub fn marks(name: &str, namespace: &str) -> Ownership {
    let annotations = [(RELEASE_NAME, name), (RELEASE_NAMESPACE, namespace)];
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    Ownership {
        labels: [owned((MANAGED_BY, HELM))].into(),
        annotations: annotations.map(owned).into(),
        foreign_marks: ARGO_CD_MARKS.map(str::to_owned).to_vec(),
    }
}

/// The objects of rendered documents, with lists taken apart, each in the namespace it names or else in the release's.
///
/// # Errors
/// Which document is no object.
pub fn objects_of<'d>(
    documents: impl IntoIterator<Item = &'d Document>,
    namespace: &str,
    scopes: &Scopes,
) -> Result<Vec<travel_kube::Document>, ObjectError> {
    let mut objects = Vec::new();
    for document in documents {
        let tree = document
            .tree()
            .map_err(|error| ObjectError { path: document.path.clone(), problem: error.into() })?;
        let found = travel_kube::Document::many(tree.to_json());
        objects.extend(found.map_err(|error| document_error(&document.path, error))?);
    }
    Ok(placed(objects, namespace, scopes))
}

/// The objects of a recorded manifest, as [`objects_of`].
///
/// # Errors
/// Which document is no object.
pub fn objects_of_manifest(
    manifest: &str,
    namespace: &str,
    scopes: &Scopes,
) -> Result<Vec<travel_kube::Document>, ObjectError> {
    Ok(placed(documents_of_text(manifest, "the record")?, namespace, scopes))
}

/// The documents of a text, in the namespaces they name. Errors name the template a document says it comes from, or
/// else `path`.
pub(super) fn documents_of_text(
    text: &str,
    path: &str,
) -> Result<Vec<travel_kube::Document>, ObjectError> {
    let mut objects = Vec::new();
    for content in documents::split_text(text) {
        let path = content.lines().find_map(|line| line.strip_prefix(SOURCE)).unwrap_or(path);
        let tree = yaml::read(content)
            .map_err(|error| ObjectError { path: path.to_owned(), problem: error.into() })?;
        let found = travel_kube::Document::many(tree.to_json());
        objects.extend(found.map_err(|error| document_error(path, error))?);
    }
    Ok(objects)
}

fn document_error(path: &str, error: DocumentError) -> ObjectError {
    ObjectError { path: path.to_owned(), problem: error.into() }
}

pub(super) fn placed(
    mut objects: Vec<travel_kube::Document>,
    namespace: &str,
    scopes: &Scopes,
) -> Vec<travel_kube::Document> {
    let scopes = scopes.clone().with_definitions(&objects);
    for object in &mut objects {
        scopes.place(object, namespace);
    }
    objects
}

/// Whether an object is to stay when its release no longer wants it.
pub(super) fn is_kept(object: &travel_kube::Document) -> bool {
    object
        .annotation(RESOURCE_POLICY)
        .is_some_and(|policy| policy.trim().eq_ignore_ascii_case(KEEP))
}

/// What names an object whatever the version of its API: another version is the same object.
pub(super) type Identity = (String, String, Option<String>, String);

/// What names an object whatever the version of its API.
pub(super) fn identity(object: &travel_kube::Document) -> Identity {
    let key = object.key();
    (key.group().to_owned(), key.kind.clone(), key.namespace.clone(), key.name.clone())
}

/// Objects by identity, of which later ones replace earlier ones.
pub(super) fn by_identity(
    objects: impl IntoIterator<Item = travel_kube::Document>,
) -> BTreeMap<Identity, travel_kube::Document> {
    objects.into_iter().map(|object| (identity(&object), object)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_read_and_placed() {
        let check = |manifest: &str, expected: Result<&[&str], &str>| {
            let objects = objects_of_manifest(manifest, "shop", &Scopes::built_in());
            let keys = objects.map(|objects| {
                objects.iter().map(|object| object.key().to_string()).collect::<Vec<_>>()
            });
            let keys = keys.map_err(|error| travel_kube::error::chain(&error));
            let expected = expected.map_err(str::to_owned);
            assert_eq!(keys, expected.map(|keys| keys.iter().map(ToString::to_string).collect()));
        };
        let object = |kind: &str, more: &str| {
            format!(
                "---\n# Source: c/t.yaml\napiVersion: v1\nkind: {kind}\nmetadata: {{name: a{more}}}\n"
            )
        };
        check("", Ok(&[]));
        check("---\n# nothing\n", Ok(&[]));
        let all =
            [object("Secret", ""), object("Secret", ", namespace: b"), object("Namespace", "")];
        let keys = ["v1/Secret/shop/a", "v1/Secret/b/a", "v1/Namespace//a"];
        check(&all.concat(), Ok(&keys));
        let list = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: p}}]\n";
        check(list, Ok(&["v1/Pod/shop/p"]));
        let nameless = "---\n# Source: c/t.yaml\napiVersion: v1\nkind: Pod\n";
        check(
            nameless,
            Err("read a document of c/t.yaml: a document of kind Pod has no metadata.name"),
        );
    }

    #[test]
    fn policies_keep_objects() {
        let check = |policy: &str, expected: bool| {
            let manifest = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, annotations: {{helm.sh/resource-policy: {policy}}}}}\n"
            );
            let objects = documents_of_text(&manifest, "x").unwrap();
            assert_eq!(is_kept(&objects[0]), expected, "{policy}");
        };
        check("keep", true);
        check("\" Keep \"", true);
        check("delete", false);
    }
}
