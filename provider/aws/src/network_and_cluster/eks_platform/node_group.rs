//! Managed node groups. What cannot be changed about one is part of its name, so that a group to
//! take its place can be made beside it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_eks::types::{
    AmiTypes, CapacityTypes, NodeRepairConfig, Nodegroup, NodegroupScalingConfig, NodegroupStatus,
    NodegroupUpdateConfig, TaintEffect,
};
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_value::Path;

use super::changes::set;
use super::health::Health;
use super::node_group_changes::{self as changes, Change};
use super::observed::{Item, tags};
use super::role_names::{Kind, digest};
use super::work::{Target, Work, eks_tags, is_busy, is_unseen_role};
use super::{NodeGroup, Taint};
use crate::consistency::Call;
use crate::error::Reply;
use crate::tags::{PART_TAG, Tags};

/// The longest key: a name at EKS has 63 characters, of which nine are the mark.
pub const LONGEST_KEY: usize = 54;
/// The attributes that cannot be changed.
pub const FIXED: [&str; 5] =
    ["instance_types", "capacity_type", "ami_type", "disk_size_gib", "subnet_ids"];

/// The name of a node group at EKS: its key, and a digest of what cannot be changed.
pub fn name(key: &str, group: &NodeGroup, role_arn: &str) -> String {
    let NodeGroup { instance_types, capacity_type, ami_type, disk_size_gib, subnet_ids, .. } =
        group;
    let subnets: Vec<&str> = subnet_ids.iter().flatten().map(String::as_str).collect();
    let fixed = [
        instance_types.join(","),
        capacity_type.clone(),
        ami_type.clone(),
        disk_size_gib.to_string(),
        subnets.join(","),
        role_arn.to_owned(),
    ];
    format!("{key}-{}", digest(&fixed.join("|")))
}

/// The key of a node group, by its tag; the name of one that was not made here.
pub fn key(found: &Nodegroup) -> String {
    let name = found.nodegroup_name().unwrap_or_default();
    let tag = found.tags().and_then(|tags| tags.get(PART_TAG));
    let key = tag.and_then(|part| part.strip_prefix("node_group/"));
    key.unwrap_or(name).to_owned()
}

/// Whether a node group never will be of use: its making or removal failed, or is under way.
pub fn is_broken(found: &Nodegroup) -> bool {
    matches!(
        found.status(),
        Some(
            NodegroupStatus::CreateFailed
                | NodegroupStatus::DeleteFailed
                | NodegroupStatus::Deleting
        )
    )
}

/// A node group as EKS describes it; none where there is none of this name.
///
/// # Errors
/// Where the call fails.
pub async fn describe(
    call: &Call,
    cluster: &str,
    name: &str,
) -> Result<Option<Nodegroup>, Failure> {
    let request = call.scope.eks().describe_nodegroup().cluster_name(cluster).nodegroup_name(name);
    let found = request.send().await.found(&call.scope, &["ResourceNotFoundException"])?;
    Ok(found.and_then(|found| found.nodegroup))
}

/// A node group as the state has it. `known` is what was known of it: what EKS does not tell stays
/// as it was.
pub fn state(found: &Nodegroup, known: Option<&NodeGroup>) -> NodeGroup {
    let scaling = found.scaling_config();
    let size = |size: Option<i32>| size.and_then(|size| u32::try_from(size).ok());
    let update = found.update_config();
    let unavailable = update.and_then(|update| size(update.max_unavailable()));
    // One node at a time is what EKS does where nobody says.
    let said = known.is_some_and(|known| known.max_unavailable.is_some());
    let unavailable = unavailable.filter(|count| said || *count != 1);
    let taints = found.taints().iter().map(|taint| Taint {
        key: taint.key().unwrap_or_default().to_owned(),
        value: taint.value().unwrap_or_default().to_owned(),
        effect: taint.effect().map(TaintEffect::as_str).unwrap_or_default().to_owned(),
    });
    NodeGroup {
        instance_types: match found.instance_types() {
            [] => known.map(|known| known.instance_types.clone()).unwrap_or_default(),
            types => types.to_vec(),
        },
        capacity_type: found.capacity_type().map_or("ON_DEMAND", CapacityTypes::as_str).to_owned(),
        ami_type: found.ami_type().map_or("CUSTOM", AmiTypes::as_str).to_owned(),
        disk_size_gib: size(found.disk_size())
            .or_else(|| known.map(|known| known.disk_size_gib))
            .unwrap_or(20),
        subnet_ids: Some(set(found.subnets())),
        labels: tags(found.labels.as_ref()),
        taints: taints.collect(),
        min_size: size(scaling.and_then(|scaling| scaling.min_size())).unwrap_or_default(),
        max_size: size(scaling.and_then(|scaling| scaling.max_size())).unwrap_or_default(),
        desired_size: known.and_then(|known| known.desired_size),
        max_unavailable: unavailable,
        max_unavailable_percentage: update
            .and_then(|update| size(update.max_unavailable_percentage())),
        auto_repair: found.node_repair_config().and_then(|it| it.enabled()).unwrap_or(false),
        force_update: known.is_some_and(|known| known.force_update),
        version: found.version().map(str::to_owned),
        release_version: found.release_version().map(str::to_owned),
        tags: own_tags(&tags(found.tags.as_ref()), known.and_then(|known| known.tags.as_ref())),
        name: found.nodegroup_name().map(str::to_owned),
        arn: found.nodegroup_arn().map(str::to_owned),
    }
}

/// The tags that a part has beside those of all parts, as they are.
pub fn own_tags(there: &Tags, known: Option<&Tags>) -> Option<Tags> {
    let known = known?;
    let tags = there.iter().filter(|(key, _)| known.contains_key(*key));
    Some(tags.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// A node group: one that is wanted, or one that is to go.
pub struct NodeGroupPart {
    /// Its name at EKS.
    pub name: String,
    /// Its key, where it is wanted.
    pub key: Option<String>,
}

/// The name of the part of a node group.
pub fn part_name(name: &str) -> String {
    format!("node_group/{name}")
}

impl NodeGroupPart {
    fn wanted<'a>(&self, work: &'a Work<'_>) -> Option<&'a NodeGroup> {
        work.wanted.node_groups.get(self.key.as_ref()?)
    }

    fn there(&self, work: &Work<'_>) -> Option<Nodegroup> {
        work.see(|observed| observed.node_groups.get(&self.name).map(|item| item.found.clone()))
    }

    fn what(&self) -> String {
        format!("node group {}", self.name)
    }

    fn path(&self) -> Path {
        match &self.key {
            Some(key) => Path::attribute("node_groups").key(key),
            None => Path::attribute("node_groups"),
        }
    }

    /// The tags beside those of all parts, with the one that says which part it is.
    fn own_tags(&self, group: &NodeGroup) -> Tags {
        let mut tags = group.tags.clone().unwrap_or_default();
        let key = self.key.as_deref().unwrap_or_default();
        tags.insert(PART_TAG.to_owned(), format!("node_group/{key}"));
        tags
    }

    fn tags_before<'a>(&self, work: &'a Work<'_>) -> Option<&'a Tags> {
        work.prior.node_groups.get(self.key.as_ref()?)?.tags.as_ref()
    }

    async fn look(&self, work: &Work<'_>) -> Result<Option<Nodegroup>, Failure> {
        let found = describe(work.call, work.cluster(), &self.name).await?;
        let there = |found: &Nodegroup| tags(found.tags.as_ref());
        work.note(|observed| {
            let groups = &mut observed.node_groups;
            Item::renew(groups, &self.name, found.clone(), there, &work.call.claim);
        });
        Ok(found)
    }

    /// The group once EKS is not changing it; none where there is none. One whose making failed
    /// is removed.
    async fn settled(&self, work: &Work<'_>) -> Result<Option<Nodegroup>, Failure> {
        let there = self.unchanging(work).await?;
        match there {
            Some(there) if is_broken(&there) => {
                work.must_own(&self.what(), &tags(there.tags.as_ref()), self.path())?;
                tracing::info!("removing {}, whose making failed", self.what());
                self.remove(work).await?;
                Ok(None)
            }
            there => Ok(there),
        }
    }

    async fn unchanging(&self, work: &Work<'_>) -> Result<Option<Nodegroup>, Failure> {
        work.call
            .wait_until(&self.what(), Pace::SLOW, || async {
                let there = self.look(work).await?;
                Ok(match &there {
                    Some(found) => match found.status() {
                        Some(
                            NodegroupStatus::Creating
                            | NodegroupStatus::Updating
                            | NodegroupStatus::Deleting,
                        ) => Look::Pending(found.words()),
                        _ => Look::Done(there),
                    },
                    None => Look::Done(None),
                })
            })
            .await
    }

    async fn make(&self, work: &Work<'_>, group: &NodeGroup) -> Result<(), Failure> {
        let request = self.creation(work, group);
        let (cluster, what) = (work.cluster(), self.what());
        let exists = || async { Ok(describe(work.call, cluster, &self.name).await?.is_some()) };
        let made = work.make(&what, is_unseen_role, exists, || request.clone().send()).await;
        made.map_err(|failure| failure.at(self.path()))?;
        let there = self.unchanging(work).await?;
        let Some(there) = there else { return Err(self.vanished(work)) };
        work.must_own(&what, &tags(there.tags.as_ref()), self.path())?;
        if is_broken(&there) {
            return Err(work.not_made(&what, &there).at(self.path()).into());
        }
        Ok(())
    }

    fn creation(&self, work: &Work<'_>, group: &NodeGroup) -> CreationRequest {
        let subnets = group.subnet_ids.as_ref().unwrap_or(&work.wanted.subnet_ids);
        work.eks()
            .create_nodegroup()
            .cluster_name(work.cluster())
            .nodegroup_name(&self.name)
            .node_role(role_arn(work))
            .set_subnets(Some(subnets.iter().cloned().collect()))
            .set_instance_types(Some(group.instance_types.clone()))
            .capacity_type(CapacityTypes::from(group.capacity_type.as_str()))
            .ami_type(AmiTypes::from(group.ami_type.as_str()))
            .disk_size(number(group.disk_size_gib))
            .scaling_config(scaling(group, group.desired_size.unwrap_or(group.min_size)))
            .update_config(update_config(group))
            .node_repair_config(repair(group))
            .set_labels(Some(group.labels.clone().into_iter().collect()))
            .set_taints(Some(group.taints.iter().map(changes::taint).collect()))
            .set_version(group.version.clone().or_else(|| Some(work.wanted.version.clone())))
            .set_release_version(group.release_version.clone())
            .set_tags(eks_tags(work.tags(Some(&self.own_tags(group)))))
    }

    fn vanished(&self, work: &Work<'_>) -> Failure {
        work.vanished(&self.what()).at(self.path()).into()
    }

    async fn apply(
        &self,
        work: &Work<'_>,
        group: &NodeGroup,
        change: Change,
    ) -> Result<bool, Failure> {
        let what = format!("the change of {}", self.what());
        tracing::info!("changing {}: {}", self.what(), change.words());
        let update = match &change {
            Change::Version { version, release_version } => {
                let request = work.eks().update_nodegroup_version().cluster_name(work.cluster());
                let request = request
                    .nodegroup_name(&self.name)
                    .set_version(version.clone())
                    .set_release_version(release_version.clone())
                    .force(group.force_update);
                match request.send().await {
                    Err(error) if is_busy(&error) => return Ok(false),
                    answer => answer.at(&work.call.scope).map(|answer| answer.update),
                }
            }
            Change::Config(config) => {
                let there = self.there(work);
                let size = there.as_ref().and_then(|there| there.scaling_config());
                let size = size.and_then(|size| size.desired_size()).unwrap_or_default();
                let size = u32::try_from(size).unwrap_or_default();
                let size = size.clamp(group.min_size, group.max_size.max(group.min_size));
                let request = work.eks().update_nodegroup_config().cluster_name(work.cluster());
                let request = request
                    .nodegroup_name(&self.name)
                    .set_labels(config.labels.clone())
                    .set_taints(config.taints.clone())
                    .set_scaling_config(config.scaling.then(|| scaling(group, size)))
                    .set_update_config(config.update.then(|| update_config(group)))
                    .set_node_repair_config(config.repair.then(|| repair(group)));
                match request.send().await {
                    Err(error) if is_busy(&error) => return Ok(false),
                    answer => answer.at(&work.call.scope).map(|answer| answer.update),
                }
            }
        };
        let update = update.map_err(|failure| failure.at(self.path()))?;
        work.finish(update.as_ref(), Target::NodeGroup(&self.name), &what, &self.path()).await?;
        Ok(true)
    }
}

type CreationRequest =
    aws_sdk_eks::operation::create_nodegroup::builders::CreateNodegroupFluentBuilder;

#[async_trait]
impl<'w> Part<Work<'w>> for NodeGroupPart {
    fn name(&self) -> String {
        part_name(&self.name)
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let Some(group) = self.wanted(work) else { return Standing::Different };
        let own = self.own_tags(group);
        let there_tags = tags(there.tags.as_ref());
        let usable =
            matches!(there.status(), Some(NodegroupStatus::Active | NodegroupStatus::Degraded));
        let fits = usable
            && changes::next(&there, group, &work.wanted.version).is_none()
            && work.tag_changes(Some(&own), self.tags_before(work), &there_tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(group) = self.wanted(work) else { return Ok(()) };
        let own = work.see(|it| it.node_groups.get(&self.name).is_some_and(|item| item.own));
        match self.settled(work).await? {
            Some(there) if !own => {
                work.must_own(&self.what(), &tags(there.tags.as_ref()), self.path())?;
            }
            Some(_) => {}
            None => self.make(work, group).await?,
        }
        let look = || async { self.unchanging(work).await?.ok_or_else(|| self.vanished(work)) };
        let next = |there: &Nodegroup| changes::next(there, group, &work.wanted.version);
        let apply = |change| self.apply(work, group, change);
        let mut there = work.converge(&self.what(), look, next, apply).await?;
        let there_tags = tags(there.tags.as_ref());
        let own = self.own_tags(group);
        let changes = work.tag_changes(Some(&own), self.tags_before(work), &there_tags);
        work.retag(there.nodegroup_arn().unwrap_or_default(), &changes).await?;
        there.tags = eks_tags(changes.applied(&there_tags));
        let item = Item { found: there, own: true };
        work.note(|observed| {
            observed.node_groups.insert(self.name.clone(), item);
        });
        Ok(())
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let request = work.eks().delete_nodegroup().cluster_name(work.cluster());
        let request = request.nodegroup_name(&self.name);
        let delete = || request.clone().send();
        let removed = work.remove_until_gone(&self.what(), || self.look(work), delete).await;
        removed.map_err(|failure| failure.at(self.path()))
    }
}

/// The ARN of the nodes' role: the one given, or the platform's own.
fn role_arn(work: &Work<'_>) -> String {
    work.wanted
        .node_role_arn
        .clone()
        .unwrap_or_else(|| Kind::Node.arn(work.cluster(), &work.call.scope))
}

fn number(size: u32) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

fn scaling(group: &NodeGroup, desired: u32) -> NodegroupScalingConfig {
    NodegroupScalingConfig::builder()
        .min_size(number(group.min_size))
        .max_size(number(group.max_size))
        .desired_size(number(desired))
        .build()
}

fn update_config(group: &NodeGroup) -> NodegroupUpdateConfig {
    let percentage = group.max_unavailable_percentage.map(number);
    let count = match percentage {
        Some(_) => None,
        None => Some(group.max_unavailable.map_or(1, number)),
    };
    NodegroupUpdateConfig::builder()
        .set_max_unavailable(count)
        .set_max_unavailable_percentage(percentage)
        .build()
}

fn repair(group: &NodeGroup) -> NodeRepairConfig {
    NodeRepairConfig::builder().enabled(group.auto_repair).build()
}

/// The names at EKS of the node groups that are wanted, by key.
pub fn wanted_names(work: &Work<'_>) -> BTreeMap<String, String> {
    let role = role_arn(work);
    let groups = work.wanted.node_groups.iter();
    groups
        .map(|(key, group)| {
            let computed = || name(key, group, &role);
            (key.clone(), group.name.clone().unwrap_or_else(computed))
        })
        .collect()
}

/// The node groups that are the platform's own, and not wanted.
pub fn unwanted(work: &Work<'_>, wanted: &BTreeMap<String, String>) -> BTreeSet<String> {
    let wanted: BTreeSet<&String> = wanted.values().collect();
    let exclusive = work.wanted.exclusive;
    work.see(|observed| {
        let groups = observed.node_groups.iter();
        groups
            .filter(|(name, item)| (item.own || exclusive) && !wanted.contains(name))
            .map(|(name, _)| name.clone())
            .collect()
    })
}

#[cfg(test)]
mod tests;
