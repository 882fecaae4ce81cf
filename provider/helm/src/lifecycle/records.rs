//! The records of a release in the cluster: Secrets in its namespace, one for each revision.

use travel_kube::cluster::objects::{Propagation, Selection};
use travel_kube::error::ErrorKind;
use travel_kube::{Cluster, Document, DocumentKey, Error};

use super::objects::FIELD_MANAGER;
use super::{LifecycleError, Obstacle, Target};
use crate::engine::check_release_name;
use crate::release::{Release, Status};

/// All revisions of a release, oldest first; none where there is no such release.
///
/// # Errors
/// The cluster cannot be asked, or a record cannot be read.
pub async fn history(target: &Target<'_>) -> Result<Vec<Release>, LifecycleError> {
    let read = read(target.cluster, target.namespace, target.name).await;
    read.map_err(|obstacle| unread(target, obstacle))
}

/// The revisions of a release that say how it stands, oldest first: all but those that a later one has superseded, each
/// of which may be a megabyte. None where there is no such release.
///
/// # Errors
/// As [`history`].
pub async fn current(target: &Target<'_>) -> Result<Vec<Release>, LifecycleError> {
    let Target { cluster, namespace, name, .. } = target;
    let current = select(cluster, namespace, name, ",status!=superseded").await;
    match current.map_err(|obstacle| unread(target, obstacle))? {
        // Where somebody has taken away the youngest record, an older one is the last.
        current if current.is_empty() => history(target).await,
        current => Ok(current),
    }
}

fn unread(target: &Target<'_>, obstacle: Obstacle) -> LifecycleError {
    LifecycleError {
        action: "read the history of",
        name: target.name.to_owned(),
        namespace: target.namespace.to_owned(),
        obstacle: Box::new(obstacle),
    }
}

/// All revisions of a release, oldest first.
pub(super) async fn read(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Vec<Release>, Obstacle> {
    select(cluster, namespace, name, "").await
}

/// The revisions of a release that a further condition on the labels of their records selects.
async fn select(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    condition: &str,
) -> Result<Vec<Release>, Obstacle> {
    // Any other name would be another selector.
    check_release_name(name)?;
    let secrets = cluster.resource("v1", "Secret").await?;
    let selection = Selection {
        namespace: Some(namespace.to_owned()),
        labels: Some(format!("owner=helm,name={name}{condition}")),
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

/// Writes the record of a new revision. That the name is taken means that another process is at it.
pub(super) async fn create(cluster: &Cluster, release: &Release) -> Result<(), Obstacle> {
    let secret = document(release, "createdAt")?;
    let mut made = cluster.create(&secret, FIELD_MANAGER).await;
    // The answer alone may have been lost: the record that is there tells.
    if made.as_ref().is_err_and(Error::is_unreachable) {
        made = match cluster.get(secret.key()).await? {
            Some(there) if there.value()["data"] == secret.value()["data"] => return Ok(()),
            Some(_) => return Err(Obstacle::Overtaken { revision: release.version }),
            None => cluster.create(&secret, FIELD_MANAGER).await,
        };
    }
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.is_already_exists() => {
            Err(Obstacle::Overtaken { revision: release.version })
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes the record of a revision anew.
pub(super) async fn update(cluster: &Cluster, release: &Release) -> Result<(), Obstacle> {
    let secret = document(release, "modifiedAt")?;
    cluster.replace(&secret, FIELD_MANAGER).await?;
    Ok(())
}

/// Takes the record of a revision away. That it is not there is no error.
pub(super) async fn delete(cluster: &Cluster, release: &Release) -> Result<(), Obstacle> {
    let key = DocumentKey {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: Some(release.namespace.clone()),
        name: release.secret_name(),
    };
    cluster.delete(&key, None, Propagation::Background).await?;
    Ok(())
}

/// The revisions to forget so that one more keeps within the limit: the oldest, but never the one that is deployed.
pub(super) fn surplus(history: &[Release], limit: u32) -> Vec<&Release> {
    let Some(room) = limit.checked_sub(1) else { return Vec::new() };
    let excess = history.len().saturating_sub(usize::try_from(room).unwrap_or(usize::MAX));
    let is_deployed = |release: &&Release| release.info.status == Status::Deployed;
    let deployed = history.iter().rev().find(is_deployed).map(|release| release.version);
    history.iter().filter(|release| Some(release.version) != deployed).take(excess).collect()
}

fn document(release: &Release, time_label: &str) -> Result<Document, Obstacle> {
    let secret = release.to_secret(time_label, jiff::Timestamp::now().as_second())?;
    Document::new(secret).map_err(|error| {
        let kind = ErrorKind::Answer(error.to_string());
        Error::new(format!("write the record {}", release.secret_name()), kind).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Info;

    #[test]
    fn the_oldest_revisions_are_forgotten_but_never_the_deployed_one() {
        use Status::{Deployed as D, Failed as F, Superseded as S};
        let check = |statuses: &[Status], limit: u32, expected: &[u64]| {
            let release = |(status, version): (&Status, u64)| Release {
                info: Info { status: *status, ..Info::default() },
                version,
                ..Release::default()
            };
            let history: Vec<Release> = statuses.iter().zip(1..).map(release).collect();
            let surplus: Vec<u64> =
                surplus(&history, limit).iter().map(|release| release.version).collect();
            assert_eq!(surplus, expected, "{statuses:?} {limit}");
        };
        check(&[], 10, &[]);
        check(&[S, S, D], 0, &[]);
        check(&[S, S, D], 4, &[]);
        check(&[S, S, D], 3, &[1]);
        check(&[S, S, D], 1, &[1, 2]);
        check(&[D, F, F, F], 3, &[2, 3]);
        check(&[D, D, F], 2, &[1, 3]);
    }
}
