//! The releases and the sets of manifests of a cluster that carry a mark of ours, whoever's.

use std::collections::BTreeMap;

use travel_framework::Diagnostic;
use travel_framework::model::Model as _;
use travel_framework::orphan::Marked;
use travel_framework::platform::Platform as _;
use travel_framework::resource::Described as _;
use travel_helm::release::Release;
use travel_value::Value;

use crate::clusters::{ClusterReference, Kubeconfig};
use crate::failure;
use crate::helm_release::HelmRelease;
use crate::helm_stack::HelmStack;
use crate::manifests::inventory;
use crate::platform::{Connected, Kubernetes};
use crate::release::ownership;

/// Which cluster to look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// That of a reference.
    Reference(ClusterReference),
    /// That of a kubeconfig.
    Kubeconfig(Kubeconfig),
}

impl Kubernetes {
    /// Reaches a cluster; none where there is none of that name.
    ///
    /// # Errors
    /// Where it cannot be told whether there is one, or how to call it.
    pub async fn reach(&self, wanted: &Wanted) -> Result<Option<Connected>, Diagnostic> {
        let (name, value) = match wanted {
            Wanted::Reference(reference) => ("cluster", reference.to_value()),
            Wanted::Kubeconfig(kubeconfig) => ("kubeconfig", kubeconfig.to_value()),
        };
        Ok(self.scope(&Value::object([(name, value)])).await?.connected)
    }

    /// Looks for every release and every set of manifests that is marked. A stack's releases are removed
    /// one by one: which of them needs which stands in its configuration alone.
    ///
    /// # Errors
    /// Where the cluster does not answer, or its Secrets and ConfigMaps may not be read.
    pub async fn survey(
        &self,
        wanted: &Wanted,
        connected: &Connected,
    ) -> Result<Vec<Marked>, Diagnostic> {
        let found = ownership::all_marked(&connected.cluster).await;
        let found = found.map_err(|error| failure::of_call(&error).into_diagnostic())?;
        let place = place(wanted, connected);
        let cluster = place.get("cluster.name").map_or("", String::as_str);
        let marked = found.into_iter().map(|(mut mark, release)| {
            mark.resource = resource(&mark.resource, cluster, &release);
            let mut known = place.clone();
            known.insert("namespace".to_owned(), release.namespace.clone());
            known.insert("name".to_owned(), release.name.clone());
            let id = [cluster, &release.namespace, &release.name].join("/");
            let id = id.trim_start_matches('/').to_owned();
            let remover = HelmRelease::DESCRIPTION.type_name.to_owned();
            Marked { mark, remover, kind: "helm release".to_owned(), id, known }
        });
        let mut marked: Vec<Marked> = marked.collect();
        let sets = inventory::all_marked(&connected.cluster).await;
        let sets = sets.map_err(|error| failure::of_call(&error).into_diagnostic())?;
        marked.extend(sets.into_iter().filter_map(|(mark, parent)| {
            let name = inventory::name_of(&parent)?;
            let mut known = place.clone();
            known.insert("name".to_owned(), name.to_owned());
            let id = format!("{cluster}/{name}").trim_start_matches('/').to_owned();
            Some(Marked::new(mark, "set of manifests", id, known))
        }));
        Ok(marked)
    }
}

/// What leads to the cluster once more.
fn place(wanted: &Wanted, connected: &Connected) -> BTreeMap<String, String> {
    let known = |path: &str, value: &Option<String>| Some((path.to_owned(), value.clone()?));
    let places = match wanted {
        Wanted::Kubeconfig(Kubeconfig { path, context, .. }) => {
            vec![known("kubeconfig.path", path), known("kubeconfig.context", context)]
        }
        Wanted::Reference(asked) => {
            let found = connected.reference.as_ref().unwrap_or(asked);
            vec![
                known("cluster.name", &Some(found.name.clone())),
                known("cluster.region", &found.region),
                known("cluster.account", &found.account),
                known("account_id", &found.account),
                known("region", &found.region),
            ]
        }
    };
    places.into_iter().flatten().collect()
}

/// The resource that a label stands for; the label itself where that cannot be told.
fn resource(label: &str, cluster: &str, release: &Release) -> String {
    let of_release = format!(
        "{}/{cluster}//{}/{}",
        HelmRelease::DESCRIPTION.type_name,
        release.namespace,
        release.name,
    );
    let stack = format!("{}/{cluster}//", HelmStack::DESCRIPTION.type_name);
    let named = label.rsplit_once('-').map_or(label, |(named, _)| named);
    let name = named.strip_prefix(&ownership::readable(&stack)).unwrap_or_default();
    let candidates = [of_release, format!("{stack}{name}")];
    let meant = candidates.into_iter().find(|it| ownership::as_label(it) == label);
    meant.unwrap_or_else(|| label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stands_for_a_resource() {
        let release =
            Release { name: "cart".into(), namespace: "shop".into(), ..Release::default() };
        for (text, known) in [
            ("travel_helm_release/dev//shop/cart", true),
            ("travel_helm_stack/dev//base-1", true),
            ("travel_helm_stack/dev//a-name-too-long-for-all-of-it-to-stand-in-the-label", false),
            ("travel_helm_release/dev//shop/other", false),
        ] {
            let label = ownership::as_label(text);
            let expected = if known { text } else { &label };
            assert_eq!(resource(&label, "dev", &release), *expected);
        }
    }
}
