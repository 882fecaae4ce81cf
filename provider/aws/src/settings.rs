//! The AWS part of the provider's configuration: what a person writes, and what it means while
//! parts of it are not known yet.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::ProfileFileRegionProvider;
use futures::FutureExt as _;
use travel_framework::model::Field;
use travel_framework::{Diagnostic, Diagnostics, Model};
use travel_value::{Path, Value};

use crate::partition::{Arn, is_account_id};
use crate::preflight::Source;
use crate::tags::{self, TagSettings};

/// How often a call is tried again where the configuration does not say.
const MAX_RETRIES: u32 = 10;

/// The AWS part of the provider's configuration.
#[derive(Clone, Debug, Default, Model)]
pub struct Config {
    /// The region of resources that do not name one. By default that of the environment
    /// (`AWS_REGION`) or of the profile.
    #[model(
        optional,
        pattern("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", "the name of a region, such as eu-central-1")
    )]
    pub region: Option<String>,
    /// The account of resources that do not name one: its id, or its name in `accounts` or in
    /// AWS Organizations. By default that of the credentials.
    #[model(optional, length(1, 50))]
    pub account: Option<String>,
    /// Accounts by name, with the role to assume in each. Without an entry an account's id comes
    /// from AWS Organizations, and the role is `OrganizationAccountAccessRole`.
    #[model(optional)]
    pub accounts: Option<BTreeMap<String, AccountRole>>,
    /// The ids of the only accounts that may be read or changed.
    #[model(optional)]
    pub allowed_account_ids: Option<BTreeSet<String>>,
    /// The profile whose credentials are used, as `AWS_PROFILE` would name it.
    #[model(optional)]
    pub profile: Option<String>,
    /// Tags for every resource that can have tags.
    #[model(optional, rule = tags::are_allowed)]
    pub default_tags: Option<BTreeMap<String, String>>,
    /// Tags that others keep on our resources: never shown, never removed.
    #[model(optional)]
    pub ignore_tags: Option<IgnoredTags>,
    /// How often a call is tried again that AWS throttled or failed to answer; 10 by default.
    #[model(optional, range(0, 100))]
    pub max_retries: Option<u32>,
    /// Where a `travel_effective_policies` has published the policies of the organization: a plan then
    /// refuses what they deny. Whoever plans needs `s3:GetObject` for it.
    #[model(optional)]
    pub effective_policies: Option<Source>,
}

/// How to work in an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AccountRole {
    /// The role to assume in the account, unless the credentials are of that account already.
    #[model(
        required,
        pattern(
            "^arn:[a-z-]+:iam::[0-9]{12}:role/.+$",
            "the ARN of a role, such as arn:aws:iam::111122223333:role/deploy"
        )
    )]
    pub role_arn: String,
    /// The external id that the role's trust policy asks for.
    #[model(optional, length(2, 1224))]
    pub external_id: Option<String>,
    /// The name of the session, as CloudTrail shows it. By default it is made of the deployment.
    #[model(
        optional,
        pattern("^[A-Za-z0-9+=,.@_-]{2,64}$", "2 to 64 letters, digits or characters of +=,.@_-")
    )]
    pub session_name: Option<String>,
}

/// Tags that are none of our business.
#[derive(Clone, Debug, Default, Model)]
pub struct IgnoredTags {
    /// Whole keys.
    #[model(optional)]
    pub keys: Option<BTreeSet<String>>,
    /// What ignored keys begin with.
    #[model(optional)]
    pub key_prefixes: Option<BTreeSet<String>>,
}

/// One setting, which may not be known yet during a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Setting<T> {
    /// Nobody has set it.
    #[default]
    Absent,
    /// It will be known only later.
    Unknown,
    /// It is this.
    Known(T),
}

impl<T> Setting<T> {
    /// The value, if there is one and it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Whether it will be known only later.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

impl<T: Field> Setting<T> {
    fn read(value: &Value, path: &Path) -> Result<Self, Diagnostic> {
        if value.is_null() {
            Ok(Self::Absent)
        } else if value.is_wholly_known() {
            T::from_value(value, path).map(Self::Known)
        } else {
            Ok(Self::Unknown)
        }
    }
}

/// The configuration, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The region of what names none, from the configuration, the environment or the profile.
    pub region: Setting<String>,
    /// The account of what names none: an id or a name.
    pub account: Setting<String>,
    /// How to work in the accounts that are named.
    pub accounts: Setting<BTreeMap<String, Setting<AccountRole>>>,
    /// The only accounts that may be touched.
    pub allowed_account_ids: Setting<BTreeSet<String>>,
    /// The profile whose credentials are used.
    pub profile: Setting<String>,
    /// The deployment, for AWS's records.
    pub deployment: Option<String>,
    /// How often a call is tried again.
    pub max_retries: u32,
    /// What is common to all tags.
    pub tags: TagSettings,
    /// Where the policies of the organization are published.
    pub effective_policies: Setting<Source>,
}

impl Settings {
    /// Reads the provider's configuration; parts of it may be unknown.
    ///
    /// # Errors
    /// Where a value has another type than the schema says.
    pub fn read(config: &Value) -> Result<Self, Diagnostic> {
        let max_retries = setting::<u32>(config, "max_retries")?;
        let ignored = setting::<IgnoredTags>(config, "ignore_tags")?;
        let profile = setting(config, "profile")?;
        let region = match setting(config, "region")? {
            Setting::Absent => surrounding_region(&profile),
            set => set,
        };
        Ok(Self {
            region,
            account: setting(config, "account")?,
            accounts: accounts(config)?,
            allowed_account_ids: setting(config, "allowed_account_ids")?,
            profile,
            deployment: config.get("deployment").as_str().map(str::to_owned),
            max_retries: max_retries.known().copied().unwrap_or(MAX_RETRIES),
            tags: TagSettings::new(
                setting(config, "default_tags")?,
                ignored.known().cloned().unwrap_or_default(),
            ),
            effective_policies: setting(config, "effective_policies")?,
        })
    }

    /// The id of an account, if it can be told without asking AWS: of an id itself, and of a name
    /// in `accounts`.
    pub fn account_id(&self, account: &str) -> Option<String> {
        if is_account_id(account) {
            return Some(account.to_owned());
        }
        Arn::parse(&self.role(account)?.role_arn).map(|arn| arn.account_id)
    }

    /// How to work in an account of this name.
    pub fn role(&self, name: &str) -> Option<&AccountRole> {
        self.accounts.known()?.get(name)?.known()
    }

    /// How to work in the account of this id.
    pub fn role_in(&self, account_id: &str) -> Option<&AccountRole> {
        let roles = self.accounts.known()?.values().filter_map(Setting::known);
        roles
            .into_iter()
            .find(|role| Arn::parse(&role.role_arn).is_some_and(|arn| arn.account_id == account_id))
    }

    /// What the account of this id is called in `accounts`.
    pub fn name_of(&self, account_id: &str) -> Option<String> {
        let mut accounts = self.accounts.known()?.iter();
        let found = accounts.find(|(_, role)| {
            let arn = role.known().and_then(|role| Arn::parse(&role.role_arn));
            arn.is_some_and(|arn| arn.account_id == account_id)
        });
        found.map(|(name, _)| name.clone())
    }

    /// Whether the account of this id may be touched.
    pub fn allows(&self, account_id: &str) -> bool {
        self.allowed_account_ids.known().is_none_or(|allowed| allowed.contains(account_id))
    }
}

/// Checks what no single attribute's rule can: parts of the configuration may be unknown.
pub fn validate(config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let settings = match Settings::read(config) {
        Ok(settings) => settings,
        Err(error) => return error.into(),
    };
    if let Some(ids) = settings.allowed_account_ids.known() {
        for id in ids.iter().filter(|id| !is_account_id(id)) {
            found.push(
                Diagnostic::error(
                    "invalid allowed_account_ids",
                    format!("{id:?} is not the id of an account: twelve digits."),
                )
                .at_attribute("allowed_account_ids"),
            );
        }
    }
    if let Some(id) = settings.account.known().and_then(|account| settings.account_id(account))
        && !settings.allows(&id)
    {
        found.push(not_allowed(&id).at_attribute("account"));
    }
    found
}

/// The error for an account outside `allowed_account_ids`.
pub fn not_allowed(account_id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("account {account_id} is not allowed"),
        format!(
            "The provider's allowed_account_ids does not list {account_id}. Use credentials of \
             an allowed account, or add this one to the list."
        ),
    )
}

fn setting<T: Field>(config: &Value, name: &str) -> Result<Setting<T>, Diagnostic> {
    Setting::read(config.get(name), &Path::attribute(name))
}

/// The accounts, entry by entry: one that is not known yet hides no other.
fn accounts(config: &Value) -> Result<Setting<BTreeMap<String, Setting<AccountRole>>>, Diagnostic> {
    let value = config.get("accounts");
    if value.is_null() {
        return Ok(Setting::Absent);
    }
    let Some(entries) = value.entries() else { return Ok(Setting::Unknown) };
    let path = Path::attribute("accounts");
    let entries = entries.iter().map(|(name, entry)| {
        Setting::read(entry, &path.key(name)).map(|entry| (name.clone(), entry))
    });
    entries.collect::<Result<_, _>>().map(Setting::Known)
}

/// The region that environment or profile give; looks at variables and files only.
fn surrounding_region(profile: &Setting<String>) -> Setting<String> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(region) = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")) {
        return Setting::Known(region);
    }
    let mut provider = ProfileFileRegionProvider::builder();
    match profile {
        Setting::Unknown => return Setting::Unknown,
        Setting::Known(name) => provider = provider.profile_name(name),
        Setting::Absent => {}
    }
    // It reads files and waits for nothing, so that it ends at once.
    let region = provider.build().region().now_or_never().flatten();
    region.map_or(Setting::Absent, |region| Setting::Known(region.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(attributes: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
        Value::object(attributes)
    }

    fn role(arn: &str) -> Value {
        Value::object([
            ("role_arn", arn.into()),
            ("external_id", Value::Null),
            ("session_name", Value::Null),
        ])
    }

    #[test]
    fn knows_an_account_by_id_or_by_the_map() {
        let accounts = Value::map([
            ("dev", role("arn:aws:iam::111122223333:role/deploy")),
            ("later", Value::unknown()),
        ]);
        let settings =
            Settings::read(&config([("region", "eu-west-1".into()), ("accounts", accounts)]))
                .unwrap();
        for (account, id) in [
            ("444455556666", Some("444455556666")),
            ("dev", Some("111122223333")),
            ("later", None),
            ("prod", None),
        ] {
            assert_eq!(settings.account_id(account).as_deref(), id, "{account}");
        }
        assert!(settings.role_in("111122223333").is_some());
        assert_eq!(settings.role_in("444455556666"), None);
    }

    #[test]
    fn tolerates_what_is_not_known_yet() {
        let names = ["region", "account", "accounts", "default_tags", "profile", "max_retries"];
        let config = config(names.map(|name| (name, Value::unknown())));
        assert!(validate(&config).is_empty());
        let settings = Settings::read(&config).unwrap();
        assert!(settings.region.is_unknown() && settings.account.is_unknown());
        assert!(settings.allows("111122223333"));
        assert_eq!(settings.max_retries, MAX_RETRIES);
    }

    #[test]
    fn refuses_accounts_that_are_not_allowed() {
        for (account, allowed, summary) in [
            ("111122223333", "111122223333", None),
            ("111122223333", "444455556666", Some("account 111122223333 is not allowed")),
            ("111122223333", "dev", Some("invalid allowed_account_ids")),
        ] {
            let config = config([
                ("region", "eu-west-1".into()),
                ("account", account.into()),
                ("allowed_account_ids", Value::set([allowed.into()])),
            ]);
            let found = validate(&config);
            let first = found.iter().next().map(|error| error.summary.as_str());
            assert_eq!(first, summary, "{account} {allowed}");
        }
    }
}
