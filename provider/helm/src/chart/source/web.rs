//! Files of a web server: within limits, through the environment's proxy, and with credentials for their own host only.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, LOCATION, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use tracing::Level;

/// How long one attempt may take, the body included.
const ATTEMPT: Duration = Duration::from_secs(120);
/// How often a file is asked for at most.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MOST_REDIRECTS: usize = 10;

/// A web server's folder, and who may look into it.
pub(super) struct Site {
    /// Without name and password, and with a slash at its end.
    root: String,
    authorization: Option<HeaderValue>,
}

/// Why a web server did not give a file. Addresses are shown without name and password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The address is none.
    #[error("{0:?} is no http:// or https:// URL")]
    Address(String),
    /// The machine's certificates cannot be read.
    #[error("read the certificates that this machine trusts")]
    Trust(#[source] std::io::Error),
    /// The server cannot be reached.
    #[error("get {address}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server did not answer in time.
    #[error("get {address}: no answer within {seconds} s")]
    Timeout {
        /// The address.
        address: String,
        /// How long it was waited, in seconds.
        seconds: u64,
    },
    /// The server refused.
    #[error("get {address}: the server answered {status}{}", remedy(.status))]
    Status {
        /// The address.
        address: String,
        /// The answer.
        status: StatusCode,
    },
    /// The server sends from one address to the next without end.
    #[error("get {0}: redirected more than {MOST_REDIRECTS} times")]
    Redirects(String),
    /// The file is too large.
    #[error("get {address}: it is larger than {limit} bytes")]
    TooLarge {
        /// The address.
        address: String,
        /// The most bytes.
        limit: usize,
    },
}

fn remedy(status: &StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => {
            "; name and password may stand in the mirror's URL, as in https://name:password@host"
        }
        404 => "; is this the folder of an index.yaml?",
        407 => "; the proxy wants a name and a password, which HTTPS_PROXY may hold",
        _ => "",
    }
}

impl Site {
    pub(super) fn parse(address: &str) -> Result<Self, WebError> {
        let root = without_credentials(address);
        let uri: Uri = root.parse().map_err(|_| WebError::Address(root.clone()))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(WebError::Address(root));
        }
        let root = root.split(['?', '#']).next().unwrap_or_default();
        let authorization = credentials(address).map(|text| {
            let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(text)));
            value.iter_mut().for_each(|value| value.set_sensitive(true));
            value
        });
        let authorization =
            authorization.transpose().map_err(|_| WebError::Address(root.to_owned()))?;
        Ok(Site { root: format!("{}/", root.trim_end_matches('/')), authorization })
    }

    /// The address of a file by its path in the folder, by a path on the host, or by an address of its own.
    pub(super) fn place(&self, name: &str) -> String {
        if name.starts_with("http://") || name.starts_with("https://") {
            return without_credentials(name);
        }
        match name.strip_prefix('/') {
            Some(path) => format!("{}/{path}", origin(&self.root)),
            None => format!("{}{name}", self.root),
        }
    }

    /// Gets a file, again where another attempt may succeed.
    pub(super) async fn get(&self, name: &str, limit: usize) -> Result<Bytes, WebError> {
        let mut attempt = 1;
        loop {
            let address = self.place(name);
            let seconds = ATTEMPT.as_secs();
            let exchange = self.attempt(&address, attempt, limit);
            let outcome = tokio::time::timeout(ATTEMPT, exchange).await;
            let error = match outcome.unwrap_or(Err(WebError::Timeout { address, seconds })) {
                Ok(data) => return Ok(data),
                Err(error) if attempt >= ATTEMPTS || !error.may_pass() => return Err(error),
                Err(error) => error,
            };
            tracing::debug!(reason = %error, attempt, "trying to get the file again");
            let pause = FIRST_PAUSE * 2_u32.pow(attempt - 1);
            tokio::time::sleep(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, address: &str, number: u32, limit: usize) -> Result<Bytes, WebError> {
        let mut place = address.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let uri: Uri = place.parse().map_err(|_| WebError::Address(place.clone()))?;
            let mut request = Request::get(uri.clone())
                .header(USER_AGENT, concat!("travel-helm/", env!("CARGO_PKG_VERSION")));
            if let Some(authorization) = &self.authorization
                && origin(&place) == origin(&self.root)
            {
                request = request.header(AUTHORIZATION, authorization);
            }
            let request =
                request.body(Empty::new()).map_err(|_| WebError::Address(place.clone()))?;
            let begun = Instant::now();
            let response = send(&uri, request, &place).await;
            log(&place, number, &response, begun.elapsed());
            let response = response?;
            let status = response.status();
            let next = response.headers().get(LOCATION).and_then(|next| next.to_str().ok());
            match next.filter(|_| status.is_redirection()) {
                Some(next) => place = redirected(&place, next),
                None if status.is_success() => return body(response, &place, limit).await,
                None => return Err(WebError::Status { address: place, status }),
            }
        }
        Err(WebError::Redirects(address.to_owned()))
    }
}

impl WebError {
    fn may_pass(&self) -> bool {
        match self {
            WebError::Unreachable { .. } | WebError::Timeout { .. } => true,
            WebError::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }
}

/// Writes the log's line for a request. The address's query is left out: that of a redirect may be
/// signed, and so be worth as much as credentials.
fn log(
    address: &str,
    attempt: u32,
    outcome: &Result<Response<Incoming>, WebError>,
    duration: Duration,
) {
    let address = address.split('?').next().unwrap_or(address);
    let status = outcome.as_ref().ok().map(Response::status);
    let operation = "GetFile";
    macro_rules! line {
        ($level:expr, $words:literal) => {
            tracing::event!(
                $level,
                service = "charts",
                operation,
                address,
                attempt,
                status = status.map(|it| it.as_u16()),
                duration_milliseconds = duration.as_millis(),
                "charts:{operation} {}",
                $words
            )
        };
    }
    match status {
        Some(status) if status.is_success() || status.is_redirection() => {
            line!(Level::DEBUG, "succeeded");
        }
        Some(_) => line!(Level::WARN, "failed"),
        None => line!(Level::WARN, "got no answer"),
    }
}

/// Sends a request directly, or through the proxy that the environment names for its target.
async fn send(
    uri: &Uri,
    request: Request<Empty<Bytes>>,
    address: &str,
) -> Result<Response<Incoming>, WebError> {
    let mut plain = HttpConnector::new();
    plain.enforce_http(false);
    match Matcher::from_env().intercept(uri) {
        None => exchange(secured(plain)?, request, address).await,
        Some(proxy) => {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), plain);
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            exchange(secured(tunnel)?, request, address).await
        }
    }
}

/// A connector with TLS for https, which trusts what the machine trusts (or SSL_CERT_FILE and SSL_CERT_DIR name).
fn secured<C>(connector: C) -> Result<HttpsConnector<C>, WebError> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
    let builder = builder.map_err(WebError::Trust)?;
    Ok(builder.https_or_http().enable_http1().wrap_connector(connector))
}

async fn exchange<C>(
    connector: C,
    request: Request<Empty<Bytes>>,
    address: &str,
) -> Result<Response<Incoming>, WebError>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let client: Client<C, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    client.request(request).await.map_err(|source| unreachable_at(address, source.into()))
}

fn unreachable_at(address: &str, source: Box<dyn std::error::Error + Send + Sync>) -> WebError {
    WebError::Unreachable { address: address.to_owned(), source }
}

async fn body(
    response: Response<Incoming>,
    address: &str,
    limit: usize,
) -> Result<Bytes, WebError> {
    let mut body = response.into_body();
    let mut data = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| unreachable_at(address, source.into()))?;
        let Ok(chunk) = frame.into_data() else { continue };
        if data.len() + chunk.len() > limit {
            return Err(WebError::TooLarge { address: address.to_owned(), limit });
        }
        data.extend_from_slice(&chunk);
    }
    Ok(data.freeze())
}

/// Scheme, host and port.
fn origin(address: &str) -> &str {
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find(['/', '?', '#']).map_or(address.len(), |at| start + at);
    &address[..end]
}

/// Where a redirect leads.
fn redirected(from: &str, to: &str) -> String {
    if to.starts_with("http://") || to.starts_with("https://") {
        return without_credentials(to);
    }
    if to.starts_with("//") {
        let scheme = from.split("//").next().unwrap_or("https:");
        return without_credentials(&format!("{scheme}{to}"));
    }
    if to.starts_with('/') {
        return format!("{}{to}", origin(from));
    }
    let path = from.split(['?', '#']).next().unwrap_or(from);
    let folder = path.rfind('/').filter(|at| *at >= origin(from).len());
    match folder {
        Some(at) => format!("{}/{to}", &path[..at]),
        None => format!("{path}/{to}"),
    }
}

/// The name and password in an address, decoded.
fn credentials(address: &str) -> Option<Vec<u8>> {
    let authority = origin(address).split_once("://")?.1;
    let (user, _) = authority.rsplit_once('@')?;
    Some(percent_decode_str(user).collect())
}

/// An address without name and password.
pub(super) fn without_credentials(address: &str) -> String {
    let origin = origin(address);
    match origin.split_once("://").zip(origin.rsplit_once('@')) {
        Some(((scheme, _), (_, host))) => format!("{scheme}://{host}{}", &address[origin.len()..]),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_put_together() {
        let check = |root: &str, name: &str, expected: &str| {
            assert_eq!(Site::parse(root).unwrap().place(name), expected);
        };
        check("https://a.example/charts", "b-1.tgz", "https://a.example/charts/b-1.tgz");
        check("https://u:p@a.example/charts/?x=1", "b.tgz", "https://a.example/charts/b.tgz");
        check("http://a.example:81", "/x/b.tgz", "http://a.example:81/x/b.tgz");
        check("https://a.example/c", "https://u:p@b.example/x@1.tgz", "https://b.example/x@1.tgz");
        for wrong in ["https://", "http://a b", "https:///x"] {
            assert!(matches!(Site::parse(wrong), Err(WebError::Address(_))), "{wrong}");
        }
    }

    #[test]
    fn redirects_are_followed_like_links() {
        let check = |to: &str, expected: &str| {
            assert_eq!(redirected("https://a.example/c/b.tgz?x=/y", to), expected);
        };
        check("https://b.example/z", "https://b.example/z");
        check("//b.example/z", "https://b.example/z");
        check("/z", "https://a.example/z");
        check("z", "https://a.example/c/z");
        assert_eq!(redirected("https://a.example", "z"), "https://a.example/z");
    }

    #[test]
    fn credentials_are_decoded() {
        assert_eq!(credentials("https://me:p%40ss@a.example/x").unwrap(), b"me:p@ss");
        assert_eq!(credentials("https://a.example/x@y"), None);
    }
}
