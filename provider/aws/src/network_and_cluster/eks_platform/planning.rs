//! What a plan can say beyond the schema: which way a version goes, roles and names that follow
//! from other attributes, and which part must be made anew.

use std::collections::BTreeMap;

use travel_framework::Plan;
use travel_framework::model::Field;
use travel_value::{Path, Value};

use super::checks::{self, elements};
use super::elements::usual_configuration;
use super::kubernetes_version::{Minor, refusal, skew_refusal};
use super::{NodeGroup, memory, node_group, oidc_provider, role_names};
use crate::partition::Partition;

/// Plans a platform.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        refuse_protected(plan, "destroyed");
        return;
    }
    checks::check(plan);
    plan_roles(plan);
    for name in ["cluster_role_arn", "encryption_key_arn", "service_ipv4_cidr"] {
        replace_changed(plan, name);
    }
    plan_authentication(plan);
    plan_version(plan);
    plan_node_groups(plan);
    plan_addons(plan);
    plan_access_entries(plan);
    plan_pod_identities(plan);
    plan_outputs(plan);
    if plan.is_replacement() {
        refuse_protected(plan, "replaced");
        if plan.known::<bool>("allow_replacement") != Some(true) {
            plan.refuse_replacement("cluster");
        }
    }
}

fn refuse_protected(plan: &mut Plan<'_>, done: &str) {
    if plan.prior::<bool>("deletion_protection") == Some(true) {
        plan.refuse(
            "deletion_protection",
            format!("this cluster is not to be {done}"),
            "It is protected. To go on, apply deletion_protection = false first.",
        );
    }
}

/// Whether there is a cluster that stays: not so for a create, after somebody has deleted it, or
/// where the plan replaces it.
fn stays(plan: &Plan<'_>) -> bool {
    !plan.prior.get("arn").is_null() && !plan.is_replacement()
}

/// Sets an attribute of an element of a map.
fn set(plan: &mut Plan<'_>, map: &str, key: &str, name: &str, value: Value) {
    let mut elements = plan.planned.get(map).entries().cloned().unwrap_or_default();
    if let Some(element) = elements.get_mut(key) {
        element.set_attribute(name, value);
        plan.set(map, Value::Map(elements));
    }
}

/// Plans the roles that the platform makes, and their ARNs.
fn plan_roles(plan: &mut Plan<'_>) {
    let mut roles = BTreeMap::new();
    let mut undecided = false;
    for kind in role_names::KINDS {
        let attribute = kind.attribute();
        let given = plan.config.get(attribute);
        if given.is_unknown() {
            undecided = true;
            continue;
        }
        if !given.is_null() {
            continue;
        }
        let (name, region) = (plan.known::<String>("name"), plan.known::<String>("region"));
        let (Some(name), Some(region)) = (name, region) else {
            undecided = true;
            plan.set(attribute, Value::unknown());
            continue;
        };
        let partition = Partition::of_region(&region);
        let role = kind.role_name(&name, &region);
        let account = plan.known::<String>("account_id");
        let arn = account.map(|account| partition.iam_arn(&account, &format!("role/{role}")));
        let arn = arn.map_or_else(Value::unknown, Value::String);
        plan.set(attribute, arn.clone());
        let policies = match kind.policies(plan.planned.get("node_role_policies"), partition) {
            Some(arns) => Value::set(arns.into_iter().map(Value::String)),
            None => Value::unknown(),
        };
        let boundary = plan.planned.get("permissions_boundary_arn").clone();
        roles.insert(
            kind.key().to_owned(),
            Value::object([
                ("name", Value::String(role)),
                ("arn", arn),
                ("trust_policy", Value::String(kind.trust_policy(partition))),
                ("policy_arns", policies),
                ("permissions_boundary_arn", boundary),
            ]),
        );
    }
    plan.set("roles", if undecided { Value::unknown() } else { Value::Map(roles) });
}

/// Needs another cluster where an attribute changes that had a value: without one it is still to
/// be decided, or, for the key, can be set later.
fn replace_changed(plan: &mut Plan<'_>, name: &str) {
    if !plan.prior.get(name).is_null() && plan.changes(name) {
        plan.replace(Path::attribute(name));
    }
}

fn plan_authentication(plan: &mut Plan<'_>) {
    let (before, after) =
        (plan.prior::<String>("authentication_mode"), plan.known::<String>("authentication_mode"));
    if stays(plan) && before.as_deref() == Some("API") && after.as_deref() != Some("API") {
        plan.refuse(
            "authentication_mode",
            "the cluster knows access entries alone",
            "There is no way back to the ConfigMap. Write authentication_mode = \"API\".",
        );
    }
}

/// The minor version in an attribute.
fn minor(value: &Value) -> Option<Minor> {
    value.as_str().and_then(Minor::parse)
}

fn plan_version(plan: &mut Plan<'_>) {
    if !stays(plan) {
        return;
    }
    let before = minor(plan.prior.get("version"));
    let (Some(from), Some(to)) = (before, minor(plan.planned.get("version"))) else { return };
    if let Some((summary, detail)) = refusal(from, to) {
        plan.refuse("version", summary, detail);
        return;
    }
    if from == to {
        return;
    }
    let groups = plan.prior.get("node_groups").entries().cloned().unwrap_or_default();
    for (key, group) in groups {
        let Some(nodes) = minor(group.get("version")).filter(|nodes| *nodes != from) else {
            continue;
        };
        let detail = format!(
            "Nodes come up to their cluster before it goes on: node group {key:?} is at {nodes}, \
             the cluster at {from}. Apply version = \"{from}\" first, and leave the version of \
             the group out."
        );
        plan.refuse("version", format!("node group {key:?} is behind its cluster"), detail);
    }
}

fn plan_node_groups(plan: &mut Plan<'_>) {
    let role_changes = plan.changes("node_role_arn");
    for (key, element) in elements(plan, "node_groups") {
        let config = plan.config.get("node_groups").get(&key).clone();
        let prior = match stays(plan) {
            true => plan.prior.get("node_groups").get(&key).clone(),
            false => Value::Null,
        };
        let mut group = element;
        if config.get("version").is_null() {
            group.set_attribute("version", plan.planned.get("version").clone());
        }
        if config.get("subnet_ids").is_null() {
            group.set_attribute("subnet_ids", plan.planned.get("subnet_ids").clone());
        }
        check_nodes_version(plan, &key, &group, &prior);
        let another = |name: &&str| prior.get(name) != group.get(name);
        let anew = prior.is_null() || role_changes || node_group::FIXED.iter().any(another);
        if anew {
            let role = plan.planned.get("node_role_arn").as_str();
            let known = node_group::FIXED.iter().all(|name| group.get(name).is_wholly_known());
            let model = <NodeGroup as Field>::from_value(&group, &Path::root());
            let name = match (role, model) {
                (Some(role), Ok(model)) if known => Some(node_group::name(&key, &model, role)),
                _ => None,
            };
            group.set_attribute("name", name.map_or_else(Value::unknown, Value::String));
            group.set_attribute("arn", Value::unknown());
        }
        let new_image = anew || prior.get("version") != group.get("version");
        if config.get("release_version").is_null() && new_image {
            group.set_attribute("release_version", Value::unknown());
        }
        for name in ["name", "arn", "version", "subnet_ids", "release_version"] {
            set(plan, "node_groups", &key, name, group.get(name).clone());
        }
    }
}

fn check_nodes_version(plan: &mut Plan<'_>, key: &str, group: &Value, prior: &Value) {
    let path = Path::attribute("node_groups").key(key).field("version");
    let Some(nodes) = minor(group.get("version")) else { return };
    if let Some(cluster) = minor(plan.planned.get("version"))
        && let Some(detail) = skew_refusal(cluster, nodes)
    {
        plan.refuse_at(path, format!("node group {key:?} cannot be at {nodes}"), detail);
        return;
    }
    if let Some(before) = minor(prior.get("version"))
        && nodes < before
    {
        let detail = format!("Nodes cannot go back from {before} to {nodes}. Leave version out.");
        plan.refuse_at(path, format!("node group {key:?} is at {before} already"), detail);
    }
}

fn plan_addons(plan: &mut Plan<'_>) {
    let same_cluster_version =
        stays(plan) && !plan.changes("version") && addons_have_followed(plan);
    for (key, _) in elements(plan, "addons") {
        let config = plan.config.get("addons").get(&key).clone();
        let prior = match stays(plan) {
            true => plan.prior.get("addons").get(&key).clone(),
            false => Value::Null,
        };
        if config.get("version").is_null() {
            let version = Some(prior.get("version"))
                .filter(|version| same_cluster_version && !version.is_null());
            let version = version.cloned().unwrap_or_else(Value::unknown);
            set(plan, "addons", &key, "version", version);
        }
        if config.get("configuration_values").is_null() {
            let values = usual_configuration(&key).map_or(Value::Null, Value::from);
            // The text that stands there stays where it means the same.
            let same =
                super::configuration::same_values(prior.get("configuration_values"), &values);
            let values = if same && !prior.is_null() {
                prior.get("configuration_values").clone()
            } else {
                values
            };
            set(plan, "addons", &key, "configuration_values", values);
        }
        let arn = Some(prior.get("arn")).filter(|arn| !arn.is_null()).cloned();
        let arn = arn.unwrap_or_else(Value::unknown);
        set(plan, "addons", &key, "arn", arn);
    }
}

/// Whether no apply was cut off after it had brought the control plane to its version, and before
/// it had done so with the add-ons.
fn addons_have_followed(plan: &Plan<'_>) -> bool {
    let noted = memory::addons_follow(&plan.remembered);
    noted.is_none_or(|noted| plan.planned.get("version").as_str() == Some(noted))
}

fn plan_access_entries(plan: &mut Plan<'_>) {
    for (key, mut element) in elements(plan, "access_entries") {
        let config = plan.config.get("access_entries").get(&key).clone();
        let prior = match stays(plan) {
            true => plan.prior.get("access_entries").get(&key).clone(),
            false => Value::Null,
        };
        if config.get("principal_arn").is_null() {
            element.set_attribute("principal_arn", Value::String(key.clone()));
            set(plan, "access_entries", &key, "principal_arn", Value::String(key.clone()));
        }
        let anew =
            ["principal_arn", "type"].iter().any(|name| prior.get(name) != element.get(name));
        if config.get("username").is_null() {
            let username = if anew { Value::unknown() } else { prior.get("username").clone() };
            set(plan, "access_entries", &key, "username", username);
        }
    }
}

fn plan_pod_identities(plan: &mut Plan<'_>) {
    for (key, _) in elements(plan, "pod_identities") {
        let prior = plan.prior.get("pod_identities").get(&key).get("id").clone();
        let id = if stays(plan) && !prior.is_null() { prior } else { Value::unknown() };
        set(plan, "pod_identities", &key, "id", id);
    }
}

/// Plans what is known of the cluster before it is there.
fn plan_outputs(plan: &mut Plan<'_>) {
    let name = plan.planned.get("name").clone();
    let region = plan.planned.get("region").clone();
    let account = plan.planned.get("account_id").clone();
    let known = |value: &Value| value.as_str().map(str::to_owned);
    let arn = match (known(&name), known(&region), known(&account)) {
        (Some(name), Some(region), Some(account)) => {
            let partition = Partition::of_region(&region);
            Value::String(partition.arn("eks", &region, &account, &format!("cluster/{name}")))
        }
        _ => Value::unknown(),
    };
    plan.set("id", name.clone());
    plan.set("arn", arn);
    if !stays(plan) {
        for name in [
            "endpoint",
            "certificate_authority",
            "oidc_issuer",
            "cluster_security_group_id",
            "vpc_id",
        ] {
            plan.set(name, Value::unknown());
        }
        if plan.config.get("service_ipv4_cidr").is_null() {
            plan.set("service_ipv4_cidr", Value::unknown());
        }
        let cluster = [
            ("name", name),
            ("region", region),
            ("account", account.clone()),
            ("incarnation", Value::unknown()),
        ];
        plan.set("cluster", Value::object(cluster));
    }
    let issuer = plan.planned.get("oidc_issuer").as_str().map(str::to_owned);
    let provider = match (plan.known::<bool>("oidc_provider"), issuer, known(&account)) {
        (Some(false), ..) => Value::Null,
        (Some(true), Some(issuer), Some(account)) => {
            let region = plan.known::<String>("region").unwrap_or_default();
            let partition = Partition::of_region(&region);
            Value::String(oidc_provider::arn(partition, &account, &issuer))
        }
        _ => Value::unknown(),
    };
    plan.set("oidc_provider_arn", provider);
    let none = Value::set([]);
    plan.set("mistagged", none.clone());
    plan.set("leftovers", none);
}

#[cfg(test)]
mod tests;
