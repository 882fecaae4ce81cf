//! `travel_secret`: a secret of Secrets Manager, its replicas and its resource policy.
//!
//! Source: Secrets Manager API reference, CreateSecret, PutSecretValue and DescribeSecret.

mod observed;
mod planning;
mod replicas;
mod writing;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Diagnostics, Failure, Model, Plan};
use travel_value::Value;

use self::observed::look;
use self::replicas::SecretReplica;
use super::parameter::planning::same_key;
use crate::consistency::Call;
use crate::error::Reply;
use crate::platform::Aws;
use crate::policy;
use crate::{Placement, Tagging};

/// The key that encrypts where none is named.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";
/// How long the service may take to show what was just written, or to see a new key.
const SETTLING: Duration = Duration::from_secs(30);
const ABSENT: &str = "ResourceNotFoundException";
/// What the service says of a name that a secret in deletion holds, among other things.
const NOT_NOW: &str = "InvalidRequestException";

/// A secret of Secrets Manager: a password, a key, a document in JSON.
///
/// Its value is written as `secret_value` and never read: it stands in no plan and no state. It is
/// written when `secret_value_version` changes, and when somebody else has written another value
/// since.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_secret",
    proof = tags,
    id = "arn",
    refresh = "2",
    identity("region", "name"),
    moves("hashicorp/aws aws_secretsmanager_secret.arn"),
    keeps("the secret until its recovery window is over; until then its name is taken"),
    consistency_seconds = 5
)]
pub struct Secret {
    /// The name, such as `shop/database`. Another name means another secret.
    #[model(
        required,
        replace,
        length(1, 512),
        pattern("^[a-zA-Z0-9/_+=.@-]+$", "letters, digits and characters of /_+=.@-")
    )]
    pub name: String,
    /// What the secret is for.
    #[model(optional, default = "", length(0, 2048))]
    pub description: String,
    /// The key that encrypts it: its id, ARN or alias; by default `alias/aws/secretsmanager`, which
    /// other accounts cannot use.
    #[model(optional, same = same_key, length(1, 2048))]
    pub kms_key_id: Option<String>,
    /// The value: text or JSON of up to 65536 bytes. May be ephemeral. Without one, the secret is
    /// made empty, for others to fill.
    #[model(optional, write_only, rule = planning::is_value)]
    pub secret_value: Option<String>,
    /// Which `secret_value` it is: a number to raise with every other one. A plan sets it again
    /// where somebody else has written the value.
    #[model(optional, not_imported, range(0, 9007199254740991))]
    pub secret_value_version: Option<i64>,
    /// Copies of the secret in other regions, by region. They are all of them: one that somebody
    /// else adds is removed by the next apply.
    #[model(optional)]
    pub replicas: Option<BTreeMap<String, SecretReplica>>,
    /// Whether a replica takes the place of another secret of this name in its region.
    #[model(optional, default = false, config_only)]
    pub force_overwrite_replicas: bool,
    /// The resource policy, in JSON: who may use the secret beside those whom IAM lets.
    #[model(optional, rule = policy::is_document, same = policy::same_values, length(1, 20480))]
    pub policy: Option<String>,
    /// Whether a policy is refused that would open the secret to everybody.
    #[model(optional, default = true, config_only)]
    pub block_public_policy: bool,
    /// How many days a destroyed secret can still be restored: 7 to 30, or 0 for none. As long as it
    /// can be, its name is taken.
    #[model(optional, default = 30, range(0, 30), rule = planning::is_window, config_only)]
    pub recovery_window_days: i64,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The id of the current version of the value; none while there is no value.
    #[model(computed, volatile)]
    pub version_id: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

#[async_trait]
impl Resource for Secret {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::validate(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn foresee(platform: &Aws, planned: &Value) -> Diagnostics {
        planning::foresee(platform, planned).await
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let Some(seen) = look(&call.scope, state.id()).await? else { return Ok(None) };
        if seen.is_going() {
            return Ok(None);
        }
        seen.refuse_foreign_kinds(&call.scope)?;
        seen.object(call, state).await.map(Some)
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let Some(seen) = look(&call.scope, &plan.name).await? else { return Ok(Vec::new()) };
        if seen.is_going() {
            return Ok(Vec::new());
        }
        seen.refuse_foreign_kinds(&call.scope)?;
        let mark = seen.mark();
        let object = seen.object(call, plan).await?;
        let label = object.arn.clone().unwrap_or_else(|| object.name.clone());
        Ok(vec![Found { object, mark, complete: true, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let (arn, version_id) = plan.make(call).await?;
        *state = Self { arn, version_id, replicas: None, policy: None, ..plan.clone() };
        state.bring_around(call, plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let seen = look(&call.scope, prior.id()).await?.filter(|seen| !seen.is_going());
        if seen.is_none() {
            return Err(gone(&prior.name, call).into());
        }
        state.arn.clone_from(&prior.arn);
        state.bring_tags(call, prior, plan).await?;
        state.bring_face(call, prior, plan).await?;
        state.bring_value(call, prior, plan).await?;
        state.bring_around(call, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let Some(seen) = look(&call.scope, prior.id()).await? else { return Ok(()) };
        if seen.is_going() {
            return Ok(());
        }
        // A secret with replicas cannot be deleted.
        replicas::remove(call, prior, seen.replica_regions()).await?;
        call.proceed()?;
        let request = call.scope.secrets_manager().delete_secret().secret_id(prior.id());
        let request = match prior.recovery_window_days {
            0 => request.force_delete_without_recovery(true),
            days => request.recovery_window_in_days(days),
        };
        request.send().await.found(&call.scope, &[ABSENT])?;
        let what = format!("the end of secret {}", prior.name);
        call.wait_until(&what, Pace::QUICK, || async {
            let seen = look(&call.scope, prior.id()).await?;
            let is_over =
                seen.is_none_or(|seen| seen.is_going() && prior.recovery_window_days != 0);
            Ok(if is_over { Look::Done(()) } else { Look::Pending("there".to_owned()) })
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let seen = look(&call.scope, state.id()).await?;
        Ok(seen.filter(|seen| !seen.is_going()).and_then(|seen| seen.mark()))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl Secret {
    /// What the service knows it by: a name may belong to another secret by now, an ARN cannot.
    fn id(&self) -> &str {
        self.arn.as_deref().unwrap_or(&self.name)
    }

    /// Brings what is a call of its own at a new secret, too: policy and replicas.
    async fn bring_around(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        self.bring_policy(call, plan).await?;
        replicas::bring(call, plan, self).await?;
        *self = Self { arn: self.arn.clone(), version_id: self.version_id.clone(), ..plan.clone() };
        self.settle(call).await
    }

    /// Waits until the service shows what was written. If it takes longer, the next plan will tell.
    async fn settle(&self, call: &Call) -> Result<(), Failure> {
        let until = (Instant::now() + SETTLING).min(call.deadline);
        let mut attempt = 0;
        loop {
            let seen = look(&call.scope, self.id()).await?;
            if seen.is_some_and(|seen| seen.shows(self)) || Instant::now() >= until {
                return Ok(());
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
        }
    }
}

fn gone(name: &str, call: &Call) -> Diagnostic {
    Diagnostic::error(
        format!("secret {name} is gone"),
        format!(
            "It was there when this was planned ({}). Plan again to make another.",
            call.scope.place(),
        ),
    )
}

#[cfg(test)]
mod tests;
