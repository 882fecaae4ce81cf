//! Sweeping away what a cluster has left behind, and refusing where that may be wanted.

use async_trait::async_trait;
use aws_sdk_eks::types::Nodegroup;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::EksPlatform;
use super::observed::{Item, Observed};
use super::sweep_listing::{Kind, Thing, cluster_tag, list};
use super::work::Work;
use crate::consistency::Call;
use crate::error::{Answer, Reply, failure, is_code};

/// The sweep once the nodes are gone, while there is still a cluster to tell of its progress.
pub const LEFT_BY_NODES: &str = "left_by_nodes";
/// The sweep once the cluster is gone, when nobody makes anything any more.
pub const REMAINS: &str = "remains";

/// What says that something is gone already.
const GONE: [&str; 8] = [
    "InvalidInstanceID.NotFound",
    "InvalidVolume.NotFound",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidNetworkInterfaceId.NotFound",
    "InvalidGroup.NotFound",
    "InvalidGroupId.NotFound",
    "LoadBalancerNotFound",
    "TargetGroupNotFound",
];
/// What says that something else still holds on to it.
const BUSY: [&str; 6] = [
    "DependencyViolation",
    "ResourceInUse",
    "InvalidParameterValue",
    "InvalidNetworkInterface.InUse",
    "VolumeInUse",
    "IncorrectState",
];

/// A sweep.
pub struct SweepPart {
    /// Which one.
    pub name: &'static str,
}

#[async_trait]
impl<'w> Part<Work<'w>> for SweepPart {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    /// What there is shows only when it is looked for.
    fn observe(&self, _work: &Work<'w>) -> Standing {
        Standing::Different
    }

    async fn ensure(&self, _work: &Work<'w>) -> Result<(), Failure> {
        Ok(())
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let (call, cluster) = (work.call, work.cluster());
        let what = format!("what cluster {cluster} has left behind to be gone");
        call.wait_until(&what, Pace::SLOW, || async {
            let mut left = list(call, cluster).await?;
            // While there is a cluster, its security groups are EKS's to remove.
            if self.name == LEFT_BY_NODES {
                left.retain(|thing| thing.kind != Kind::SecurityGroup);
            }
            if !work.wanted.force_destroy {
                refuse(call, work.wanted, &left, Vec::new())?;
            }
            for thing in &left {
                tracing::info!("removing {thing}, left by cluster {cluster}");
                remove(call, thing).await?;
            }
            Ok(match left.as_slice() {
                [] => Look::Done(()),
                left => {
                    let words: Vec<String> = left.iter().map(ToString::to_string).collect();
                    Look::Pending(words.join(", "))
                }
            })
        })
        .await
    }
}

/// Refuses to go on where something stands that is not for the platform to remove: before anything
/// is changed.
///
/// # Errors
/// That refusal, with a list; or where a call fails.
pub async fn check(
    call: &Call,
    platform: &EksPlatform,
    observed: &Observed,
) -> Result<(), Failure> {
    let Some(cluster) = &observed.cluster else { return Ok(()) };
    if cluster.deletion_protection() == Some(true) {
        return Err(Diagnostic::error(
            format!("cluster {} is protected", platform.name),
            format!(
                "Somebody has protected it from deletion ({}). Take the protection away, with an \
                 apply of deletion_protection = false.",
                call.scope.place(),
            ),
        )
        .at_attribute("deletion_protection")
        .into());
    }
    if platform.force_destroy {
        return Ok(());
    }
    let groups = observed.node_groups.iter().filter(|(_, item)| !item.own);
    let groups = groups.map(|(name, _): (&String, &Item<Nodegroup>)| format!("node group {name}"));
    let mut more: Vec<String> = groups.collect();
    more.extend(
        fargate_profiles(call, platform).await?.iter().map(|it| format!("Fargate profile {it}")),
    );
    refuse(call, platform, &list(call, &platform.name).await?, more)
}

fn refuse(
    call: &Call,
    platform: &EksPlatform,
    left: &[Thing],
    more: Vec<String>,
) -> Result<(), Failure> {
    let precious = left.iter().filter(|thing| thing.kind.is_precious()).map(ToString::to_string);
    let names: Vec<String> = precious.chain(more).map(|name| format!("- {name}")).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Diagnostic::error(
        format!("cluster {} still holds what may be wanted", platform.name),
        format!(
            "These are the cluster's, and the platform has not made them ({}):\n{}\nRemove them \
             where they come from (drain claims, NodePools and node groups), take the tag {} from \
             what is to stay, or apply force_destroy = true to have them removed with the cluster.",
            call.scope.place(),
            names.join("\n"),
            cluster_tag(&platform.name),
        ),
    )
    .at_attribute("force_destroy")
    .into())
}

/// The Fargate profiles of a cluster, which nobody here makes.
///
/// # Errors
/// Where a call fails.
async fn fargate_profiles(call: &Call, platform: &EksPlatform) -> Result<Vec<String>, Failure> {
    let request = call.scope.eks().list_fargate_profiles().cluster_name(&platform.name);
    let found = request.into_paginator().items().send().try_collect().await;
    Ok(found.found(&call.scope, &["ResourceNotFoundException"])?.unwrap_or_default())
}

/// Removes the Fargate profiles of a cluster, which it could not be deleted with: one at a time, as
/// EKS wants it.
///
/// # Errors
/// Where a call fails.
pub async fn remove_fargate_profiles(call: &Call, platform: &EksPlatform) -> Result<(), Failure> {
    let what = format!("the Fargate profiles of cluster {} to be gone", platform.name);
    call.wait_until(&what, Pace::SLOW, || async {
        let left = fargate_profiles(call, platform).await?;
        let Some(first) = left.first() else { return Ok(Look::Done(())) };
        let request = call.scope.eks().delete_fargate_profile().cluster_name(&platform.name);
        match request.fargate_profile_name(first).send().await {
            Err(error) if super::work::is_busy(&error) => {}
            answer => {
                answer.found(&call.scope, &["ResourceNotFoundException"])?;
            }
        }
        Ok(Look::Pending(left.join(", ")))
    })
    .await
}

/// Asks for something to be removed. What is gone already, or still in use, is no error.
async fn remove(call: &Call, thing: &Thing) -> Result<(), Failure> {
    let (ec2, id) = (call.scope.ec2(), thing.id.as_str());
    match thing.kind {
        Kind::Instance => done(call, ec2.terminate_instances().instance_ids(id).send().await),
        Kind::Volume => done(call, ec2.delete_volume().volume_id(id).send().await),
        Kind::Interface => {
            done(call, ec2.delete_network_interface().network_interface_id(id).send().await)
        }
        Kind::SecurityGroup => done(call, ec2.delete_security_group().group_id(id).send().await),
        Kind::LoadBalancer => {
            let client = call.scope.elbv2();
            done(call, client.delete_load_balancer().load_balancer_arn(id).send().await)
        }
        Kind::TargetGroup => {
            let client = call.scope.elbv2();
            done(call, client.delete_target_group().target_group_arn(id).send().await)
        }
        Kind::ClassicLoadBalancer => {
            let client = call.scope.elb();
            done(call, client.delete_load_balancer().load_balancer_name(id).send().await)
        }
    }
}

fn done<T, E>(call: &Call, answer: Answer<T, E>) -> Result<(), Failure>
where
    E: std::error::Error + aws_smithy_types::error::metadata::ProvideErrorMetadata + 'static,
{
    match answer {
        Err(error) if !is_code(&error, &GONE) && !is_code(&error, &BUSY) => {
            Err(failure(&error, &call.scope.place()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
