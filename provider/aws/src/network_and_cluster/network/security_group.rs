//! The security group of a network's interface endpoints: HTTPS from the network's addresses.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_ec2::types::{self as sdk, IpPermission, IpRange, Ipv6Range, ResourceType};
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};

use super::observed::SecurityGroup;
use super::state;
use super::work::Work;
use crate::ec2::{filter, tags};
use crate::error::{Reply, is_code};

/// The name of the part.
pub const NAME: &str = "endpoint_security_group";
const HTTPS: i32 = 443;

/// The security group of the interface endpoints.
pub struct SecurityGroupPart;

#[async_trait]
impl<'a> Part<Work<'a>> for SecurityGroupPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let (add, remove) = changes(work, &there);
        let tagged = !work.is_mistagged(NAME, &there.tags);
        if add.is_empty() && remove.is_empty() && tagged {
            Standing::AsPlanned
        } else {
            Standing::Different
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let there = match there(work) {
            Some(there) => {
                work.mend_tags(NAME, &there.id).await?;
                there
            }
            None => make(work).await?,
        };
        let (add, remove) = changes(work, &there);
        if !add.is_empty() {
            let request = work.ec2().authorize_security_group_ingress().group_id(&there.id);
            for cidr in &add {
                let request = request.clone().ip_permissions(https_from(cidr));
                let authorize = || async {
                    match request.clone().send().await {
                        Err(error) if is_code(&error, &["InvalidPermission.Duplicate"]) => Ok(()),
                        answer => answer.map(drop),
                    }
                };
                work.patiently(authorize).await?;
                note(work, |group| {
                    group.ingress.insert(cidr.clone());
                });
            }
        }
        for cidr in &remove {
            revoke(work, &there.id, https_from(cidr)).await?;
            note(work, |group| {
                group.ingress.remove(cidr);
            });
        }
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = there(work) else { return Ok(()) };
        let client = work.ec2();
        let place = filter("group-id", &there.id);
        let what = format!("security group {}", there.id);
        work.remove(&what, &["DependencyViolation"], Some(place), || {
            client.delete_security_group().group_id(&there.id).send()
        })
        .await?;
        work.note(|observed| observed.endpoint_security_group = None);
        Ok(())
    }
}

fn there(work: &Work<'_>) -> Option<SecurityGroup> {
    work.see(|observed| observed.endpoint_security_group.clone())
}

fn note(work: &Work<'_>, change: impl FnOnce(&mut SecurityGroup)) {
    work.note(|observed| {
        if let Some(group) = &mut observed.endpoint_security_group {
            change(group);
        }
    });
}

/// The blocks that are to be let in and are not, and those that are let in and were the network's.
fn changes(work: &Work<'_>, there: &SecurityGroup) -> (BTreeSet<String>, BTreeSet<String>) {
    let (wanted, own): (BTreeSet<String>, _) = work.see(|observed| {
        let wanted = state::wanted_ingress(work.wanted, observed).collect();
        (wanted, state::own_ingress(work.prior, work.wanted, observed))
    });
    let remove = own.difference(&wanted).filter(|it| there.ingress.contains(*it));
    (wanted.difference(&there.ingress).cloned().collect(), remove.cloned().collect())
}

async fn make(work: &Work<'_>) -> Result<SecurityGroup, Failure> {
    let request = work
        .once()
        .ec2()
        .create_security_group()
        .group_name(format!("{}-endpoints", work.wanted.name))
        .description("HTTPS from the network to the endpoints in it")
        .vpc_id(work.vpc_id()?)
        .tag_specifications(work.tag_specification(ResourceType::SecurityGroup, NAME));
    let send = || async { Ok(request.clone().send().await?.group_id) };
    let conflict = ["InvalidGroup.Duplicate"];
    let id = work.make_tagged(NAME, &ResourceType::SecurityGroup, &conflict, send).await?;
    let group = SecurityGroup { id, tags: work.tags(NAME), ..SecurityGroup::default() };
    work.note(|observed| observed.endpoint_security_group = Some(group.clone()));
    Ok(group)
}

/// Takes a rule for what comes in out of a group. One that is gone already is no error.
pub async fn revoke(work: &Work<'_>, id: &str, rule: IpPermission) -> Result<(), Failure> {
    let request = work.ec2().revoke_security_group_ingress().group_id(id).ip_permissions(rule);
    let gone = ["InvalidPermission.NotFound", "InvalidGroup.NotFound"];
    request.send().await.found(&work.call.scope, &gone).map(drop)
}

/// The rule that lets a block in by HTTPS.
pub fn https_from(cidr: &str) -> IpPermission {
    let rule = IpPermission::builder().ip_protocol("tcp").from_port(HTTPS).to_port(HTTPS);
    let words = "the network";
    if cidr.contains(':') {
        let range = Ipv6Range::builder().cidr_ipv6(cidr).description(words).build();
        rule.ipv6_ranges(range).build()
    } else {
        rule.ip_ranges(IpRange::builder().cidr_ip(cidr).description(words).build()).build()
    }
}

/// A security group as the network sees it.
pub fn of(group: sdk::SecurityGroup) -> SecurityGroup {
    let mut ingress = BTreeSet::new();
    let mut others = BTreeMap::new();
    for rule in group.ip_permissions.into_iter().flatten() {
        let https = rule.from_port == Some(HTTPS) && rule.to_port == Some(HTTPS);
        for (source, single) in sources(&rule) {
            if https && rule.ip_protocol.as_deref() == Some("tcp") && source.contains('/') {
                ingress.insert(source);
            } else {
                others.insert(words(&rule, &source), single);
            }
        }
    }
    SecurityGroup {
        id: group.group_id.unwrap_or_default(),
        tags: tags(group.tags),
        ingress,
        others,
    }
}

/// The sources that a rule lets in, each with a rule for it alone.
fn sources(rule: &IpPermission) -> Vec<(String, IpPermission)> {
    let single = || {
        IpPermission::builder()
            .set_ip_protocol(rule.ip_protocol.clone())
            .set_from_port(rule.from_port)
            .set_to_port(rule.to_port)
    };
    let ipv4 = rule
        .ip_ranges()
        .iter()
        .map(|it| (it.cidr_ip.clone(), single().ip_ranges(it.clone()).build()));
    let ipv6 = rule
        .ipv6_ranges()
        .iter()
        .map(|it| (it.cidr_ipv6.clone(), single().ipv6_ranges(it.clone()).build()));
    let groups = rule
        .user_id_group_pairs()
        .iter()
        .map(|it| (it.group_id.clone(), single().user_id_group_pairs(it.clone()).build()));
    let lists = rule
        .prefix_list_ids()
        .iter()
        .map(|it| (it.prefix_list_id.clone(), single().prefix_list_ids(it.clone()).build()));
    let all = ipv4.chain(ipv6).chain(groups).chain(lists);
    all.filter_map(|(source, single)| Some((source?, single))).collect()
}

/// A rule in words: `tcp/22-22 from 10.0.0.0/8`.
fn words(rule: &IpPermission, source: &str) -> String {
    let protocol = rule.ip_protocol.as_deref().unwrap_or("-1");
    match (rule.from_port, rule.to_port) {
        (Some(from), Some(to)) if from == to => format!("{protocol}/{from} from {source}"),
        (Some(from), Some(to)) => format!("{protocol}/{from}-{to} from {source}"),
        _ => format!("{protocol} from {source}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_rules_by_source() {
        let group = sdk::SecurityGroup::builder()
            .group_id("sg-1")
            .ip_permissions(https_from("10.0.0.0/16"))
            .ip_permissions(https_from("fd00::/56"))
            .ip_permissions(
                IpPermission::builder()
                    .ip_protocol("tcp")
                    .from_port(22)
                    .to_port(23)
                    .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build())
                    .user_id_group_pairs(sdk::UserIdGroupPair::builder().group_id("sg-2").build())
                    .build(),
            )
            .ip_permissions(
                IpPermission::builder()
                    .ip_protocol("-1")
                    .user_id_group_pairs(sdk::UserIdGroupPair::builder().group_id("sg-3").build())
                    .build(),
            )
            .build();
        let group = of(group);
        assert_eq!(group.ingress, ["10.0.0.0/16", "fd00::/56"].map(str::to_owned).into());
        let others: Vec<&str> = group.others.keys().map(String::as_str).collect();
        assert_eq!(others, ["-1 from sg-3", "tcp/22-23 from 10.0.0.0/8", "tcp/22-23 from sg-2"]);
        let revoked = &group.others["tcp/22-23 from sg-2"];
        assert!(revoked.ip_ranges().is_empty(), "only the one source is revoked");
    }
}
