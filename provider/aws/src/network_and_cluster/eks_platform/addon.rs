//! Add-ons: software in the cluster that EKS keeps.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_eks::types::{
    Addon as Found, AddonIssueCode, AddonPodIdentityAssociations, AddonStatus, ResolveConflicts,
};
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::health::{self, Health};
use super::node_group::own_tags;
use super::observed::{Item, Observed, tags};
use super::work::{Target, Work, eks_tags, is_busy, is_unseen_role};
use super::{Addon, EksPlatform, addon_versions, configuration};
use crate::consistency::Call;
use crate::error::Reply;
use crate::tags::Tags;

/// Whether an add-on is being removed, or its making failed.
pub fn is_broken(found: &Found) -> bool {
    matches!(
        found.status(),
        Some(AddonStatus::CreateFailed | AddonStatus::DeleteFailed | AddonStatus::Deleting)
    )
}

/// An add-on as EKS describes it; none where the cluster does not have it.
///
/// # Errors
/// Where the call fails.
pub async fn describe(call: &Call, cluster: &str, name: &str) -> Result<Option<Found>, Failure> {
    let request = call.scope.eks().describe_addon().cluster_name(cluster).addon_name(name);
    let found = request.send().await.found(&call.scope, &["ResourceNotFoundException"])?;
    Ok(found.and_then(|found| found.addon))
}

/// An add-on as the state has it. `known` is what was known of it: what EKS does not tell stays as
/// it was.
pub fn state(
    found: &Found,
    identities: Option<&BTreeMap<String, String>>,
    known: Option<&Addon>,
) -> Addon {
    let there = found.configuration_values().map(str::to_owned);
    let said = known.and_then(|known| known.configuration_values.as_ref());
    let values = if configuration::same(there.as_deref(), said.map(String::as_str)) {
        said.cloned()
    } else {
        there.filter(|text| !configuration::same(Some(text), None))
    };
    Addon {
        version: found.addon_version().map(str::to_owned),
        configuration_values: values,
        role_arn: found.service_account_role_arn().map(str::to_owned),
        pod_identities: identities.cloned().unwrap_or_default(),
        tags: own_tags(&tags(found.tags.as_ref()), known.and_then(|known| known.tags.as_ref())),
        arn: found.addon_arn().map(str::to_owned),
        ..known.cloned().unwrap_or_default()
    }
}

/// Whether an add-on's pods have nowhere to run.
fn lacks_replicas(found: &Found) -> bool {
    let issues = found.health().map(|health| health.issues()).unwrap_or_default();
    issues.iter().any(|issue| issue.code() == Some(&AddonIssueCode::InsufficientNumberOfReplicas))
}

/// What has to change about an add-on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The version to go to.
    pub version: Option<String>,
    /// The configuration; an empty one where there is to be none.
    pub configuration: Option<String>,
    /// Whether the role of its service account is another one, or none any more.
    pub role: bool,
    /// The roles by service account.
    pub identities: Option<BTreeMap<String, String>>,
    /// Whether it is to be repaired: its last change failed.
    pub repair: bool,
}

/// What leads from an add-on to what is wanted at this version; none where it is that already.
pub fn next(
    found: &Found,
    identities: Option<&BTreeMap<String, String>>,
    wanted: &Addon,
    version: Option<&str>,
) -> Option<Change> {
    let there = state(found, identities, Some(wanted));
    let change = Change {
        version: version
            .filter(|version| there.version.as_deref() != Some(*version))
            .map(str::to_owned),
        configuration: (!configuration::same(
            there.configuration_values.as_deref(),
            wanted.configuration_values.as_deref(),
        ))
        .then(|| wanted.configuration_values.clone().unwrap_or_else(|| "{}".to_owned())),
        role: there.role_arn != wanted.role_arn,
        identities: (there.pod_identities != wanted.pod_identities)
            .then(|| wanted.pod_identities.clone()),
        repair: found.status() == Some(&AddonStatus::UpdateFailed),
    };
    let nothing = change.version.is_none()
        && change.configuration.is_none()
        && !change.role
        && change.identities.is_none();
    (!nothing || change.repair).then_some(change)
}

/// An add-on: one that is wanted, or one that is to go.
pub struct AddonPart {
    /// Its name.
    pub name: String,
    /// The version it is to have; none where it is the one it has.
    pub version: Option<String>,
    /// The versions that there are.
    pub available: Vec<String>,
}

/// The name of the part of an add-on.
pub fn part_name(name: &str) -> String {
    format!("addon/{name}")
}

impl AddonPart {
    fn wanted<'a>(&self, work: &'a Work<'_>) -> Option<&'a Addon> {
        work.wanted.addons.get(&self.name)
    }

    fn there(&self, observed: &Observed) -> Option<(Found, Option<BTreeMap<String, String>>)> {
        let found = observed.addons.get(&self.name)?.found.clone();
        let identities = observed.addon_identities.get(found.addon_arn()?).cloned();
        Some((found, identities))
    }

    fn what(&self) -> String {
        format!("add-on {}", self.name)
    }

    fn path(&self) -> Path {
        Path::attribute("addons").key(&self.name)
    }

    fn tags_before<'a>(&self, work: &'a Work<'_>) -> Option<&'a Tags> {
        work.prior.addons.get(&self.name)?.tags.as_ref()
    }

    async fn look(&self, work: &Work<'_>) -> Result<Option<Found>, Failure> {
        let found = describe(work.call, work.cluster(), &self.name).await?;
        let there = |found: &Found| tags(found.tags.as_ref());
        work.note(|observed| {
            let addons = &mut observed.addons;
            Item::renew(addons, &self.name, found.clone(), there, &work.call.claim);
        });
        Ok(found)
    }

    /// The add-on once EKS is not changing it and it runs as far as it can; none where there is
    /// none. Without nodes pods cannot run, which is no reason to wait.
    async fn settled(&self, work: &Work<'_>) -> Result<Option<Found>, Failure> {
        work.call
            .wait_until(&self.what(), Pace::SLOW, || async {
                let Some(there) = self.look(work).await? else { return Ok(Look::Done(None)) };
                let has_nodes = work.see(Observed::has_nodes);
                let no_replicas = lacks_replicas(&there);
                let waits = match there.status() {
                    Some(AddonStatus::Updating | AddonStatus::Deleting) => true,
                    Some(AddonStatus::Creating) => has_nodes || !no_replicas,
                    Some(AddonStatus::Degraded) => has_nodes && no_replicas,
                    _ => false,
                };
                Ok(if waits { Look::Pending(there.words()) } else { Look::Done(Some(there)) })
            })
            .await
    }

    async fn make(&self, work: &Work<'_>, addon: &Addon) -> Result<(), Failure> {
        let (cluster, what) = (work.cluster(), self.what());
        let request = work
            .eks()
            .create_addon()
            .cluster_name(cluster)
            .addon_name(&self.name)
            .set_addon_version(self.version.clone())
            .set_configuration_values(addon.configuration_values.clone())
            .set_service_account_role_arn(addon.role_arn.clone())
            .set_pod_identity_associations(identities(&addon.pod_identities)?)
            .resolve_conflicts(conflicts(&addon.resolve_conflicts, true))
            .set_tags(eks_tags(work.tags(addon.tags.as_ref())));
        let exists = || async { Ok(describe(work.call, cluster, &self.name).await?.is_some()) };
        let made = work.make(&what, is_unseen_role, exists, || request.clone().send()).await;
        made.map_err(|failure| failure.at(self.path()))?;
        let Some(there) = self.settled(work).await? else { return Err(self.vanished(work)) };
        work.must_own(&what, &tags(there.tags.as_ref()), self.path())?;
        if is_broken(&there) {
            return Err(self.failed(work, &there));
        }
        if !addon.pod_identities.is_empty() {
            self.note_identities(work, &there, &addon.pod_identities);
        }
        Ok(())
    }

    fn note_identities(&self, work: &Work<'_>, there: &Found, now: &BTreeMap<String, String>) {
        let arn = there.addon_arn().unwrap_or_default().to_owned();
        work.note(|observed| {
            observed.addon_identities.insert(arn, now.clone());
        });
    }

    fn vanished(&self, work: &Work<'_>) -> Failure {
        work.vanished(&self.what()).at(self.path()).into()
    }

    fn failed(&self, work: &Work<'_>, there: &Found) -> Failure {
        Diagnostic::error(
            format!("{} does not run", self.what()),
            format!(
                "It is {}: {} ({}). Mend the cause and apply again.",
                Health::status(there),
                health::reasons(&there.issues()),
                work.call.scope.place(),
            ),
        )
        .at(self.path())
        .into()
    }

    async fn apply(&self, work: &Work<'_>, addon: &Addon, change: Change) -> Result<bool, Failure> {
        let what = format!("the change of {}", self.what());
        tracing::info!("changing {}", self.what());
        let request = work
            .eks()
            .update_addon()
            .cluster_name(work.cluster())
            .addon_name(&self.name)
            .set_addon_version(change.version)
            // Without them EKS takes its own configuration, and the role of the nodes; an empty
            // role it refuses.
            .set_configuration_values(change.configuration.or(addon.configuration_values.clone()))
            .set_service_account_role_arn(addon.role_arn.clone())
            .set_pod_identity_associations(match &change.identities {
                Some(wanted) => Some(identities(wanted)?.unwrap_or_default()),
                None => None,
            })
            .resolve_conflicts(conflicts(&addon.resolve_conflicts, false));
        let update = match request.send().await {
            Err(error) if is_busy(&error) => return Ok(false),
            answer => answer.at(&work.call.scope).map_err(|failure| failure.at(self.path()))?,
        };
        let target = Target::Addon(&self.name);
        work.finish(update.update.as_ref(), target, &what, &self.path()).await?;
        if let (Some(now), Some(there)) = (&change.identities, self.look(work).await?) {
            self.note_identities(work, &there, now);
        }
        Ok(true)
    }
}

#[async_trait]
impl<'w> Part<Work<'w>> for AddonPart {
    fn name(&self) -> String {
        part_name(&self.name)
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let there = work.see(|observed| self.there(observed));
        let Some((there, identities)) = there else { return Standing::Absent };
        let Some(addon) = self.wanted(work) else { return Standing::Different };
        let own = addon.tags.as_ref();
        let there_tags = tags(there.tags.as_ref());
        let usable = matches!(there.status(), Some(AddonStatus::Active | AddonStatus::Degraded));
        let fits = usable
            && next(&there, identities.as_ref(), addon, self.version.as_deref()).is_none()
            && work.tag_changes(own, self.tags_before(work), &there_tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(addon) = self.wanted(work) else { return Ok(()) };
        let own = work.see(|it| it.addons.get(&self.name).is_some_and(|item| item.own));
        match self.settled(work).await? {
            Some(there) if !own && !is_broken(&there) => {
                work.must_own(&self.what(), &tags(there.tags.as_ref()), self.path())?;
            }
            Some(there) if is_broken(&there) => {
                work.must_own(&self.what(), &tags(there.tags.as_ref()), self.path())?;
                tracing::info!("removing {}, whose making failed", self.what());
                self.remove(work).await?;
                self.make(work, addon).await?;
            }
            Some(_) => {}
            None => self.make(work, addon).await?,
        }
        let mut there = None;
        for version in self.steps(work) {
            let look = || async { self.settled(work).await?.ok_or_else(|| self.vanished(work)) };
            let next = |there: &Found| {
                let identities = work.see(|observed| {
                    observed.addon_identities.get(there.addon_arn().unwrap_or_default()).cloned()
                });
                next(there, identities.as_ref(), addon, version.as_deref())
            };
            let apply = |change| self.apply(work, addon, change);
            there = Some(work.converge(&self.what(), look, next, apply).await?);
        }
        let Some(mut there) = there else { return Ok(()) };
        let unwell = matches!(
            there.status(),
            Some(AddonStatus::CreateFailed | AddonStatus::UpdateFailed | AddonStatus::DeleteFailed)
        );
        if unwell {
            return Err(self.failed(work, &there));
        }
        let there_tags = tags(there.tags.as_ref());
        let changes = work.tag_changes(addon.tags.as_ref(), self.tags_before(work), &there_tags);
        work.retag(there.addon_arn().unwrap_or_default(), &changes).await?;
        there.tags = eks_tags(changes.applied(&there_tags));
        work.note(|observed| {
            observed.addons.insert(self.name.clone(), Item { found: there, own: true });
        });
        Ok(())
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let preserve = work.prior.addons.get(&self.name).is_some_and(|addon| addon.preserve);
        let request = work.eks().delete_addon().cluster_name(work.cluster());
        let request = request.addon_name(&self.name).preserve(preserve);
        let delete = || request.clone().send();
        let removed = work.remove_until_gone(&self.what(), || self.look(work), delete).await;
        removed.map_err(|failure| failure.at(self.path()))
    }
}

impl AddonPart {
    /// The versions to go through; just one, or none to go to where it stays as it is.
    fn steps(&self, work: &Work<'_>) -> Vec<Option<String>> {
        let Some(target) = &self.version else { return vec![None] };
        let current = work.see(|observed| self.there(observed));
        let current = current.and_then(|(there, _)| there.addon_version);
        let steps = match current {
            Some(current) if current != *target => {
                addon_versions::steps(&self.name, &current, target, &self.available)
            }
            _ => vec![target.clone()],
        };
        steps.into_iter().map(Some).collect()
    }
}

/// EKS can preserve what others have set only where there is something already.
fn conflicts(mode: &str, creating: bool) -> ResolveConflicts {
    match mode {
        "PRESERVE" if creating => ResolveConflicts::None,
        mode => ResolveConflicts::from(mode),
    }
}

fn identities(
    wanted: &BTreeMap<String, String>,
) -> Result<Option<Vec<AddonPodIdentityAssociations>>, Failure> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let made = wanted.iter().map(|(account, role)| {
        AddonPodIdentityAssociations::builder().service_account(account).role_arn(role).build()
    });
    let made: Result<Vec<_>, _> = made.collect();
    made.map(Some).map_err(|error| crate::error::incomplete(&error))
}

/// The add-ons that are the platform's own, and not wanted.
pub fn unwanted(observed: &Observed, wanted: &EksPlatform) -> BTreeSet<String> {
    let addons = observed.addons.iter();
    addons
        .filter(|(name, item)| (item.own || wanted.exclusive) && !wanted.addons.contains_key(*name))
        .map(|(name, _)| name.clone())
        .collect()
}

#[cfg(test)]
mod tests;
