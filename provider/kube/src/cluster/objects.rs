//! What can be done with single objects and lists of them, by key.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::cluster::{Call, Cluster, encode};
use crate::discovery::Resource;
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind};

/// Which objects of a kind a list names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of one namespace; none lists all namespaces.
    pub namespace: Option<String>,
    /// Matching a label selector ("owner=helm,name=cart").
    pub labels: Option<String>,
    /// Matching a field selector ("involvedObject.uid=…").
    pub fields: Option<String>,
}

/// What happens to the objects that depend on a deleted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go first; the object stands until they are gone.
    #[default]
    Foreground,
    /// They go after it.
    Background,
    /// They stay.
    Orphan,
}

/// How far a deletion came.
#[derive(Debug, Clone, PartialEq)]
pub enum Deleted {
    /// The object is no more, or was not there.
    Gone,
    /// The object goes once its finalizers have done their work. This is how it stands.
    Pending(Box<Document>),
}

/// The most objects asked for in one answer.
const PAGE: &str = "500";
/// How often a list is begun anew because its continuation was too old.
const RESTARTS: u32 = 3;

impl Cluster {
    /// Reads one object; none where it or its kind does not exist.
    ///
    /// # Errors
    /// As [`Cluster::send`].
    pub async fn get(&self, key: &DocumentKey) -> Result<Option<Document>, Error> {
        let path = match self.object_path(key, "read").await {
            Err(Error { kind: ErrorKind::UnknownKind { .. }, .. }) => return Ok(None),
            path => path?,
        };
        let call = Call::get(format!("read {key}"), path);
        match self.json(&call).await {
            Ok(value) => document(&call, value).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists objects of a kind, page by page.
    ///
    /// # Errors
    /// As [`Cluster::send`].
    pub async fn list(
        &self,
        resource: &Resource,
        selection: &Selection,
    ) -> Result<Vec<Document>, Error> {
        let mut restarts = 0;
        loop {
            match self.list_once(resource, selection).await {
                Err(Error { kind: ErrorKind::Expired { .. }, .. }) if restarts < RESTARTS => {
                    restarts += 1
                }
                result => return result,
            }
        }
    }

    async fn list_once(
        &self,
        resource: &Resource,
        selection: &Selection,
    ) -> Result<Vec<Document>, Error> {
        let mut documents = Vec::new();
        let mut continuation = String::new();
        loop {
            let namespace = selection.namespace.as_deref();
            let place = namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
            let action = format!("list {} of {}{place}", resource.kind, resource.api_version);
            let mut call =
                Call::get(action, resource.collection_path(namespace)).with_query("limit", PAGE);
            if let Some(labels) = &selection.labels {
                call = call.with_query("labelSelector", labels);
            }
            if let Some(fields) = &selection.fields {
                call = call.with_query("fieldSelector", fields);
            }
            if !continuation.is_empty() {
                call = call.with_query("continue", &continuation);
            }
            let mut page = self.json(&call).await?;
            let items = match page.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => items,
                Some(Value::Null) => Vec::new(),
                _ => {
                    return Err(Error::new(
                        call.action,
                        ErrorKind::Answer("a list without items".to_owned()),
                    ));
                }
            };
            for mut item in items {
                // Items of a list do not repeat what the list says of all of them.
                if let Value::Object(item) = &mut item {
                    item.insert("apiVersion".to_owned(), resource.api_version.as_str().into());
                    item.insert("kind".to_owned(), resource.kind.as_str().into());
                }
                documents.push(document(&call, item)?);
            }
            continuation = page["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
            if continuation.is_empty() {
                return Ok(documents);
            }
        }
    }

    /// Creates an object that must not exist yet. Not tried again once it may have begun: a second attempt would find
    /// the first one's object.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], or as [`Cluster::send`].
    pub async fn create(
        &self,
        document: &Document,
        field_manager: &str,
    ) -> Result<Document, Error> {
        let key = document.key();
        let resource = self.resource(&key.api_version, &key.kind).await?;
        let namespace = required_namespace(&resource, key, "create")?;
        let call =
            Call::new(format!("create {key}"), Method::POST, resource.collection_path(namespace))
                .with_query("fieldManager", field_manager)
                .with_body("application/json", document.value());
        self.written(&call, document).await
    }

    /// Replaces an object as a whole. Where the document names a resourceVersion, only if it still is that version.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Modified`], or as [`Cluster::send`].
    pub async fn replace(
        &self,
        document: &Document,
        field_manager: &str,
    ) -> Result<Document, Error> {
        let key = document.key();
        let mut call = Call::new(
            format!("replace {key}"),
            Method::PUT,
            self.object_path(key, "replace").await?,
        )
        .with_query("fieldManager", field_manager)
        .with_body("application/json", document.value());
        // With a version to hold against, a second attempt after a lost answer would find its own change.
        call.repeatable = document.resource_version().is_none();
        self.written(&call, document).await
    }

    /// Changes an object by a merge patch (RFC 7386).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], or as [`Cluster::send`].
    pub async fn merge_patch(
        &self,
        key: &DocumentKey,
        patch: &Value,
        field_manager: &str,
    ) -> Result<Document, Error> {
        let path = self.object_path(key, "change").await?;
        let call = Call::new(format!("change {key}"), Method::PATCH, path)
            .with_query("fieldManager", field_manager)
            .with_body("application/merge-patch+json", patch);
        let value = self.json(&call).await?;
        document(&call, value)
    }

    /// Deletes an object: with a `uid`, that very object only and not a successor of the same name.
    ///
    /// # Errors
    /// As [`Cluster::send`]. That it or its kind does not exist is no error.
    pub async fn delete(
        &self,
        key: &DocumentKey,
        uid: Option<&str>,
        propagation: Propagation,
    ) -> Result<Deleted, Error> {
        let path = match self.object_path(key, "delete").await {
            Err(Error { kind: ErrorKind::UnknownKind { .. }, .. }) => return Ok(Deleted::Gone),
            path => path?,
        };
        let mut options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation.name(),
        });
        if let Some(uid) = uid {
            options["preconditions"] = json!({ "uid": uid });
        }
        let call = Call::new(format!("delete {key}"), Method::DELETE, path)
            .with_body("application/json", &options);
        match self.json(&call).await {
            Ok(value) if value["metadata"]["deletionTimestamp"].is_string() => {
                Ok(Deleted::Pending(Box::new(document(&call, value)?)))
            }
            Ok(_) => Ok(Deleted::Gone),
            Err(error) if error.is_not_found() => Ok(Deleted::Gone),
            // The object of this uid is gone, and another took its name.
            Err(error) if error.is_modified() && uid.is_some() => Ok(Deleted::Gone),
            Err(error) => Err(error),
        }
    }

    /// The last lines of a container's log; of its previous run where `previous`.
    ///
    /// # Errors
    /// As [`Cluster::send`].
    pub async fn log_tail(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        lines: u32,
        previous: bool,
    ) -> Result<String, Error> {
        let path = format!("/api/v1/namespaces/{}/pods/{}/log", encode(namespace), encode(pod));
        let mut call = Call::get(format!("read the log of {namespace}/{pod}"), path)
            .with_query("container", container)
            .with_query("tailLines", lines.to_string())
            .with_query("limitBytes", "16384");
        if previous {
            call = call.with_query("previous", "true");
        }
        call.accept = "text/plain, */*";
        let answer = self.send(&call).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// The path of the object a key names. `verb` is what is to be done with it, for errors.
    pub(crate) async fn object_path(&self, key: &DocumentKey, verb: &str) -> Result<String, Error> {
        let resource =
            self.resource(&key.api_version, &key.kind).await.map_err(|error| match error.kind {
                kind @ (ErrorKind::UnknownKind { .. } | ErrorKind::UnavailableGroup { .. }) => {
                    Error::new(format!("{verb} {key}"), kind)
                }
                _ => error,
            })?;
        let namespace = required_namespace(&resource, key, verb)?;
        Ok(resource.object_path(namespace, &key.name))
    }

    async fn written(&self, call: &Call, sent: &Document) -> Result<Document, Error> {
        let answer = self.send(call).await.map_err(|error| without_secrets(error, sent))?;
        debug_assert!(answer.status != StatusCode::NO_CONTENT, "writes answer with the object");
        document(call, answer.json(&call.action)?)
    }
}

/// The namespace to call, where the kind wants one.
pub(crate) fn required_namespace<'a>(
    resource: &Resource,
    key: &'a DocumentKey,
    verb: &str,
) -> Result<Option<&'a str>, Error> {
    if !resource.is_namespaced {
        return Ok(None);
    }
    if key.namespace.is_none() {
        let message = format!("{} lies in a namespace, and the document names none", key.kind);
        return Err(Error::new(
            format!("{verb} {key}"),
            ErrorKind::Invalid { message, fields: Vec::new() },
        ));
    }
    Ok(key.namespace.as_deref())
}

/// Takes the cluster's answer for a document.
pub(crate) fn document(call: &Call, value: Value) -> Result<Document, Error> {
    Document::new(value)
        .map_err(|error| Error::new(call.action.clone(), ErrorKind::Answer(error.to_string())))
}

/// An error about a Secret, with every value of that Secret blotted out: validation messages may quote them.
pub(crate) fn without_secrets(mut error: Error, sent: &Document) -> Error {
    if sent.kind() != "Secret" || !sent.group().is_empty() {
        return error;
    }
    let maps =
        ["data", "stringData"].into_iter().filter_map(|field| sent.value()[field].as_object());
    let mut values: Vec<&str> =
        maps.flat_map(|map| map.values()).filter_map(Value::as_str).collect();
    // Longest first, so that a value within another does not leave a rest of it.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values.retain(|value| !value.is_empty());
    let blot = |text: &mut String| {
        for value in &values {
            *text = text.replace(value, "(sensitive)");
        }
    };
    if let ErrorKind::Invalid { message, fields } = &mut error.kind {
        blot(message);
        fields.iter_mut().for_each(|field| blot(&mut field.message));
    } else if let ErrorKind::Busy { message, .. }
    | ErrorKind::Refused { message, .. }
    | ErrorKind::Forbidden { message }
    | ErrorKind::Modified { message } = &mut error.kind
    {
        blot(message);
    }
    error
}

impl Propagation {
    fn name(self) -> &'static str {
        match self {
            Propagation::Foreground => "Foreground",
            Propagation::Background => "Background",
            Propagation::Orphan => "Orphan",
        }
    }
}
