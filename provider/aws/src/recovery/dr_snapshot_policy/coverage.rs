//! Which volumes are taken snapshots of: by this policy, by others, and by none.
//!
//! Everything is listed in bulk; only what other policies are for takes a call each, since DLM's
//! list does not say it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dlm::types::{
    GettablePolicyStateValues, PolicyDetails, PolicyTypeValues, ResourceTypeValues,
};
use aws_sdk_ec2::types::{Instance, Volume, VolumeState};
use futures::{StreamExt as _, TryStreamExt as _};
use travel_framework::Failure;

use super::details::target_tags;
use super::observed;
use crate::Scope;
use crate::error::Reply;

/// How many policies are read at once.
const CONCURRENCY: usize = 4;

/// Which volumes of an account and region are taken snapshots of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Those that this policy is for.
    pub own: BTreeSet<String>,
    /// Those that no enabled policy is for.
    pub uncovered: BTreeSet<String>,
    /// The other enabled policies.
    pub others: BTreeSet<String>,
}

/// The tags that a policy wants, any one of them.
type TargetTags = BTreeMap<String, BTreeSet<String>>;

/// What a policy is for.
#[derive(Clone, Debug)]
enum Target {
    /// Volumes with one of these tags.
    Volumes(TargetTags),
    /// The volumes of instances with one of these tags, but for those with one of the others.
    Instances { tags: TargetTags, boot: bool, without: TargetTags },
    /// All volumes but some: a default policy.
    All { boot: bool, without_types: BTreeSet<String>, without: TargetTags },
}

impl Target {
    fn of(details: &PolicyDetails) -> Option<Self> {
        let pairs = |tags: Option<&Vec<aws_sdk_dlm::types::Tag>>| {
            let details = PolicyDetails::builder().set_target_tags(tags.cloned()).build();
            target_tags(&details)
        };
        let kinds = details.resource_types.as_deref().unwrap_or_default();
        if details.resource_type == Some(ResourceTypeValues::Volume) {
            let exclusions = details.exclusions.as_ref();
            let types = exclusions.and_then(|it| it.exclude_volume_types.clone());
            return Some(Self::All {
                boot: exclusions.and_then(|it| it.exclude_boot_volumes) != Some(true),
                without_types: types.unwrap_or_default().into_iter().collect(),
                without: pairs(exclusions.and_then(|it| it.exclude_tags.as_ref())),
            });
        }
        if kinds.contains(&ResourceTypeValues::Volume) {
            return Some(Self::Volumes(target_tags(details)));
        }
        let parameters = details.parameters.as_ref();
        kinds.contains(&ResourceTypeValues::Instance).then(|| Self::Instances {
            tags: target_tags(details),
            boot: parameters.and_then(|it| it.exclude_boot_volume) != Some(true),
            without: pairs(parameters.and_then(|it| it.exclude_data_volume_tags.as_ref())),
        })
    }

    fn needs_instances(&self) -> bool {
        matches!(self, Self::Instances { .. } | Self::All { boot: false, .. })
    }

    /// Whether the policy takes snapshots of a volume, which hangs on these instances.
    fn covers(&self, volume: &Volume, instances: &[Attachment<'_>]) -> bool {
        let is_boot = instances.iter().any(|attachment| attachment.boot);
        match self {
            Self::Volumes(tags) => has_any(tags, volume.tags()),
            Self::All { boot, without_types, without } => {
                let kind = volume.volume_type.as_ref().map(|kind| kind.as_str());
                (*boot || !is_boot)
                    && !kind.is_some_and(|kind| without_types.contains(kind))
                    && !has_any(without, volume.tags())
            }
            Self::Instances { tags, boot, without } => instances.iter().any(|attachment| {
                let wanted = if attachment.boot { *boot } else { !has_any(without, volume.tags()) };
                wanted && has_any(tags, attachment.instance.tags())
            }),
        }
    }
}

/// An instance that a volume hangs on.
struct Attachment<'a> {
    instance: &'a Instance,
    boot: bool,
}

fn has_any(wanted: &TargetTags, tags: &[aws_sdk_ec2::types::Tag]) -> bool {
    tags.iter().any(|tag| {
        let values = tag.key().and_then(|key| wanted.get(key));
        values.is_some_and(|values| values.contains(tag.value().unwrap_or_default()))
    })
}

/// Looks which volumes are taken snapshots of. `own` is what the policy itself is for, and whether
/// it is at work.
///
/// # Errors
/// Where a call fails.
pub async fn find(
    scope: &Scope,
    own_id: Option<&str>,
    own: &TargetTags,
    enabled: bool,
) -> Result<Coverage, Failure> {
    let (targets, volumes) =
        futures::join!(Box::pin(other_targets(scope, own_id)), Box::pin(volumes(scope)));
    let (targets, volumes) = (targets?, volumes?);
    let needed = targets.values().flatten().any(Target::needs_instances);
    let instances = if needed { Box::pin(instances(scope)).await? } else { Vec::new() };
    let mut coverage = Coverage { others: targets.keys().cloned().collect(), ..Default::default() };
    for volume in &volumes {
        let Some(id) = volume.volume_id.clone() else { continue };
        let attachments = attachments(&id, &instances);
        let is_own = enabled && has_any(own, volume.tags());
        let covers = |target: &Target| target.covers(volume, &attachments);
        if is_own {
            coverage.own.insert(id);
        } else if !targets.values().flatten().any(covers) {
            coverage.uncovered.insert(id);
        }
    }
    Ok(coverage)
}

fn attachments<'a>(volume: &str, instances: &'a [Instance]) -> Vec<Attachment<'a>> {
    let attached = instances.iter().flat_map(|instance| {
        instance.block_device_mappings().iter().map(move |device| (instance, device))
    });
    attached
        .filter(|(_, device)| device.ebs().and_then(|ebs| ebs.volume_id()) == Some(volume))
        .map(|(instance, device)| Attachment {
            instance,
            boot: device.device_name() == instance.root_device_name(),
        })
        .collect()
}

/// What the other enabled policies are for, by their ids.
async fn other_targets(
    scope: &Scope,
    own_id: Option<&str>,
) -> Result<BTreeMap<String, Option<Target>>, Failure> {
    let all = observed::summaries(scope).await?;
    let ids = all.into_iter().filter_map(|summary| {
        let takes = summary.policy_type == Some(PolicyTypeValues::EbsSnapshotManagement);
        let works = summary.state == Some(GettablePolicyStateValues::Enabled);
        summary.policy_id.filter(|id| takes && works && own_id != Some(id))
    });
    let ids: Vec<String> = ids.collect();
    let read = futures::stream::iter(ids).map(|id| async move {
        let answer = scope.dlm().get_lifecycle_policy().policy_id(&id).send().await;
        // One that is gone since it was listed covers nothing.
        let answer = answer.found(scope, &["ResourceNotFoundException"])?;
        let details = answer.and_then(|it| it.policy).and_then(|it| it.policy_details);
        Ok::<_, Failure>((id, details.as_ref().and_then(Target::of)))
    });
    read.buffer_unordered(CONCURRENCY).try_collect().await
}

async fn volumes(scope: &Scope) -> Result<Vec<Volume>, Failure> {
    let pages = scope.ec2().describe_volumes().max_results(500).into_paginator().items().send();
    let all: Vec<Volume> = pages.try_collect().await.at(scope)?;
    let going = |volume: &Volume| {
        matches!(volume.state, Some(VolumeState::Deleting | VolumeState::Deleted))
    };
    Ok(all.into_iter().filter(|volume| !going(volume)).collect())
}

async fn instances(scope: &Scope) -> Result<Vec<Instance>, Failure> {
    let pages = scope.ec2().describe_instances().max_results(500).into_paginator().items().send();
    let reservations = pages.try_collect().await.at(scope)?;
    Ok(reservations.into_iter().flat_map(|it| it.instances.unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{EbsInstanceBlockDevice, InstanceBlockDeviceMapping, Tag, VolumeType};

    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> TargetTags {
        let one = |(key, value): &(&str, &str)| ((*key).to_owned(), [(*value).to_owned()].into());
        pairs.iter().map(one).collect()
    }

    fn tag(key: &str, value: &str) -> Tag {
        Tag::builder().key(key).value(value).build()
    }

    fn volume(id: &str, value: &str) -> Volume {
        Volume::builder().volume_id(id).volume_type(VolumeType::Gp3).tags(tag("b", value)).build()
    }

    fn instance() -> Instance {
        let device = |name: &str, volume: &str| {
            let ebs = EbsInstanceBlockDevice::builder().volume_id(volume).build();
            InstanceBlockDeviceMapping::builder().device_name(name).ebs(ebs).build()
        };
        Instance::builder()
            .root_device_name("/dev/xvda")
            .block_device_mappings(device("/dev/xvda", "vol-boot"))
            .block_device_mappings(device("/dev/xvdb", "vol-data"))
            .tags(tag("i", "1"))
            .build()
    }

    fn check(target: &Target, volume: &Volume, covered: bool) {
        let instances = [instance()];
        let attachments = attachments(volume.volume_id().unwrap(), &instances);
        assert_eq!(target.covers(volume, &attachments), covered, "{target:?} {volume:?}");
    }

    #[test]
    fn a_policy_covers_what_it_is_for() {
        let (boot, data, loose) =
            (volume("vol-boot", "1"), volume("vol-data", "2"), volume("vol-loose", "1"));
        let by_tag = Target::Volumes(tags(&[("b", "1"), ("c", "1")]));
        for (volume, covered) in [(&boot, true), (&data, false), (&loose, true)] {
            check(&by_tag, volume, covered);
        }
        let of_instances = |boot, without: &[(&str, &str)]| Target::Instances {
            tags: tags(&[("i", "1")]),
            boot,
            without: tags(without),
        };
        check(&of_instances(true, &[]), &boot, true);
        check(&of_instances(true, &[]), &loose, false);
        check(&of_instances(false, &[]), &boot, false);
        check(&of_instances(false, &[]), &data, true);
        check(&of_instances(true, &[("b", "2")]), &data, false);
        let all = |boot, types: &[&str]| Target::All {
            boot,
            without_types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            without: tags(&[("b", "2")]),
        };
        check(&all(true, &[]), &boot, true);
        check(&all(false, &[]), &boot, false);
        check(&all(true, &[]), &data, false);
        check(&all(true, &["gp3"]), &loose, false);
    }
}
