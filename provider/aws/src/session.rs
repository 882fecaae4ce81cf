//! Credentials: whose they are, which account a name means, and how to work in another account.
//! Everything is fetched when first needed, and once.

mod accounts;
mod once;
pub mod renewal;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use aws_types::SdkConfig;
use aws_types::region::Region;
use travel_framework::Diagnostic;

use self::once::Once;
use self::renewal::Renewal;
use crate::budget::Budget;
use crate::call_log::Purposes;
use crate::connection::{self, Pool};
use crate::error;
use crate::partition::Partition;
use crate::passage;
use crate::preflight::published::Published;
use crate::preflight::{self, Source};
use crate::scope::{Scope, Spot};
use crate::settings::{AccountRole, Setting, Settings, not_allowed};

/// How long the first answer of an endpoint may take: it decides whether there is one at all.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(6);
const FIRST_ANSWER_ATTEMPTS: u32 = 3;
/// The role that Organizations makes in every account it creates.
pub const CONVENTIONAL_ROLE: &str = "OrganizationAccountAccessRole";

/// Where an object is or is to be, as far as its state or plan says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The account, as an id or a name.
    pub account: Option<String>,
    /// The account's id, where it is known already: then it decides.
    pub account_id: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Whether it makes a difference which region.
    pub regional: bool,
}

/// Whose credentials are at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account they belong to.
    pub account_id: String,
    /// The user or assumed role.
    pub arn: String,
    /// Its unique id.
    pub user_id: String,
    /// The partition of the account.
    pub partition: Partition,
}

impl Caller {
    /// The name of the role whose session calls.
    fn role(&self) -> Option<&str> {
        let (_, session) = self.arn.split_once(":assumed-role/")?;
        session.split('/').next()
    }
}

/// The credentials and clients of one configuration of the provider.
pub struct Session {
    settings: Settings,
    base: Once<SdkConfig>,
    caller: Once<Caller>,
    organization: Once<accounts::Directory>,
    published: Once<Arc<Published>>,
    principal: Once<Option<String>>,
    roles: Mutex<HashMap<String, Arc<Once<SdkConfig>>>>,
    spots: Mutex<HashMap<(String, String), Arc<Spot>>>,
    budgets: Mutex<HashMap<Spender, Arc<Budget>>>,
}

/// Who has a budget of its own: account, region and service.
type Spender = (String, String, &'static str);

impl Session {
    /// A session that takes its credentials from the environment, when it needs them.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            base: Once::default(),
            caller: Once::default(),
            organization: Once::default(),
            published: Once::default(),
            principal: Once::default(),
            roles: Mutex::default(),
            spots: Mutex::default(),
            budgets: Mutex::default(),
        }
    }

    /// A session with credentials and connections of a test's own.
    #[cfg(test)]
    pub(crate) fn with_base(settings: Settings, base: SdkConfig) -> Self {
        Self { base: Once::of(base), ..Self::new(settings) }
    }

    /// The provider's configuration.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The clients for a place.
    ///
    /// # Errors
    /// Where the account or region is not known, or the credentials cannot work there.
    pub async fn scope(self: &Arc<Self>, wanted: &Wanted) -> Result<Scope, Diagnostic> {
        let region = self.region(wanted).await?;
        let account = wanted.account.as_ref().or_else(|| self.settings.account.known());
        let account_id = match (&wanted.account_id, account) {
            (Some(id), _) => id.clone(),
            (None, Some(account)) => self.account_id(account).await?,
            (None, None) if self.settings.account.is_unknown() => return Err(not_yet("account")),
            (None, None) => self.caller().await?.account_id,
        };
        if !self.settings.allows(&account_id) {
            return Err(not_allowed(&account_id));
        }
        let key = (account_id, region);
        if let Some(spot) = self.spots().get(&key) {
            return Ok(Scope::new(Arc::clone(self), Arc::clone(spot)));
        }
        let (account_id, region) = key;
        let name = account.filter(|account| **account != account_id);
        let config = self.credentials(&account_id, name.map(String::as_str)).await?;
        let partition = self.caller().await?.partition;
        let spot = self.spot(&account_id, &region, partition, &config);
        Ok(Scope::new(Arc::clone(self), spot))
    }

    /// The clients of an account in a region, whose credentials `config` holds.
    pub(crate) fn spot(
        &self,
        account_id: &str,
        region: &str,
        partition: Partition,
        config: &SdkConfig,
    ) -> Arc<Spot> {
        let key = (account_id.to_owned(), region.to_owned());
        let mut spots = self.spots();
        let spot = spots.entry(key).or_insert_with(|| {
            Arc::new(Spot::new(account_id.to_owned(), region.to_owned(), partition, config))
        });
        Arc::clone(spot)
    }

    /// The budget of a service in an account and region.
    pub(crate) fn budget(
        &self,
        account_id: &str,
        region: &str,
        service: &'static str,
    ) -> Arc<Budget> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account_id.to_owned(), region.to_owned(), service);
        Arc::clone(budgets.entry(key).or_default())
    }

    fn spots(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Spot>>> {
        self.spots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn region(&self, wanted: &Wanted) -> Result<String, Diagnostic> {
        let known = wanted.region.as_ref().or_else(|| self.settings.region.known());
        if let Some(region) = known {
            return Ok(region.clone());
        }
        if !wanted.regional {
            return Ok(self.caller().await?.partition.global_region().to_owned());
        }
        if self.settings.region.is_unknown() {
            return Err(not_yet("region"));
        }
        let base = self.base().await?;
        base.region().map(ToString::to_string).ok_or_else(|| {
            Diagnostic::error(
                "no AWS region",
                "Set region in the provider or the resource, or AWS_REGION in the environment.",
            )
        })
    }

    /// Whose credentials the environment gives.
    ///
    /// # Errors
    /// Where there are none, they are not accepted, or AWS does not answer.
    pub async fn caller(&self) -> Result<Caller, Diagnostic> {
        self.caller.get(async { caller_of(&self.base().await?).await }).await
    }

    /// The ARN by which policies know whoever calls: of a session that of its role, whose path only IAM
    /// tells. None where that may not be asked.
    ///
    /// # Errors
    /// Where there are no usable credentials.
    pub(crate) async fn principal(self: &Arc<Self>) -> Result<Option<String>, Diagnostic> {
        let caller = self.caller().await?;
        let Some(name) = caller.role() else { return Ok(Some(caller.arn)) };
        let base = self.base().await?;
        let region = caller.partition.global_region();
        let spot = self.spot(&caller.account_id, region, caller.partition, &base);
        let scope = Scope::new(Arc::clone(self), spot);
        let ask = async {
            let answer = scope.iam().get_role().role_name(name).send().await;
            Ok(answer.ok().and_then(|answer| answer.role).map(|role| role.arn))
        };
        self.principal.get(ask).await
    }

    /// The policies of the organization, as they were published; read once.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub(crate) async fn published(
        self: &Arc<Self>,
        source: &Source,
    ) -> Result<Arc<Published>, Diagnostic> {
        self.published.get(async { preflight::read(self, source).await.map(Arc::new) }).await
    }

    pub(crate) async fn base(&self) -> Result<SdkConfig, Diagnostic> {
        self.base.get(load(&self.settings)).await
    }

    /// The SDK's configuration with credentials of an account: those of the environment, if they
    /// are of that account, otherwise those of a role in it.
    async fn credentials(
        &self,
        account_id: &str,
        name: Option<&str>,
    ) -> Result<SdkConfig, Diagnostic> {
        let caller = self.caller().await?;
        let base = self.base().await?;
        if caller.account_id == account_id {
            return Ok(base);
        }
        let role = name
            .and_then(|name| self.settings.role(name))
            .or_else(|| self.settings.role_in(account_id))
            .cloned()
            .unwrap_or_else(|| AccountRole {
                role_arn: caller
                    .partition
                    .iam_arn(account_id, &format!("role/{CONVENTIONAL_ROLE}")),
                ..AccountRole::default()
            });
        let once = {
            let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(roles.entry(account_id.to_owned()).or_default())
        };
        once.get(self.assume(&base, &caller, &role, account_id)).await
    }

    /// The SDK's configuration with the credentials of a role, which are renewed before they
    /// expire. Calls once with them, so that what cannot work says so here.
    async fn assume(
        &self,
        base: &SdkConfig,
        caller: &Caller,
        role: &AccountRole,
        account_id: &str,
    ) -> Result<SdkConfig, Diagnostic> {
        let name = role.session_name.clone().unwrap_or_else(|| self.session_name());
        let mut provider = AssumeRoleProvider::builder(&role.role_arn)
            .configure(&with_region(base))
            .session_name(name);
        if let Some(external_id) = &role.external_id {
            provider = provider.external_id(external_id);
        }
        let provider = SharedCredentialsProvider::new(provider.build().await);
        let config = base.to_builder().credentials_provider(provider).build();
        let assumed = caller_of(&config).await.map_err(|error| {
            Diagnostic::error(
                format!("no access to account {account_id}"),
                format!(
                    "{} has to assume {}. {} If it is another role that may be assumed, name it \
                     in the provider's accounts.",
                    caller.arn, role.role_arn, error.detail,
                ),
            )
        })?;
        if assumed.account_id != account_id {
            return Err(Diagnostic::error(
                format!("{} is not in account {account_id}", role.role_arn),
                format!(
                    "The role leads to account {}. Nothing was read or changed there. Correct the \
                     provider's accounts, or the account of the resource.",
                    assumed.account_id,
                ),
            ));
        }
        Ok(config)
    }

    /// The name of our sessions in CloudTrail.
    fn session_name(&self) -> String {
        let deployment = self.settings.deployment.as_deref().unwrap_or_default();
        let name = format!("travel-{deployment}");
        let allowed = |character: char| {
            let fits = character.is_ascii_alphanumeric() || "+=,.@_-".contains(character);
            if fits { character } else { '-' }
        };
        name.trim_end_matches('-').chars().take(64).map(allowed).collect()
    }
}

/// Loads what environment, profile and provider give. Looks up no credentials yet.
async fn load(settings: &Settings) -> Result<SdkConfig, Diagnostic> {
    let appended = std::env::var("TF_APPEND_USER_AGENT").ok();
    let user_agent = connection::user_agent(settings.deployment.as_deref(), appended.as_deref());
    let pool = Pool::new(user_agent, extra_certificates()?).map_err(|error| untrusted(&error))?;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(connection::CONNECT_TIMEOUT)
        .read_timeout(connection::READ_TIMEOUT)
        .build();
    let renewal = Renewal::default();
    let client = passage::through(renewal.clone(), SharedHttpClient::new(pool));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(client)
        .identity_cache(SharedIdentityCache::new(renewal))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(settings.max_retries + 1));
    match &settings.profile {
        Setting::Known(name) => loader = loader.profile_name(name),
        Setting::Unknown => return Err(not_yet("profile")),
        Setting::Absent => {}
    }
    if let Some(region) = settings.region.known() {
        loader = loader.region(Region::new(region.clone()));
    }
    Ok(loader.load().await)
}

/// The certificates that `AWS_CA_BUNDLE` names, as the AWS command line trusts them.
fn extra_certificates() -> Result<Option<Vec<u8>>, Diagnostic> {
    let path = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty());
    path.map(|path| std::fs::read(path).map_err(|error| untrusted(&error.to_string()))).transpose()
}

fn untrusted(reason: &str) -> Diagnostic {
    Diagnostic::error(
        "failed to read the file of AWS_CA_BUNDLE",
        format!("{reason}. Name a file of certificates in PEM form, or unset AWS_CA_BUNDLE."),
    )
}

fn not_yet(name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("the provider's {name} is not known yet"),
        format!(
            "It depends on something that is not made yet, but is needed to read what exists. \
             Give the provider a {name} that is known, or apply that other thing first.",
        ),
    )
    .at_attribute(name)
}

/// The same configuration, but soon done with an endpoint that does not answer.
fn first_contact(config: &SdkConfig) -> SdkConfig {
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let attempts = retries.max_attempts().min(FIRST_ANSWER_ATTEMPTS);
    let mut timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(FIRST_ANSWER_TIMEOUT).build();
    if let Some(set) = config.timeout_config() {
        timeouts.take_defaults_from(set);
    }
    with_region(config)
        .into_builder()
        .retry_config(retries.with_max_attempts(attempts))
        .timeout_config(timeouts)
        .build()
}

/// The same configuration, with a region in any case: for services that answer in all of them.
fn with_region(config: &SdkConfig) -> SdkConfig {
    let global = Region::from_static(Partition::Aws.global_region());
    let region = config.region().cloned().unwrap_or(global);
    config.to_builder().region(region).build()
}

async fn caller_of(config: &SdkConfig) -> Result<Caller, Diagnostic> {
    let config = first_contact(config);
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let config = aws_sdk_sts::config::Builder::from(&config).interceptor(Purposes::new(None));
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let answer = client.get_caller_identity().send().await;
    let answer = answer.map_err(|error| error::diagnostic(&error, &format!("region {region}")))?;
    let arn = answer.arn.unwrap_or_default();
    let partition = Partition::of_arn(&arn).unwrap_or_else(|| Partition::of_region(&region));
    let (Some(account_id), Some(user_id)) = (answer.account, answer.user_id) else {
        return Err(Diagnostic::error(
            "sts:GetCallerIdentity got no usable answer",
            format!("It names no account (region {region}). Check AWS_ENDPOINT_URL."),
        ));
    };
    Ok(Caller { account_id, arn, user_id, partition })
}

#[cfg(test)]
mod tests;
