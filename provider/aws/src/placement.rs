//! Where a resource is: the account and region attributes that every AWS resource has, and what a
//! change of them, or of the provider's defaults, means.

use travel_framework::{Diagnostic, Model, Plan};
use travel_value::{Path, Value};

use crate::settings::{Setting, Settings, not_allowed};

/// Where a regional resource is, flattened into its model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Placement {
    /// The account: its id, or its name in the provider's `accounts` or in AWS Organizations. By
    /// default the provider's `account`. Another account means another resource.
    #[model(optional, computed, length(1, 50))]
    pub account: Option<String>,
    /// The id of the account.
    #[model(computed)]
    pub account_id: Option<String>,
    /// The region; by default the provider's. Another region means another resource.
    #[model(optional, computed, length(1, 30))]
    pub region: Option<String>,
}

/// Where a global resource is, flattened into its model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GlobalPlacement {
    /// The account: its id, or its name in the provider's `accounts` or in AWS Organizations. By
    /// default the provider's `account`. Another account means another resource.
    #[model(optional, computed, length(1, 50))]
    pub account: Option<String>,
    /// The id of the account.
    #[model(computed)]
    pub account_id: Option<String>,
}

/// Plans account and region of a model with [`Placement`] or [`GlobalPlacement`] in it.
pub fn plan(plan: &mut Plan<'_>, settings: &Settings) {
    if plan.is_destroy() {
        return;
    }
    if has(plan, "account_id") {
        plan_account(plan, settings);
    }
    if has(plan, "region") {
        plan_region(plan, settings);
    }
}

fn has(plan: &Plan<'_>, name: &str) -> bool {
    plan.planned.entries().is_some_and(|attributes| attributes.contains_key(name))
}

/// What an attribute is to be: what the configuration says, else the provider's default, else
/// what it was. The second says whether it is the provider's default.
fn wanted(plan: &Plan<'_>, name: &str, default: &Setting<String>) -> (Value, bool) {
    let config = plan.config.get(name);
    if !config.is_null() {
        return (config.clone(), false);
    }
    let before = plan.prior.get(name);
    match default {
        Setting::Known(default) => (default.as_str().into(), true),
        Setting::Unknown if before.is_null() => (Value::unknown(), true),
        Setting::Unknown | Setting::Absent => (before.clone(), true),
    }
}

fn plan_account(plan: &mut Plan<'_>, settings: &Settings) {
    let (wanted, by_default) = wanted(plan, "account", &settings.account);
    let id = wanted.as_str().and_then(|account| settings.account_id(account));
    if let Some(id) = id.as_deref()
        && !settings.allows(id)
    {
        plan.diagnostics.push(not_allowed(id).at_attribute("account"));
    }
    let before = plan.prior.get("account");
    let before_id = plan.prior.get("account_id");
    let stays = match (&wanted, id.as_deref()) {
        _ if before_id.is_null() => true,
        (_, Some(id)) => before_id.as_str() == Some(id),
        (wanted, None) => wanted == before,
    };
    if stays {
        // Another name for the same account changes nothing where nobody wrote it here.
        let keeps_name = by_default && !before_id.is_null();
        plan.set("account", if keeps_name { before.clone() } else { wanted });
        if before_id.is_null() {
            plan.set_known("account_id", id.as_ref());
        }
        return;
    }
    let (old, new) = (in_words(before_id), in_words(&wanted));
    plan.set("account", wanted);
    plan.set_known("account_id", id.as_ref());
    plan.replace(Path::attribute("account"));
    let cause = if by_default { "The provider's account is now" } else { "The account is now" };
    let detail = match id {
        Some(_) => {
            format!("{cause} {new}. This resource is in account {old} and will be replaced.")
        }
        None => format!(
            "{cause} {new}. This resource is in account {old} and will be replaced, unless that \
             is the same account: then write its id, or add it to the provider's accounts, from \
             which a plan can tell."
        ),
    };
    plan.diagnostics.push(Diagnostic::warning("another account", detail).at_attribute("account"));
}

fn plan_region(plan: &mut Plan<'_>, settings: &Settings) {
    let (wanted, by_default) = wanted(plan, "region", &settings.region);
    let before = plan.prior.get("region");
    let nothing_known = wanted.is_null();
    if !before.is_null() && wanted != *before {
        plan.replace(Path::attribute("region"));
        if by_default {
            let detail = format!(
                "The provider's region is now {}. This resource is in {} and will be replaced. \
                 To leave it there, write its region into it.",
                in_words(&wanted),
                in_words(before),
            );
            plan.diagnostics
                .push(Diagnostic::warning("another region", detail).at_attribute("region"));
        }
    }
    plan.set("region", if nothing_known { Value::unknown() } else { wanted });
}

fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| "one that is not known yet".to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "111122223333";
    const PROD: &str = "444455556666";

    fn settings(account: &str, region: &str, allowed: Option<&str>) -> Settings {
        let setting = |text: &str| match text {
            "" => Value::Null,
            "?" => Value::unknown(),
            text => text.into(),
        };
        let role = Value::object([
            ("role_arn", Value::from(format!("arn:aws:iam::{DEV}:role/deploy"))),
            ("external_id", Value::Null),
            ("session_name", Value::Null),
        ]);
        let mut settings = Settings::read(&Value::object([
            ("account", setting(account)),
            // Always given, so that the environment of the test does not matter.
            ("region", setting(if region.is_empty() { "?" } else { region })),
            ("accounts", Value::map([("dev", role)])),
            ("allowed_account_ids", allowed.map_or(Value::Null, |id| Value::set([id.into()]))),
        ]))
        .unwrap();
        if region.is_empty() {
            settings.region = Setting::Absent;
        }
        settings
    }

    fn object(account: &str, account_id: &str, region: &str) -> Value {
        let attribute = |text: &str| match text {
            "" => Value::Null,
            "?" => Value::unknown(),
            text => text.into(),
        };
        Value::object([
            ("account", attribute(account)),
            ("account_id", attribute(account_id)),
            ("region", attribute(region)),
        ])
    }

    /// What a plan says: the planned object, what it replaces, its warnings and errors.
    fn outcome(settings: &Settings, config: &Value, prior: &Value) -> (Value, Vec<String>, usize) {
        let mut planned = config.clone();
        for name in ["account", "account_id", "region"] {
            if planned.get(name).is_null() {
                let kept = prior.get(name).clone();
                planned.set_attribute(name, if prior.is_null() { Value::unknown() } else { kept });
            }
        }
        let mut made = Plan::new(config, prior, planned);
        super::plan(&mut made, settings);
        let replaced = ["account", "region"].into_iter().filter(|name| {
            let config = Value::Null;
            let mut probe = Plan::new(&config, &config, Value::Null);
            std::mem::swap(&mut probe.planned, &mut made.planned);
            let differs = probe.planned.get(name) != prior.get(name);
            std::mem::swap(&mut probe.planned, &mut made.planned);
            differs && made.is_replacement()
        });
        let replaced = replaced.map(str::to_owned).collect();
        (made.planned.clone(), replaced, made.diagnostics.iter().count())
    }

    #[test]
    fn a_create_knows_what_can_be_known() {
        for (account, region, config, expected) in [
            ("dev", "eu-west-1", object("", "", ""), object("dev", DEV, "eu-west-1")),
            ("prod", "eu-west-1", object("", "", ""), object("prod", "?", "eu-west-1")),
            (PROD, "eu-west-1", object("", "", "us-east-1"), object(PROD, PROD, "us-east-1")),
            ("prod", "", object("dev", "", ""), object("dev", DEV, "?")),
            ("", "?", object("", "", ""), object("", "?", "?")),
            ("?", "eu-west-1", object("", "", ""), object("?", "?", "eu-west-1")),
        ] {
            let (planned, replaced, told) =
                outcome(&settings(account, region, None), &config, &Value::Null);
            assert_eq!((planned, replaced, told), (expected, vec![], 0), "{account} {region}");
        }
    }

    #[test]
    fn a_changed_place_is_another_object() {
        let prior = object("dev", DEV, "eu-west-1");
        let none = object("", "", "");
        for (account, region, config, expected, replaced, told) in [
            ("dev", "eu-west-1", &none, &prior, vec![], 0),
            ("?", "?", &none, &prior, vec![], 0),
            ("", "", &none, &prior, vec![], 0),
            // The same account by its id.
            (DEV, "eu-west-1", &none, &prior, vec![], 0),
            ("dev", "eu-west-1", &object(DEV, "", ""), &object(DEV, DEV, "eu-west-1"), vec![], 0),
            (PROD, "eu-west-1", &none, &object(PROD, PROD, "eu-west-1"), vec!["account"], 1),
            ("prod", "eu-west-1", &none, &object("prod", "?", "eu-west-1"), vec!["account"], 1),
            ("dev", "us-east-1", &none, &object("dev", DEV, "us-east-1"), vec!["region"], 1),
            (
                "dev",
                "eu-west-1",
                &object("", "", "us-east-1"),
                &object("dev", DEV, "us-east-1"),
                vec!["region"],
                0,
            ),
        ] {
            let found = outcome(&settings(account, region, None), config, &prior);
            let replaced: Vec<String> = replaced.into_iter().map(str::to_owned).collect();
            assert_eq!(found, (expected.clone(), replaced, told), "{account} {region}");
        }
    }

    #[test]
    fn a_name_that_only_aws_knows_stays_what_it_was() {
        let prior = object("prod", PROD, "eu-west-1");
        let (planned, replaced, told) =
            outcome(&settings("prod", "eu-west-1", None), &object("", "", ""), &prior);
        assert_eq!((planned, replaced, told), (prior, vec![], 0));
    }

    #[test]
    fn refuses_an_account_that_is_not_allowed() {
        let config = object("dev", "", "");
        assert_eq!(outcome(&settings("", "r", Some(PROD)), &config, &Value::Null).2, 1);
        assert_eq!(outcome(&settings("", "r", Some(DEV)), &config, &Value::Null).2, 0);
    }
}
