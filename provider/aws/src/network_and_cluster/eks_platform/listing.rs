//! Looks at everything of a platform: a list of each kind of thing in the cluster, and a look at
//! each thing in it, since EKS describes them one by one.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eks::types::{Addon, Cluster, Nodegroup, PodIdentityAssociation};
use futures::{StreamExt, TryStreamExt, stream, try_join};
use travel_framework::Failure;

use super::observed::{Entry, Item, Observed, Ownership, tags};
use super::role_names::{KINDS, Kind};
use super::work::is_gone;
use super::{
    EksPlatform, access_entry, addon, log_group, node_group, oidc_provider, pod_identity, role,
};
use crate::consistency::Call;
use crate::error::Reply;
use crate::network_and_cluster::log_group::LogGroup;

/// How many things are described at once.
pub const CONCURRENCY: usize = 8;
const GONE: [&str; 1] = ["ResourceNotFoundException"];

/// What to look at.
pub struct Sight<'a> {
    /// The platform as it is known: its name, and what is known to be its own.
    pub platform: &'a EksPlatform,
    /// Whether `platform` is a state, which knows what is its own; otherwise it is a plan.
    pub is_state: bool,
    /// Whether also to look for parts that the platform does not say it has.
    pub everything: bool,
    /// Whose something is.
    pub ownership: Ownership,
}

impl<'a> Sight<'a> {
    /// A look at what a state says there is.
    pub fn of_state(call: &Call, state: &'a EksPlatform) -> Self {
        let importing = state.lifecycle.status.is_none();
        let ownership = Ownership { claim: call.claim.clone(), importing };
        Self { platform: state, is_state: true, everything: importing, ownership }
    }

    /// A look at everything that may be of a platform with this state.
    pub fn of_everything(call: &Call, state: &'a EksPlatform) -> Self {
        Self { everything: true, ..Self::of_state(call, state) }
    }

    /// A look at everything that may be of a platform with this plan, which is marked.
    pub fn of_plan(call: &Call, plan: &'a EksPlatform) -> Self {
        let ownership = Ownership { claim: call.claim.clone(), importing: false };
        Self { platform: plan, is_state: false, everything: true, ownership }
    }

    fn item<T>(&self, found: T, tags: &crate::tags::Tags, known: bool) -> Item<T> {
        Item { found, own: self.ownership.owns(tags, known && self.is_state) }
    }
}

/// Everything of a platform.
///
/// # Errors
/// Where a call fails.
pub async fn look(call: &Call, sight: &Sight<'_>) -> Result<Observed, Failure> {
    let name = &sight.platform.name;
    let (cluster, roles, log_group) =
        try_join!(cluster(call, name), roles(call, sight), group(call, sight),)?;
    let mut observed = Observed { cluster, roles, log_group, ..Observed::default() };
    let Some(cluster) = &observed.cluster else { return Ok(observed) };
    let issuer = observed.issuer().map(str::to_owned);
    let (node_groups, addons, associations, oidc_provider, principals) = try_join!(
        node_groups(call, sight),
        addons(call, sight),
        associations(call, sight),
        provider(call, sight, issuer.as_deref()),
        principals(call, cluster),
    )?;
    observed.node_groups = node_groups;
    observed.addons = addons;
    observed.oidc_provider = oidc_provider;
    sort_associations(associations, sight, &mut observed);
    observed.access_entries = access_entries(call, sight, principals, &observed).await?;
    Ok(observed)
}

/// The cluster of this name, whoever owns it.
///
/// # Errors
/// Where the call fails.
pub async fn cluster(call: &Call, name: &str) -> Result<Option<Cluster>, Failure> {
    match call.scope.eks().describe_cluster().name(name).send().await {
        Err(error) if is_gone(&error) => Ok(None),
        answer => Ok(answer.at(&call.scope)?.cluster),
    }
}

async fn roles(
    call: &Call,
    sight: &Sight<'_>,
) -> Result<BTreeMap<Kind, super::observed::Role>, Failure> {
    let known = |kind: &Kind| {
        sight.is_state
            && sight.platform.roles.as_ref().is_some_and(|roles| roles.contains_key(kind.key()))
    };
    let wanted = KINDS.into_iter().filter(|kind| sight.everything || known(kind));
    let looks = wanted.map(|kind| async move {
        let name = kind.role_name(&sight.platform.name, call.scope.region());
        Ok::<_, Failure>((kind, role::get(call, &name).await?))
    });
    let found = futures::future::try_join_all(looks).await?;
    let own = found.into_iter().filter_map(|(kind, role)| Some((kind, role?)));
    Ok(own.filter(|(kind, role)| sight.ownership.owns(&role.role.tags, known(kind))).collect())
}

async fn group(call: &Call, sight: &Sight<'_>) -> Result<Option<LogGroup>, Failure> {
    if !sight.everything && sight.platform.logs.types.is_empty() {
        return Ok(None);
    }
    let found = LogGroup::get(call, &log_group::name(&sight.platform.name)).await?;
    Ok(found.filter(|group| sight.ownership.owns(&group.tags, sight.is_state)))
}

async fn provider(
    call: &Call,
    sight: &Sight<'_>,
    issuer: Option<&str>,
) -> Result<Option<super::observed::OidcProvider>, Failure> {
    let Some(issuer) = issuer.filter(|_| sight.everything || sight.platform.oidc_provider) else {
        return Ok(None);
    };
    let found = oidc_provider::get(call, issuer).await?;
    let known = sight.is_state && sight.platform.oidc_provider_arn.is_some();
    Ok(found.filter(|provider| sight.ownership.owns(&provider.tags, known)))
}

/// What a look at each of these tells, by name; without those that are gone meanwhile.
async fn each<T, F>(
    names: Vec<String>,
    look: impl Fn(String) -> F,
) -> Result<BTreeMap<String, T>, Failure>
where
    F: Future<Output = Result<Option<T>, Failure>>,
{
    let looks = stream::iter(names).map(|name| {
        let found = look(name.clone());
        async move { Ok::<_, Failure>(found.await?.map(|found| (name, found))) }
    });
    let found: Vec<_> = looks.buffer_unordered(CONCURRENCY).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn node_groups(
    call: &Call,
    sight: &Sight<'_>,
) -> Result<BTreeMap<String, Item<Nodegroup>>, Failure> {
    let cluster = &sight.platform.name;
    let names = call.scope.eks().list_nodegroups().cluster_name(cluster).into_paginator().items();
    let names = names.send().try_collect().await.found(&call.scope, &GONE)?.unwrap_or_default();
    let groups = &sight.platform.node_groups;
    let known: BTreeSet<&str> =
        groups.iter().map(|(key, group)| group.name.as_deref().unwrap_or(key)).collect();
    let known = &known;
    each(names, |name| async move {
        let found = node_group::describe(call, cluster, &name).await?;
        Ok(found.map(|found| {
            let tags = tags(found.tags.as_ref());
            sight.item(found, &tags, known.contains(name.as_str()))
        }))
    })
    .await
}

async fn addons(call: &Call, sight: &Sight<'_>) -> Result<BTreeMap<String, Item<Addon>>, Failure> {
    let cluster = &sight.platform.name;
    let names = call.scope.eks().list_addons().cluster_name(cluster).into_paginator().items();
    let names = names.send().try_collect().await.found(&call.scope, &GONE)?.unwrap_or_default();
    each(names, |name| async move {
        let found = addon::describe(call, cluster, &name).await?;
        Ok(found.map(|found| {
            let tags = tags(found.tags.as_ref());
            sight.item(found, &tags, sight.platform.addons.contains_key(&name))
        }))
    })
    .await
}

async fn associations(
    call: &Call,
    sight: &Sight<'_>,
) -> Result<Vec<PodIdentityAssociation>, Failure> {
    let cluster = &sight.platform.name;
    let request = call.scope.eks().list_pod_identity_associations().cluster_name(cluster);
    let listed = request.into_paginator().items().send().try_collect().await;
    let listed = listed.found(&call.scope, &GONE)?.unwrap_or_default();
    let ids = listed.into_iter().filter_map(|summary| summary.association_id).collect();
    let look = |id: String| async move { pod_identity::describe(call, cluster, &id).await };
    Ok(each(ids, look).await?.into_values().collect())
}

fn sort_associations(
    associations: Vec<PodIdentityAssociation>,
    sight: &Sight<'_>,
    observed: &mut Observed,
) {
    for found in associations {
        let account = found.service_account().unwrap_or_default().to_owned();
        if let Some(owner) = found.owner_arn() {
            let role = found.role_arn().unwrap_or_default().to_owned();
            observed.addon_identities.entry(owner.to_owned()).or_default().insert(account, role);
            continue;
        }
        let key = format!("{}/{account}", found.namespace().unwrap_or_default());
        let tags = tags(found.tags.as_ref());
        let known = sight.platform.pod_identities.contains_key(&key);
        observed.pod_identities.insert(key, sight.item(found, &tags, known));
    }
}

/// The principals of a cluster's access entries; none where it does not know such entries yet.
async fn principals(call: &Call, cluster: &Cluster) -> Result<Vec<String>, Failure> {
    let mode = cluster.access_config().and_then(|config| config.authentication_mode());
    if mode.is_some_and(|mode| mode.as_str() == "CONFIG_MAP") {
        return Ok(Vec::new());
    }
    let name = cluster.name().unwrap_or_default();
    let request = call.scope.eks().list_access_entries().cluster_name(name);
    let listed = request.into_paginator().items().send().try_collect().await;
    // While a cluster is being made it has no entries, and EKS may refuse to list them.
    let absent = [GONE[0], "InvalidRequestException"];
    Ok(listed.found(&call.scope, &absent)?.unwrap_or_default())
}

async fn access_entries(
    call: &Call,
    sight: &Sight<'_>,
    principals: Vec<String>,
    observed: &Observed,
) -> Result<BTreeMap<String, Item<Entry>>, Failure> {
    let known: BTreeSet<&str> = sight
        .platform
        .access_entries
        .iter()
        .map(|(key, entry)| entry.principal_arn.as_deref().unwrap_or(key))
        .collect();
    let nodes = observed.node_groups.values().filter_map(|group| group.found.node_role());
    let own_nodes = observed.roles.get(&Kind::Node).map(|it| it.role.arn.as_str());
    let given_nodes = sight.platform.node_role_arn.as_deref();
    let nodes: BTreeSet<&str> = nodes.chain(own_nodes).chain(given_nodes).collect();
    let by_eks = |principal: &str| {
        principal.contains(":role/aws-service-role/") || nodes.contains(principal)
    };
    let cluster = &sight.platform.name;
    let wanted = principals
        .into_iter()
        .filter(|principal| known.contains(principal.as_str()) || !by_eks(principal))
        .collect();
    let known = &known;
    each(wanted, |principal| async move {
        let Some(entry) = access_entry::describe(call, cluster, &principal).await? else {
            return Ok(None);
        };
        let tags = tags(entry.tags.as_ref());
        let Item { found: entry, own } =
            sight.item(entry, &tags, known.contains(principal.as_str()));
        // Of what is not the platform's own nothing more is to be known.
        let policies = match own {
            true => access_entry::policies(call, cluster, &principal).await?,
            false => Vec::new(),
        };
        Ok(Some(Item { found: Entry { entry, policies }, own }))
    })
    .await
}
