//! Asking web servers and registries for files: within limits, through the environment's proxy, again where another
//! attempt may succeed, and with credentials for their own host only.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use tracing::Level;

use super::access::Access;
use super::address::{authority, is_loopback, origin, redirected, shown};
use super::tls::{Tls, TlsError};

/// How long one attempt may take, the body included.
const ATTEMPT: Duration = Duration::from_secs(120);
/// How often a file is asked for at most.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A server that asks to be left alone for longer is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const MOST_REDIRECTS: usize = 10;
/// What a server says beside a refusal is read this far, in bytes.
const LARGEST_REFUSAL: usize = 64 << 10;

type Body = Full<Bytes>;
type Pool<C> = hyper_util::client::legacy::Client<C, Body>;

/// Why a web server did not give a file. Addresses are shown without name, password and query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The address is none.
    #[error("{0:?} is no http:// or https:// URL")]
    Address(String),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Name or password cannot be sent.
    #[error("the user's name and password for {0} cannot be sent: a name must have no colon")]
    Credentials(String),
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
    #[error("get {address}: the server answered {status}{}", remedy(*.status, *.retry_after, .asked))]
    Status {
        /// The address.
        address: String,
        /// The answer.
        status: StatusCode,
        /// How long the server asks to be left alone, where it does.
        retry_after: Option<Duration>,
        /// On whose behalf it was asked.
        asked: &'static str,
    },
    /// The server sends from one address to the next without end.
    #[error("get {0}: redirected more than {MOST_REDIRECTS} times")]
    Redirects(String),
    /// The server sends from HTTPS to HTTP, where anybody may answer.
    #[error(
        "get {from}: it redirects to {to}, which is not encrypted; name that address itself if it is to be trusted"
    )]
    Downgrade {
        /// The address.
        from: String,
        /// Where it leads.
        to: String,
    },
    /// The file is too large.
    #[error("get {address}: it is larger than {limit} bytes")]
    TooLarge {
        /// The address.
        address: String,
        /// The most bytes.
        limit: usize,
    },
    /// Reading files ended early.
    #[error("an inner task ended early")]
    Task(#[from] tokio::task::JoinError),
}

fn remedy(status: StatusCode, retry_after: Option<Duration>, asked: &str) -> String {
    match (status.as_u16(), retry_after) {
        (401 | 403, _) => format!(
            "; it was asked {asked}. They may be given beside the URL, or stand in it, as in \
             https://name:password@host"
        ),
        (404, _) => "; is this the folder of an index.yaml?".to_owned(),
        (407, _) => {
            "; the proxy wants a name and a password, which HTTPS_PROXY may hold".to_owned()
        }
        (_, Some(pause)) => format!("; it asks to be tried again in {} s", pause.as_secs()),
        _ => String::new(),
    }
}

/// Asks the hosts of one source.
pub(super) struct Client {
    /// Scheme, host and port of the source itself.
    own: String,
    pass_credentials: bool,
    tls: Tls,
    /// Connections to the source itself, and to all other hosts.
    pools: [Pool<HttpsConnector<HttpConnector>>; 2],
    proxies: Matcher,
}

/// What is asked for.
pub(super) struct Ask<'a> {
    pub(super) address: &'a str,
    /// What this is called in the log.
    pub(super) operation: &'static str,
    /// Media types, as the header has them.
    pub(super) accept: Option<&'static str>,
    /// For the host of the address; no other gets it by a redirect, unless that is asked for.
    pub(super) authorization: Option<&'a HeaderValue>,
    /// A form to post; without one it is a GET.
    pub(super) form: Option<String>,
    /// The most bytes of the answer.
    pub(super) limit: usize,
    pub(super) attempts: u32,
}

/// What a server answered, whatever its status.
pub(super) struct Answer {
    /// Where it came from in the end.
    pub(super) address: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Ask<'a> {
    pub(super) fn new(operation: &'static str, address: &'a str, limit: usize) -> Self {
        Ask {
            address,
            operation,
            accept: None,
            authorization: None,
            form: None,
            limit,
            attempts: ATTEMPTS,
        }
    }
}

impl Answer {
    /// How long the server asks to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        let left = then.duration_since(jiff::Timestamp::now());
        Some(Duration::try_from(left).unwrap_or_default())
    }

    /// The answer as an error; it was asked on whose behalf.
    pub(super) fn refusal(&self, asked: &'static str) -> WebError {
        WebError::Status {
            address: shown(&self.address),
            status: self.status,
            retry_after: self.retry_after(),
            asked,
        }
    }

    fn may_pass(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

impl WebError {
    fn may_pass(&self) -> bool {
        matches!(self, WebError::Unreachable { .. } | WebError::Timeout { .. })
    }
}

impl Client {
    /// A client for the source at an address.
    pub(super) async fn new(address: &str, access: &Access) -> Result<Self, WebError> {
        let settings = access.clone();
        let tls = tokio::task::spawn_blocking(move || Tls::new(&settings)).await??;
        let pool = |tls: &Arc<ClientConfig>| pool(secured(plain(), tls));
        Ok(Client {
            own: origin(address).to_owned(),
            pass_credentials: access.pass_credentials,
            pools: [pool(&tls.own), pool(&tls.others)],
            tls,
            proxies: Matcher::from_env(),
        })
    }

    /// Asks, again where another attempt may succeed.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, WebError> {
        let mut attempt = 1;
        loop {
            let exchange = self.attempt(ask, attempt);
            let outcome = tokio::time::timeout(ATTEMPT, exchange).await;
            let (address, seconds) = (shown(ask.address), ATTEMPT.as_secs());
            let outcome = outcome.unwrap_or(Err(WebError::Timeout { address, seconds }));
            let asked = match &outcome {
                Ok(answer) if answer.may_pass() => answer.retry_after(),
                Err(error) if error.may_pass() => None,
                _ => return outcome,
            };
            if attempt >= ask.attempts || asked.is_some_and(|pause| pause > LONGEST_PAUSE) {
                return outcome;
            }
            let jittered = || {
                (FIRST_PAUSE * 2_u32.pow(attempt - 1)).mul_f64(0.5 + rand::random::<f64>() / 2.0)
            };
            let pause = asked.unwrap_or_else(jittered);
            let milliseconds = pause.as_millis();
            tracing::debug!(attempt, milliseconds, "asking for the file again after a pause");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, ask: &Ask<'_>, number: u32) -> Result<Answer, WebError> {
        let mut place = ask.address.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let begun = Instant::now();
            let response = self.send(ask, &place).await;
            log(ask.operation, &place, number, &response, begun.elapsed());
            let response = response?;
            let status = response.status();
            let next = response.headers().get(LOCATION).and_then(|next| next.to_str().ok());
            match next.filter(|_| status.is_redirection() && ask.form.is_none()) {
                Some(next) => {
                    let next = redirected(&place, next);
                    if place.starts_with("https://") && next.starts_with("http://") {
                        let (from, to) = (shown(&place), shown(&next));
                        return Err(WebError::Downgrade { from, to });
                    }
                    place = next;
                }
                None => return answer(response, place, ask.limit).await,
            }
        }
        Err(WebError::Redirects(shown(ask.address)))
    }

    /// Sends a request directly, or through the proxy that the environment names for its target.
    async fn send(&self, ask: &Ask<'_>, place: &str) -> Result<Response<Incoming>, WebError> {
        let wrong = || WebError::Address(shown(place));
        let uri: Uri = place.parse().map_err(|_| wrong())?;
        let is_own = origin(place) == self.own;
        let mut request = match &ask.form {
            None => Request::get(uri.clone()),
            Some(_) => {
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                Request::post(uri.clone()).header(CONTENT_TYPE, form)
            }
        };
        request = request.header(USER_AGENT, concat!("travel-helm/", env!("CARGO_PKG_VERSION")));
        if let Some(accept) = ask.accept {
            request = request.header(ACCEPT, accept);
        }
        let is_meant = self.pass_credentials || origin(place) == origin(ask.address);
        if let Some(authorization) = ask.authorization
            && is_meant
        {
            request = request.header(AUTHORIZATION, authorization);
        }
        let body = Body::from(ask.form.clone().unwrap_or_default());
        let request = request.body(body).map_err(|_| wrong())?;
        let tls = if is_own { &self.tls.own } else { &self.tls.others };
        // As Go has it, what is on this machine is never asked for through a proxy.
        let proxy = match is_loopback(authority(place)) {
            true => None,
            false => self.proxies.intercept(&uri),
        };
        let sent = match proxy {
            None => self.pools[usize::from(!is_own)].request(request).await,
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), plain());
                if let Some(authorization) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(authorization.clone());
                }
                pool(secured(tunnel, tls)).request(request).await
            }
        };
        sent.map_err(|source| unreachable_at(place, source.into()))
    }
}

/// Writes the log's line for a request.
fn log(
    operation: &'static str,
    address: &str,
    attempt: u32,
    outcome: &Result<Response<Incoming>, WebError>,
    duration: Duration,
) {
    let address = shown(address);
    let status = outcome.as_ref().ok().map(Response::status);
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
        // That is how a registry says whom to ask for a token.
        Some(StatusCode::UNAUTHORIZED) => line!(Level::DEBUG, "is not authorized"),
        Some(_) => line!(Level::WARN, "failed"),
        None => line!(Level::WARN, "got no answer"),
    }
}

fn pool<C: Connect + Clone + Send + Sync + 'static>(connector: C) -> Pool<C> {
    hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector)
}

/// A connector with TLS for https.
fn secured<C>(connector: C, tls: &ClientConfig) -> HttpsConnector<C> {
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls.clone());
    builder.https_or_http().enable_http1().wrap_connector(connector)
}

/// A connector below TLS, which must not refuse the addresses of https.
fn plain() -> HttpConnector {
    let mut plain = HttpConnector::new();
    plain.enforce_http(false);
    plain
}

fn unreachable_at(address: &str, source: Box<dyn std::error::Error + Send + Sync>) -> WebError {
    WebError::Unreachable { address: shown(address), source }
}

async fn answer(
    response: Response<Incoming>,
    address: String,
    limit: usize,
) -> Result<Answer, WebError> {
    let (head, mut body) = response.into_parts();
    let is_given = head.status.is_success();
    let limit = if is_given { limit } else { LARGEST_REFUSAL };
    let mut data = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|source| unreachable_at(&address, source.into()))?;
        let Ok(chunk) = frame.into_data() else { continue };
        if data.len() + chunk.len() > limit {
            if !is_given {
                break;
            }
            return Err(WebError::TooLarge { address: shown(&address), limit });
        }
        data.extend_from_slice(&chunk);
    }
    Ok(Answer { address, status: head.status, headers: head.headers, body: data.freeze() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
        let check = |text: &str, expected: Option<std::ops::Range<u64>>| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let (address, body) = (String::new(), Bytes::new());
            let found = Answer { address, status, headers, body }.retry_after();
            match (found, &expected) {
                (Some(found), Some(range)) => assert!(range.contains(&found.as_secs()), "{text}"),
                (None, None) => {}
                other => panic!("{text}: {other:?}"),
            }
        };
        check("7", Some(7..8));
        check("Wed, 21 Oct 2015 07:28:00 GMT", Some(0..1));
        check("Fri, 31 Dec 2100 23:59:59 GMT", Some(1_000_000..u64::MAX));
        check("soon", None);
    }
}
