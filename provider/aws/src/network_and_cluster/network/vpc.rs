//! The VPC of a network: made by it, or given.

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, VpcState};
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::listing;
use super::observed::{Association, Observed, Vpc};
use super::wanted::Wanted;
use super::work::Work;
use crate::ec2;
use crate::error::Reply;

/// The name of the part.
pub const NAME: &str = "vpc";

/// The VPC.
pub struct VpcPart;

#[async_trait]
impl<'a> Part<Work<'a>> for VpcPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let wanted = work.wanted;
        work.see(|observed| match &observed.vpc {
            Some(_) if wanted.vpc_id.is_some() => Standing::AsPlanned,
            Some(vpc) if vpc.own => {
                let names = vpc.enable_dns_hostnames == wanted.enable_dns_hostnames;
                let support = vpc.enable_dns_support == wanted.enable_dns_support;
                if names && support && !work.is_mistagged(NAME, &vpc.tags) {
                    Standing::AsPlanned
                } else {
                    Standing::Different
                }
            }
            _ => Standing::Absent,
        })
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        if let Some(id) = &work.wanted.vpc_id {
            return Err(no_vpc(id, &work.call.scope.place()).into());
        }
        let there = work.see(|observed| observed.vpc.as_ref().is_some_and(|vpc| vpc.own));
        if there {
            work.mend_tags(NAME, &work.vpc_id()?).await?;
        } else {
            make(work).await?;
        }
        set_names(work).await
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(id) = own_id(work) else { return Ok(()) };
        let place = ec2::filter("vpc-id", &id);
        let client = work.ec2();
        work.remove(&format!("VPC {id}"), &["DependencyViolation"], Some(place), || {
            client.delete_vpc().vpc_id(&id).send()
        })
        .await?;
        work.note(|observed| observed.vpc = None);
        Ok(())
    }
}

/// The id of the VPC, if the network made it.
fn own_id(work: &Work<'_>) -> Option<String> {
    work.see(|observed| observed.vpc.as_ref().filter(|vpc| vpc.own).map(|vpc| vpc.id.clone()))
}

async fn make(work: &Work<'_>) -> Result<(), Failure> {
    let cidr = work.wanted.cidr.to_string();
    let request = work
        .once()
        .ec2()
        .create_vpc()
        .cidr_block(&cidr)
        .tag_specifications(work.tag_specification(ResourceType::Vpc, NAME));
    let send = || async { Ok(request.clone().send().await?.vpc.and_then(|vpc| vpc.vpc_id)) };
    let made = work.make_tagged(NAME, &ResourceType::Vpc, &[], send).await;
    let id = made.map_err(|failure| failure.at_attribute("cidr"))?;
    let vpc = Vpc {
        id: id.clone(),
        own: true,
        tags: work.tags(NAME),
        cidr: cidr.clone(),
        cidrs: [(cidr, Association { id: String::new(), associated: true })].into(),
        ipv6: None,
        // What AWS gives a new VPC.
        enable_dns_support: true,
        enable_dns_hostnames: false,
    };
    work.note(|observed| observed.vpc = Some(vpc));
    let client = work.ec2();
    work.call
        .wait_until(&format!("VPC {id}"), Pace::QUICK, || async {
            let filter = ec2::filter("vpc-id", &id);
            let found = client.describe_vpcs().filters(filter).send().await;
            let state = found.at(&work.call.scope)?.vpcs().first().and_then(|it| it.state.clone());
            Ok(match state {
                Some(VpcState::Available) => Look::Done(()),
                Some(state) => Look::Pending(state.as_str().to_owned()),
                None => Look::Pending("not listed yet".to_owned()),
            })
        })
        .await
}

/// Sets whether there are names. AWS takes one attribute per request, and names only with
/// support.
async fn set_names(work: &Work<'_>) -> Result<(), Failure> {
    let id = work.vpc_id()?;
    let (support, names) = work.see(|observed| {
        let vpc = observed.vpc.as_ref();
        vpc.map_or((true, false), |vpc| (vpc.enable_dns_support, vpc.enable_dns_hostnames))
    });
    let wanted = work.wanted;
    let value = |value| AttributeBooleanValue::builder().value(value).build();
    let request = work.ec2().modify_vpc_attribute().vpc_id(&id);
    let set_support = request.clone().enable_dns_support(value(wanted.enable_dns_support));
    let set_names = request.enable_dns_hostnames(value(wanted.enable_dns_hostnames));
    let mut changes = Vec::new();
    if support != wanted.enable_dns_support {
        changes.push(set_support);
    }
    if names != wanted.enable_dns_hostnames {
        changes.push(set_names);
    }
    if !wanted.enable_dns_support {
        changes.reverse();
    }
    if changes.is_empty() {
        return Ok(());
    }
    for change in changes {
        work.patiently(|| change.clone().send()).await?;
    }
    let expected = (wanted.enable_dns_support, wanted.enable_dns_hostnames);
    work.call
        .wait_until(&format!("the names of VPC {id}"), Pace::QUICK, || async {
            let there = listing::names(work.call, &id).await?;
            let as_before = || Look::Pending("as before".to_owned());
            Ok(if there == expected { Look::Done(()) } else { as_before() })
        })
        .await?;
    work.note(|observed| {
        if let Some(vpc) = &mut observed.vpc {
            vpc.enable_dns_support = wanted.enable_dns_support;
            vpc.enable_dns_hostnames = wanted.enable_dns_hostnames;
        }
    });
    Ok(())
}

fn no_vpc(id: &str, place: &str) -> Diagnostic {
    Diagnostic::error(
        format!("no VPC {id}"),
        format!("There is no such VPC ({place}). Correct vpc_id, account or region."),
    )
    .at_attribute("vpc_id")
}

/// Checks that a VPC that the network was given has what the network needs of it.
///
/// # Errors
/// Where it has not, at the attribute that asks for it.
pub fn check_given(wanted: &Wanted, observed: &Observed) -> Result<(), Diagnostic> {
    let (Some(_), Some(vpc)) = (&wanted.vpc_id, &observed.vpc) else { return Ok(()) };
    let blocks: Vec<ipnet::Ipv4Net> = vpc.cidrs.keys().filter_map(|it| it.parse().ok()).collect();
    let has = |net: &ipnet::Ipv4Net| blocks.iter().any(|block| block.contains(net));
    let known: Vec<&str> = vpc.cidrs.keys().map(String::as_str).collect();
    let known = known.join(", ");
    if !has(&wanted.cidr) {
        return Err(Diagnostic::error(
            format!("{} is not in VPC {}", wanted.cidr, vpc.id),
            format!("The VPC's blocks are {known}. Name one of them, or a part of one."),
        )
        .at_attribute("cidr"));
    }
    if let Some((key, subnet)) = wanted.subnets.iter().find(|(_, subnet)| !has(&subnet.cidr)) {
        return Err(Diagnostic::error(
            format!("{} is not in VPC {}", subnet.cidr, vpc.id),
            format!("It is the place of subnet {key}. The VPC's blocks are {known}."),
        )
        .at(Path::attribute("tiers").key(&subnet.tier)));
    }
    if wanted.ipv6 && vpc.ipv6.is_none() {
        return Err(Diagnostic::error(
            format!("VPC {} has no IPv6 addresses", vpc.id),
            "Let its owner associate a block that Amazon provides, or set ipv6 = false.",
        )
        .at_attribute("ipv6"));
    }
    let private_names = wanted.endpoints.values().any(|it| it.private_dns);
    if private_names && !(vpc.enable_dns_support && vpc.enable_dns_hostnames) {
        return Err(Diagnostic::error(
            format!("VPC {} has no names for private addresses", vpc.id),
            "Private names of endpoints need the VPC's enableDnsSupport and enableDnsHostnames. \
             Let its owner set both, or set private_dns = false.",
        )
        .at_attribute("endpoints"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
