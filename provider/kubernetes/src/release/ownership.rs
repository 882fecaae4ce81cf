//! Whose a release is: the labels on its record. Real Helm takes marks off documents when it
//! upgrades, but keeps the labels of a record from one revision to the next.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use travel_framework::ownership::{Claim, Mark};
use travel_helm::release::{Release, Status};
use travel_kube::Cluster;
use travel_kube::cluster::objects::Selection;
use travel_kube::error::ErrorKind;

/// The label that names the deployment.
const DEPLOYMENT: &str = "travel.travelsources.com/deployment";
/// The label that names the resource.
pub const RESOURCE: &str = "travel.travelsources.com/resource";
/// The label with the generation.
const GENERATION: &str = "travel.travelsources.com/generation";
/// How long a label's value may be.
const LONGEST: usize = 63;
/// How many characters of a digest end a value.
const DIGEST: usize = 16;

/// The labels of everything that a claim makes.
pub fn labels(claim: &Claim) -> BTreeMap<String, String> {
    let labels = [
        (DEPLOYMENT, as_label(&claim.deployment)),
        (RESOURCE, as_label(&claim.resource)),
        (GENERATION, claim.generation.clone()),
    ];
    labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The mark on a release, in the words of the claim where it is of the claim's own; none where
/// nothing marks it as made by travel.
pub fn mark(release: &Release, claim: &Claim) -> Option<Mark> {
    let label = |name: &str| release.labels.get(name);
    let (deployment, resource) = (label(DEPLOYMENT)?, label(RESOURCE)?);
    let own = std::iter::once(&claim.deployment).chain(&claim.previous_deployments);
    let deployment =
        own.into_iter().find(|name| as_label(name) == *deployment).unwrap_or(deployment).clone();
    let resource =
        if as_label(&claim.resource) == *resource { &claim.resource } else { resource }.clone();
    Some(Mark { deployment, resource, generation: label(GENERATION)?.clone() })
}

/// The releases of the whole cluster that an operation on a claim's resource has made or begun, in
/// their last revisions.
///
/// # Errors
/// As [`Cluster::send`].
pub async fn marked_releases(
    cluster: &Cluster,
    claim: &Claim,
) -> Result<Vec<Release>, travel_kube::Error> {
    let selector = format!("{RESOURCE}={}", as_label(&claim.resource));
    let is_own = |release: &Release| mark(release, claim).is_some_and(|mark| claim.owns(&mark));
    last_revisions(cluster, &selector, is_own).await
}

/// The releases of the whole cluster that carry a mark, whoever's, in their last revisions, each
/// with the mark in the words of its labels.
///
/// # Errors
/// As [`Cluster::send`].
pub async fn all_marked(cluster: &Cluster) -> Result<Vec<(Mark, Release)>, travel_kube::Error> {
    let found = last_revisions(cluster, RESOURCE, |_| true).await?.into_iter();
    let marked = found.filter_map(|release| {
        let label = |name: &str| release.labels.get(name).cloned();
        let (deployment, resource) = (label(DEPLOYMENT)?, label(RESOURCE)?);
        Some((Mark { deployment, resource, generation: label(GENERATION)? }, release))
    });
    Ok(marked.collect())
}

/// The last revision of every release with such labels that is meant, unless that is uninstalled.
async fn last_revisions(
    cluster: &Cluster,
    selector: &str,
    is_meant: impl Fn(&Release) -> bool,
) -> Result<Vec<Release>, travel_kube::Error> {
    let secrets = cluster.resource("v1", "Secret").await?;
    let labels = Some(format!("owner=helm,{selector}"));
    let selection = Selection { labels, ..Selection::default() };
    let mut last: BTreeMap<(String, String), Release> = BTreeMap::new();
    for secret in cluster.list(&secrets, &selection).await? {
        let release = Release::from_secret(secret.value()).map_err(|error| {
            let problem = ErrorKind::Answer(error.to_string());
            travel_kube::Error::new("read the records of releases", problem)
        })?;
        let key = (release.namespace.clone(), release.name.clone());
        let is_later = last.get(&key).is_none_or(|known| known.version < release.version);
        if is_meant(&release) && is_later {
            last.insert(key, release);
        }
    }
    last.retain(|_, release| release.info.status != Status::Uninstalled);
    Ok(last.into_values().collect())
}

/// A text as the value of a label: what of it a label may hold, and a digest that tells it from
/// every other.
pub fn as_label(text: &str) -> String {
    let readable: String = readable(text).chars().take(LONGEST - DIGEST - 1).collect();
    let digest: String =
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let separator = if readable.is_empty() { "" } else { "-" };
    format!("{readable}{separator}{}", &digest[..DIGEST])
}

/// What of a text a label may hold.
pub fn readable(text: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let readable: String =
        text.chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect();
    readable.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(deployment: &str, resource: &str) -> Claim {
        Claim {
            deployment: deployment.to_owned(),
            previous_deployments: vec!["dev/old".to_owned()],
            resource: resource.to_owned(),
            generation: "7".to_owned(),
        }
    }

    #[test]
    fn labels_hold_what_kubernetes_allows_and_differ_where_texts_do() {
        let long = "a".repeat(200);
        for text in ["dev/eu-central-1/platform", "/x", "", long.as_str(), "ä"] {
            let label = as_label(text);
            let inner = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
            assert!(label.len() <= LONGEST && label.chars().all(inner), "{label}");
            assert!(label.starts_with(|first: char| first.is_ascii_alphanumeric()), "{label}");
        }
        assert_ne!(as_label("dev/a"), as_label("dev_a"));
        assert!(as_label("dev/a").starts_with("dev_a-"));
    }

    #[test]
    fn a_claim_knows_its_own_marks() {
        let check = |made_by: &Claim, owned: bool| {
            let release = Release { labels: labels(made_by), ..Release::default() };
            let asking = claim("dev/platform", "travel_helm_release/dev/shop/cart");
            assert_eq!(mark(&release, &asking).is_some_and(|mark| asking.owns(&mark)), owned);
        };
        check(&claim("dev/platform", "travel_helm_release/dev/shop/cart"), true);
        check(&claim("dev/old", "travel_helm_release/dev/shop/cart"), true);
        check(&claim("dev/other", "travel_helm_release/dev/shop/cart"), false);
        check(&claim("dev/platform", "travel_helm_release/dev/shop/pay"), false);
        assert_eq!(mark(&Release::default(), &claim("a", "b")), None);
    }
}
