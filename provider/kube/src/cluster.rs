//! The handle to a cluster, and how one call to it is made: token, limits, time, retries, and errors told apart.

pub mod connect;
pub mod objects;
mod review;
pub mod token;

mod answer;
mod call_log;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::cluster::connect::{ClusterConfig, Settings};
use crate::cluster::token::{TokenCache, TokenSource};
use crate::discovery::{Discovery, Resource};
use crate::error::{BoxError, Error, ErrorKind, Unreachable};

/// A cluster that can be called. Cloning is cheap; clones share connections, token, discovery and limits.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    endpoint: String,
    token: Option<TokenCache>,
    settings: Settings,
    permits: Semaphore,
    discovery: Mutex<Option<Arc<Discovery>>>,
    version: OnceCell<ServerVersion>,
}

/// One call to the Kubernetes API.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it is for, in the infinitive: the errors' subject.
    pub action: String,
    /// The HTTP method.
    pub method: Method,
    /// The path below the endpoint, segments already encoded.
    pub path: String,
    /// The query's names and values, not yet encoded.
    pub query: Vec<(&'static str, String)>,
    /// What the body is; none where there is no body.
    pub content_type: Option<&'static str>,
    /// What the answer is to be.
    pub accept: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// Whether doing it twice is the same as doing it once.
    pub repeatable: bool,
}

/// A successful answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status, a success.
    pub status: StatusCode,
    /// What the cluster warns of (deprecated versions, unknown fields).
    pub warnings: Vec<String>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// What version a cluster says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// "1".
    pub major: String,
    /// "33", without what vendors append.
    pub minor: String,
    /// "v1.33.4-eks-1a2b3c".
    pub git_version: String,
}

impl Cluster {
    /// Makes ready to call a cluster. No call is made yet, but a kubeconfig's files are read and its credential plugin
    /// is run.
    ///
    /// # Errors
    /// [`ErrorKind::Settings`] where the settings do not say how to reach a cluster.
    pub async fn connect(config: &ClusterConfig) -> Result<Self, Error> {
        let connection = connect::connection(config).await?;
        Ok(Cluster::new(
            connection.client,
            connection.endpoint,
            connection.token,
            config.settings.clone(),
        ))
    }

    /// A cluster behind a client made elsewhere, such as one with a mock service. Its own retries should be off.
    pub fn with_client(client: Client, settings: Settings) -> Self {
        Cluster::new(client, "the given client".to_owned(), None, settings)
    }

    fn new(
        client: Client,
        endpoint: String,
        token: Option<Arc<dyn TokenSource>>,
        settings: Settings,
    ) -> Self {
        let inner = Inner {
            client,
            endpoint,
            token: token.map(TokenCache::new),
            permits: Semaphore::new(settings.concurrency.max(1)),
            settings,
            discovery: Mutex::new(None),
            version: OnceCell::new(),
        };
        Cluster { inner: Arc::new(inner) }
    }

    /// The address that is called.
    pub fn endpoint(&self) -> &str {
        &self.inner.endpoint
    }

    /// How calls are made.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The version the cluster says it is, read once and then kept. On EKS and emulators DescribeCluster may know
    /// better, and knows of an upgrade.
    ///
    /// # Errors
    /// As [`Cluster::send`].
    pub async fn version(&self) -> Result<ServerVersion, Error> {
        self.inner.version.get_or_try_init(|| self.read_version()).await.cloned()
    }

    async fn read_version(&self) -> Result<ServerVersion, Error> {
        let info = self.json(&Call::get("read the cluster's version", "/version")).await?;
        let text = |field: &str| info[field].as_str().unwrap_or_default().to_owned();
        let minor = text("minor").chars().take_while(char::is_ascii_digit).collect();
        Ok(ServerVersion { major: text("major"), minor, git_version: text("gitVersion") })
    }

    /// Waits until the cluster answers and accepts the credentials: a young cluster's name does not resolve at once,
    /// and its access entries take a while to count.
    ///
    /// # Errors
    /// The last failure once `timeout` has passed; at once what no waiting mends (settings, TLS); or
    /// [`ErrorKind::Cancelled`].
    pub async fn wait_reachable(
        &self,
        timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<ServerVersion, Error> {
        let deadline = tokio::time::Instant::now() + timeout;
        let mut attempt = 0;
        loop {
            // Discovery wants an authenticated caller where /version does not.
            let result = match self.json(&Call::get("reach the cluster", "/api")).await {
                Ok(_) => self.version().await,
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(version) => return Ok(version),
                Err(error) => error,
            };
            let hopeless = matches!(
                error.kind,
                ErrorKind::Settings { .. } | ErrorKind::Unreachable { cause: Unreachable::Tls, .. }
            );
            attempt += 1;
            let pause = retry::pause(attempt, Some(Duration::from_millis(500)));
            if hopeless || tokio::time::Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::info!(
                endpoint = self.endpoint(),
                reason = error.report(),
                "waiting for the cluster to answer"
            );
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = cancel.cancelled() => return Err(Error::new("reach the cluster", ErrorKind::Cancelled)),
            }
        }
    }

    /// What the cluster serves, read once and then kept.
    ///
    /// # Errors
    /// As [`Cluster::send`].
    pub async fn discovery(&self) -> Result<Arc<Discovery>, Error> {
        let mut known = self.inner.discovery.lock().await;
        if let Some(discovery) = &*known {
            return Ok(Arc::clone(discovery));
        }
        let discovery = Arc::new(Discovery::read(self).await?);
        *known = Some(Arc::clone(&discovery));
        Ok(discovery)
    }

    /// Reads anew what the cluster serves, as is needed after custom resource definitions were applied.
    ///
    /// # Errors
    /// As [`Cluster::send`].
    pub async fn refresh_discovery(&self) -> Result<Arc<Discovery>, Error> {
        let discovery = Arc::new(Discovery::read(self).await?);
        *self.inner.discovery.lock().await = Some(Arc::clone(&discovery));
        Ok(discovery)
    }

    /// How a kind is served. Where the kept discovery does not know it, discovery is read anew.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKind`], [`ErrorKind::UnavailableGroup`], or as [`Cluster::send`].
    pub async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, Error> {
        if let Some(resource) = self.discovery().await?.resource(api_version, kind) {
            return Ok(resource.clone());
        }
        self.refresh_discovery().await?.require(api_version, kind).cloned()
    }

    /// Makes a call whose answer is JSON.
    ///
    /// # Errors
    /// As [`Cluster::send`], and [`ErrorKind::Answer`] where it is no JSON.
    pub async fn json(&self, call: &Call) -> Result<Value, Error> {
        let answer = self.send(call).await?;
        answer.json(&call.action)
    }

    /// Makes a call, again where another attempt may succeed.
    ///
    /// # Errors
    /// Every [`ErrorKind`] that stands for an answer of the cluster or the lack of one.
    pub async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let settings = &self.inner.settings;
        let mut attempt = 0;
        let mut is_token_renewed = false;
        loop {
            attempt += 1;
            let authorization = match &self.inner.token {
                Some(tokens) => {
                    Some(tokens.header().await.map_err(|error| self.no_token(call, error))?)
                }
                None => None,
            };
            let outcome = self.attempt(call, attempt, authorization.clone()).await;
            let (wait, error) = match outcome {
                Ok((status, headers, body)) if status.is_success() => {
                    return Ok(Answer { status, warnings: answer::warnings(&headers), body });
                }
                Ok((status, headers, body)) => {
                    if status == StatusCode::UNAUTHORIZED
                        && !is_token_renewed
                        && let (Some(tokens), Some(refused)) = (&self.inner.token, &authorization)
                    {
                        is_token_renewed = true;
                        tokens.forget(refused).await;
                        continue;
                    }
                    let may_pass = retry::may_pass(status, call.repeatable)
                        && !answer::is_verdict(status, &body)
                        || answer::is_passing_conflict(status, &body);
                    let wait = (may_pass && attempt < settings.attempts)
                        .then(|| retry::retry_after(&headers));
                    (wait, answer::error_kind(status, &body, attempt))
                }
                Err(Failure::Credentials(message)) => (None, ErrorKind::Token(message.into())),
                Err(Failure::Unreachable(cause, source)) => {
                    let attempts = retry::attempts_for(cause, call.repeatable, settings.attempts);
                    let endpoint = self.inner.endpoint.clone();
                    let kind = ErrorKind::Unreachable { endpoint, cause, source };
                    ((attempt < attempts).then_some(None), kind)
                }
            };
            let error = Error::new(call.action.clone(), error);
            let Some(requested) = wait else { return Err(error) };
            let pause = retry::pause(attempt, requested);
            tracing::debug!(
                reason = error.report(),
                attempt,
                pause_ms = pause.as_millis(),
                "trying the call again"
            );
            tokio::time::sleep(pause).await;
        }
    }

    fn no_token(&self, call: &Call, error: BoxError) -> Error {
        Error::new(call.action.clone(), ErrorKind::Token(error))
    }

    /// One attempt of a call, counted from one: the answer whatever its status, or why there was none.
    async fn attempt(
        &self,
        call: &Call,
        number: u32,
        authorization: Option<HeaderValue>,
    ) -> Result<RawAnswer, Failure> {
        let settings = &self.inner.settings;
        let request = call.request(settings, authorization);
        let request = request
            .map_err(|error| Failure::Unreachable(Unreachable::Other, Some(error.into())))?;
        let _permit = self.inner.permits.acquire().await;
        let started = std::time::Instant::now();
        let exchange: BoxFuture<'_, Result<RawAnswer, Failure>> = Box::pin(async {
            let response = self.inner.client.send(request).await.map_err(Failure::of)?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(Failure::of)?.to_bytes();
            Ok((head.status, head.headers, body.to_vec()))
        });
        let outcome = tokio::time::timeout(settings.request_timeout, exchange).await;
        let outcome = outcome.unwrap_or(Err(Failure::Unreachable(Unreachable::Timeout, None)));
        let cluster = settings.cluster.as_deref().unwrap_or(&self.inner.endpoint);
        call_log::write(call, cluster, number, &outcome, started.elapsed());
        outcome
    }
}

type RawAnswer = (StatusCode, HeaderMap, Vec<u8>);

/// Why an attempt brought no answer.
enum Failure {
    /// A kubeconfig's credentials could not be renewed.
    Credentials(String),
    /// The answer was kept away.
    Unreachable(Unreachable, Option<BoxError>),
}

impl Failure {
    fn of(error: kube::Error) -> Self {
        match connect::credential_trouble(&error) {
            Some(message) => Failure::Credentials(message),
            None => Failure::Unreachable(retry::cause_of(&error), Some(error.into())),
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Cluster({})", self.inner.endpoint)
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Answer`] where it is none.
    pub fn json(&self, action: &str) -> Result<Value, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The parser's message names a place and not the content, which may be secret.
            let kind =
                ErrorKind::Answer(format!("{} bytes that are no JSON ({error})", self.body.len()));
            Error::new(action, kind)
        })
    }
}

impl Call {
    /// A GET of JSON.
    pub fn get(action: impl Into<String>, path: impl Into<String>) -> Self {
        Call::new(action, Method::GET, path)
    }

    /// A call without query or body. Repeatable unless it is a POST.
    pub fn new(action: impl Into<String>, method: Method, path: impl Into<String>) -> Self {
        Call {
            action: action.into(),
            repeatable: method != Method::POST,
            method,
            path: path.into(),
            query: Vec::new(),
            content_type: None,
            accept: "application/json",
            body: Vec::new(),
        }
    }

    /// With a query parameter.
    pub fn with_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With a JSON body of the given content type.
    pub fn with_body(mut self, content_type: &'static str, body: &Value) -> Self {
        self.content_type = Some(content_type);
        self.body = body.to_string().into_bytes();
        self
    }

    fn request(
        &self,
        settings: &Settings,
        authorization: Option<HeaderValue>,
    ) -> Result<Request<Body>, http::Error> {
        let mut uri = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            uri.push(if index == 0 { '?' } else { '&' });
            uri.push_str(name);
            uri.push('=');
            uri.push_str(&encode(value));
        }
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .header(http::header::ACCEPT, self.accept)
            .header(http::header::USER_AGENT, &settings.user_agent);
        if let Some(content_type) = self.content_type {
            request = request.header(http::header::CONTENT_TYPE, content_type);
        }
        if let Some(authorization) = authorization {
            request = request.header(http::header::AUTHORIZATION, authorization);
        }
        request.body(Body::from(self.body.clone()))
    }
}

/// Percent-encodes all but what may stand in a path segment and in a query value alike (RFC 3986, unreserved).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                encoded.push(byte.into())
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
