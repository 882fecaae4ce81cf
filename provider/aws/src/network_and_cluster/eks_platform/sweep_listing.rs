//! What AWS still holds of a cluster: things that controllers inside have made, and that nobody
//! removes once the cluster is gone. They are known by the tags that these controllers set.

use std::fmt;

use aws_sdk_ec2::types::{Filter, Instance, Volume};
use futures::try_join;
use travel_framework::Failure;

use crate::consistency::Call;
use crate::ec2;
use crate::error::Reply;
use crate::tags::Tags;

/// How many things can be asked for their tags at once.
const TAGS_AT_ONCE: usize = 20;
/// The tag that the AWS Load Balancer Controller sets.
const LOAD_BALANCER_TAG: &str = "elbv2.k8s.aws/cluster";
/// The tag that the VPC CNI sets on network interfaces.
const INTERFACE_TAG: &str = "cluster.k8s.amazonaws.com/name";
/// The tag that EKS sets on the security group of a cluster.
const CLUSTER_GROUP_TAG: &str = "aws:eks:cluster-name";

/// Kinds of things that a cluster can leave behind, in the order in which they can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An instance that is no node of a managed node group.
    Instance,
    /// A load balancer, by its ARN.
    LoadBalancer,
    /// A load balancer of the first generation, by its name.
    ClassicLoadBalancer,
    /// A target group, by its ARN.
    TargetGroup,
    /// A network interface that nothing uses.
    Interface,
    /// A volume that does not go with its instance.
    Volume,
    /// A security group.
    SecurityGroup,
}

impl Kind {
    /// Whether a thing of this kind may hold data or do work that somebody wants.
    pub fn is_precious(self) -> bool {
        matches!(self, Self::Instance | Self::Volume)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::LoadBalancer | Self::ClassicLoadBalancer => "load balancer",
            Self::TargetGroup => "target group",
            Self::Interface => "network interface",
            Self::Volume => "volume",
            Self::SecurityGroup => "security group",
        }
    }
}

/// Something that a cluster has left behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// What it is removed by.
    pub id: String,
    /// More about it; may be empty.
    pub words: String,
}

impl fmt::Display for Thing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.words(), self.id)?;
        if self.words.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.words) }
    }
}

/// The tag by which AWS's controllers mark what is a cluster's.
pub fn cluster_tag(cluster: &str) -> String {
    format!("kubernetes.io/cluster/{cluster}")
}

/// Whether tags say that something is a cluster's own, rather than shared with it.
fn is_owned(tags: &Tags, cluster: &str) -> bool {
    tags.get(&cluster_tag(cluster)).is_some_and(|value| value == "owned")
        || tags.get(LOAD_BALANCER_TAG).is_some_and(|value| value == cluster)
}

/// Everything that a cluster has left behind.
///
/// # Errors
/// Where a call fails.
pub async fn list(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let (instances, volumes, interfaces, groups, balancers, targets, classic) = try_join!(
        instances(call, cluster),
        volumes(call, cluster),
        interfaces(call, cluster),
        security_groups(call, cluster),
        load_balancers(call, cluster),
        target_groups(call, cluster),
        classic_load_balancers(call, cluster),
    )?;
    let all = [instances, volumes, interfaces, groups, balancers, targets, classic];
    let mut things: Vec<Thing> = all.into_iter().flatten().collect();
    things.sort();
    Ok(things)
}

fn owned(cluster: &str) -> Filter {
    ec2::filter(&format!("tag:{}", cluster_tag(cluster)), "owned")
}

async fn instances(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let alive = ec2::any_of("instance-state-name", ["pending", "running", "stopping", "stopped"]);
    let request = call.scope.ec2().describe_instances().filters(owned(cluster)).filters(alive);
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let found = found.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default());
    Ok(found.filter_map(instance).collect())
}

/// An instance, unless it goes with its managed node group.
fn instance(instance: Instance) -> Option<Thing> {
    let tags = ec2::tags(instance.tags);
    let words = tags.get("Name").cloned().unwrap_or_default();
    let id = instance.instance_id?;
    let managed = tags.contains_key("eks:nodegroup-name");
    (!managed).then_some(Thing { kind: Kind::Instance, id, words })
}

async fn volumes(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let request = call.scope.ec2().describe_volumes().filters(owned(cluster));
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    Ok(found.into_iter().filter_map(volume).collect())
}

/// A volume, unless it goes with its instance.
fn volume(volume: Volume) -> Option<Thing> {
    let goes = volume.attachments().iter().any(|it| it.delete_on_termination() == Some(true));
    let tags = ec2::tags(volume.tags);
    let claim = |name: &str| tags.get(&format!("kubernetes.io/created-for/{name}")).cloned();
    let words = match (claim("pvc/namespace"), claim("pvc/name")) {
        (Some(namespace), Some(name)) => format!("claim {namespace}/{name}"),
        _ => tags.get("Name").cloned().unwrap_or_default(),
    };
    let id = volume.volume_id?;
    (!goes).then_some(Thing { kind: Kind::Volume, id, words })
}

async fn interfaces(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let request = call
        .scope
        .ec2()
        .describe_network_interfaces()
        .filters(ec2::filter(&format!("tag:{INTERFACE_TAG}"), cluster))
        .filters(ec2::filter("status", "available"));
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let things = found.into_iter().filter_map(|interface| {
        let words = interface.description.unwrap_or_default();
        Some(Thing { kind: Kind::Interface, id: interface.network_interface_id?, words })
    });
    Ok(things.collect())
}

/// The security groups that EKS and the load balancers' controllers have made. Others that bear
/// the cluster's tag were made by people.
async fn security_groups(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let keys = [cluster_tag(cluster), LOAD_BALANCER_TAG.to_owned(), CLUSTER_GROUP_TAG.to_owned()];
    let keys = ec2::any_of("tag-key", keys);
    let request = call.scope.ec2().describe_security_groups().filters(keys);
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let things = found.into_iter().filter_map(|group| {
        let name = group.group_name.unwrap_or_default();
        let tags = ec2::tags(group.tags);
        let by_controller = is_owned(&tags, cluster)
            && (tags.contains_key(LOAD_BALANCER_TAG) || name.starts_with("k8s-elb-"));
        let by_eks = tags.get(CLUSTER_GROUP_TAG).is_some_and(|value| value == cluster);
        let id = group.group_id?;
        (by_controller || by_eks).then_some(Thing { kind: Kind::SecurityGroup, id, words: name })
    });
    Ok(things.collect())
}

async fn load_balancers(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let request = call.scope.elbv2().describe_load_balancers();
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let arns = found.into_iter().filter_map(|balancer| balancer.load_balancer_arn).collect();
    tagged(call, cluster, arns, Kind::LoadBalancer).await
}

async fn target_groups(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let request = call.scope.elbv2().describe_target_groups();
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let arns = found.into_iter().filter_map(|group| group.target_group_arn).collect();
    tagged(call, cluster, arns, Kind::TargetGroup).await
}

/// Those whose tags say that they are the cluster's.
async fn tagged(
    call: &Call,
    cluster: &str,
    arns: Vec<String>,
    kind: Kind,
) -> Result<Vec<Thing>, Failure> {
    let gone = ["LoadBalancerNotFound", "TargetGroupNotFound"];
    let described = in_chunks(&arns, |some| async move {
        let request = call.scope.elbv2().describe_tags().set_resource_arns(Some(some));
        let found = request.send().await.found(&call.scope, &gone)?;
        Ok(found.map(|found| found.tag_descriptions.unwrap_or_default()))
    });
    let things = described.await?.into_iter().filter_map(|description| {
        let tags = description.tags.unwrap_or_default().into_iter();
        let tags = tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
        let id = description.resource_arn?;
        is_owned(&tags.collect(), cluster).then_some(Thing { kind, id, words: String::new() })
    });
    Ok(things.collect())
}

/// What is said of all these things, asked for many at once. One that is removed meanwhile fails
/// the whole question (none): then it is asked one by one.
async fn in_chunks<T, F>(
    names: &[String],
    ask: impl Fn(Vec<String>) -> F,
) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<Option<Vec<T>>, Failure>>,
{
    let mut said = Vec::new();
    for some in names.chunks(TAGS_AT_ONCE) {
        if let Some(all) = ask(some.to_vec()).await? {
            said.extend(all);
            continue;
        }
        for name in some {
            said.extend(ask(vec![name.clone()]).await?.unwrap_or_default());
        }
    }
    Ok(said)
}

async fn classic_load_balancers(call: &Call, cluster: &str) -> Result<Vec<Thing>, Failure> {
    let client = call.scope.elb();
    let request = client.describe_load_balancers();
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let names: Vec<String> = found.into_iter().filter_map(|it| it.load_balancer_name).collect();
    let described = in_chunks(&names, |some| async move {
        let request = client.describe_tags().set_load_balancer_names(Some(some));
        let found = request.send().await.found(&call.scope, &["LoadBalancerNotFound"])?;
        Ok(found.map(|found| found.tag_descriptions.unwrap_or_default()))
    });
    let things = described.await?.into_iter().filter_map(|description| {
        let tags = description.tags.unwrap_or_default().into_iter();
        let tags = tags.map(|tag| (tag.key, tag.value.unwrap_or_default()));
        let (kind, id) = (Kind::ClassicLoadBalancer, description.load_balancer_name?);
        is_owned(&tags.collect(), cluster).then_some(Thing { kind, id, words: String::new() })
    });
    Ok(things.collect())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Tag, VolumeAttachment};

    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag::builder().key(key).value(value).build()
    }

    #[test]
    fn nodes_of_managed_groups_go_with_them() {
        let base = || Instance::builder().instance_id("i-1").tags(tag("Name", "n"));
        let managed = base().tags(tag("eks:nodegroup-name", "g")).build();
        assert_eq!(instance(managed), None);
        assert_eq!(instance(base().build()).unwrap().to_string(), "instance i-1 (n)");
    }

    #[test]
    fn disks_go_with_their_instances_and_claims_do_not() {
        let attached = |goes| VolumeAttachment::builder().delete_on_termination(goes).build();
        let base = || Volume::builder().volume_id("vol-1");
        assert_eq!(volume(base().attachments(attached(true)).build()), None);
        let claim = base()
            .attachments(attached(false))
            .tags(tag("kubernetes.io/created-for/pvc/namespace", "shop"))
            .tags(tag("kubernetes.io/created-for/pvc/name", "data"));
        assert_eq!(volume(claim.build()).unwrap().to_string(), "volume vol-1 (claim shop/data)");
    }

    /// Asks about `count` things, of which those of these numbers are gone.
    async fn check_chunks(count: usize, gone: &[usize], questions: usize) {
        let name = |number: usize| format!("lb-{number}");
        let names: Vec<String> = (0..count).map(name).collect();
        let gone: Vec<String> = gone.iter().copied().map(name).collect();
        let asked = std::cell::Cell::new(0);
        let ask = async |some: Vec<String>| {
            asked.set(asked.get() + 1);
            Ok((!some.iter().any(|name| gone.contains(name))).then_some(some))
        };
        let said = in_chunks(&names, ask).await.unwrap();
        let left: Vec<String> = names.into_iter().filter(|name| !gone.contains(name)).collect();
        assert_eq!((said, asked.get()), (left, questions));
    }

    #[tokio::test]
    async fn one_that_is_gone_hides_no_other() {
        check_chunks(0, &[], 0).await;
        check_chunks(45, &[], 3).await;
        check_chunks(45, &[21], 3 + 20).await;
        check_chunks(2, &[0, 1], 1 + 2).await;
    }

    #[test]
    fn shared_is_not_owned() {
        let tags = |key: &str, value: &str| Tags::from([(key.to_owned(), value.to_owned())]);
        for (tags, owned) in [
            (tags("kubernetes.io/cluster/main", "owned"), true),
            (tags("kubernetes.io/cluster/main", "shared"), false),
            (tags("kubernetes.io/cluster/other", "owned"), false),
            (tags(LOAD_BALANCER_TAG, "main"), true),
            (tags(LOAD_BALANCER_TAG, "other"), false),
        ] {
            assert_eq!(is_owned(&tags, "main"), owned, "{tags:?}");
        }
    }
}
