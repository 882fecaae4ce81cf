//! From what a caller says of a cluster to an HTTP client for it: address, trust, credentials, proxy.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::client::AuthError;
use kube::config::{
    AuthInfo, ExecAuthCluster, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext,
};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::token::TokenSource;
use crate::error::Error;

/// What reaching a cluster takes.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// Which cluster, and as whom.
    pub access: Access,
    /// The proxy to go through ("http://…", "https://…" or "socks5://…"), whatever the environment says. Without it a
    /// kubeconfig's own proxy counts, then HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
    pub proxy_url: Option<String>,
    /// How the calls are made.
    pub settings: Settings,
}

/// Which cluster, and as whom.
#[derive(Clone)]
pub enum Access {
    /// An address with its certificate authority and a source of bearer tokens.
    Endpoint {
        /// The API server's URL ("https://….eks.amazonaws.com").
        url: String,
        /// The certificates to trust, PEM (one or more) or DER (one). None trusts what the machine trusts.
        certificate_authority: Option<Vec<u8>>,
        /// The name the certificate must bear, where it is not the URL's host.
        tls_server_name: Option<String>,
        /// Where tokens come from; none calls anonymously.
        token: Option<Arc<dyn TokenSource>>,
    },
    /// A context of a kubeconfig file. Its credential plugins are run as kubectl runs them.
    Kubeconfig {
        /// The file; none reads $KUBECONFIG or ~/.kube/config.
        path: Option<PathBuf>,
        /// The context; none takes the file's current one.
        context: Option<String>,
    },
    /// A context of a kubeconfig that is at hand as text.
    KubeconfigText {
        /// The YAML.
        text: String,
        /// The context; none takes the text's current one.
        context: Option<String>,
    },
}

/// How calls to a cluster are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the log calls the cluster; none calls it by its address.
    pub cluster: Option<String>,
    /// The User-Agent header.
    pub user_agent: String,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long one attempt of a call may take.
    pub request_timeout: Duration,
    /// How often a call is tried at most, the first time included, while the cluster answers 429 or 5xx or the
    /// connection breaks. An address that does not answer at all is tried three times at most.
    pub attempts: u32,
    /// How many calls are under way at once at most.
    pub concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            cluster: None,
            user_agent: concat!("travel/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            attempts: 7,
            concurrency: 16,
        }
    }
}

/// Shows the address, never credentials: a kubeconfig's text may hold some.
impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Endpoint { url, tls_server_name, .. } => out
                .debug_struct("Endpoint")
                .field("url", url)
                .field("tls_server_name", tls_server_name)
                .finish_non_exhaustive(),
            Access::Kubeconfig { path, context } => out
                .debug_struct("Kubeconfig")
                .field("path", path)
                .field("context", context)
                .finish(),
            Access::KubeconfigText { context, .. } => {
                out.debug_struct("KubeconfigText").field("context", context).finish_non_exhaustive()
            }
        }
    }
}

/// A client, the address it calls, and the tokens that are not the client's own business.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) endpoint: String,
    pub(super) token: Option<Arc<dyn TokenSource>>,
}

/// Builds the client. Makes no call, but reads the kubeconfig's files and runs its credential plugin.
pub(super) async fn connection(config: &ClusterConfig) -> Result<Connection, Error> {
    let (mut target, token) = match &config.access {
        Access::Endpoint { url, certificate_authority, tls_server_name, token } => {
            let mut target = Config::new(cluster_url(url)?);
            target.root_cert = certificate_authority.as_deref().map(certificates).transpose()?;
            target.tls_server_name = tls_server_name.clone();
            (target, token.clone())
        }
        Access::Kubeconfig { path, context } => {
            let kubeconfig = match path {
                Some(path) => Kubeconfig::read_from(path),
                None => Kubeconfig::read(),
            };
            let kubeconfig =
                kubeconfig.map_err(|error| kubeconfig_error("it cannot be read", error))?;
            (kubeconfig_target(kubeconfig, context.as_deref())?, None)
        }
        Access::KubeconfigText { text, context } => {
            // The parser's own message may quote the text, which may hold credentials.
            let kubeconfig = Kubeconfig::from_yaml(text)
                .map_err(|_| Error::settings("the kubeconfig is no YAML of a kubeconfig", None))?;
            (kubeconfig_target(kubeconfig, context.as_deref())?, None)
        }
    };
    target.proxy_url = match (&config.proxy_url, target.proxy_url.take()) {
        (Some(url), _) => Some(proxy_url(url)?),
        (None, Some(url)) => Some(url),
        (None, None) => proxy_from(&target.cluster_url, |name| std::env::var(name).ok())?,
    };
    target.connect_timeout = Some(config.settings.connect_timeout);
    // Retries and timeouts of a call are this crate's own: they know which calls may be repeated.
    target.default_retry = false;
    target.read_timeout = None;
    let endpoint = target.cluster_url.to_string().trim_end_matches('/').to_owned();
    // Building the client may run a credential plugin, which blocks.
    let client = tokio::task::spawn_blocking(move || Client::try_from(target)).await;
    let client = client
        .map_err(|error| Error::settings("the client could not be built", Some(error.into())))?;
    let client = client.map_err(|error| match credential_trouble(&error) {
        Some(message) => Error::settings(message, None),
        None => Error::settings("the client could not be built", Some(error.into())),
    })?;
    Ok(Connection { client, endpoint, token })
}

/// What is wrong with a kubeconfig's credentials, where that is why something failed. Says nothing of a plugin's
/// arguments and of what it wrote: either may hold credentials.
pub(super) fn credential_trouble(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut current = Some(error);
    while let Some(cause) = current {
        match cause.downcast_ref::<AuthError>() {
            Some(AuthError::AuthExecRun { out, .. }) => {
                return Some(format!(
                    "the kubeconfig's credential plugin ended with {}",
                    out.status
                ));
            }
            Some(AuthError::AuthExecParse(_)) => {
                return Some(
                    "the kubeconfig's credential plugin wrote what is no ExecCredential".to_owned(),
                );
            }
            Some(other) => {
                return Some(format!("the kubeconfig's credentials are not usable: {other}"));
            }
            None => current = cause.source(),
        }
    }
    None
}

fn cluster_url(url: &str) -> Result<Uri, Error> {
    let parsed = url.parse::<Uri>().ok();
    let parsed = parsed
        .filter(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
    parsed.ok_or_else(|| {
        Error::settings(
            format!("the endpoint must be a URL like https://host:port, not {url:?}"),
            None,
        )
    })
}

fn proxy_url(url: &str) -> Result<Uri, Error> {
    // A proxy's name is looked up by the proxy either way, which is all that the "h" says.
    let normal = url.replacen("socks5h://", "socks5://", 1);
    let parsed = normal.parse::<Uri>().ok().filter(|uri| uri.host().is_some());
    let parsed = parsed.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https" | "socks5")));
    // The URL may hold a password and is not repeated.
    parsed.ok_or_else(|| {
        Error::settings("the proxy must be a URL like http://host:port or socks5://host:port", None)
    })
}

/// The proxy the environment names for a target, by the rules curl and Go follow: upper case before lower case,
/// NO_PROXY's hosts, domains and networks, and never for this very machine.
fn proxy_from(
    target: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, Error> {
    let first = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| variable(name));
        values.find(|value| !value.trim().is_empty())
    };
    let own = if target.scheme_str() == Some("http") {
        ["HTTP_PROXY", "http_proxy"]
    } else {
        ["HTTPS_PROXY", "https_proxy"]
    };
    let Some(proxy) = first(&own).or_else(|| first(&["ALL_PROXY", "all_proxy"])) else {
        return Ok(None);
    };
    let host = target.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let exceptions = first(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let matcher = Matcher::builder().all("http://proxy.invalid").no(exceptions).build();
    if is_loopback || matcher.intercept(target).is_none() {
        return Ok(None);
    }
    let with_scheme = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    proxy_url(&with_scheme).map(Some)
}

/// Certificates in DER, from one in DER or any number in PEM.
fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes.to_vec()]);
    }
    let parsed = CertificateDer::pem_slice_iter(bytes)
        .map(|certificate| certificate.map(|der| der.to_vec()));
    let parsed = parsed.collect::<Result<Vec<_>, _>>();
    let parsed = parsed.map_err(|error| {
        Error::settings("the certificate authority is no PEM", Some(error.into()))
    })?;
    if parsed.is_empty() {
        return Err(Error::settings(
            "the certificate authority holds no certificate, neither PEM nor DER",
            None,
        ));
    }
    Ok(parsed)
}

/// What a context of a kubeconfig says. Done here and not by kube's own loader, because that one holds NO_PROXY against
/// the proxy's address instead of the cluster's.
fn kubeconfig_target(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Config, Error> {
    let Kubeconfig { clusters, auth_infos, contexts, current_context, .. } = kubeconfig;
    let context_name =
        context.map(str::to_owned).or(current_context).filter(|name| !name.is_empty());
    let context_name = context_name
        .ok_or_else(|| Error::settings("the kubeconfig has no current context; name one", None))?;
    let known = contexts.iter().map(|context| context.name.as_str()).collect::<Vec<_>>().join(", ");
    let named = contexts.into_iter().find(|NamedContext { name, .. }| *name == context_name);
    let context = named.and_then(|named| named.context).ok_or_else(|| {
        Error::settings(
            format!("the kubeconfig has no context {context_name:?}; it has: {known}"),
            None,
        )
    })?;
    let named = clusters.into_iter().find(|NamedCluster { name, .. }| *name == context.cluster);
    let cluster = named.and_then(|named| named.cluster).ok_or_else(|| {
        let message = format!(
            "the kubeconfig has no cluster {:?}, which context {context_name:?} names",
            context.cluster
        );
        Error::settings(message, None)
    })?;
    let server = cluster.server.clone().unwrap_or_default();
    let mut target = Config::new(cluster_url(&server)?);
    let details = ExecAuthCluster::try_from(&cluster)
        .map_err(|error| kubeconfig_error("its certificate authority cannot be read", error))?;
    target.root_cert =
        details.certificate_authority_data.as_deref().map(certificates).transpose()?;
    target.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    target.tls_server_name = cluster.tls_server_name.clone();
    target.default_namespace = context.namespace.unwrap_or_else(|| "default".to_owned());
    target.proxy_url =
        cluster.proxy_url.as_deref().filter(|url| !url.is_empty()).map(proxy_url).transpose()?;
    let named = auth_infos
        .into_iter()
        .find(|NamedAuthInfo { name, .. }| Some(name) == context.user.as_ref());
    let mut user = named.and_then(|named| named.auth_info).unwrap_or_else(AuthInfo::default);
    if let Some(plugin) = &mut user.exec
        && plugin.provide_cluster_info
    {
        plugin.cluster = Some(details);
    }
    target.auth_info = user;
    Ok(target)
}

fn kubeconfig_error(what: &str, error: kube::config::KubeconfigError) -> Error {
    use kube::config::KubeconfigError;
    match error {
        // The parser's own message may quote the file, which may hold credentials.
        KubeconfigError::Parse(_) => {
            Error::settings("the kubeconfig is no YAML of a kubeconfig", None)
        }
        other => Error::settings(format!("the kubeconfig: {what}"), Some(other.into())),
    }
}

#[cfg(test)]
mod tests;
