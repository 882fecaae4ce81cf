//! `travel_parameter`: a parameter of Systems Manager Parameter Store.
//!
//! Source: Systems Manager API reference, PutParameter and ParameterMetadata.

mod observed;
pub(super) mod planning;
mod policies;

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::json;
use tokio::time::Instant;
use travel_framework::model::Model as _;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};

use crate::Scope;
use crate::consistency::{Call, make_once, send_when_ready};
use crate::error::{Answer, Reply, incomplete, is_code};
use crate::platform::Aws;
use crate::tags::Tags;
use crate::{Placement, Tagging};

const STANDARD: &str = "Standard";
const ADVANCED: &str = "Advanced";
const INTELLIGENT: &str = "Intelligent-Tiering";
/// Under this name the tier is remembered that the service has chosen.
const TIER: &str = "tier";
/// How long the service may take to see a new key, to be done with another change, or to let go of
/// the name of a deleted parameter: its reference says 30 s for the last.
const SETTLING: Duration = Duration::from_secs(30);
const ABSENT: &str = "ParameterNotFound";
const TAKEN: &str = "ParameterAlreadyExists";
/// What says that a call comes too early.
const TOO_EARLY: [&str; 2] = ["TooManyUpdates", "InvalidKeyId"];
/// What takes all policies away: without any, those that are there would stay.
const NO_POLICIES: &str = "[{}]";

/// A parameter of Systems Manager Parameter Store: configuration that is read by name.
///
/// A secret (`type = "SecureString"`) is written as `secret_value` and never read: it stands in no
/// plan and no state. It is written when `secret_value_version` changes, when anything else of the
/// parameter does, and when somebody else has written the parameter since.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_parameter",
    proof = tags,
    id = "arn",
    refresh = "3 (2 for a SecureString), all but one shared with what is read at the same time",
    identity("region", "name"),
    consistency_seconds = 5
)]
pub struct Parameter {
    /// The name, such as `/shop/database/url`: up to 15 levels, each behind a slash. Another name
    /// means another parameter.
    #[model(required, replace, rule = planning::is_name)]
    pub name: String,
    /// What it holds: a `String`, a `StringList` (its items separated by commas), or an encrypted
    /// `SecureString`.
    #[model(
        name = "type",
        optional,
        default = "String",
        replace,
        one_of("String", "StringList", "SecureString")
    )]
    pub kind: String,
    /// The value of a `String` or `StringList`: up to 4096 characters, or 8192 in the tier
    /// `Advanced`. Every character counts.
    #[model(optional, length(1, 8192), rule = planning::is_value)]
    pub value: Option<String>,
    /// The value of a `SecureString`. May be ephemeral.
    #[model(optional, write_only, length(1, 8192), rule = planning::is_value)]
    pub secret_value: Option<String>,
    /// Which `secret_value` it is: a number to raise with every other one. A plan sets it again
    /// where somebody else has written the parameter.
    #[model(optional, not_imported, range(0, 9007199254740991))]
    pub secret_value_version: Option<i64>,
    /// The tier: `Standard` (up to 4096 characters, no charge), `Advanced`, or
    /// `Intelligent-Tiering`, which leaves the choice to the service at each change. The way back
    /// from `Advanced` to `Standard` means another parameter.
    #[model(
        optional,
        default = "Standard",
        same = planning::same_tier,
        one_of("Standard", "Advanced", "Intelligent-Tiering")
    )]
    pub tier: String,
    /// The key that encrypts a `SecureString`: its id, ARN or alias; by default `alias/aws/ssm`.
    #[model(optional, computed, same = planning::same_key, length(1, 256))]
    pub key_id: Option<String>,
    /// What the parameter is for.
    #[model(optional, default = "", length(0, 1024))]
    pub description: String,
    /// A regular expression (of Java) that every value must match, such as `^\d+$`.
    #[model(optional, length(1, 1024))]
    pub allowed_pattern: Option<String>,
    /// What the value is: `text`, `aws:ec2:image` (the id of an image, which the service checks), or
    /// `aws:ssm:integration`.
    #[model(optional, default = "text", one_of("text", "aws:ec2:image", "aws:ssm:integration"))]
    pub data_type: String,
    /// Policies of an `Advanced` parameter, as a list in JSON: `Expiration`,
    /// `ExpirationNotification`, `NoChangeNotification`.
    #[model(optional, rule = policies::are_policies, same = policies::same)]
    pub policies: Option<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The version, which the service raises whenever the parameter is written.
    #[model(computed, volatile)]
    pub version: Option<i64>,
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
impl Resource for Parameter {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::validate(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let Some(seen) = observed::look(&call.scope, &state.name).await? else { return Ok(None) };
        remember_tier(call, seen.tier());
        Ok(seen.object(call, state).await?.map(|(object, _)| object))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let Some(seen) = observed::look(&call.scope, &plan.name).await? else {
            return Ok(Vec::new());
        };
        let found = seen.object(call, plan).await?.map(|(object, mark)| {
            let label = object.name.clone();
            Found { object, mark, complete: true, label }
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let (name, wanted) = (&plan.name, plan.tagging.for_create(&call.claim));
        let request = plan.request(&call.scope.once())?.set_tags(Some(tag_list(wanted)?));
        let send = || {
            let answer = request.clone().send();
            async { answer.await.map(|made| Some((made.version, made.tier))) }
        };
        // What was made by a request whose answer was lost has our mark.
        let look = || async {
            let mark = observed::mark(&call.scope, name).await?;
            let is_ours = mark.is_some_and(|mark| mark.generation == call.claim.generation);
            let seen = if is_ours { observed::look(&call.scope, name).await? } else { None };
            Ok(seen.map(|seen| (seen.version(), seen.tier().map(ParameterTier::from))))
        };
        let patience = |error: &_| if is_too_early(error) { SETTLING } else { Duration::ZERO };
        let until = (Instant::now() + SETTLING).min(call.deadline);
        let made = loop {
            let made = Box::pin(make_once(call, patience, &[TAKEN], send, look)).await?;
            let Err(error) = &made else { break made };
            if !is_code(error, &[TAKEN]) {
                break made;
            }
            // A name may be taken for a while by what was just deleted.
            if observed::look(&call.scope, name).await?.is_some() {
                return Err(taken(name, call).into());
            }
            if Instant::now() >= until {
                break made;
            }
        };
        let (version, tier) = made.at(&call.scope)?.unwrap_or_default();
        state.arn = Some(call.scope.arn("ssm", &observed::path(name)));
        state.version = Some(version);
        remember_tier(call, tier.as_ref().map(|tier| tier.as_str()));
        state.settle(call).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let generation = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
        let ssm = call.scope.ssm();
        if !changes.set.is_empty() {
            let request = ssm
                .add_tags_to_resource()
                .resource_type(ResourceTypeForTagging::Parameter)
                .resource_id(&plan.name)
                .set_tags(Some(tag_list(changes.set)?));
            send(call, || request.clone().send()).await?;
        }
        if !changes.remove.is_empty() {
            let request = ssm
                .remove_tags_from_resource()
                .resource_type(ResourceTypeForTagging::Parameter)
                .resource_id(&plan.name)
                .set_tag_keys(Some(changes.remove));
            send(call, || request.clone().send()).await?;
        }
        state.tagging = plan.tagging.clone();
        if !plan.is_written_as(prior) {
            // To write what is gone would make it anew, without a mark.
            if observed::look(&call.scope, &plan.name).await?.is_none() {
                return Err(gone(&plan.name, call).into());
            }
            let request = plan.request(&call.scope)?.overwrite(true);
            let written = send(call, || request.clone().send()).await?;
            remember_tier(call, written.tier.as_ref().map(|tier| tier.as_str()));
            state.version = Some(written.version);
        }
        *state = Self { arn: state.arn.clone(), version: state.version, ..plan.clone() };
        state.settle(call).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let ssm = call.scope.ssm();
        let too_early = |error: &_| is_code(error, &TOO_EARLY);
        let request = ssm.delete_parameter().name(&prior.name);
        let answer = crate::consistency::answer_when_ready(call, SETTLING, too_early, || {
            request.clone().send()
        });
        answer.await?.found(&call.scope, &[ABSENT])?;
        let what = format!("the end of parameter {}", prior.name);
        call.wait_until(&what, Pace::QUICK, || async {
            let seen = observed::look(&call.scope, &prior.name).await?;
            Ok(seen.map_or(Look::Done(()), |_| Look::Pending("there".to_owned())))
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        observed::mark(&call.scope, &state.name).await
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl Parameter {
    /// The call that writes all of the parameter but its tags. What is left out of it would stay as
    /// it was, so nothing is.
    fn request(&self, scope: &Scope) -> Result<PutParameterFluentBuilder, Failure> {
        let value = if self.is_secret() { &self.secret_value } else { &self.value };
        let Some(value) = value else {
            return Err(Diagnostic::error(
                format!("no value for parameter {}", self.name),
                "The service takes all of a parameter at once, with its value. Write it.",
            )
            .at_attribute(if self.is_secret() { "secret_value" } else { "value" })
            .into());
        };
        let request = scope
            .ssm()
            .put_parameter()
            .name(&self.name)
            .r#type(ParameterType::from(self.kind.as_str()))
            .value(value)
            .tier(ParameterTier::from(self.tier.as_str()))
            .description(&self.description)
            .allowed_pattern(self.allowed_pattern.as_deref().unwrap_or_default())
            .data_type(&self.data_type)
            .set_key_id(self.key_id.clone());
        let policies = self.policies.as_deref().unwrap_or(NO_POLICIES);
        Ok(if self.tier == STANDARD { request } else { request.policies(policies) })
    }

    fn is_secret(&self) -> bool {
        self.kind == "SecureString"
    }

    /// Whether a write would leave it as this one, as far as that can be told.
    fn is_written_as(&self, other: &Self) -> bool {
        let written = |it: &Self| Self {
            name: String::new(),
            secret_value: None,
            arn: None,
            version: None,
            placement: Placement::default(),
            tagging: Tagging::default(),
            lifecycle: Lifecycle::default(),
            ..it.clone()
        };
        written(self).to_value() == written(other).to_value()
    }

    /// Waits until the service shows what was written. An image is checked by the service after its
    /// answer, and not written at all where it finds none.
    async fn settle(&self, call: &Call) -> Result<(), Failure> {
        let until = (Instant::now() + SETTLING).min(call.deadline);
        let mut attempt = 0;
        loop {
            let seen = observed::look(&call.scope, &self.name).await?;
            let shown = seen.map_or(0, |seen| seen.version());
            if shown >= self.version.unwrap_or_default() {
                return Ok(());
            }
            if Instant::now() >= until {
                break;
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
        }
        if self.data_type == "aws:ec2:image" {
            return Err(not_an_image(self, call).into());
        }
        // If it takes longer than the service says, the next plan will tell: no reason to fail.
        tracing::info!("parameter {} does not show yet as it was written", self.name);
        Ok(())
    }
}

fn remember_tier(call: &Call, tier: Option<&str>) {
    let tier = tier.map(|tier| (TIER.to_owned(), json!(tier)));
    call.remember(tier.into_iter().collect());
}

/// Sends a call that may come too early.
async fn send<T, E, F>(call: &Call, request: impl FnMut() -> F) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    send_when_ready(call, SETTLING, is_too_early, request).await
}

fn is_too_early<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is_code(error, &TOO_EARLY)
}

fn tag_list(tags: Tags) -> Result<Vec<Tag>, Failure> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| incomplete(&error))
}

fn taken(name: &str, call: &Call) -> Diagnostic {
    Diagnostic::error(
        format!("parameter {name} exists already"),
        format!(
            "A name stands for one parameter ({}). If this one replaces it under \
             create_before_destroy, give it another name, or let the old one go first.",
            call.scope.place(),
        ),
    )
    .at_attribute("name")
}

fn gone(name: &str, call: &Call) -> Diagnostic {
    Diagnostic::error(
        format!("parameter {name} is gone"),
        format!(
            "It was there when this was planned ({}). Plan again to make another.",
            call.scope.place(),
        ),
    )
}

fn not_an_image(parameter: &Parameter, call: &Call) -> Diagnostic {
    let value = parameter.value.as_deref().unwrap_or_default();
    Diagnostic::error(
        format!("parameter {} was not written", parameter.name),
        format!(
            "The service has accepted {value:?}, but does not show it: it writes an image only \
             where the account can use it ({}). Name an image of this region that it can use.",
            call.scope.place(),
        ),
    )
    .at_attribute("value")
}

#[cfg(test)]
mod tests;
