//! An endpoint of a service: routes in the network's tables (gateway), or network interfaces in
//! its subnets (interface).

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, VpcEndpointType};
use tokio::time::Instant;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::observed::Endpoint;
use super::wanted;
use super::work::{MISSING, Work, token};
use super::{listing, services};
use crate::consistency::WITHIN_SERVICE;
use crate::ec2;
use crate::error::Reply;
use crate::policy;

/// The endpoint of a service.
pub struct EndpointPart {
    /// The service, as the configuration names it.
    pub service: String,
}

/// The name of the part.
pub fn part(service: &str) -> String {
    format!("endpoint/{service}")
}

/// Where an endpoint is to be, by ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Places {
    tables: BTreeSet<String>,
    subnets: BTreeSet<String>,
    groups: BTreeSet<String>,
}

#[async_trait]
impl<'a> Part<Work<'a>> for EndpointPart {
    fn name(&self) -> String {
        part(&self.service)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let Some(wanted) = work.wanted.endpoints.get(&self.service) else {
            return Standing::Different;
        };
        let changed = self.is_another(work, &there, wanted)
            || !is_usable(&there)
            || !self.change(work, &there, wanted).is_empty()
            || work.is_mistagged(&part(&self.service), &there.tags);
        if changed { Standing::Different } else { Standing::AsPlanned }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(wanted) = work.wanted.endpoints.get(&self.service) else { return Ok(()) };
        let path = || Path::attribute("endpoints").key(&self.service);
        if let Some(there) = self.there(work)
            && (self.is_another(work, &there, wanted) || is_over(&there.state))
        {
            self.remove(work).await?;
        }
        let told = |failure| with_remedy(failure).at(path());
        let Some(there) = self.there(work) else {
            let id = self.make(work, wanted).await.map_err(told)?;
            return self.wait(work, &id, None).await;
        };
        work.mend_tags(&part(&self.service), &there.id).await?;
        let change = self.change(work, &there, wanted);
        if change.is_empty() {
            return self.wait(work, &there.id, None).await;
        }
        // In subnets that it leaves, its interfaces may outlast the change for a moment.
        work.note(|observed| observed.past_interfaces.extend(there.interface_ids));
        change.make(work, &there.id).await.map_err(told)?;
        self.wait(work, &there.id, Some(wanted)).await
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let what = format!("endpoint {} ({})", there.id, self.service);
        if there.state != "deleting" {
            delete(work, &what, &there.id).await?;
        }
        let state =
            || async { Ok(look(work, &there.id).await?.map(|(endpoint, _)| endpoint.state)) };
        work.wait_until_deleted(&what, state, || delete(work, &what, &there.id)).await?;
        work.note(|observed| {
            observed.past_interfaces.extend(there.interface_ids);
            observed.endpoints.remove(&self.service);
        });
        Ok(())
    }
}

/// Whether nothing more will become of an endpoint in this state.
pub fn is_over(state: &str) -> bool {
    matches!(state, "failed" | "rejected" | "expired" | "deleting" | "deleted")
}

fn is_usable(there: &Endpoint) -> bool {
    matches!(there.state.as_str(), "available" | "pendingacceptance")
}

/// What makes an endpoint what it is to be. Where others have put it besides stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Change {
    add: Places,
    remove: Places,
    private_dns: Option<bool>,
    /// The new policy; none for the service's own.
    policy: Option<Option<String>>,
}

impl Change {
    /// What makes of an endpoint one at these places.
    fn of(work: &Work<'_>, there: &Endpoint, wanted: &wanted::Endpoint, places: &Places) -> Self {
        let (own_tables, own_subnets): (BTreeSet<String>, BTreeSet<String>) =
            work.see(|observed| {
                let tables = observed.route_tables.values().map(|it| it.id.clone());
                let subnets = observed.subnets.values().map(|it| it.id.clone());
                (tables.collect(), subnets.collect())
            });
        let missing = |wanted: &BTreeSet<String>, there: &BTreeSet<String>| {
            wanted.difference(there).cloned().collect()
        };
        let surplus =
            |there: &BTreeSet<String>, wanted: &BTreeSet<String>, own: &BTreeSet<String>| {
                there.difference(wanted).filter(|id| own.contains(*id)).cloned().collect()
            };
        let names_differ = !wanted.gateway && there.private_dns != wanted.private_dns;
        Self {
            add: Places {
                tables: missing(&places.tables, &there.route_table_ids),
                subnets: missing(&places.subnets, &there.subnet_ids),
                groups: missing(&places.groups, &there.group_ids),
            },
            remove: Places {
                tables: surplus(&there.route_table_ids, &places.tables, &own_tables),
                subnets: surplus(&there.subnet_ids, &places.subnets, &own_subnets),
                groups: BTreeSet::new(),
            },
            private_dns: names_differ.then_some(wanted.private_dns),
            policy: new_policy(there.policy.as_deref(), wanted.policy.as_deref()),
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    async fn make(&self, work: &Work<'_>, id: &str) -> Result<(), Failure> {
        if self.is_empty() {
            return Ok(());
        }
        let list = |ids: &BTreeSet<String>| {
            (!ids.is_empty()).then(|| ids.iter().cloned().collect::<Vec<_>>())
        };
        let mut request = work
            .ec2()
            .modify_vpc_endpoint()
            .vpc_endpoint_id(id)
            .set_add_route_table_ids(list(&self.add.tables))
            .set_remove_route_table_ids(list(&self.remove.tables))
            .set_add_subnet_ids(list(&self.add.subnets))
            .set_remove_subnet_ids(list(&self.remove.subnets))
            .set_add_security_group_ids(list(&self.add.groups))
            .set_private_dns_enabled(self.private_dns);
        request = match &self.policy {
            None => request,
            Some(None) => request.reset_policy(true),
            Some(Some(policy)) => request.policy_document(policy),
        };
        work.patiently(|| request.clone().send()).await.map(drop)
    }
}

/// The policy to set where the one that is there means something else.
fn new_policy(there: Option<&str>, wanted: Option<&str>) -> Option<Option<String>> {
    match (there, wanted) {
        (None, None) => None,
        (Some(there), None) => (!allows_everything(there)).then_some(None),
        (Some(there), Some(wanted)) if policy::same(there, wanted) => None,
        (_, Some(wanted)) => Some(Some(wanted.to_owned())),
    }
}

/// Whether a policy is what an endpoint has by default.
pub fn allows_everything(document: &str) -> bool {
    let all = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    policy::same(document, all)
}

impl EndpointPart {
    fn there(&self, work: &Work<'_>) -> Option<Endpoint> {
        work.see(|observed| observed.endpoints.get(&self.service).cloned())
    }

    fn service_name(&self, work: &Work<'_>, wanted: &wanted::Endpoint) -> String {
        services::full_name(&self.service, wanted.gateway, work.call.scope.region())
    }

    /// Where the endpoint is to be.
    fn places(&self, work: &Work<'_>, wanted: &wanted::Endpoint) -> Places {
        work.see(|observed| {
            if wanted.gateway {
                let keys = work.wanted.route_tables.keys();
                let tables = keys.filter_map(|key| observed.route_tables.get(key));
                return Places {
                    tables: tables.map(|it| it.id.clone()).collect(),
                    ..Places::default()
                };
            }
            let subnets = work.wanted.endpoint_subnets(&self.service);
            let subnets = subnets.filter_map(|key| observed.subnets.get(key));
            let group = observed.endpoint_security_group.as_ref();
            Places {
                tables: BTreeSet::new(),
                subnets: subnets.map(|it| it.id.clone()).collect(),
                groups: group.map(|it| it.id.clone()).into_iter().collect(),
            }
        })
    }

    /// What makes the endpoint that is there the one that is to be.
    fn change(&self, work: &Work<'_>, there: &Endpoint, wanted: &wanted::Endpoint) -> Change {
        Change::of(work, there, wanted, &self.places(work, wanted))
    }

    /// Whether nothing can make the endpoint that is there the one that is to be.
    fn is_another(&self, work: &Work<'_>, there: &Endpoint, wanted: &wanted::Endpoint) -> bool {
        there.gateway != wanted.gateway || there.service_name != self.service_name(work, wanted)
    }

    async fn make(&self, work: &Work<'_>, wanted: &wanted::Endpoint) -> Result<String, Failure> {
        let part = part(&self.service);
        let Places { tables, subnets, groups } = self.places(work, wanted);
        let list = |ids: BTreeSet<String>| (!ids.is_empty()).then(|| ids.into_iter().collect());
        let kind =
            if wanted.gateway { VpcEndpointType::Gateway } else { VpcEndpointType::Interface };
        let service_name = self.service_name(work, wanted);
        let request = work
            .once()
            .ec2()
            .create_vpc_endpoint()
            .client_token(token())
            .vpc_id(work.vpc_id()?)
            .vpc_endpoint_type(kind)
            .service_name(&service_name)
            .set_policy_document(wanted.policy.clone())
            .set_private_dns_enabled((!wanted.gateway).then_some(wanted.private_dns))
            .set_route_table_ids(list(tables))
            .set_subnet_ids(list(subnets))
            .set_security_group_ids(list(groups))
            .tag_specifications(work.tag_specification(ResourceType::VpcEndpoint, &part));
        let send = || async {
            let endpoint = request.clone().send().await?.vpc_endpoint;
            Ok(endpoint.and_then(|it| it.vpc_endpoint_id))
        };
        let conflict = ["RouteAlreadyExists"];
        let stands = |id: String| async move {
            let found = look(work, &id).await?;
            Ok(found.is_some_and(|(endpoint, _)| !is_over(&endpoint.state)))
        };
        let look = || work.standing(&part, &ResourceType::VpcEndpoint, stands);
        let id = work.make(&part, &conflict, send, look).await?;
        let endpoint = Endpoint {
            id: id.clone(),
            tags: work.tags(&part),
            gateway: wanted.gateway,
            service_name,
            state: "pending".to_owned(),
            ..Endpoint::default()
        };
        work.note(|observed| {
            observed.endpoints.insert(self.service.clone(), endpoint);
        });
        Ok(id)
    }

    /// Waits until the endpoint can be used, and for a while until what was just `changed` shows.
    async fn wait(
        &self,
        work: &Work<'_>,
        id: &str,
        changed: Option<&wanted::Endpoint>,
    ) -> Result<(), Failure> {
        let what = format!("endpoint {id} ({})", self.service);
        let begun = Instant::now();
        let lags = |there: &Endpoint| {
            let differs = changed.is_some_and(|it| !self.change(work, there, it).is_empty());
            differs && begun.elapsed() < WITHIN_SERVICE
        };
        let (endpoint, reason) = work
            .call
            .wait_until(&what, Pace::SLOW, || async {
                Ok(match look(work, id).await? {
                    None => Look::Pending("not listed yet".to_owned()),
                    Some((endpoint, _)) if is_usable(&endpoint) && lags(&endpoint) => {
                        Look::Pending("listed as it was".to_owned())
                    }
                    Some((endpoint, reason))
                        if is_usable(&endpoint) || is_over(&endpoint.state) =>
                    {
                        Look::Done((endpoint, reason))
                    }
                    Some((endpoint, _)) => Look::Pending(endpoint.state),
                })
            })
            .await?;
        let state = endpoint.state.clone();
        let tags = work.tags(&part(&self.service));
        work.note(|observed| {
            // What EC2 lists of the tags may lag behind what was just set.
            let there = observed.endpoints.insert(self.service.clone(), endpoint);
            let tags = there.map_or(tags, |there| there.tags);
            if let Some(endpoint) = observed.endpoints.get_mut(&self.service) {
                endpoint.tags = tags;
            }
        });
        if is_over(&state) {
            let place = work.call.scope.place();
            let error = refused(&what, &state, &reason, &place);
            return Err(error.at(Path::attribute("endpoints").key(&self.service)).into());
        }
        if state == "pendingacceptance" {
            let path = Path::attribute("endpoints").key(&self.service);
            let detail = "Until the owner of the service accepts it, nothing gets through it.";
            work.call
                .warn(Diagnostic::warning(format!("{what} waits to be accepted"), detail).at(path));
        }
        Ok(())
    }
}

/// Where the service is not in all zones, what to do about it.
fn with_remedy(failure: Failure) -> Failure {
    let remedy = "Not every zone has this service. Name in zones here those that have it: aws ec2 \
                  describe-vpc-endpoint-services lists them.";
    failure.with_remedy("availability zone", remedy)
}

fn refused(what: &str, code: &str, message: &str, place: &str) -> Diagnostic {
    let message = if message.is_empty() { "EC2 gives no reason" } else { message };
    Diagnostic::error(
        format!("failed to get {what} right"),
        format!("{message} ({code}, {place})."),
    )
}

async fn delete(work: &Work<'_>, what: &str, id: &str) -> Result<(), Failure> {
    let answer = work.ec2().delete_vpc_endpoints().vpc_endpoint_ids(id).send().await;
    for item in answer.at(&work.call.scope)?.unsuccessful() {
        let (code, message) = ec2::reason(item);
        if !MISSING.contains(&code) && code != "InvalidVpcEndpoint.NotFound" {
            return Err(refused(what, code, message, &work.call.scope.place()).into());
        }
    }
    Ok(())
}

/// The endpoint of this id, and why it has failed, if it has.
async fn look(work: &Work<'_>, id: &str) -> Result<Option<(Endpoint, String)>, Failure> {
    let place = ec2::filter("vpc-endpoint-id", id);
    let found = work.ec2().describe_vpc_endpoints().filters(place).send().await;
    let found = found.at(&work.call.scope)?.vpc_endpoints.into_iter().flatten().next();
    Ok(found.map(|found| {
        let last = found.last_error().and_then(|it| it.message()).map(str::to_owned);
        let reason = found.failure_reason.clone().or(last).unwrap_or_default();
        (listing::endpoint(found), reason)
    }))
}

#[cfg(test)]
mod tests;
