//! The one pool of connections that all AWS clients share: it names the deployment to AWS, trusts
//! an extra certificate authority, and gives up soon on an endpoint that cannot be reached.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::header::USER_AGENT;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::call_log::Logged;
use crate::passage::{self, Step};

/// How long it may take to open a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take.
pub const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// How often an endpoint is tried that does not answer at all.
const ATTEMPTS_WITHOUT_ANSWER: u32 = 3;

/// What the name of a product in a user agent cannot hold as it is.
const NOT_IN_A_NAME: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The HTTP client of all AWS clients. Connections are kept per timeouts, of which there are few.
#[derive(Debug)]
pub struct Pool {
    user_agent: String,
    context: TlsContext,
    connectors: Mutex<HashMap<Timeouts, SharedHttpConnector>>,
}

/// How long a connector waits for a connection and for an answer.
type Timeouts = (Option<Duration>, Option<Duration>);

impl Pool {
    /// A pool whose requests carry these words behind the SDK's own user agent, and that trusts
    /// these certificates (PEM) beside those of the system.
    ///
    /// # Errors
    /// Where the certificates are none.
    pub fn new(user_agent: String, extra_certificates: Option<Vec<u8>>) -> Result<Self, String> {
        let mut trusted = TrustStore::default();
        if let Some(pem) = extra_certificates {
            if !pem.windows(10).any(|bytes| bytes == b"-----BEGIN") {
                return Err("it holds no certificate in PEM form".to_owned());
            }
            trusted.add_pem_certificate(pem);
        }
        let context = TlsContext::builder()
            .with_trust_store(trusted)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { user_agent, context, connectors: Mutex::default() })
    }

    fn connect(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let connector = aws_smithy_http_client::Connector::builder()
            .connector_settings(settings.clone())
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(provider)
            .tls_context(self.context.clone())
            .build();
        let named = Named { user_agent: self.user_agent.clone() };
        let connector = passage::before(named, SharedHttpConnector::new(connector));
        passage::before(Logged, connector)
    }
}

impl HttpClient for Pool {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let key = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        connectors.entry(key).or_insert_with(|| self.connect(settings)).clone()
    }
}

/// Puts our name on requests, and says which endpoint it was that did not answer.
#[derive(Clone, Debug)]
struct Named {
    user_agent: String,
}

impl Step for Named {
    fn pass(&self, mut request: HttpRequest, next: &SharedHttpConnector) -> HttpConnectorFuture {
        // The user agent is no part of the signature, so it may be extended after signing.
        let sdk = request.headers().get(USER_AGENT.as_str()).unwrap_or_default();
        let user_agent = format!("{sdk} {}", self.user_agent);
        request.headers_mut().insert(USER_AGENT.as_str(), user_agent.trim().to_owned());
        let attempt = attempt(&request);
        let endpoint = endpoint(request.uri());
        let answer = next.call(request);
        HttpConnectorFuture::new(async move {
            answer.await.map_err(|error| explain(error, endpoint, attempt))
        })
    }
}

/// An endpoint that did not answer.
#[derive(Debug)]
pub struct Unreachable {
    /// Scheme, host and port.
    pub endpoint: String,
    /// Whether there was no connection at all.
    pub refused: bool,
    source: ConnectorError,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.refused { "no connection to" } else { "no answer from" };
        write!(formatter, "{what} {}", self.endpoint)
    }
}

impl Error for Unreachable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Names the endpoint in the error, and has the SDK give up where it would try for minutes.
fn explain(error: ConnectorError, endpoint: String, attempt: u32) -> ConnectorError {
    let refused = find::<hyper_util::client::legacy::Error>(&error)
        .is_some_and(hyper_util::client::legacy::Error::is_connect);
    if !refused && !error.is_timeout() {
        return error;
    }
    let timed_out = error.is_timeout();
    let error = Box::new(Unreachable { endpoint, refused, source: error });
    if attempt >= ATTEMPTS_WITHOUT_ANSWER {
        ConnectorError::other(error, None)
    } else if timed_out {
        ConnectorError::timeout(error)
    } else {
        ConnectorError::io(error)
    }
}

/// Which attempt a request is, counted from one, as the SDK writes it into a header.
pub fn attempt(request: &HttpRequest) -> u32 {
    let header = request.headers().get("amz-sdk-request").unwrap_or_default();
    let number = header.split(';').find_map(|part| part.trim().strip_prefix("attempt="));
    number.and_then(|digits| digits.parse().ok()).unwrap_or(1)
}

fn endpoint(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("https", uri));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// The first error of this type among an error and its causes.
pub fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<E>())
}

/// What AWS is told of who calls: `travel/1.2.3 deployment/dev%2Fnetwork`, and what the environment
/// adds in `TF_APPEND_USER_AGENT`.
pub fn user_agent(deployment: Option<&str>, appended: Option<&str>) -> String {
    let mut words = format!("travel/{}", env!("CARGO_PKG_VERSION"));
    if let Some(deployment) = deployment {
        words = format!("{words} deployment/{}", utf8_percent_encode(deployment, NOT_IN_A_NAME));
    }
    if let Some(appended) = appended.map(str::trim).filter(|words| !words.is_empty()) {
        let appended: String = appended.chars().filter(|it| (' '..='~').contains(it)).collect();
        words = format!("{words} {appended}");
    }
    words
}

#[cfg(test)]
mod tests;
