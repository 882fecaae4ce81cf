//! What a plan can say of a key: defaults that follow from other attributes, combinations that
//! KMS refuses, and what an import id means.

use std::collections::BTreeMap;

use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::replicas::Replica;
use super::{KmsKey, access};
use crate::partition::{Arn, is_account_id, is_region};

/// The usages of each kind of key, by how its name begins.
const USAGES: [(&str, &[&str]); 9] = [
    ("SYMMETRIC_", &["ENCRYPT_DECRYPT"]),
    ("HMAC_", &["GENERATE_VERIFY_MAC"]),
    ("RSA_", &["ENCRYPT_DECRYPT", "SIGN_VERIFY"]),
    ("ECC_NIST_P", &["SIGN_VERIFY", "KEY_AGREEMENT"]),
    ("ECC_NIST_EDWARDS", &["SIGN_VERIFY"]),
    ("ECC_SECG_", &["SIGN_VERIFY"]),
    ("ML_DSA_", &["SIGN_VERIFY"]),
    ("ML_KEM_", &["ENCAPSULATE_DECAPSULATE"]),
    ("SM2", &["ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"]),
];

/// How often keys are rotated where nobody says.
const ROTATION_PERIOD_DAYS: i64 = 365;

/// Whether AWS can rotate such a key.
pub fn can_rotate(key_spec: &str, key_usage: &str) -> bool {
    key_spec == "SYMMETRIC_DEFAULT" && key_usage == "ENCRYPT_DECRYPT"
}

/// Fills in what follows from other attributes, and refuses what KMS would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check_name(plan);
    if plan.config.get("alias").is_null() {
        let alias = plan.known::<String>("name").map(|name| format!("alias/{name}"));
        plan.set_known("alias", alias.as_ref());
    }
    plan_rotation(plan);
    access::plan_policy(plan);
    check(plan);
    let arns = planned_replica_arns(plan);
    plan.set("replica_arns", arns);
}

fn plan_rotation(plan: &mut Plan<'_>) {
    let (spec, usage) = (plan.known::<String>("key_spec"), plan.known::<String>("key_usage"));
    let rotatable = spec.zip(usage).map(|(spec, usage)| can_rotate(&spec, &usage));
    if plan.config.get("enable_key_rotation").is_null() {
        plan.set_known("enable_key_rotation", rotatable.as_ref());
    }
    if plan.config.get("rotation_period_days").is_null() {
        let period = match plan.known::<bool>("enable_key_rotation") {
            Some(true) => ROTATION_PERIOD_DAYS.into(),
            Some(false) => Value::Null,
            None => Value::unknown(),
        };
        plan.set("rotation_period_days", period);
    }
}

/// Refuses combinations that KMS would refuse, as far as they are known.
pub fn check(plan: &mut Plan<'_>) {
    let text = |plan: &Plan<'_>, name: &str| plan.known::<String>(name);
    let flag = |plan: &Plan<'_>, name: &str| plan.known::<bool>(name);
    if let (Some(spec), Some(usage)) = (text(plan, "key_spec"), text(plan, "key_usage")) {
        let usages = USAGES.iter().find(|(prefix, _)| spec.starts_with(prefix));
        if let Some((_, usages)) = usages
            && !usages.contains(&usage.as_str())
        {
            let detail = format!("The key_usage of a {spec} key is {}.", usages.join(" or "));
            plan.refuse("key_usage", format!("a {spec} key cannot {usage}"), detail);
        }
        if flag(plan, "enable_key_rotation") == Some(true) && !can_rotate(&spec, &usage) {
            let detail = "AWS rotates symmetric encryption keys only. Leave enable_key_rotation \
                          out, and make a new key when this one is to be replaced.";
            plan.refuse("enable_key_rotation", format!("a {spec} key cannot rotate"), detail);
        }
    }
    if plan.known::<i32>("rotation_period_days").is_some()
        && flag(plan, "enable_key_rotation") == Some(false)
    {
        let detail = "Without rotation there is no period. Leave rotation_period_days out.";
        plan.refuse("rotation_period_days", "the key is not rotated", detail);
    }
    access::check(plan);
    check_replicas(plan);
}

fn check_replicas(plan: &mut Plan<'_>) {
    let replicas = plan.planned.get("replicas").clone();
    let Some(replicas) = replicas.entries().filter(|replicas| !replicas.is_empty()) else { return };
    // A configuration that says nothing has the default.
    let multi_region = plan.planned.get("multi_region");
    if multi_region.is_null() || multi_region.as_bool() == Some(false) {
        let detail = "Set multi_region = true. A key that is not multi-region can never become \
                      one: that means another key.";
        plan.refuse("replicas", "only a multi-region key has replicas", detail);
    }
    let region = plan.known::<String>("region");
    if let Some(region) = region.filter(|region| replicas.contains_key(region)) {
        let path = Path::attribute("replicas").key(&region);
        let detail = format!("The key itself is in {region}. Replicas are in other regions.");
        plan.refuse_at(path, "a replica beside its own key", detail);
    }
}

/// The name tells which key is whose, so it must stay.
fn check_name(plan: &mut Plan<'_>) {
    let (Some(before), Some(name)) = (plan.prior::<String>("name"), plan.known::<String>("name"))
    else {
        return;
    };
    if before == name {
        return;
    }
    let detail = if plan.prior.get("generation").is_null() {
        format!(
            "The imported key is called {before:?} here. Write name = {before:?}; its alias can \
             be another."
        )
    } else {
        format!(
            "The name of a key tells whose it is, and cannot become {name:?}. Leave it \
             {before:?}, and change the alias instead; or add another resource for another key."
        )
    };
    plan.refuse("name", format!("key {before:?} cannot be renamed"), detail);
}

/// The ARNs of replicas, of which only the region differs from the key's own; none while that is
/// not known.
pub fn replica_arns(
    arn: Option<&str>,
    replicas: Option<&BTreeMap<String, Replica>>,
) -> BTreeMap<String, Option<String>> {
    let regions = replicas.into_iter().flatten().map(|(region, _)| region);
    regions.map(|region| (region.clone(), arn.and_then(|arn| replica_arn(arn, region)))).collect()
}

/// The ARN of a key's replica in a region.
pub fn replica_arn(arn: &str, region: &str) -> Option<String> {
    let Arn { partition, service, account_id, resource, .. } = Arn::parse(arn)?;
    Some(partition.arn(&service, region, &account_id, &resource))
}

fn planned_replica_arns(plan: &Plan<'_>) -> Value {
    let replicas = plan.planned.get("replicas");
    if replicas.is_unknown() {
        return Value::unknown();
    }
    let arn = plan.planned.get("arn").as_str();
    let of = |region: &str| arn.and_then(|arn| replica_arn(arn, region));
    let arns =
        replicas.entries().into_iter().flatten().map(|(region, _)| {
            (region.clone(), of(region).map_or_else(Value::unknown, Value::String))
        });
    Value::map(arns)
}

/// What an imported key is called where nothing marks it: its alias without `alias/`, else its id.
pub fn name_of(alias: Option<&str>, key_id: &str) -> String {
    alias.and_then(|alias| alias.strip_prefix("alias/")).unwrap_or(key_id).to_owned()
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<KmsKey, Diagnostic> {
    let mut state = KmsKey::default();
    let mut resource = id.to_owned();
    if let Some(arn) = Arn::parse(id) {
        if arn.service != "kms" {
            return Err(not_an_id(id));
        }
        state.placement.region = Some(arn.region);
        state.placement.account_id = Some(arn.account_id).filter(|account| is_account_id(account));
        resource = arn.resource;
    }
    if resource.starts_with("alias/") {
        state.alias = Some(resource);
    } else if let Some(key) = resource.strip_prefix("key/") {
        state.key_id = Some(key.to_owned());
    } else if is_key_id(&resource) {
        state.key_id = Some(resource);
    } else if let Some((region, name)) = resource.split_once('/')
        && is_region(region)
    {
        state.placement.region = Some(region.to_owned());
        state.alias = Some(format!("alias/{name}"));
        state.name = name.to_owned();
    } else {
        return Err(not_an_id(id));
    }
    Ok(state)
}

fn is_key_id(text: &str) -> bool {
    let hex = text.strip_prefix("mrk-").unwrap_or(text);
    let digits = hex.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no key"),
        "A key is imported by its id, its ARN, its alias (alias/NAME), or REGION/NAME.",
    )
}
