//! A further block of addresses of a network's VPC: of IPv4 addresses, or the one of IPv6
//! addresses that Amazon provides. Its association has no tags: it is the VPC's.

use async_trait::async_trait;
use aws_sdk_ec2::types::VpcCidrBlockStateCode;
use ipnet::Ipv4Net;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::observed::Association;
use super::work::Work;
use crate::error::Reply;

/// A block of addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Block {
    /// Of IPv4 addresses.
    Secondary(Ipv4Net),
    /// Of IPv6 addresses.
    Ipv6,
}

/// A further block of addresses.
pub struct AddressBlockPart {
    /// Which one.
    pub block: Block,
}

impl Block {
    /// The name of the part.
    pub fn part(&self) -> String {
        match self {
            Self::Secondary(net) => format!("cidr/{net}"),
            Self::Ipv6 => "ipv6".to_owned(),
        }
    }

    const fn attribute(&self) -> &'static str {
        match self {
            Self::Secondary(_) => "secondary_cidrs",
            Self::Ipv6 => "ipv6",
        }
    }
}

#[async_trait]
impl<'a> Part<Work<'a>> for AddressBlockPart {
    fn name(&self) -> String {
        self.block.part()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        match self.association(work) {
            Some(Association { associated: true, .. }) => Standing::AsPlanned,
            Some(_) => Standing::Different,
            None => Standing::Absent,
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let vpc_id = work.vpc_id()?;
        let what = format!("{} of VPC {vpc_id}", self.block.part());
        if !self.is_there_or_coming(work, &what, &vpc_id).await? {
            let request = work.once().ec2().associate_vpc_cidr_block().vpc_id(&vpc_id);
            let request = match &self.block {
                Block::Secondary(net) => request.cidr_block(net.to_string()),
                Block::Ipv6 => request.amazon_provided_ipv6_cidr_block(true),
            };
            let send = || async {
                let answer = request.clone().send().await?;
                let ipv4 = answer.cidr_block_association.and_then(|it| it.association_id);
                let ipv6 = answer.ipv6_cidr_block_association;
                Ok(ipv4.or(ipv6.and_then(|it| it.association_id)))
            };
            let look = || async {
                let seen = self.look(work, &vpc_id).await?;
                Ok(seen.filter(|seen| !is_over(&seen.state)).map(|seen| seen.id))
            };
            work.make(&self.block.part(), &[], send, look)
                .await
                .map_err(|failure| failure.at_attribute(self.block.attribute()))?;
        }
        let seen = work
            .call
            .wait_until(&what, Pace::QUICK, || async {
                let seen = self.look(work, &vpc_id).await?;
                Ok(match seen {
                    Some(seen) if seen.state == VpcCidrBlockStateCode::Associated => {
                        Look::Done(seen)
                    }
                    Some(seen) if is_over(&seen.state) => return Err(seen.failure(&what).into()),
                    Some(seen) => Look::Pending(seen.state.as_str().to_owned()),
                    None => Look::Pending("not listed yet".to_owned()),
                })
            })
            .await?;
        let association = Association { id: seen.id, associated: true };
        self.note(work, Some((seen.cidr, association)));
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(Association { id, .. }) = self.association(work) else { return Ok(()) };
        let client = work.ec2();
        let vpc_id = work.vpc_id()?;
        let what = format!("{} of VPC {vpc_id}", self.block.part());
        let busy = ["DependencyViolation", "InvalidCidrBlock.InUse", "OperationNotPermitted"];
        work.remove(&what, &busy, None, || {
            client.disassociate_vpc_cidr_block().association_id(&id).send()
        })
        .await
        .map_err(|failure| failure.at_attribute(self.block.attribute()))?;
        work.call
            .wait_until(&what, Pace::QUICK, || async {
                let seen = self.look(work, &vpc_id).await?;
                Ok(match seen {
                    Some(seen) if !is_over(&seen.state) => {
                        Look::Pending(seen.state.as_str().to_owned())
                    }
                    _ => Look::Done(()),
                })
            })
            .await?;
        self.note(work, None);
        Ok(())
    }
}

/// How a block's association stands.
struct Seen {
    id: String,
    cidr: String,
    state: VpcCidrBlockStateCode,
    message: String,
}

impl Seen {
    fn failure(&self, what: &str) -> Diagnostic {
        Diagnostic::error(
            format!("{what} is {}", self.state.as_str()),
            format!("EC2 says: {}. Apply again once the reason is gone.", self.message),
        )
    }
}

/// Whether an association has come to nothing, or to its end.
fn is_over(state: &VpcCidrBlockStateCode) -> bool {
    matches!(
        state,
        VpcCidrBlockStateCode::Failed
            | VpcCidrBlockStateCode::Failing
            | VpcCidrBlockStateCode::Disassociated
    )
}

impl AddressBlockPart {
    fn association(&self, work: &Work<'_>) -> Option<Association> {
        work.see(|observed| {
            let vpc = observed.vpc.as_ref()?;
            match &self.block {
                Block::Secondary(net) => vpc.cidrs.get(&net.to_string()).cloned(),
                Block::Ipv6 => vpc.ipv6.as_ref().map(|(_, association)| association.clone()),
            }
        })
    }

    fn note(&self, work: &Work<'_>, now: Option<(String, Association)>) {
        work.note(|observed| {
            let Some(vpc) = &mut observed.vpc else { return };
            match (&self.block, now) {
                (Block::Secondary(_), Some((cidr, association))) => {
                    vpc.cidrs.insert(cidr, association);
                }
                (Block::Secondary(net), None) => {
                    vpc.cidrs.remove(&net.to_string());
                }
                (Block::Ipv6, now) => {
                    vpc.ipv6 = now.and_then(|(cidr, it)| Some((cidr.parse().ok()?, it)));
                }
            }
        });
    }

    /// Whether the block is associated, or about to be. One that is on its way out is waited for:
    /// only then can it come back.
    async fn is_there_or_coming(
        &self,
        work: &Work<'_>,
        what: &str,
        vpc_id: &str,
    ) -> Result<bool, Failure> {
        let Some(association) = self.association(work) else { return Ok(false) };
        if association.associated {
            return Ok(true);
        }
        work.call
            .wait_until(what, Pace::QUICK, || async {
                Ok(match self.look(work, vpc_id).await? {
                    Some(seen) if seen.state == VpcCidrBlockStateCode::Disassociating => {
                        Look::Pending(seen.state.as_str().to_owned())
                    }
                    seen => Look::Done(seen.is_some_and(|it| !is_over(&it.state))),
                })
            })
            .await
    }

    /// The latest association of the block that is not over, or else one that is.
    async fn look(&self, work: &Work<'_>, vpc_id: &str) -> Result<Option<Seen>, Failure> {
        let answer = work.ec2().describe_vpcs().vpc_ids(vpc_id).send().await;
        let answer = answer.found(&work.call.scope, &["InvalidVpcID.NotFound"])?;
        let vpc = answer.and_then(|it| it.vpcs).into_iter().flatten().next();
        let Some(vpc) = vpc else { return Ok(None) };
        let seen = |id: Option<String>, cidr: Option<String>, state: Option<_>| {
            let state: aws_sdk_ec2::types::VpcCidrBlockState = state?;
            let message = state.status_message.unwrap_or_else(|| "nothing".to_owned());
            Some(Seen { id: id?, cidr: cidr?, state: state.state?, message })
        };
        let mut all: Vec<Seen> = match &self.block {
            Block::Secondary(net) => {
                let all = vpc.cidr_block_association_set.into_iter().flatten();
                all.filter_map(|it| seen(it.association_id, it.cidr_block, it.cidr_block_state))
                    .filter(|it| it.cidr == net.to_string())
                    .collect()
            }
            Block::Ipv6 => {
                let all = vpc.ipv6_cidr_block_association_set.into_iter().flatten();
                all.filter_map(|it| {
                    seen(it.association_id, it.ipv6_cidr_block, it.ipv6_cidr_block_state)
                })
                .collect()
            }
        };
        let lasting = all.iter().position(|it| !is_over(&it.state));
        Ok(match lasting {
            Some(index) => Some(all.swap_remove(index)),
            None => all.pop(),
        })
    }
}

#[cfg(test)]
mod tests;
