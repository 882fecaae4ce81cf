//! What stands in a network and in its parts that is not its own: told of always, removed from
//! networks that are to have nothing else.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Tag;
use travel_framework::Failure;
use travel_framework::ownership::Mark;

use super::observed::Observed;
use super::wanted::Wanted;
use super::work::Work;
use super::{Network, blockers, security_group, state};
use crate::ec2::filter;
use crate::error::Reply;
use crate::network_and_cluster::routes;
use crate::tags::{TagSettings, Tags};

/// The names of everything foreign: `subnet/ID`, `route/TABLE/DESTINATION`, `rule/GROUP/RULE` and
/// `tag/ID/KEY`.
pub fn find(
    before: &Network,
    wanted: &Wanted,
    observed: &Observed,
    settings: &TagSettings,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for stranger in observed.strangers.iter().filter(|it| it.kind == "subnet") {
        found.insert(format!("subnet/{}", stranger.id));
    }
    for (key, table) in &observed.route_tables {
        let own = state::own_destinations(before, wanted, key);
        let foreign = table
            .routes
            .keys()
            .filter(|destination| !own.contains(*destination) && !table.inspects(destination));
        found.extend(foreign.map(|destination| format!("route/{}/{destination}", table.id)));
    }
    if let Some(group) = &observed.endpoint_security_group {
        let own = state::own_ingress(before, wanted, observed);
        let https = group.ingress.difference(&own).map(|cidr| format!("tcp/443 from {cidr}"));
        let rules = https.chain(group.others.keys().cloned());
        found.extend(rules.map(|rule| format!("rule/{}/{rule}", group.id)));
    }
    for (part, (id, tags)) in observed.own_ids() {
        let foreign = foreign_tags(before, wanted, &part, tags).filter(|it| !settings.ignores(it));
        found.extend(foreign.map(|key| format!("tag/{id}/{key}")));
    }
    found
}

fn foreign_tags<'a>(
    before: &Network,
    wanted: &Wanted,
    part: &str,
    tags: &'a Tags,
) -> impl Iterator<Item = &'a String> {
    let mut known: BTreeSet<String> = wanted.tags(part).into_keys().collect();
    known.extend(state::known_tags(before, part));
    tags.keys()
        .filter(move |key| !known.contains(*key) && !Mark::is_tag(key) && !key.starts_with("aws:"))
}

/// Takes away what a plan has said is foreign, as far as it is still there.
pub async fn remove(work: &Work<'_>, planned: &BTreeSet<String>) -> Result<(), Failure> {
    for name in planned {
        work.call.proceed()?;
        let (kind, rest) = name.split_once('/').unwrap_or((name, ""));
        let (id, what) = rest.split_once('/').unwrap_or((rest, ""));
        match kind {
            "subnet" => remove_subnet(work, id).await?,
            "route" => routes::delete(work.call, id, what).await?,
            "rule" => remove_rule(work, id, what).await?,
            "tag" => {
                let tag = Tag::builder().key(what).build();
                let request = work.ec2().delete_tags().resources(id).tags(tag);
                request.send().await.found(&work.call.scope, &super::work::MISSING)?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn remove_subnet(work: &Work<'_>, id: &str) -> Result<(), Failure> {
    let what = format!("subnet {id}");
    let place = filter("subnet-id", id);
    let found = blockers::interfaces(work.call, place.clone()).await?;
    if !found.is_empty() {
        return Err(blockers::refusal(&what, &found).at_attribute("foreign").into());
    }
    let client = work.ec2();
    work.remove(&what, &["DependencyViolation"], Some(place), || {
        client.delete_subnet().subnet_id(id).send()
    })
    .await
}

async fn remove_rule(work: &Work<'_>, id: &str, rule: &str) -> Result<(), Failure> {
    let revoked = work.see(|observed| {
        let group = observed.endpoint_security_group.as_ref()?;
        let https = rule.strip_prefix("tcp/443 from ").filter(|it| group.ingress.contains(*it));
        let other = || group.others.get(rule).cloned();
        https.map(security_group::https_from).or_else(other)
    });
    match revoked {
        Some(revoked) => security_group::revoke(work, id, revoked).await,
        None => Ok(()),
    }
}
