//! The records of a release in the cluster: Secrets in its namespace, one for each revision.

use travel_kube::Cluster;
use travel_kube::cluster::objects::Selection;

use super::{LifecycleError, Obstacle, Target};
use crate::release::Release;

/// All revisions of a release, oldest first; none where there is no such release.
///
/// # Errors
/// The cluster cannot be asked, or a record cannot be read.
pub async fn history(target: &Target<'_>) -> Result<Vec<Release>, LifecycleError> {
    let read = read(target.cluster, target.namespace, target.name).await;
    read.map_err(|obstacle| LifecycleError {
        action: "read the history of",
        name: target.name.to_owned(),
        namespace: target.namespace.to_owned(),
        obstacle: Box::new(obstacle),
    })
}

pub(super) async fn read(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Vec<Release>, Obstacle> {
    let secrets = cluster.resource("v1", "Secret").await?;
    let selection = Selection {
        namespace: Some(namespace.to_owned()),
        labels: Some(format!("owner=helm,name={name}")),
        fields: None,
    };
    let found = cluster.list(&secrets, &selection).await?;
    let mut releases: Vec<Release> = found
        .iter()
        .map(|secret| Release::from_secret(secret.value()))
        .collect::<Result<_, _>>()?;
    releases.sort_by_key(|release| release.version);
    Ok(releases)
}
