//! Which routes it takes for traffic to go through the firewall both ways. Pure.
//!
//! A firewall only understands connections of which it sees both directions. So the routes out of a
//! subnet and those back to it lead to the same endpoint: that of the subnet's zone.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Diagnostic;
use travel_value::Path;

use super::observed::{ANYWHERE, Seen, Table, is_endpoint};

/// A route: its table and its destination.
pub type Key = (String, String);

/// The routes that are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The endpoint that the way out of each table leads to.
    pub out: BTreeMap<String, String>,
    /// The endpoint that the way back leads to: from the NAT gateways' tables, by the inspected
    /// subnets' blocks.
    pub back: BTreeMap<Key, String>,
}

impl Wanted {
    /// The routes that lead these subnets' traffic through these endpoints, by zone.
    ///
    /// # Errors
    /// Where there are none that lead both ways, at the attribute that can mend it.
    pub fn of(
        seen: &Seen,
        endpoints: &BTreeMap<String, String>,
        subnet_ids: &BTreeSet<String>,
    ) -> Result<Self, Diagnostic> {
        let mut wanted = Self::default();
        for id in subnet_ids {
            let (table, endpoint) = way_out(seen, endpoints, subnet_ids, id)?;
            wanted.out.insert(table.clone(), endpoint.clone());
            let gateway = beyond(seen, endpoint, subnet_ids)?;
            let back = way_back(seen, gateway)?;
            let cidr = seen.subnets.get(id).map(|subnet| subnet.cidr.clone()).unwrap_or_default();
            wanted.back.insert((back.clone(), cidr), endpoint.clone());
        }
        let shared = wanted.back.keys().find(|(table, _)| wanted.out.contains_key(table));
        match shared {
            Some((table, _)) => Err(at_subnets(
                "a NAT gateway cannot be inspected",
                format!(
                    "Route table {table} serves inspected subnets and those of the NAT gateways \
                     behind the firewall: packets would go round. Leave out the subnets of the NAT \
                     gateways."
                ),
            )),
            None => Ok(wanted),
        }
    }

    /// All of them, by table and destination.
    pub fn routes(&self) -> BTreeMap<Key, String> {
        let out = self.out.iter();
        let out = out.map(|(table, to)| ((table.clone(), ANYWHERE.to_owned()), to.clone()));
        out.chain(self.back.clone()).collect()
    }

    /// The tables with routes back.
    pub fn passages(&self) -> BTreeSet<String> {
        self.back.keys().map(|(table, _)| table.clone()).collect()
    }
}

fn at_subnets(summary: impl Into<String>, detail: String) -> Diagnostic {
    Diagnostic::error(summary, detail).at_attribute("subnet_ids")
}

/// The table of a subnet, and the endpoint of its zone.
fn way_out<'a>(
    seen: &'a Seen,
    endpoints: &'a BTreeMap<String, String>,
    inspected: &BTreeSet<String>,
    id: &str,
) -> Result<(&'a String, &'a String), Diagnostic> {
    let subnet = seen.subnets.get(id).ok_or_else(|| {
        let detail = "The subnets are those of the network in vpc_id.".to_owned();
        at_subnets(format!("no subnet {id} in the network"), detail)
    })?;
    let endpoint = endpoints.get(&subnet.zone).ok_or_else(|| {
        Diagnostic::error(
            format!("no endpoint in {}", subnet.zone),
            format!(
                "Subnet {id} is there, and its traffic goes through the endpoint of its own zone. \
                 Give the firewall a subnet in {}, or leave this one out.",
                subnet.zone,
            ),
        )
        .at(Path::attribute("endpoints"))
    })?;
    let (table_id, table) = seen.own_table(id).ok_or_else(|| {
        let detail = "It goes by the network's main table, which serves all that have no other. \
                      Give it a table of its own."
            .to_owned();
        at_subnets(format!("subnet {id} has no route table of its own"), detail)
    })?;
    check_shared(seen, inspected, (id, &subnet.zone), (table_id, table))?;
    Ok((table_id, endpoint))
}

/// A table leads all of its subnets to one endpoint, so that they are of one zone, and all are meant.
fn check_shared(
    seen: &Seen,
    inspected: &BTreeSet<String>,
    (id, zone): (&str, &str),
    (table_id, table): (&str, &Table),
) -> Result<(), Diagnostic> {
    let is_like = |other: &&String| {
        let there = seen.subnets.get(*other).is_some_and(|subnet| subnet.zone == zone);
        there && inspected.contains(*other)
    };
    match table.subnets.iter().find(|other| !is_like(other)) {
        None if table.main => Err(at_subnets(
            format!("subnet {id} has no route table of its own"),
            format!("Table {table_id} is the network's main one, which serves others, too."),
        )),
        None => Ok(()),
        Some(other) => Err(at_subnets(
            format!("subnet {id} shares its route table"),
            format!(
                "Table {table_id} serves {other}, too, which is in another zone or not to be \
                 inspected. Subnets of private tiers of a travel_network have a table each."
            ),
        )),
    }
}

/// The NAT gateway behind an endpoint.
fn beyond<'a>(
    seen: &'a Seen,
    endpoint: &str,
    inspected: &BTreeSet<String>,
) -> Result<&'a str, Diagnostic> {
    let at_endpoints = |summary: String, detail: String| {
        Err(Diagnostic::error(summary, detail).at(Path::attribute("endpoints")))
    };
    let Some(subnet) = seen.endpoints.get(endpoint) else {
        return at_endpoints(
            format!("no endpoint {endpoint} in the network"),
            "The endpoints are those of a firewall in the network of vpc_id.".to_owned(),
        );
    };
    if inspected.contains(subnet) {
        return Err(at_subnets(
            "the firewall's own subnet cannot be inspected",
            format!(
                "Endpoint {endpoint} is in {subnet}, whose packets would go round. Leave it out."
            ),
        ));
    }
    match seen.beyond(endpoint) {
        Some(target) if target.starts_with("nat-") => Ok(target),
        Some(target) if is_endpoint(target) => at_endpoints(
            format!("behind endpoint {endpoint} is another"),
            format!("Its subnet {subnet} leads to {target}; it has to lead to a NAT gateway."),
        ),
        other => at_endpoints(
            format!("behind endpoint {endpoint} is no NAT gateway"),
            format!(
                "Its subnet {subnet} leads to {}. What passes the firewall goes out by a NAT \
                 gateway, so that what comes back can be led through the same endpoint: give the \
                 firewall a tier of its own with access = \"private\".",
                other.unwrap_or("nowhere"),
            ),
        ),
    }
}

/// The table by which a NAT gateway sends back what it gets.
fn way_back<'a>(seen: &'a Seen, gateway: &str) -> Result<&'a String, Diagnostic> {
    let table = seen.nat_gateways.get(gateway).and_then(|subnet| seen.own_table(subnet));
    table.map(|(id, _)| id).ok_or_else(|| {
        Diagnostic::error(
            format!("no route table for what comes back by {gateway}"),
            "The NAT gateway is of another network, about to go, or in a subnet without a route \
             table of its own.",
        )
        .at(Path::attribute("endpoints"))
    })
}

#[cfg(test)]
mod tests;
