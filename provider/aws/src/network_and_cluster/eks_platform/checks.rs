//! What a configuration alone shows to be wrong, as far as it is known.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};
use travel_framework::Plan;
use travel_value::{Number, Path, Value};

use super::node_group::LONGEST_KEY;

/// Beginnings of names in Kubernetes that belong to Kubernetes and AWS (EKS API reference,
/// CreateAccessEntry).
const RESERVED_NAMES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];
/// The ranges that services can have addresses in (EKS API reference,
/// KubernetesNetworkConfigRequest).
const SERVICE_RANGES: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/// The longest key of an access entry, which is part of the value of a tag.
const LONGEST_ENTRY: usize = 200;

/// Refuses what EKS would refuse.
pub fn check(plan: &mut Plan<'_>) {
    check_endpoint(plan);
    check_services(plan);
    for (key, element) in elements(plan, "node_groups") {
        check_node_group(plan, &key, &element);
    }
    for (key, element) in elements(plan, "access_entries") {
        check_access_entry(plan, &key, &element);
    }
    check_principals(plan);
    for (key, _) in elements(plan, "pod_identities") {
        check_service_account(plan, &key);
    }
    for (key, _) in elements(plan, "addons") {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
        if key.is_empty() || key.len() > 100 || !key.chars().all(plain) {
            let path = Path::attribute("addons").key(&key);
            let detail = "The key of an add-on is its name at EKS, such as \"coredns\".";
            plan.refuse_at(path, format!("{key:?} is no add-on"), detail);
        }
    }
}

/// The elements of a map that are known at least in part.
pub fn elements(plan: &Plan<'_>, name: &str) -> BTreeMap<String, Value> {
    let elements = plan.planned.get(name).entries().cloned().unwrap_or_default();
    elements.into_iter().filter(|(_, element)| element.entries().is_some()).collect()
}

fn check_endpoint(plan: &mut Plan<'_>) {
    let flag = |name: &str| plan.planned.get(name).as_bool();
    // A configuration that leaves both alone has the private one.
    if flag("endpoint_private_access") == Some(false)
        && (flag("endpoint_public_access") == Some(false)
            || plan.planned.get("endpoint_public_access").is_null())
    {
        plan.refuse(
            "endpoint_private_access",
            "the cluster's API could not be reached from anywhere",
            "Set endpoint_private_access or endpoint_public_access.",
        );
    }
    let blocks = plan.planned.get("public_access_cidrs").elements().unwrap_or_default().to_vec();
    for block in blocks.iter().filter_map(Value::as_str) {
        let usable = block.parse::<IpNet>().is_ok_and(|parsed| parsed.trunc() == parsed);
        if !usable {
            plan.refuse(
                "public_access_cidrs",
                format!("{block:?} is no block of addresses"),
                "Write it as in \"203.0.113.0/24\", without bits behind the prefix.",
            );
        }
    }
}

/// The rule of the block of services' addresses.
pub fn is_service_block(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let within = |block: &Ipv4Net| {
        let ranges = SERVICE_RANGES.iter().filter_map(|range| range.parse::<Ipv4Net>().ok());
        ranges.into_iter().any(|range| range.contains(block))
    };
    let fits = |block: &Ipv4Net| {
        block.trunc() == *block && (12..=24).contains(&block.prefix_len()) && within(block)
    };
    if text.parse().is_ok_and(|block| fits(&block)) {
        return Ok(());
    }
    Err(format!("a block of IPv4 addresses from /12 to /24 within {}", SERVICE_RANGES.join(", ")))
}

fn check_services(plan: &mut Plan<'_>) {
    let ipv6 = plan.planned.get("ip_family").as_str() == Some("ipv6");
    if ipv6 && plan.config.get("service_ipv4_cidr").as_str().is_some() {
        plan.refuse(
            "service_ipv4_cidr",
            "services have IPv6 addresses",
            "With ip_family = \"ipv6\" EKS assigns the block of services' addresses. Leave \
             service_ipv4_cidr out.",
        );
    }
}

fn check_node_group(plan: &mut Plan<'_>, key: &str, element: &Value) {
    let path = Path::attribute("node_groups").key(key);
    let first = key.chars().next().is_some_and(|first| first.is_ascii_alphanumeric());
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if !first || key.len() > LONGEST_KEY || !key.chars().all(plain) {
        let detail = format!(
            "The key of a node group has 1 to {LONGEST_KEY} letters, digits, dashes or \
             underscores, the first a letter or digit: the group is named after it.",
        );
        plan.refuse_at(path.clone(), format!("{key:?} cannot name a node group"), detail);
    }
    let number = |name: &str| element.get(name).as_number().and_then(Number::as_i64);
    if let (Some(least), Some(most)) = (number("min_size"), number("max_size"))
        && least > most
    {
        let detail = format!("min_size is {least}, max_size {most}.");
        plan.refuse_at(path.field("max_size"), "fewer nodes at most than at least", detail);
    }
    if let Some(desired) = number("desired_size")
        && (number("min_size").is_some_and(|least| desired < least)
            || number("max_size").is_some_and(|most| desired > most))
    {
        let detail = format!("desired_size is {desired}. It lies between min_size and max_size.");
        plan.refuse_at(path.field("desired_size"), "a size out of bounds", detail);
    }
    if number("max_unavailable").is_some() && number("max_unavailable_percentage").is_some() {
        let detail = "Set max_unavailable or max_unavailable_percentage, not both.";
        plan.refuse_at(path.field("max_unavailable"), "two limits of one update", detail);
    }
    for label in element.get("labels").entries().into_iter().flatten().map(|(label, _)| label) {
        if is_reserved_label(label) {
            let detail =
                format!("{label:?} belongs to Kubernetes, which does not let nodes have it.");
            plan.refuse_at(path.field("labels").key(label), "a label that is taken", detail);
        }
    }
}

/// Labels that the kubelet may not set on its own node (Kubernetes, "NodeRestriction"), and those
/// that EKS sets itself.
fn is_reserved_label(label: &str) -> bool {
    let Some((prefix, _)) = label.split_once('/') else { return false };
    let under = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    let allowed = under("node.kubernetes.io") || under("kubelet.kubernetes.io");
    ((under("kubernetes.io") || under("k8s.io")) && !allowed)
        || under("node-restriction.kubernetes.io")
        || under("eks.amazonaws.com")
}

fn check_access_entry(plan: &mut Plan<'_>, key: &str, element: &Value) {
    let path = Path::attribute("access_entries").key(key);
    let plain =
        |character: char| character.is_ascii_alphanumeric() || " +-=._:/@".contains(character);
    if key.is_empty() || key.len() > LONGEST_ENTRY || !key.chars().all(plain) {
        let detail = format!(
            "The key of an access entry has 1 to {LONGEST_ENTRY} letters, digits, spaces or \
             characters of +-=._:/@: the entry is tagged with it.",
        );
        plan.refuse_at(path.clone(), format!("{key:?} cannot name an access entry"), detail);
    }
    let principal = element.get("principal_arn");
    if principal.is_null() && !key.starts_with("arn:") {
        let detail = "Set principal_arn, or make the ARN of the role or user the key of the entry.";
        plan.refuse_at(path.field("principal_arn"), "an entry for nobody", detail);
    }
    let kind = element.get("type").as_str().unwrap_or("STANDARD").to_owned();
    let groups = element.get("kubernetes_groups").elements().unwrap_or_default().to_vec();
    let username = element.get("username").as_str().map(str::to_owned);
    let set_by_hand =
        username.is_some() && !plan.config.get("access_entries").get(key).get("username").is_null();
    if kind != "STANDARD" && (!groups.is_empty() || set_by_hand) {
        let detail = format!("EKS itself sets groups and name of entries of type {kind}.");
        plan.refuse_at(path.field("type"), "groups or a name for nodes", detail);
    }
    let has_policies =
        element.get("policies").entries().is_some_and(|policies| !policies.is_empty());
    if !matches!(kind.as_str(), "STANDARD" | "EC2") && has_policies {
        let detail = format!("Entries of type {kind} cannot have access policies.");
        plan.refuse_at(path.field("policies"), "policies for nodes", detail);
    }
    let names = groups.iter().filter_map(Value::as_str).map(str::to_owned);
    let own_name = username.filter(|_| set_by_hand && kind == "STANDARD");
    for name in names.chain(own_name) {
        if let Some(start) = RESERVED_NAMES.iter().find(|start| name.starts_with(**start)) {
            let detail = format!(
                "{name:?} begins with {start:?}, which EKS keeps for itself. To make somebody an \
                 administrator, use policies = {{ AmazonEKSClusterAdminPolicy = {{}} }}.",
            );
            plan.refuse_at(path.clone(), "a name that is taken", detail);
        }
    }
}

/// Refuses a second entry for the same role or user.
fn check_principals(plan: &mut Plan<'_>) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (key, element) in elements(plan, "access_entries") {
        let principal = match element.get("principal_arn") {
            Value::Null => Some(key.clone()),
            principal => principal.as_str().map(str::to_owned),
        };
        let Some(principal) = principal else { continue };
        if let Some(first) = seen.insert(principal.clone(), key.clone()) {
            let detail = format!("{first:?} and {key:?} are both for {principal}. Make them one.");
            let path = Path::attribute("access_entries").key(&key);
            plan.refuse_at(path, "two access entries for one principal", detail);
        }
    }
}

fn check_service_account(plan: &mut Plan<'_>, key: &str) {
    let usable = key.split_once('/').is_some_and(|(namespace, name)| {
        let plain = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || "-.".contains(character)
        };
        let named = |text: &str| !text.is_empty() && text.chars().all(plain);
        named(namespace) && named(name)
    });
    if !usable {
        let path = Path::attribute("pod_identities").key(key);
        let detail = "The key is NAMESPACE/SERVICE_ACCOUNT, as in \"karpenter/karpenter\".";
        plan.refuse_at(path, format!("{key:?} is no service account"), detail);
    }
}

#[cfg(test)]
mod tests;
