//! What a plan can say of a parameter: what follows from other attributes, the limits of Parameter
//! Store, and what an import id means.
//!
//! Source: Systems Manager API reference, PutParameter; Systems Manager endpoints and quotas.

use travel_framework::rule::Pattern;
use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::{ADVANCED, INTELLIGENT, Parameter, STANDARD, TIER, observed};
use crate::partition::{Arn, Partition, is_account_id};

/// How long a name can be, with the ARN before it.
const LONGEST_NAME: usize = 1011;
/// How many levels a hierarchy can have.
const DEEPEST: usize = 15;
/// How many characters a value can have in the tiers.
const LONGEST_STANDARD: usize = 4096;
const LONGEST_ADVANCED: usize = 8192;
/// The key that encrypts where none is named.
const DEFAULT_KEY: &str = "alias/aws/ssm";
/// What is written by one call.
const WRITTEN: [&str; 8] = [
    "value",
    "secret_value_version",
    "tier",
    "key_id",
    "description",
    "allowed_pattern",
    "data_type",
    "policies",
];

/// The rule of a name, its length aside, which depends on where it is.
pub fn is_name(value: &Value) -> Result<(), String> {
    let Some(name) = value.as_str() else { return Ok(()) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte);
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err("letters, digits and characters of /_.-".to_owned());
    }
    let levels: Vec<&str> = name.strip_prefix('/').unwrap_or(name).split('/').collect();
    if levels.len() > 1 && !name.starts_with('/') {
        return Err("a name that begins with / where it has several levels".to_owned());
    }
    if levels.iter().any(|level| level.is_empty()) {
        return Err("a name in which something stands behind each /".to_owned());
    }
    if levels.len() > DEEPEST {
        return Err(format!("a name of at most {DEEPEST} levels"));
    }
    let first = levels.first().map(|level| level.to_ascii_lowercase()).unwrap_or_default();
    if ["aws", "ssm"].iter().any(|taken| first.starts_with(taken)) {
        return Err("a name that does not begin with aws or ssm, in whatever case".to_owned());
    }
    Ok(())
}

/// The rule of a value: it cannot hold a reference to another parameter.
pub fn is_value(value: &Value) -> Result<(), String> {
    let opened = value.as_str().and_then(|text| text.split_once("{{"));
    if opened.is_some_and(|(_, rest)| rest.contains("}}")) {
        return Err("a text without {{…}}, which would refer to another parameter".to_owned());
    }
    Ok(())
}

/// Whether a key is the same: by id or ARN, by alias or the alias' ARN.
pub fn same_key(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else { return false };
    let bare = |key: &str| {
        let resource = Arn::parse(key).map_or_else(|| key.to_owned(), |arn| arn.resource);
        resource.strip_prefix("key/").map_or(resource.clone(), str::to_owned)
    };
    bare(one) == bare(other)
}

/// Whether the service may put it in this tier where it was to be in that one: to leave the choice
/// to it changes nothing.
pub fn same_tier(before: &Value, after: &Value) -> bool {
    before == after || after.as_str() == Some(INTELLIGENT)
}

/// Refuses configurations that lack what their type needs, or have what it cannot take.
pub fn validate(plan: &mut Plan<'_>) {
    check(plan);
    let kind = plan.config.get("type");
    let kind = if kind.is_null() { "String" } else { kind.as_str().unwrap_or_default() };
    let (needed, refused): (&[&str], &[&str]) = match kind {
        "SecureString" => (&["secret_value", "secret_value_version"], &["value"]),
        "" => return,
        _ => (&["value"], &["secret_value", "secret_value_version", "key_id"]),
    };
    for name in needed.iter().filter(|name| plan.config.get(name).is_null()) {
        let detail = match *name {
            "value" => "Give it a value.",
            "secret_value" => {
                "Give it a secret_value, which is kept in no plan and no state. It is needed to \
                 change anything else, too: the service takes all of a parameter at once."
            }
            _ => {
                "Give it a secret_value_version, a number to raise with every other secret_value: \
                 the value itself is kept nowhere, so that no plan could tell that it is another."
            }
        };
        plan.refuse(name, format!("a {kind} needs a {name}"), detail);
    }
    for name in refused.iter().filter(|name| !plan.config.get(name).is_null()) {
        let detail = match kind {
            "SecureString" => "Write the value as secret_value, which is kept in no state.",
            _ => "Leave it out, or set type = \"SecureString\".",
        };
        plan.refuse(name, format!("a {kind} has no {name}"), detail);
    }
}

/// Fills in what follows from other attributes, and refuses what the service would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    check(plan);
    if plan.config.get("key_id").is_null() {
        let key = match plan.known::<String>("type").as_deref() {
            Some("SecureString") => DEFAULT_KEY.into(),
            Some(_) => Value::Null,
            None => Value::unknown(),
        };
        plan.set("key_id", key);
    }
    let arn = arn(plan);
    plan.set_known("arn", arn.as_ref());
    let is_written = plan.is_create() || WRITTEN.iter().any(|name| plan.changes(name));
    let version = plan.prior.get("version").clone();
    if plan.is_replacement() {
        plan.set("version", Value::unknown());
    } else if !is_written && !version.is_null() {
        plan.set("version", version);
    }
    plan_tier(plan);
}

/// An advanced parameter stays one. Where the choice is left to the service, a parameter stays in
/// the tier that it was found in while it fits there.
fn plan_tier(plan: &mut Plan<'_>) {
    let before = plan.prior.get("tier").as_str();
    if before == Some(STANDARD) && plan.config.get("tier").as_str() == Some(INTELLIGENT) {
        let may_be_long = |name: &str| {
            let value = plan.config.get(name);
            value.is_unknown()
                || value.as_str().is_some_and(|it| it.chars().count() > LONGEST_STANDARD)
        };
        let has_policies = !plan.config.get("policies").is_null();
        if has_policies || may_be_long("value") || may_be_long("secret_value") {
            plan.set("tier", INTELLIGENT.into());
        }
    }
    let chosen = plan.remembered.get(TIER).and_then(serde_json::Value::as_str);
    let was_advanced = match before {
        Some(INTELLIGENT) => chosen == Some(ADVANCED),
        before => before == Some(ADVANCED),
    };
    if was_advanced && plan.known::<String>("tier").as_deref() == Some(STANDARD) {
        plan.replace(Path::attribute("tier"));
        plan.set("version", Value::unknown());
    }
}

fn arn(plan: &Plan<'_>) -> Option<String> {
    let region: String = plan.known("region")?;
    let (account, name): (String, String) = (plan.known("account_id")?, plan.known("name")?);
    Some(Partition::of_region(&region).arn("ssm", &region, &account, &observed::path(&name)))
}

/// Refuses what the service would refuse, as far as it is known.
fn check(plan: &mut Plan<'_>) {
    let text = |plan: &Plan<'_>, name: &str| plan.known::<String>(name);
    if let (Some(name), Some(region)) = (text(plan, "name"), text(plan, "region")) {
        // The id of every account has twelve digits.
        let path = observed::path(&name);
        let length = Partition::of_region(&region).arn("ssm", &region, "123456789012", &path).len();
        if length > LONGEST_NAME {
            let detail = format!(
                "With the ARN before it, it has {length} characters. It can have {LONGEST_NAME}."
            );
            plan.refuse("name", "the parameter's name is too long", detail);
        }
    }
    let tier = plan.config.get("tier");
    let tier = if tier.is_null() { Some(STANDARD) } else { tier.as_str() }.map(str::to_owned);
    if let Some(tier) = &tier {
        check_tier(plan, tier);
    }
    if text(plan, "data_type").as_deref() == Some("aws:ec2:image")
        && text(plan, "type").is_some_and(|kind| kind != "String")
    {
        let detail = "Parameter Store checks images for type = \"String\" only.";
        plan.refuse("data_type", "aws:ec2:image is for a String", detail);
    }
    for name in ["value", "secret_value"] {
        check_pattern(plan, name);
    }
}

fn check_tier(plan: &mut Plan<'_>, tier: &str) {
    let most = if tier == STANDARD { LONGEST_STANDARD } else { LONGEST_ADVANCED };
    for name in ["value", "secret_value"] {
        let length = plan.config.get(name).as_str().map_or(0, |value| value.chars().count());
        if length > most {
            let way_out = match tier {
                STANDARD => format!(" Set tier = \"{ADVANCED}\" for up to {LONGEST_ADVANCED}."),
                _ => String::new(),
            };
            let detail = format!(
                "It has {length} characters. A parameter of the tier {tier} can have \
                 {most}.{way_out}"
            );
            plan.refuse(name, format!("the {name} is too long"), detail);
        }
    }
    if tier == STANDARD && !plan.config.get("policies").is_null() {
        let detail = format!("Set tier = \"{ADVANCED}\", or \"{INTELLIGENT}\".");
        plan.refuse("policies", "a standard parameter has no policies", detail);
    }
}

/// The service takes patterns of Java. One that reads otherwise here, or not at all, is left to it.
fn check_pattern(plan: &mut Plan<'_>, name: &str) {
    let Some(pattern) = plan.known::<String>("allowed_pattern") else { return };
    let Some(value) = plan.config.get(name).as_str().map(str::to_owned) else { return };
    let compiled = Pattern::new(&pattern);
    let fits = |text: &str| compiled.is_match(text).unwrap_or(true);
    // To Java, the end of a text may also be before its last line break.
    let as_a_whole = fits(&value) || value.strip_suffix('\n').is_some_and(fits);
    let item_by_item =
        plan.known::<String>("type").as_deref() == Some("StringList") && value.split(',').all(fits);
    if !as_a_whole && !item_by_item {
        let detail = format!("allowed_pattern is {pattern:?}, and nothing in it fits.");
        plan.refuse(name, format!("the {name} does not match the allowed pattern"), detail);
    }
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<Parameter, Diagnostic> {
    let mut state = Parameter::default();
    id.clone_into(&mut state.name);
    if let Some(arn) = Arn::parse(id) {
        let path = arn.resource.strip_prefix("parameter/").filter(|_| arn.service == "ssm");
        let path = path.ok_or_else(|| not_an_id(id))?;
        state.placement.region = Some(arn.region);
        state.placement.account_id = Some(arn.account_id).filter(|account| is_account_id(account));
        state.name = if path.contains('/') { format!("/{path}") } else { path.to_owned() };
    } else if let Some((region, name)) = id.split_once('/').filter(|(region, _)| !region.is_empty())
    {
        // A name of several levels begins with a slash.
        state.placement.region = Some(region.to_owned());
        name.clone_into(&mut state.name);
    }
    match is_name(&state.name.as_str().into()) {
        Ok(()) => Ok(state),
        Err(_) => Err(not_an_id(id)),
    }
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no parameter"),
        "A parameter is imported by its name, its ARN, or REGION/NAME, as in \
         eu-central-1//shop/url.",
    )
}
