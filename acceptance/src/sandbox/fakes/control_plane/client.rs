//! Reaching an API server as its administrator, or handing on what others ask of it.

use std::sync::Arc;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use serde_json::Value;

use crate::sandbox::call::{Body, BoxError};

/// A client of one API server.
#[derive(Clone, Debug)]
pub struct ApiClient {
    client: Client<HttpsConnector<HttpConnector>, BoxBody<Bytes, BoxError>>,
    address: String,
}

/// What an API server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The object, or the `Status` of a failure; null where the content is no JSON.
    pub object: Value,
}

impl ApiClient {
    /// A client of the API server at `https://127.0.0.1:PORT`.
    pub fn new(tls: ClientConfig, port: u16) -> Self {
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, address: format!("https://127.0.0.1:{port}") }
    }

    /// Hands a request on; the answer's content comes as it comes.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Body,
    ) -> Result<Response<Incoming>, BoxError> {
        let mut request = Request::new(body.boxed());
        *request.method_mut() = method;
        *request.uri_mut() = format!("{}{path}", self.address).parse()?;
        *request.headers_mut() = headers;
        Ok(self.client.request(request).await?)
    }

    /// Asks and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        content: Option<(&'static str, &Value)>,
    ) -> anyhow::Result<Answer> {
        let mut headers = HeaderMap::new();
        let mut body = Body::empty();
        if let Some((kind, value)) = content {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            body = Body::Whole(value.to_string().into());
        }
        let failed = || format!("the API server did not answer {method} {path}");
        let asked = self.send(method.clone(), path, headers, body).await;
        let response = asked.map_err(anyhow::Error::from_boxed).with_context(failed)?;
        let status = response.status();
        let bytes = response.into_body().collect().await.with_context(failed)?.to_bytes();
        Ok(Answer { status, object: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// An object, `None` where there is none.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.ask(Method::GET, path, None).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(Some(answer.succeeded("GET", path)?)),
        }
    }

    /// Applies an object by server-side apply, as the field manager `eks`, with force.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses it.
    pub async fn apply(&self, object: &Value) -> anyhow::Result<Value> {
        let path = path_of(object);
        let asked = format!("{path}?fieldManager=eks&force=true");
        let content = Some(("application/apply-patch+yaml", object));
        self.ask(Method::PATCH, &asked, content).await?.succeeded("PATCH", &path)
    }

    /// Deletes an object with what it owns; one that is not there is as good as deleted.
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let asked = format!("{path}?propagationPolicy=Background");
        let answer = self.ask(Method::DELETE, &asked, None).await?;
        if answer.status != StatusCode::NOT_FOUND {
            answer.succeeded("DELETE", path)?;
        }
        Ok(())
    }

    /// Opens a watch; its events are then read by [`Events::next`].
    ///
    /// # Errors
    /// When the API server does not answer, or refuses.
    pub async fn watch(&self, path: &str) -> anyhow::Result<Events> {
        let asked = self.send(Method::GET, path, HeaderMap::new(), Body::empty()).await;
        let response = asked.map_err(anyhow::Error::from_boxed)?;
        if !response.status().is_success() {
            bail!("the API server answered {} to the watch {path}", response.status());
        }
        Ok(Events { body: response.into_body(), pending: Vec::new() })
    }
}

impl Answer {
    fn succeeded(self, method: &str, path: &str) -> anyhow::Result<Value> {
        if self.status.is_success() {
            return Ok(self.object);
        }
        let message = self.object["message"].as_str().unwrap_or("no reason given");
        bail!("the API server answered {} to {method} {path}: {message}", self.status)
    }
}

/// The events of a watch.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    pending: Vec<u8>,
}

impl Events {
    /// The next event, `None` at the watch's end.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return serde_json::from_slice(&line).ok();
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.pending.extend_from_slice(&data);
            }
        }
    }
}

/// The path of an object: `/apis/apps/v1/namespaces/kube-system/deployments/coredns`.
pub fn path_of(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let version = text(&object["apiVersion"]);
    let root = if version.contains('/') { "apis" } else { "api" };
    let plural = plural(&text(&object["kind"]));
    let name = text(&object["metadata"]["name"]).replace('/', "%2F").replace(':', "%3A");
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/{root}/{version}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("/{root}/{version}/{plural}/{name}"),
    }
}

fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

/// The same client for many.
pub type SharedClient = Arc<ApiClient>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(version: &str, kind: &str, namespace: Option<&str>, expected: &str) {
        let mut metadata = json!({"name": "a:b"});
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.into();
        }
        let object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
        assert_eq!(path_of(&object), expected);
    }

    #[test]
    fn paths_follow_group_kind_and_namespace() {
        check("v1", "Node", None, "/api/v1/nodes/a%3Ab");
        check("v1", "Service", Some("x"), "/api/v1/namespaces/x/services/a%3Ab");
        check("apps/v1", "DaemonSet", Some("x"), "/apis/apps/v1/namespaces/x/daemonsets/a%3Ab");
        check(
            "storage.k8s.io/v1",
            "StorageClass",
            None,
            "/apis/storage.k8s.io/v1/storageclasses/a%3Ab",
        );
        check(
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            None,
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/a%3Ab",
        );
    }
}
