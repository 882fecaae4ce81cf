//! The cluster itself: its making, its changes, its end.

use std::collections::BTreeSet;
use std::error::Error;

use async_trait::async_trait;
use aws_sdk_eks::types::{
    AuthenticationMode, Cluster, ClusterStatus, CreateAccessConfigRequest, EncryptionConfig,
    IpFamily, KubernetesNetworkConfigRequest, LogSetup, LogType, Logging, Provider, SupportType,
    UpdateAccessConfigRequest, UpgradePolicyRequest, VpcConfigRequest, ZonalShiftConfigRequest,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_value::Path;

use super::changes::{self, Change};
use super::health::Health;
use super::observed::tags;
use super::role_names::Kind;
use super::work::{Target, Work, eks_tags, is_busy, is_unseen_role};
use super::{EksPlatform, listing, upgrade};
use crate::error::failure;

/// The name of the part.
pub const NAME: &str = "cluster";

/// The cluster.
pub struct ClusterPart;

#[async_trait]
impl<'w> Part<Work<'w>> for ClusterPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let Some(there) = work.see(|observed| observed.cluster.clone()) else {
            return Standing::Absent;
        };
        let tags = tags(there.tags.as_ref());
        let fits = there.status() == Some(&ClusterStatus::Active)
            && changes::conflict(&there, work.wanted).is_none()
            && changes::next(&there, work.wanted).is_none()
            && work.tag_changes(None, None, &tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let known = work.see(|observed| observed.cluster.is_some());
        let what = what(work);
        let vanished = || Failure::from(work.vanished(&what));
        if settled(work).await?.is_none() {
            make(work).await?;
        }
        let there = settled(work).await?.ok_or_else(vanished)?;
        if !known {
            work.must_own(&what, &tags(there.tags.as_ref()), Path::attribute("name"))?;
        }
        if let Some(conflict) = changes::conflict(&there, work.wanted) {
            return Err(conflict.into());
        }
        if there.version() != Some(work.wanted.version.as_str()) {
            upgrade::check(work, &work.wanted.version).await?;
        }
        let there_tags = tags(there.tags.as_ref());
        let changes = work.tag_changes(None, None, &there_tags);
        work.retag(there.arn().unwrap_or_default(), &changes).await?;
        let mut there = work
            .converge(
                &what,
                || async { settled(work).await?.ok_or_else(vanished) },
                |there: &Cluster| changes::next(there, work.wanted),
                |change| apply(work, change),
            )
            .await?;
        there.tags = eks_tags(changes.applied(&there_tags));
        work.note(|observed| observed.cluster = Some(there));
        Ok(())
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let delete = || work.eks().delete_cluster().name(work.cluster()).send();
        work.remove_until_gone(&what(work), || look(work), delete).await
    }
}

fn what(work: &Work<'_>) -> String {
    format!("cluster {}", work.cluster())
}

async fn look(work: &Work<'_>) -> Result<Option<Cluster>, Failure> {
    let there = listing::cluster(work.call, work.cluster()).await?;
    work.note(|observed| observed.cluster.clone_from(&there));
    Ok(there)
}

/// The cluster once EKS is not changing it; none where there is none. One whose making failed is
/// removed: it never was of use.
async fn settled(work: &Work<'_>) -> Result<Option<Cluster>, Failure> {
    let what = what(work);
    let there = work
        .call
        .wait_until(&what, Pace::SLOW, || async {
            Ok(match look(work).await? {
                Some(there)
                    if matches!(
                        there.status(),
                        Some(ClusterStatus::Active | ClusterStatus::Failed)
                    ) =>
                {
                    Look::Done(Some(there))
                }
                Some(there) => Look::Pending(there.words()),
                None => Look::Done(None),
            })
        })
        .await?;
    match there {
        Some(there) if there.status() == Some(&ClusterStatus::Failed) => {
            work.must_own(&what, &tags(there.tags.as_ref()), Path::attribute("name"))?;
            tracing::info!("removing {what}, whose making failed");
            ClusterPart.remove(work).await?;
            Ok(None)
        }
        there => Ok(there),
    }
}

/// The ARN of the control plane's role: the one given, or the platform's own.
fn role_arn(work: &Work<'_>) -> String {
    work.wanted
        .cluster_role_arn
        .clone()
        .unwrap_or_else(|| Kind::Cluster.arn(work.cluster(), &work.call.scope))
}

async fn make(work: &Work<'_>) -> Result<(), Failure> {
    let wanted = work.wanted;
    let name = work.cluster();
    let encryption = wanted.encryption_key_arn.as_deref().map(|key| vec![encryption(key)]);
    let access = CreateAccessConfigRequest::builder()
        .authentication_mode(AuthenticationMode::from(wanted.authentication_mode.as_str()))
        .bootstrap_cluster_creator_admin_permissions(false);
    let network = KubernetesNetworkConfigRequest::builder()
        .ip_family(IpFamily::from(wanted.ip_family.as_str()))
        .set_service_ipv4_cidr(wanted.service_ipv4_cidr.clone());
    let logs = &wanted.logs.types;
    let request = work
        .eks()
        .create_cluster()
        .name(name)
        .version(&wanted.version)
        .role_arn(role_arn(work))
        .resources_vpc_config(vpc_config(wanted))
        .kubernetes_network_config(network.build())
        .access_config(access.build())
        .bootstrap_self_managed_addons(false)
        .logging(logging(logs, &changes::other_logs(logs)))
        .upgrade_policy(upgrade_policy(&wanted.support_type))
        .zonal_shift_config(zonal_shift(wanted.zonal_shift))
        .deletion_protection(wanted.deletion_protection)
        .set_encryption_config(encryption)
        .set_tags(eks_tags(work.tags(None)));
    let what = what(work);
    let exists = || async { Ok(listing::cluster(work.call, name).await?.is_some()) };
    let made = work.make(&what, is_unseen_role, exists, || request.clone().send()).await;
    made.map_err(at_attribute)?;
    let there = work
        .call
        .wait_until(&what, Pace::SLOW, || async {
            Ok(match look(work).await? {
                Some(there) if there.status() == Some(&ClusterStatus::Creating) => {
                    Look::Pending(there.words())
                }
                Some(there) => Look::Done(there),
                None => Look::Pending("not there yet".to_owned()),
            })
        })
        .await?;
    if there.status() == Some(&ClusterStatus::Failed) {
        return Err(work.not_made(&what, &there).into());
    }
    Ok(())
}

/// The same failure, at the attribute that its words are about: EKS itself names none.
fn at_attribute(failure: Failure) -> Failure {
    let Failure::Failed(diagnostic) = &failure else { return failure };
    let words = diagnostic.detail.to_lowercase();
    let about_input = ["invalidparameterexception", "invalidrequest", "unsupportedavailability"];
    if !about_input.iter().any(|code| words.contains(code)) {
        return failure;
    }
    let attribute = [
        ("subnet", "subnet_ids"),
        ("security group", "security_group_ids"),
        ("serviceipv4cidr", "service_ipv4_cidr"),
        ("cidr", "public_access_cidrs"),
        ("keyarn", "encryption_key_arn"),
        ("kms", "encryption_key_arn"),
        ("role", "cluster_role_arn"),
        ("version", "version"),
    ]
    .into_iter()
    .find(|(word, _)| words.contains(word));
    match attribute {
        Some((_, attribute)) => failure.at_attribute(attribute),
        None => failure,
    }
}

/// Carries out one change; false where the cluster is busy.
async fn apply(work: &Work<'_>, change: Change) -> Result<bool, Failure> {
    let name = work.cluster();
    let (what, attribute) =
        (format!("the change of {name}'s {}", change.words()), change.attribute());
    let path = Path::attribute(attribute);
    tracing::info!("changing cluster {name}: {}", change.words());
    let answer = match &change {
        Change::Version(version) => {
            let request = work.eks().update_cluster_version().name(name).version(version);
            let request = request.set_force(work.wanted.ignore_insights.then_some(true));
            request.send().await.map(|it| it.update).map_err(|error| refused(work, &error))
        }
        Change::Encryption(key) => {
            let request = work.eks().associate_encryption_config().cluster_name(name);
            let request = request.encryption_config(encryption(key));
            request.send().await.map(|it| it.update).map_err(|error| refused(work, &error))
        }
        change => {
            let request = settings(work.eks().update_cluster_config().name(name), change);
            request.send().await.map(|it| it.update).map_err(|error| refused(work, &error))
        }
    };
    match answer {
        Ok(update) => {
            work.finish(update.as_ref(), Target::Cluster, &what, &path).await?;
            Ok(true)
        }
        Err((true, _)) => Ok(false),
        Err((false, failure)) => Err(failure.at_attribute(attribute)),
    }
}

/// Whether the cluster is busy, and otherwise why it does not do it.
fn refused<E>(work: &Work<'_>, error: &SdkError<E, HttpResponse>) -> (bool, Failure)
where
    E: Error + ProvideErrorMetadata + 'static,
{
    (is_busy(error), failure(error, &work.call.scope.place()))
}

type ConfigRequest =
    aws_sdk_eks::operation::update_cluster_config::builders::UpdateClusterConfigFluentBuilder;

fn settings(request: ConfigRequest, change: &Change) -> ConfigRequest {
    match change {
        Change::DeletionProtection(on) => request.deletion_protection(*on),
        Change::AuthenticationMode(mode) => request.access_config(
            UpdateAccessConfigRequest::builder().authentication_mode(mode.clone()).build(),
        ),
        Change::SupportType(kind) => request.upgrade_policy(upgrade_policy(kind)),
        Change::ZonalShift(on) => request.zonal_shift_config(zonal_shift(*on)),
        Change::Logs { on, off } => request.logging(logging(on, off)),
        Change::Endpoint { public, private, blocks } => request.resources_vpc_config(
            VpcConfigRequest::builder()
                .endpoint_public_access(*public)
                .endpoint_private_access(*private)
                .set_public_access_cidrs(blocks.as_ref().map(list))
                .build(),
        ),
        Change::Network { subnets, groups } => request.resources_vpc_config(
            VpcConfigRequest::builder()
                .set_subnet_ids(Some(list(subnets)))
                .set_security_group_ids(Some(list(groups)))
                .build(),
        ),
        Change::Encryption(_) | Change::Version(_) => request,
    }
}

fn vpc_config(wanted: &EksPlatform) -> VpcConfigRequest {
    let public = wanted.endpoint_public_access;
    VpcConfigRequest::builder()
        .set_subnet_ids(Some(list(&wanted.subnet_ids)))
        .set_security_group_ids(Some(list(&wanted.security_group_ids)))
        .endpoint_public_access(public)
        .endpoint_private_access(wanted.endpoint_private_access)
        .set_public_access_cidrs(public.then(|| list(&wanted.public_access_cidrs)))
        .build()
}

fn list(texts: &BTreeSet<String>) -> Vec<String> {
    texts.iter().cloned().collect()
}

fn logging(on: &BTreeSet<String>, off: &BTreeSet<String>) -> Logging {
    let setup = |kinds: &BTreeSet<String>, enabled| {
        let types = kinds.iter().map(|kind| LogType::from(kind.as_str())).collect();
        (!kinds.is_empty())
            .then(|| LogSetup::builder().set_types(Some(types)).enabled(enabled).build())
    };
    let setups = [setup(on, true), setup(off, false)];
    Logging::builder().set_cluster_logging(Some(setups.into_iter().flatten().collect())).build()
}

fn upgrade_policy(kind: &str) -> UpgradePolicyRequest {
    UpgradePolicyRequest::builder().support_type(SupportType::from(kind)).build()
}

fn zonal_shift(on: bool) -> ZonalShiftConfigRequest {
    ZonalShiftConfigRequest::builder().enabled(on).build()
}

#[expect(
    deprecated,
    reason = "by now EKS encrypts everything, but still asks what it is to encrypt"
)]
fn encryption(key: &str) -> EncryptionConfig {
    let provider = Provider::builder().key_arn(key).build();
    EncryptionConfig::builder().resources("secrets").provider(provider).build()
}
