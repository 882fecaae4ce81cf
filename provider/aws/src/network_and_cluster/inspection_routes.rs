//! travel_inspection_routes: the way out of subnets through the endpoints of a network firewall.
//!
//! Source: AWS Network Firewall developer guide, "Architecture with an internet gateway and a NAT
//! gateway"; VPC guide, "Middlebox routing".

pub mod marks;
mod observed;
mod planning;
mod wanted;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use travel_framework::diagnostic::Diagnostics;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use self::observed::{ANYWHERE, Seen, is_endpoint};
use self::wanted::Wanted;
use self::work::Work;
use crate::consistency::Call;
use crate::{Aws, Placement};

/// The way out of private subnets through the endpoints of a network firewall, zone by zone, and back.
///
/// Each subnet's default route leads to the endpoint of its zone instead of a NAT gateway; the
/// firewall's own subnets lead on to the NAT gateways; and the NAT gateways send what comes back for a
/// subnet to the same endpoint, since a firewall drops connections of which it sees only one
/// direction. For that the NAT gateways need a public tier of their own (`nat_tier` of
/// `travel_network`): what else stood there would reach the inspected subnets through the firewall, and
/// be answered past it.
///
/// Route by route, one call takes the place of what was there, so that nothing is ever without a way
/// out; connections that stand at that moment break, where the firewall drops those of which it has not
/// seen the beginning. A `travel_network` leaves these routes alone, also an exclusive one, and goes on to
/// tell where they lead behind the firewall; when its NAT gateways move to another tier, the way back
/// follows with the next apply. A destroy lets the subnets lead again to where the firewall's subnets
/// lead. IPv6 is not inspected: nothing leads what comes back by an egress-only gateway.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_inspection_routes",
    id = "id",
    key = "vpc_id/name",
    proof = tags,
    refresh = "4",
    identity("region", "vpc_id", "name"),
    consistency_seconds = 8
)]
pub struct InspectionRoutes {
    /// The name, by which it is told from others in the network. Another name means other routes.
    #[model(
        required,
        replace,
        pattern("^[a-zA-Z0-9-]{1,64}$", "1 to 64 letters, digits or hyphens")
    )]
    pub name: String,
    /// The network. Another one means other routes.
    #[model(required, replace, pattern("^vpc-[0-9a-f]+$", "the id of a network, as in vpc-0123"))]
    pub vpc_id: String,
    /// The ids of the firewall's endpoints by zone, as `travel_network_firewall` tells them.
    #[model(required, length(1, 20), rule = planning::are_endpoints)]
    pub endpoints: BTreeMap<String, String>,
    /// The subnets whose way out leads through the firewall: all of a private tier, each with a route
    /// table of its own.
    #[model(required, length(1, 200), rule = planning::are_subnets)]
    pub subnet_ids: BTreeSet<String>,
    /// Network and name: `vpc-0abc/egress`.
    #[model(computed)]
    pub id: Option<String>,
    /// The routes: what each leads to, by route table and destination, as in `rtb-0abc/0.0.0.0/0`.
    #[model(computed)]
    pub routes: Option<BTreeMap<String, String>>,
    /// What is not as it should be, in words: the next apply mends it.
    #[model(computed)]
    pub faults: Option<BTreeSet<String>>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

fn composed_id(vpc: &str, name: &str) -> String {
    format!("{vpc}/{name}")
}

/// What a mark calls the inspection of this name in a network.
fn resource(vpc: &str, name: &str) -> String {
    format!("travel_inspection_routes/{}", composed_id(vpc, name))
}

/// How a route is called in `routes`.
fn route_key(table: &str, destination: &str) -> String {
    format!("{table}/{destination}")
}

impl InspectionRoutes {
    /// Sets what tells of the routes, as they are and as they should be.
    fn fill(&mut self, call: &Call, seen: &Seen) {
        let (wanted, mut faults) = match Wanted::of(seen, &self.endpoints, &self.subnet_ids) {
            Ok(wanted) => (wanted, BTreeSet::new()),
            Err(error) => (Wanted::default(), [error.summary].into()),
        };
        let mut there = BTreeMap::new();
        for ((table, destination), target) in wanted.routes() {
            let key = route_key(&table, &destination);
            match seen.target(&table, &destination) {
                Some(to) if to == target => drop(there.insert(key, target)),
                Some(to) => {
                    faults.insert(format!("{key} leads to {to} instead of {target}"));
                    there.insert(key, to.to_owned());
                }
                None => drop(faults.insert(format!("{key} does not lead to {target}"))),
            }
        }
        // What an update has not put back yet.
        for key in self.routes.iter().flatten().map(|(key, _)| key) {
            let place = key.split_once('/').filter(|_| !there.contains_key(key));
            let target = place.and_then(|(table, destination)| seen.target(table, destination));
            if let Some(target) = target.filter(|target| is_endpoint(target)) {
                faults.insert(format!("{key} still leads to {target}"));
                there.insert(key.clone(), target.to_owned());
            }
        }
        faults.extend(self.unmarked(call, seen, &wanted));
        self.id = Some(composed_id(&self.vpc_id, &self.name));
        self.routes = Some(there);
        self.faults = Some(faults);
    }

    /// The tables that lack the mark, in words.
    fn unmarked(&self, call: &Call, seen: &Seen, wanted: &Wanted) -> BTreeSet<String> {
        let none = crate::tags::Tags::new();
        let tags = |id: &String| seen.tables.get(id).map_or(&none, |table| &table.tags);
        let resource = resource(&self.vpc_id, &self.name);
        let mut faults = BTreeSet::new();
        for id in wanted.out.keys() {
            match marks::read(tags(id)) {
                None => drop(faults.insert(format!("{id} is not marked"))),
                Some(mark) if mark.resource != resource || !call.claim.owns(&mark) => {
                    let owner = format!("{} of {}", mark.resource, mark.deployment);
                    faults.insert(format!("{id} is marked as that of {owner}"));
                }
                Some(_) => {}
            }
        }
        let passage = marks::passage(&self.name);
        let unmarked = wanted.passages().into_iter().filter(|id| !tags(id).contains_key(&passage));
        faults.extend(unmarked.map(|id| format!("{id} is not marked")));
        faults
    }

    /// The inspection as the tables tell it whose mark names it; none where no table does.
    fn marked(seen: &Seen, vpc: &str, name: &str) -> Option<(Self, Mark)> {
        let resource = resource(vpc, name);
        let is_one = |mark: &Mark| mark.resource == resource;
        let own = seen.tables.values();
        let own = own.filter_map(|table| Some((table, marks::read(&table.tags).filter(is_one)?)));
        let own: Vec<_> = own.collect();
        let mark = own.first()?.1.clone();
        let subnets = own.iter().flat_map(|(table, _)| table.subnets.clone());
        Some((Self::of(seen, vpc, name, subnets.collect()), mark))
    }

    /// The inspection of these subnets, as far as their routes tell which endpoints it goes through.
    fn of(seen: &Seen, vpc: &str, name: &str, subnet_ids: BTreeSet<String>) -> Self {
        let passage = marks::passage(name);
        let passages = || seen.tables.values().filter(|it| it.tags.contains_key(&passage));
        let endpoints = subnet_ids.iter().filter_map(|id| {
            let subnet = seen.subnets.get(id)?;
            let out = seen.own_table(id).and_then(|(_, table)| table.routes.get(ANYWHERE));
            let mut back = passages().filter_map(|table| table.routes.get(&subnet.cidr));
            let led = out.filter(|it| is_endpoint(it)).or_else(|| back.find(|it| is_endpoint(it)));
            Some((subnet.zone.clone(), led?.clone()))
        });
        Self {
            name: name.to_owned(),
            vpc_id: vpc.to_owned(),
            endpoints: endpoints.collect(),
            subnet_ids,
            id: Some(composed_id(vpc, name)),
            ..Self::default()
        }
    }

    /// What an import takes in: what is marked so, or else all ways out that lead to an endpoint and
    /// that nobody has marked.
    fn imported(seen: &Seen, vpc: &str, name: &str) -> Option<Self> {
        if let Some((object, _)) = Self::marked(seen, vpc, name) {
            return Some(object);
        }
        let led = seen.tables.values().filter(|table| {
            let leads = table.routes.get(ANYWHERE).is_some_and(|target| is_endpoint(target));
            leads && marks::read(&table.tags).is_none()
        });
        let subnets: BTreeSet<String> = led.flat_map(|table| table.subnets.clone()).collect();
        (!subnets.is_empty()).then(|| Self::of(seen, vpc, name, subnets))
    }

    /// Whether anything of it is left.
    fn is_there(&self, seen: &Seen) -> bool {
        let marked = Self::marked(seen, &self.vpc_id, &self.name).is_some();
        let ours = |target: &String| self.endpoints.values().any(|it| it == target);
        let tables = self.subnet_ids.iter().filter_map(|id| seen.own_table(id));
        let mut ways = tables.filter_map(|(_, table)| table.routes.get(ANYWHERE));
        marked || ways.any(ours)
    }
}

#[async_trait]
impl Resource for InspectionRoutes {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(15);

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn foresee(platform: &Aws, planned: &Value) -> Diagnostics {
        planning::foresee(platform, planned).await
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let seen = Seen::look(&call.scope, &state.vpc_id).await?;
        let mut object = state.clone();
        if state.subnet_ids.is_empty() {
            let Some(found) = Self::imported(&seen, &state.vpc_id, &state.name) else {
                return Ok(None);
            };
            (object.endpoints, object.subnet_ids) = (found.endpoints, found.subnet_ids);
        }
        if !object.is_there(&seen) {
            return Ok(None);
        }
        object.fill(call, &seen);
        Ok(Some(object))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let seen = Seen::look(&call.scope, &plan.vpc_id).await?;
        let found = Self::marked(&seen, &plan.vpc_id, &plan.name).map(|(mut object, mark)| {
            object.placement = plan.placement.clone();
            object.fill(call, &seen);
            let complete = object.faults.as_ref().is_some_and(BTreeSet::is_empty);
            let label = composed_id(&plan.vpc_id, &plan.name);
            Found { object, mark: Some(mark), complete, label }
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let nothing =
            Self { endpoints: BTreeMap::new(), lifecycle: Lifecycle::default(), ..plan.clone() };
        state.bring(call, &nothing, plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        state.bring(call, prior, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let seen = Seen::look(&call.scope, &prior.vpc_id).await?;
        Work::new(call, &prior.name, prior, seen).restore(&Wanted::default()).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let seen = Seen::look(&call.scope, &state.vpc_id).await?;
        Ok(Self::marked(&seen, &state.vpc_id, &state.name).map(|(_, mark)| mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl InspectionRoutes {
    /// Leads traffic as `plan` says; `self` follows once all of it is done. Until then it tells what
    /// there may be of it.
    async fn bring(&mut self, call: &Call, prior: &Self, plan: &Self) -> Result<(), Failure> {
        let seen = Seen::look(&call.scope, &plan.vpc_id).await?;
        let wanted = Wanted::of(&seen, &plan.endpoints, &plan.subnet_ids)?;
        self.id = Some(composed_id(&plan.vpc_id, &plan.name));
        let coming = wanted.routes().into_iter();
        let coming = coming.map(|((table, from), to)| (route_key(&table, &from), to));
        let mut known: BTreeMap<String, String> = coming.collect();
        known.extend(prior.routes.clone().unwrap_or_default());
        self.routes = Some(known);
        Work::new(call, &plan.name, prior, seen).bring(&wanted).await?;
        let seen = Seen::look(&call.scope, &plan.vpc_id).await?;
        let done = Self { lifecycle: self.lifecycle.clone(), ..plan.clone() };
        *self = Self { placement: self.placement.clone(), routes: None, ..done };
        self.fill(call, &seen);
        // What has come since shows in the next plan.
        self.faults = Some(BTreeSet::new());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
