//! How a configuration names a cluster, and what it takes to reach one.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use travel_framework::{Diagnostic, Model, Plan};
use travel_kube::cluster::connect::{Access, ClusterConfig, Settings};
use travel_value::{Path, Value};

/// Finds clusters by reference: the cloud that runs them.
#[async_trait]
pub trait Clusters: Send + Sync + 'static {
    /// What reaching the cluster takes; none where there is no such cluster.
    ///
    /// # Errors
    /// Where it cannot be told whether there is one, or the cluster cannot be called yet.
    async fn reach(&self, cluster: &ClusterReference) -> Result<Option<Reached>, Diagnostic>;

    /// As [`travel_framework::platform::Platform::outlasted`], of the credentials that clusters are
    /// reached with.
    fn outlasted(&self, needed: Duration) -> Option<Diagnostic> {
        let _ = needed;
        None
    }
}

/// A cluster that was found.
#[derive(Clone, Debug)]
pub struct Reached {
    /// What it takes to call it.
    pub config: ClusterConfig,
    /// The version of Kubernetes, as in `1.35`, which the cluster itself may tell wrong.
    pub version: String,
    /// The cluster, with everything about it that can be known.
    pub reference: ClusterReference,
}

/// Which cluster something is in: the `cluster` of a `travel_eks_platform`, or the name of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Model)]
pub struct ClusterReference {
    /// The name.
    #[model(required, replace, length(1, 100))]
    pub name: String,
    /// The region; by default the provider's.
    #[model(optional, computed)]
    pub region: Option<String>,
    /// The account: its id or name; by default the provider's.
    #[model(optional, computed)]
    pub account: Option<String>,
    /// What no other cluster ever has, not even a later one of this name. Another one means
    /// another cluster, and everything in it anew.
    #[model(optional, computed, replace)]
    pub incarnation: Option<String>,
    /// The proxy to go through, such as `socks5://127.0.0.1:1080`, for an endpoint that is not
    /// public.
    #[model(optional)]
    pub proxy_url: Option<String>,
}

/// A kubeconfig, for clusters that are not found by reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Model)]
pub struct Kubeconfig {
    /// The file. By default that of `KUBECONFIG`, or `~/.kube/config`.
    #[model(optional, length(1, 4096))]
    pub path: Option<String>,
    /// The context; by default the current one.
    #[model(optional, length(1, 1024))]
    pub context: Option<String>,
    /// The kubeconfig itself, in place of a file.
    #[model(optional, sensitive)]
    pub content: Option<String>,
}

/// In which cluster a resource is, flattened into its model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Placement {
    /// The cluster: `travel_eks_platform.NAME.cluster`, or at least its name. It may be made in
    /// the same apply.
    #[model(optional)]
    pub cluster: Option<ClusterReference>,
    /// A kubeconfig that leads to the cluster, in place of `cluster`. It says only how to get
    /// there: a change of it must lead to the same cluster.
    #[model(optional, config_only)]
    pub kubeconfig: Option<Kubeconfig>,
}

impl Kubeconfig {
    /// What travel-kube needs to call the cluster.
    pub fn config(&self) -> ClusterConfig {
        let context = self.context.clone();
        let access = match &self.content {
            Some(text) => Access::KubeconfigText { text: text.clone(), context },
            None => Access::Kubeconfig { path: self.path.as_ref().map(Into::into), context },
        };
        ClusterConfig { access, proxy_url: None, settings: Settings::default() }
    }

    /// The files that it is read from.
    pub fn files(&self) -> Vec<PathBuf> {
        if self.content.is_some() {
            return Vec::new();
        }
        if let Some(path) = &self.path {
            return vec![path.into()];
        }
        match std::env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty()) {
            Some(paths) => std::env::split_paths(&paths).collect(),
            None => {
                std::env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect()
            }
        }
    }
}

/// Checks that exactly one way to a cluster is given.
pub fn validate(plan: &mut Plan<'_>) {
    let (cluster, kubeconfig) = (plan.config.get("cluster"), plan.config.get("kubeconfig"));
    if cluster.is_null() && kubeconfig.is_null() {
        plan.refuse(
            "cluster",
            "no cluster",
            "Set cluster, to travel_eks_platform.NAME.cluster or to an object with the cluster's \
             name; or set kubeconfig.",
        );
    } else if !cluster.is_null() && !kubeconfig.is_null() {
        plan.refuse(
            "kubeconfig",
            "two ways to a cluster",
            "cluster and kubeconfig are both set. Leave one of them out.",
        );
    }
    let given = |name: &str| !kubeconfig.get(name).is_null();
    if given("path") && given("content") {
        plan.refuse_at(
            Path::attribute("kubeconfig").field("content"),
            "two kubeconfigs",
            "path and content are both set. Leave one of them out.",
        );
    }
}

/// The way to a cluster in an import's id: the name of a cluster, or nothing for the kubeconfig
/// of the environment.
pub fn imported(cluster: &str) -> Placement {
    if cluster.is_empty() {
        return Placement { cluster: None, kubeconfig: Some(Kubeconfig::default()) };
    }
    let cluster = ClusterReference { name: cluster.to_owned(), ..ClusterReference::default() };
    Placement { cluster: Some(cluster), kubeconfig: None }
}

/// Notes in a state what is known of its cluster since it was reached, and was not before.
pub(crate) fn note(known: &ClusterReference, state: &mut Value) {
    let mut cluster = state.get("cluster").clone();
    if cluster.is_null() {
        return;
    }
    for (name, value) in [
        ("region", &known.region),
        ("account", &known.account),
        ("incarnation", &known.incarnation),
    ] {
        if let (true, Some(value)) = (cluster.get(name).is_null(), value) {
            cluster.set_attribute(name, value.as_str().into());
        }
    }
    state.set_attribute("cluster", cluster);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cluster: Value, kubeconfig: Value, expected: Option<&str>) {
        let config = Value::object([("cluster", cluster), ("kubeconfig", kubeconfig)]);
        let mut plan = Plan::new(&config, &Value::Null, config.clone());
        validate(&mut plan);
        let said = plan.diagnostics.iter().next().map(|diagnostic| diagnostic.summary.as_str());
        assert_eq!(said, expected);
    }

    #[test]
    fn one_way_to_a_cluster_is_enough() {
        let name = || Value::object([("name", "dev".into())]);
        let file = || Value::object([("path", "a".into())]);
        check(name(), Value::Null, None);
        check(Value::unknown(), Value::Null, None);
        check(Value::Null, file(), None);
        check(Value::Null, Value::Null, Some("no cluster"));
        check(name(), file(), Some("two ways to a cluster"));
        let both = Value::object([("path", "a".into()), ("content", Value::unknown())]);
        check(Value::Null, both, Some("two kubeconfigs"));
    }

    #[test]
    fn what_was_written_is_not_noted_over() {
        let written = Value::object([
            ("name", "dev".into()),
            ("account", "shop-dev".into()),
            ("region", Value::Null),
            ("incarnation", Value::Null),
        ]);
        let mut state = Value::object([("cluster", written)]);
        let known = ClusterReference {
            name: "dev".into(),
            region: Some("eu-central-1".into()),
            account: Some("111122223333".into()),
            incarnation: Some("https://issuer".into()),
            proxy_url: None,
        };
        note(&known, &mut state);
        let cluster = state.get("cluster");
        assert_eq!(cluster.get("account").as_str(), Some("shop-dev"));
        assert_eq!(cluster.get("incarnation").as_str(), Some("https://issuer"));
    }
}
