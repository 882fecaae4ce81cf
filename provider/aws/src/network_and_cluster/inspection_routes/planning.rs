//! What a plan can say of the routes by itself, and what only the network can tell of it.

use travel_framework::diagnostic::Diagnostics;
use travel_framework::model::Model;
use travel_framework::platform::Platform;
use travel_framework::timeouts::READY;
use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::InspectionRoutes;
use super::observed::Seen;
use super::wanted::Wanted;
use crate::Aws;

/// The rule of the endpoints, by zone.
pub fn are_endpoints(value: &Value) -> Result<(), String> {
    let wrong =
        value.entries().into_iter().flatten().find(|(zone, id)| {
            zone.is_empty() || id.as_str().is_some_and(|id| !is_id("vpce-", id))
        });
    match wrong {
        Some(_) => {
            Err("ids of endpoints by zone, as in {eu-central-1a = \"vpce-0abc\"}".to_owned())
        }
        None => Ok(()),
    }
}

/// The rule of the subnets.
pub fn are_subnets(value: &Value) -> Result<(), String> {
    let mut ids = value.elements().into_iter().flatten().filter_map(Value::as_str);
    match ids.all(|id| is_id("subnet-", id)) {
        true => Ok(()),
        false => Err("ids of subnets, such as subnet-0abc".to_owned()),
    }
}

fn is_id(prefix: &str, text: &str) -> bool {
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Plans the routes: they stay where nothing changes, and otherwise only the network can tell them.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() || plan.is_replacement() {
        return;
    }
    let known = plan.known::<String>("vpc_id").zip(plan.known::<String>("name"));
    let id = known.map(|(vpc, name)| super::composed_id(&vpc, &name));
    plan.set_known("id", id.as_ref());
    let faults = plan.prior.get("faults").elements().map_or(0, <[Value]>::len);
    let stays = plan.prior.get("status").as_str() == Some(READY)
        && faults == 0
        && !plan.changes("endpoints")
        && !plan.changes("subnet_ids");
    let routes = plan.prior.get("routes").clone();
    let routes = if stays && !routes.is_null() { routes } else { Value::unknown() };
    plan.set("routes", routes);
    plan.set("faults", Value::Set(Vec::new()));
}

/// Warns of what in the network stands against the routes, once all is known that decides them. No
/// more than that: the same apply may change the network first.
pub async fn foresee(platform: &Aws, planned: &Value) -> Diagnostics {
    let decides = ["vpc_id", "endpoints", "subnet_ids"];
    let known = decides.iter().all(|name| planned.get(name).is_wholly_known());
    let Some(vpc) = planned.get("vpc_id").as_str().filter(|_| known) else {
        return Diagnostics::new();
    };
    let asked = async {
        let scope = platform.scope(planned).await?;
        Seen::look(&scope, vpc).await
    };
    let seen = match asked.await {
        Ok(seen) => seen,
        // The apply will tell.
        Err(failure) => {
            tracing::info!("the routes of the network: {}", failure.into_diagnostic());
            return Diagnostics::new();
        }
    };
    let Ok(object) = known_model(planned) else { return Diagnostics::new() };
    match Wanted::of(&seen, &object.endpoints, &object.subnet_ids) {
        Ok(_) => Diagnostics::new(),
        Err(error) => {
            let detail = format!(
                "{} An apply fails with this, unless it changes the network before.",
                error.detail
            );
            let warning = Diagnostic::warning(error.summary, detail);
            Diagnostics::from(match error.path {
                Some(path) => warning.at(path),
                None => warning,
            })
        }
    }
}

/// The object of a plan, whose unknown attributes are left out.
fn known_model(planned: &Value) -> Result<InspectionRoutes, Diagnostic> {
    let mut known = planned.clone();
    for attribute in <InspectionRoutes as Model>::block().attributes {
        if !known.get(&attribute.name).is_wholly_known() {
            known.set_attribute(&attribute.name, Value::Null);
        }
    }
    <InspectionRoutes as Model>::from_value(&known, &Path::root())
}

/// The state that a read can start from: `VPC/NAME`, or `REGION/VPC/NAME`.
///
/// # Errors
/// Where the id has another form.
pub fn import(id: &str) -> Result<InspectionRoutes, Diagnostic> {
    let parts: Vec<&str> = id.split('/').collect();
    let (region, vpc, name) = match parts[..] {
        [vpc, name] => (None, vpc, name),
        [region, vpc, name] => (Some(region.to_owned()), vpc, name),
        _ => return Err(not_an_id(id)),
    };
    if !is_id("vpc-", vpc) || name.is_empty() {
        return Err(not_an_id(id));
    }
    let mut state = InspectionRoutes {
        name: name.to_owned(),
        vpc_id: vpc.to_owned(),
        id: Some(super::composed_id(vpc, name)),
        ..InspectionRoutes::default()
    };
    state.placement.region = region;
    Ok(state)
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no inspection"),
        "Routes to a firewall are imported by network and name (VPC/NAME), as in vpc-0abc/egress, \
         with the region before them where that is not the provider's (REGION/VPC/NAME).",
    )
}

#[cfg(test)]
mod tests;
