//! `travel_kubeconfig`: a kubeconfig for a cluster, with a token in it.

use std::time::SystemTime;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use travel_framework::ephemeral::{Ephemeral, Open};
use travel_framework::{Call, Failure, Model};

use crate::cluster_token::{Granted, grant, outlasted, timestamp};
use crate::clusters::ClusterReference;
use crate::platform::Kubernetes;

/// A whole kubeconfig for a cluster, with a token in it, so that whoever reads it needs nothing else:
/// no AWS credentials, and no program that fetches tokens.
///
/// It stands in no plan and no state. A cluster of EKS accepts its token for fifteen minutes, and
/// core keeps the one that a run began with: every plan and every apply opens a new one, and a run
/// that outlasts its token is warned of.
#[derive(Clone, Debug, Default, Model)]
pub struct KubeconfigText {
    /// The cluster: `travel_eks_platform.NAME.cluster`, or at least its name.
    #[model(required)]
    pub cluster: ClusterReference,
    /// The name of the context, of the cluster and of the user in it; by default the cluster's name.
    #[model(optional, length(1, 253))]
    pub context: Option<String>,
    /// The namespace of the context; by default `default`.
    #[model(optional, length(1, 63))]
    pub namespace: Option<String>,
    /// The kubeconfig.
    #[model(computed, sensitive)]
    pub content: Option<String>,
    /// Until when its token is good, as in `2027-01-15T08:14:00Z`.
    #[model(computed)]
    pub expires_at: Option<String>,
}

impl KubeconfigText {
    /// The kubeconfig, as JSON, which every reader of YAML reads, too.
    fn text(&self, granted: &Granted) -> String {
        let name = self.context.as_deref().unwrap_or(&self.cluster.name);
        let mut cluster = json!({ "server": granted.endpoint });
        if let Some(authority) = &granted.certificate_authority {
            cluster["certificate-authority-data"] = STANDARD.encode(authority).into();
        }
        if let Some(proxy) = &self.cluster.proxy_url {
            cluster["proxy-url"] = proxy.as_str().into();
        }
        let mut context = json!({ "cluster": name, "user": name });
        if let Some(namespace) = &self.namespace {
            context["namespace"] = namespace.as_str().into();
        }
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": name, "cluster": cluster }],
            "users": [{ "name": name, "user": { "token": granted.token } }],
            "contexts": [{ "name": name, "context": context }],
            "current-context": name,
        });
        format!("{config:#}\n")
    }
}

#[async_trait]
impl Ephemeral for KubeconfigText {
    type Platform = Kubernetes;

    const TYPE_NAME: &'static str = "travel_kubeconfig";

    async fn open(&mut self, call: &Call<Kubernetes>) -> Result<Option<SystemTime>, Failure> {
        let granted = grant(&call.scope).await?;
        self.content = Some(self.text(&granted));
        self.expires_at = granted.expires_at.map(timestamp);
        Ok(granted.expires_at)
    }

    async fn renew(&self, open: &Open<'_, Self>) -> Result<Option<SystemTime>, Failure> {
        open.warn(outlasted(&self.cluster.name, self.expires_at.as_deref()));
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use travel_kube::Cluster;

    use super::*;
    use crate::clusters::Kubeconfig;

    #[tokio::test]
    async fn leads_to_the_cluster() {
        let reference = ClusterReference { name: "dev".into(), ..ClusterReference::default() };
        let granted = Granted {
            endpoint: "https://dev.example:6443".into(),
            certificate_authority: None,
            token: "sesame".into(),
            expires_at: None,
        };
        let named = KubeconfigText {
            cluster: ClusterReference {
                proxy_url: Some("http://127.0.0.1:3128".into()),
                ..reference.clone()
            },
            context: Some("work \"place\"".into()),
            namespace: Some("shop".into()),
            ..KubeconfigText::default()
        };
        for (kubeconfig, context, namespace, proxy) in [
            (KubeconfigText { cluster: reference, ..KubeconfigText::default() }, "dev", None, None),
            (named, "work \"place\"", Some("shop"), Some("http://127.0.0.1:3128")),
        ] {
            let content = kubeconfig.text(&granted);
            let text: serde_json::Value = serde_json::from_str(&content).unwrap();
            assert_eq!(text["contexts"][0]["context"]["namespace"].as_str(), namespace);
            assert_eq!(text["clusters"][0]["cluster"]["proxy-url"].as_str(), proxy);
            assert_eq!(text["users"][0]["user"]["token"], "sesame");
            let context = Some(context.to_owned());
            let read = Kubeconfig { context, content: Some(content), ..Kubeconfig::default() };
            let cluster = Cluster::connect(&read.config()).await.unwrap();
            assert_eq!(cluster.endpoint(), "https://dev.example:6443");
        }
    }
}
