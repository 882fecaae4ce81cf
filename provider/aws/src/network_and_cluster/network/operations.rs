//! A network's operations: from what is there, by its parts, to what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use ipnet::Ipv4Net;
use travel_framework::ownership::{Mark, RESOURCE_TAG};
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::READY;
use travel_framework::{Diagnostic, Failure, Plan};

use super::address_block::Block;
use super::keys::Keys;
use super::listing::{self, LogNames, Place};
use super::observed::{Observed, Ownership, STATUS_TAG, Stranger};
use super::wanted::Wanted;
use super::work::Work;
use super::{
    Network, blockers, checks, flow_log, foreign, graph, import, log_group, planning, role, state,
    vpc,
};
use crate::consistency::Call;
use crate::ec2::{self, FILTER_VALUES};
use crate::error::Reply;
use crate::platform::Aws;
use crate::tags::{Tags, mark};

#[async_trait]
impl Resource for Network {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(30);

    fn validate(plan: &mut Plan<'_>) {
        checks::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let imported = state.zones.is_empty();
        let place = match &state.id {
            None if imported => found_place(call, state).await?,
            _ => place_of(call, state),
        };
        let (observed, ownership) =
            listing::look(call, Ownership::for_reading(&call.claim, state), &place).await?;
        if observed.is_empty() {
            return Ok(None);
        }
        let mut network = state.clone();
        if imported {
            if observed.vpc.is_some() && observed.own_ids().is_empty() {
                return Err(not_ours(&network).into());
            }
            if let Some(name) = ownership.anchored_name() {
                name.clone_into(&mut network.name);
            }
            import::reconstruct(&mut network, &observed, &call.scope.settings().tags);
        }
        for warning in observed.flow_logs.values().filter_map(flow_log::trouble) {
            call.warn(warning);
        }
        let before = network.clone();
        let wanted = Wanted::of(&network)?;
        state::fill(&mut network, &before, &wanted, &observed, &call.scope);
        Ok(Some(network))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let marks = marked(call).await?;
        if marks.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for (vpc_id, given) in vpcs_of(call, &marks).await? {
            let mut place = place_of(call, plan);
            (place.vpc_id, place.given) = (Some(vpc_id), given);
            found.extend(candidate(call, plan, place).await?);
        }
        if found.is_empty() {
            // What needs no VPC may outlast it, or come before it.
            let place = Place { vpc_id: None, ..place_of(call, plan) };
            found.extend(candidate(call, plan, place).await?);
        }
        Ok(found)
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let nothing = import::unknown(plan.name.clone(), None, plan.placement.clone());
        let mut observed = Observed::default();
        if plan.vpc_id.is_some() {
            let ownership = Ownership::for_reading(&call.claim, &nothing);
            (observed, _) = listing::look(call, ownership, &place_of(call, plan)).await?;
        }
        transform(call, &nothing, plan, observed, state).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let mut place = place_of(call, prior);
        // An attempt that was cut off may have got further than the state knows.
        place.logs = place.logs.and(log_names(call, plan));
        let ownership = Ownership::for_reading(&call.claim, prior);
        let (observed, _) = listing::look(call, ownership, &place).await?;
        transform(call, prior, plan, observed, state).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let ownership = Ownership::for_deleting(&call.claim, prior);
        let mut place = place_of(call, prior);
        place.logs = place.logs.and(remains(call, prior));
        let (observed, _) = listing::look(call, ownership, &place).await?;
        refuse_if_used(call, &observed).await?;
        let wanted = Wanted::of(prior)?;
        let keys = Keys::observed(&observed, &BTreeSet::new());
        let work = Work::new(call, &wanted, prior, observed);
        // By the VPC a read finds all the others, also those that do not stand in it: it goes last.
        let last = Keys { vpc: keys.vpc, ..Keys::default() };
        graph(&Keys { vpc: false, ..keys })?.remove(&work, &call.cancel).await?;
        graph(&last)?.remove(&work, &call.cancel).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let table = || state.route_tables.iter().flatten().find_map(|(_, table)| table.id.clone());
        let anchor = if state.vpc_id.is_none() { state.id.clone() } else { table() };
        let Some(id) = anchor else { return mark_of_remains(call, state).await };
        let request = call.scope.ec2().describe_tags().filters(ec2::filter("resource-id", &id));
        let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
        let pairs = found.iter().filter_map(|tag| Some((tag.key()?, tag.value()?)));
        Ok(Mark::from_tags(pairs))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        import::parse(id)
    }
}

/// Where the parts of a network are to be looked for.
fn place_of(call: &Call, network: &Network) -> Place {
    Place {
        vpc_id: network.vpc_id.clone().or_else(|| network.id.clone()),
        given: network.vpc_id.is_some(),
        logs: log_names(call, network),
    }
}

/// The log group and role that a network's attributes say that it has.
fn log_names(call: &Call, network: &Network) -> LogNames {
    let cloudwatch = network.flow_logs.iter().filter(|logs| {
        // A network whose logs go to a bucket may still have what it had before.
        logs.bucket_arn.is_none() || logs.log_group_arn.is_some() || logs.role_arn.is_some()
    });
    let region = call.scope.region();
    LogNames {
        groups: cloudwatch.clone().map(|logs| log_group::name(&network.name, logs)).collect(),
        roles: cloudwatch.map(|logs| role::name(&network.name, region, logs)).collect(),
    }
}

/// The log group and role that there may be of a network whose attributes do not tell: they may
/// have come before all that would show that it has flow logs.
fn remains(call: &Call, network: &Network) -> LogNames {
    let is_ready = network.lifecycle.status.as_deref() == Some(READY);
    if is_ready || network.flow_logs.is_some() {
        return LogNames::default();
    }
    LogNames {
        groups: [log_group::default_name(&network.name)].into(),
        roles: [role::default_name(&network.name, call.scope.region())].into(),
    }
}

/// The mark on what there is of a network that has no VPC.
async fn mark_of_remains(call: &Call, network: &Network) -> Result<Option<Mark>, Failure> {
    let place = Place { logs: remains(call, network), ..Place::default() };
    let ownership = Ownership::for_reading(&call.claim, network);
    let (observed, _) = listing::look(call, ownership, &place).await?;
    let parts = observed.own_ids().into_values().map(|(_, tags)| tags);
    let groups = observed.log_groups.values().map(|it| &it.tags);
    let roles = observed.roles.values().map(|it| &it.role.tags);
    Ok(parts.chain(groups).chain(roles).find_map(mark))
}

/// Makes of what is there what is wanted, and tells in `state` how far that came.
async fn transform(
    call: &Call,
    prior: &Network,
    plan: &Network,
    observed: Observed,
    state: &mut Network,
) -> Result<(), Failure> {
    let wanted = Wanted::of(plan)?;
    vpc::check_given(&wanted, &observed)?;
    let work = Work::new(call, &wanted, prior, observed);
    let result = run(&work, plan).await;
    let observed = work.into_observed();
    let identity = state.lifecycle.clone();
    *state = Network { lifecycle: identity, ..plan.clone() };
    state::fill(state, prior, &wanted, &observed, &call.scope);
    if result.is_ok() {
        // What has come since the plan was made shows in the next one.
        state.foreign.clone_from(&plan.foreign);
    }
    result
}

async fn run(work: &Work<'_>, plan: &Network) -> Result<(), Failure> {
    let cancel = &work.call.cancel;
    let in_the_way = work.see(|observed| Keys::in_the_way(work.wanted, observed));
    let region = work.call.scope.region();
    let wanted = Keys::wanted(work.wanted, region);
    let blocks = own_blocks(work.prior);
    let obsolete = || work.see(|observed| Keys::obsolete(work.wanted, region, observed, &blocks));
    let none = BTreeSet::new();
    let foreign = work.prior.foreign.as_ref().filter(|_| plan.exclusive).unwrap_or(&none);
    refuse_to_evict(work, &in_the_way, &obsolete(), foreign).await?;
    work.claim_all().await?;
    graph(&in_the_way)?.remove(work, cancel).await?;
    graph(&wanted)?.ensure(work, cancel).await?;
    // What is foreign may stand in what is obsolete.
    foreign::remove(work, foreign).await?;
    let flow_logs = Keys { flow_logs: obsolete().flow_logs, ..Keys::default() };
    graph(&flow_logs)?.remove(work, cancel).await?;
    // A role that stays may write to the old log group until no flow log delivers there.
    let roles = Keys { roles: wanted.roles, ..Keys::default() };
    graph(&roles)?.ensure(work, cancel).await?;
    graph(&obsolete())?.remove(work, cancel).await?;
    complete(work).await
}

/// Refuses a change before it begins where somebody else still uses what is to leave the network.
/// What is `foreign` goes first.
async fn refuse_to_evict(
    work: &Work<'_>,
    in_the_way: &Keys,
    obsolete: &Keys,
    foreign: &BTreeSet<String>,
) -> Result<(), Failure> {
    for block in &obsolete.blocks {
        let Block::Secondary(net) = block else { continue };
        let inside = |it: &&Stranger| {
            let there = it.kind == "subnet" && !foreign.contains(&format!("subnet/{}", it.id));
            there && it.words.parse::<Ipv4Net>().is_ok_and(|subnet| net.contains(&subnet))
        };
        let inside: Vec<Stranger> =
            work.see(|observed| observed.strangers.iter().filter(inside).cloned().collect());
        let inside = blockers::that_stay(work.call, inside, blockers::PASSING).await?;
        if !inside.is_empty() {
            let refusal = blockers::refusal(&format!("block {net}"), &inside);
            return Err(refusal.at_attribute("secondary_cidrs").into());
        }
    }
    let keys: Vec<&String> = in_the_way.subnets.keys().chain(obsolete.subnets.keys()).collect();
    let (ids, own) = work.see(|observed| {
        let ids = keys.iter().filter_map(|key| Some(observed.subnets.get(*key)?.id.clone()));
        (ids.collect::<Vec<String>>(), observed.interface_ids())
    });
    let found = blockers::in_subnets(work.call, &own, &ids, blockers::PASSING).await?;
    if found.is_empty() {
        return Ok(());
    }
    let zones = &work.wanted.zones;
    let in_zone = |key: &&String| zones.iter().any(|zone| key.ends_with(&format!("/{zone}")));
    let attribute = if keys.iter().all(in_zone) { "tiers" } else { "zones" };
    let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    let what = format!("what is to leave the network (subnets {})", keys.join(", "));
    Err(blockers::refusal(&what, &found).at_attribute(attribute).into())
}

/// The further blocks of addresses that a network has brought into its VPC.
fn own_blocks(network: &Network) -> BTreeSet<Block> {
    let secondary = network.secondary_cidrs.iter().filter_map(|text| text.parse().ok());
    let ipv6 = network.ipv6_cidr.as_ref().map(|_| Block::Ipv6);
    secondary.map(Block::Secondary).chain(ipv6).collect()
}

/// Notes on the part that stands for the whole that nothing is missing any more.
async fn complete(work: &Work<'_>) -> Result<(), Failure> {
    let anchor = work.see(|observed| {
        let (part, id, _) = observed.anchor()?;
        (!import::is_complete(observed)).then(|| (part, id.to_owned()))
    });
    let Some((part, id)) = anchor else { return Ok(()) };
    let tags: Tags = [(STATUS_TAG.to_owned(), import::READY.to_owned())].into();
    let request = work.ec2().create_tags().resources(id).set_tags(Some(ec2::tag_list(&tags)));
    work.patiently(|| request.clone().send()).await?;
    work.note(|observed| {
        if let Some(there) = observed.tags_mut(&part) {
            there.extend(tags);
        }
    });
    Ok(())
}

/// Refuses a delete before it begins where somebody else still uses what is to go.
async fn refuse_if_used(call: &Call, observed: &Observed) -> Result<(), Failure> {
    let own_vpc = observed.vpc.as_ref().filter(|vpc| vpc.own);
    let mut in_the_way: Vec<Stranger> = Vec::new();
    if let Some(vpc) = own_vpc {
        in_the_way.extend(observed.strangers.iter().cloned());
        in_the_way.extend(blockers::of_vpc(call, &vpc.id).await?);
    }
    let subnets: Vec<String> = observed.subnets.values().map(|it| it.id.clone()).collect();
    // What refuses the delete anyhow is told at once.
    let patience = if in_the_way.is_empty() { blockers::PASSING } else { Duration::ZERO };
    let own = observed.interface_ids();
    in_the_way.extend(blockers::in_subnets(call, &own, &subnets, patience).await?);
    if in_the_way.is_empty() {
        return Ok(());
    }
    let id = observed.vpc_id().unwrap_or_default();
    Err(blockers::refusal(&format!("the network in {id}"), &in_the_way).into())
}

/// The parts that carry this deployment's mark for the network, by id: their types.
async fn marked(call: &Call) -> Result<BTreeMap<String, String>, Failure> {
    let client = call.scope.ec2();
    let request = client
        .describe_tags()
        .filters(ec2::filter("key", RESOURCE_TAG))
        .filters(ec2::filter("value", &call.claim.resource));
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let all: Vec<String> = found.into_iter().filter_map(|tag| tag.resource_id).collect();
    let mut tags: BTreeMap<String, (String, Tags)> = BTreeMap::new();
    for some in all.chunks(FILTER_VALUES) {
        let ids = ec2::any_of("resource-id", some);
        let request = client.describe_tags().filters(ids);
        let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
        for tag in found {
            let kind = tag.resource_type.map(|it| it.as_str().to_owned()).unwrap_or_default();
            if let (Some(id), Some(key)) = (tag.resource_id, tag.key) {
                let (_, tags) = tags.entry(id).or_insert_with(|| (kind, Tags::new()));
                tags.insert(key, tag.value.unwrap_or_default());
            }
        }
    }
    let owned = tags
        .into_iter()
        .filter(|(_, (_, tags))| mark(tags).is_some_and(|mark| call.claim.owns(&mark)));
    Ok(owned.map(|(id, (kind, _))| (id, kind)).collect())
}

/// The VPCs that these parts are in, and whether each is one that the network was given.
pub(super) async fn vpcs_of(
    call: &Call,
    parts: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, bool>, Failure> {
    let of_kind = |kind: &str| {
        let parts = parts.iter().filter(|(_, it)| *it == kind);
        parts.map(|(id, _)| id.clone()).collect::<Vec<String>>()
    };
    // The tags of what is gone are listed for a while.
    let mut own = BTreeSet::new();
    for some in of_kind("vpc").chunks(FILTER_VALUES) {
        let ids = ec2::any_of("vpc-id", some);
        let request = call.scope.ec2().describe_vpcs().filters(ids);
        let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
        own.extend(found.into_iter().filter_map(|it| it.vpc_id));
    }
    let mut vpcs: BTreeMap<String, bool> = own.iter().map(|id| (id.clone(), false)).collect();
    for some in of_kind("route-table").chunks(FILTER_VALUES) {
        let ids = ec2::any_of("route-table-id", some);
        let request = call.scope.ec2().describe_route_tables().filters(ids);
        let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
        let given = found.into_iter().filter_map(|it| it.vpc_id).filter(|id| !own.contains(id));
        vpcs.extend(given.map(|id| (id, true)));
    }
    for some in of_kind("subnet").chunks(FILTER_VALUES) {
        let ids = ec2::any_of("subnet-id", some);
        let request = call.scope.ec2().describe_subnets().filters(ids);
        let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
        let given = found.into_iter().filter_map(|it| it.vpc_id).filter(|id| !own.contains(id));
        vpcs.extend(given.map(|id| (id, true)));
    }
    Ok(vpcs)
}

/// The network that stands at a place under the planned one's name, if one does.
async fn candidate(
    call: &Call,
    plan: &Network,
    mut place: Place,
) -> Result<Option<Found<Network>>, Failure> {
    let mut object = import::unknown(plan.name.clone(), None, plan.placement.clone());
    // Whether or not the network is to have flow logs: an earlier attempt may have made them.
    if place.logs == LogNames::default() {
        let role = role::default_name(&plan.name, call.scope.region());
        place.logs.groups.insert(log_group::default_name(&plan.name));
        place.logs.roles.insert(role);
    }
    let ownership = Ownership::for_reading(&call.claim, &object);
    let (observed, _) = listing::look(call, ownership, &place).await?;
    if observed.is_empty() {
        return Ok(None);
    }
    import::reconstruct(&mut object, &observed, &call.scope.settings().tags);
    // Places that were chosen without a part to show for it are the planned ones.
    object.cidr = object.cidr.or_else(|| plan.cidr.clone());
    object.id = observed.vpc_id().map(str::to_owned);
    let anchor = observed.anchor();
    let any = observed.own_ids().into_values().next();
    let label = anchor.as_ref().map(|(_, id, _)| *id).or(any.map(|(id, _)| id));
    let tags = anchor.as_ref().map(|(_, _, tags)| *tags).or(any.map(|(_, tags)| tags));
    let log_group = observed.log_groups.values().next().map(|it| &it.tags);
    let role = observed.roles.values().next().map(|it| &it.role.tags);
    let tags = tags.or(log_group).or(role);
    Ok(Some(Found {
        mark: tags.and_then(mark),
        complete: import::is_complete(&observed),
        label: label.unwrap_or(&plan.name).to_owned(),
        object,
    }))
}

/// The place of a network that is imported by name.
async fn found_place(call: &Call, state: &Network) -> Result<Place, Failure> {
    let vpcs = vpcs_of(call, &marked(call).await?).await?;
    let mut vpcs = vpcs.into_iter();
    match (vpcs.next(), vpcs.next()) {
        (None, _) => Ok(place_of(call, state)),
        (Some((vpc_id, given)), None) => {
            Ok(Place { vpc_id: Some(vpc_id), given, ..place_of(call, state) })
        }
        (Some((one, _)), Some((other, _))) => Err(Diagnostic::error(
            format!("more than one network {:?}", state.name),
            format!("Parts of it are in {one} and in {other}. Import it by VPC/NAME."),
        )
        .into()),
    }
}

fn not_ours(network: &Network) -> Diagnostic {
    let id = network.id.as_deref().unwrap_or_default();
    Diagnostic::error(
        format!("nothing in {id} is marked as a network of travel"),
        "What was made by other means cannot be taken apart into tiers and zones. To build a \
         network in that VPC, give its id in vpc_id.",
    )
}

#[cfg(test)]
mod tests;
