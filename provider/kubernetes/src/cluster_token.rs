//! `travel_cluster_token`: a token for a cluster, and what else it takes to call it.

use std::time::SystemTime;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use travel_framework::ephemeral::{Ephemeral, Open};
use travel_framework::{Call, Diagnostic, Failure, Model};
use travel_kube::cluster::connect::Access;

use crate::clusters::ClusterReference;
use crate::platform::{Kubernetes, Scope};

/// A bearer token for a cluster, by which it knows the caller of this provider, with the address and
/// certificate authority that go with it.
///
/// It stands in no plan and no state. A cluster of EKS accepts a token for fifteen minutes, and core
/// keeps the value that a run began with: every plan and every apply opens a new one, and a run that
/// outlasts its token is warned of.
#[derive(Clone, Debug, Default, Model)]
pub struct ClusterToken {
    /// The cluster: `travel_eks_platform.NAME.cluster`, or at least its name.
    #[model(required)]
    pub cluster: ClusterReference,
    /// The token.
    #[model(computed, sensitive)]
    pub token: Option<String>,
    /// Until when it is good, as in `2027-01-15T08:14:00Z`.
    #[model(computed)]
    pub expires_at: Option<String>,
    /// The address of the cluster's API.
    #[model(computed)]
    pub endpoint: Option<String>,
    /// The cluster's certificate authority, in PEM form.
    #[model(computed)]
    pub certificate_authority: Option<String>,
}

/// What it takes to call a cluster for a while.
pub(crate) struct Granted {
    pub endpoint: String,
    pub certificate_authority: Option<String>,
    pub token: String,
    pub expires_at: Option<SystemTime>,
}

/// A new token for a scope's cluster.
pub(crate) async fn grant(scope: &Scope) -> Result<Granted, Failure> {
    let connected = scope.cluster()?;
    let Access::Endpoint { url, certificate_authority, token: Some(tokens), .. } =
        &connected.config.access
    else {
        let detail = "It is reached by other means than tokens. Only clusters of EKS give them.";
        return Err(Diagnostic::error("the cluster gives no tokens", detail).into());
    };
    let token = tokens.token().await.map_err(|error| {
        Diagnostic::error("failed to sign a token for the cluster", format!("{error}."))
    })?;
    let authority = certificate_authority.clone().map(String::from_utf8).transpose();
    let certificate_authority = authority.map_err(|_| {
        let detail = "What EKS gives is no text, and so not in PEM form.";
        Diagnostic::error("the certificate authority of the cluster is not usable", detail)
    })?;
    Ok(Granted {
        endpoint: url.clone(),
        certificate_authority,
        token: token.reveal().to_owned(),
        expires_at: token.expires_at(),
    })
}

/// A time as attributes have it.
pub(crate) fn timestamp(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What is said when a token comes to its end while core still holds it. It cannot be exchanged: a
/// renewal leaves the values of an ephemeral resource as they are.
pub(crate) fn outlasted(cluster: &str, expires_at: Option<&str>) -> Diagnostic {
    Diagnostic::warning(
        format!("this run has outlasted its token for cluster {cluster}"),
        format!(
            "The token was good until {}, and a run keeps the one it began with: what used it \
             later was refused as unauthorized. Let what comes so late be a run of its own, or let \
             its client fetch tokens itself (`aws eks get-token`).",
            expires_at.unwrap_or("its end"),
        ),
    )
}

#[async_trait]
impl Ephemeral for ClusterToken {
    type Platform = Kubernetes;

    const TYPE_NAME: &'static str = "travel_cluster_token";

    async fn open(&mut self, call: &Call<Kubernetes>) -> Result<Option<SystemTime>, Failure> {
        let granted = grant(&call.scope).await?;
        self.token = Some(granted.token);
        self.expires_at = granted.expires_at.map(timestamp);
        self.endpoint = Some(granted.endpoint);
        self.certificate_authority = granted.certificate_authority;
        Ok(granted.expires_at)
    }

    async fn renew(&self, open: &Open<'_, Self>) -> Result<Option<SystemTime>, Failure> {
        open.warn(outlasted(&self.cluster.name, self.expires_at.as_deref()));
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
