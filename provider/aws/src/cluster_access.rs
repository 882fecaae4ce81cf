//! What it takes to call an EKS cluster: its address, its certificate authority, and tokens made
//! of a signed request to STS.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_eks::types::{Cluster, ClusterStatus};
use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use travel_framework::{Diagnostic, Failure};
use travel_kube::cluster::connect::{Access, ClusterConfig, Settings};
use travel_kube::cluster::token::{Token, TokenSource};

use crate::error::Reply;
use crate::scope::Scope;

/// How long a token counts: a cluster takes the signature of its request for fifteen minutes, of
/// which one is left for clocks that differ (AWS IAM Authenticator, "API Authorization from
/// Outside a Cluster").
const TOKEN_LIFETIME: Duration = Duration::from_secs(14 * 60);
/// How long the signed request itself would be answered by STS. Clusters want just this.
const REQUEST_LIFETIME: Duration = Duration::from_secs(60);
const PREFIX: &str = "k8s-aws-v1.";
const CLUSTER_HEADER: &str = "x-k8s-aws-id";

/// A cluster that can be called.
#[derive(Clone, Debug)]
pub struct ClusterAccess {
    /// The cluster's name.
    pub name: String,
    /// The account and region it is in, for the log.
    pub place: String,
    /// The version of Kubernetes, as in `1.35`, which the cluster itself may tell wrong.
    pub version: String,
    /// The address of its API.
    pub endpoint: String,
    /// Its certificate authority, in PEM form.
    pub certificate_authority: Vec<u8>,
    /// The issuer of its service accounts' tokens: no other cluster ever has the same, not even a
    /// later one of this name.
    pub incarnation: String,
    /// Where tokens for it come from.
    pub tokens: Arc<EksTokens>,
}

impl ClusterAccess {
    /// What travel-kube needs to call the cluster, by way of this proxy if one is given.
    pub fn config(&self, proxy_url: Option<String>) -> ClusterConfig {
        ClusterConfig {
            access: Access::Endpoint {
                url: self.endpoint.clone(),
                certificate_authority: Some(self.certificate_authority.clone()),
                tls_server_name: None,
                token: Some(Arc::clone(&self.tokens) as Arc<dyn TokenSource>),
            },
            proxy_url,
            settings: Settings {
                cluster: Some(format!("{} ({})", self.name, self.place)),
                ..Settings::default()
            },
        }
    }
}

/// Access to the cluster of this name in an account and region; none where there is no such
/// cluster.
///
/// # Errors
/// Where EKS cannot be asked, or the cluster cannot be called yet, or not any more.
pub async fn reach(scope: &Scope, name: &str) -> Result<Option<ClusterAccess>, Failure> {
    let described = scope.eks().describe_cluster().name(name).send().await;
    let described = described.found(scope, &["ResourceNotFoundException"])?;
    match described.and_then(|it| it.cluster) {
        Some(cluster) => access(scope, name, &cluster).map(Some).map_err(Failure::from),
        None => Ok(None),
    }
}

fn access(scope: &Scope, name: &str, cluster: &Cluster) -> Result<ClusterAccess, Diagnostic> {
    let status = cluster.status().map_or("UNKNOWN", ClusterStatus::as_str);
    let place = scope.place();
    let not_yet = || {
        Diagnostic::error(
            format!("cluster {name} cannot be called"),
            format!("It is {status} ({place}). Apply again once it is ACTIVE."),
        )
    };
    if matches!(status, "CREATING" | "PENDING" | "FAILED" | "DELETING") {
        return Err(not_yet());
    }
    let authority = cluster.certificate_authority().and_then(|it| it.data());
    let issuer = cluster.identity().and_then(|it| it.oidc()).and_then(|it| it.issuer());
    let (Some(endpoint), Some(authority), Some(issuer)) = (cluster.endpoint(), authority, issuer)
    else {
        return Err(not_yet());
    };
    let certificate_authority = STANDARD.decode(authority).map_err(|error| {
        Diagnostic::error(
            format!("the certificate authority of cluster {name} is not usable"),
            format!("EKS gives one that is not in base64: {error} ({place})."),
        )
    })?;
    Ok(ClusterAccess {
        name: name.to_owned(),
        place,
        version: cluster.version().unwrap_or_default().to_owned(),
        endpoint: endpoint.to_owned(),
        certificate_authority,
        incarnation: issuer.to_owned(),
        tokens: Arc::new(EksTokens::new(scope, name)),
    })
}

/// Tokens for one cluster, which say who the credentials of a scope are.
///
/// A token is the address of a signed `GetCallerIdentity` request, which the cluster sends to STS
/// to learn whose it is; the signature covers the cluster's name, so that no other cluster can use
/// it (AWS IAM Authenticator, "API Authorization from Outside a Cluster").
#[derive(Debug)]
pub struct EksTokens {
    cluster: String,
    config: SdkConfig,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl EksTokens {
    /// Tokens for this cluster, by the credentials of `scope`.
    pub fn new(scope: &Scope, cluster: &str) -> Self {
        Self { cluster: cluster.to_owned(), config: scope.sdk_config().clone() }
    }

    /// The signed address, and when the credentials end that it is signed with.
    async fn url(&self, now: SystemTime) -> Result<(String, Option<SystemTime>), BoxError> {
        let endpoint = sts_endpoint(&self.config).await?;
        let separator = if endpoint.ends_with('/') { "" } else { "/" };
        let url = format!("{endpoint}{separator}?Action=GetCallerIdentity&Version=2011-06-15");
        let provider = self.config.credentials_provider().ok_or("there are no credentials")?;
        let credentials = provider.provide_credentials().await?;
        let end = credentials.expiry();
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(REQUEST_LIFETIME);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.config.region().map(AsRef::as_ref).unwrap_or_default())
            .name("sts")
            .time(now)
            .settings(settings)
            .build()?
            .into();
        let headers = [(CLUSTER_HEADER, self.cluster.as_str())].into_iter();
        let request = SignableRequest::new("GET", &url, headers, SignableBody::Bytes(&[]))?;
        let (instructions, _) = sign(request, &parameters)?.into_parts();
        let mut request = http::Request::get(&url).body(())?;
        instructions.apply_to_request_http1x(&mut request);
        Ok((request.uri().to_string(), end))
    }
}

#[async_trait]
impl TokenSource for EksTokens {
    async fn token(&self) -> Result<Token, BoxError> {
        let now = SystemTime::now();
        let (url, end) = self.url(now).await?;
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url));
        // A signature counts no longer than the session that has made it.
        let end = end.map_or(now + TOKEN_LIFETIME, |end| end.min(now + TOKEN_LIFETIME));
        Ok(Token::new(token, Some(end)))
    }
}

/// The address of STS in the configuration's region, or the one that the environment or profile
/// gives instead, as the SDK itself finds it.
async fn sts_endpoint(config: &SdkConfig) -> Result<String, BoxError> {
    let key = ServiceConfigKey::builder()
        .service_id("STS")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()?;
    let own = config.service_config().and_then(|settings| settings.load_config(key));
    let params = Params::builder()
        .set_region(config.region().map(ToString::to_string))
        .set_use_fips(config.use_fips())
        .set_use_dual_stack(config.use_dual_stack())
        .set_endpoint(own.or_else(|| config.endpoint_url().map(str::to_owned)))
        .build()?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await?;
    Ok(endpoint.url().to_owned())
}

#[cfg(test)]
mod tests;
