//! `travel_access_analyzer`: an analyzer of IAM Access Analyzer, with its archive rules.
//!
//! Source: IAM Access Analyzer API reference, CreateAnalyzer, UpdateAnalyzer, CreateArchiveRule; "Using AWS
//! IAM Access Analyzer" of the IAM user guide.

mod configuration;
mod planning;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_accessanalyzer::error::SdkError;
use aws_sdk_accessanalyzer::types::{AnalyzerStatus, AnalyzerSummary, Type};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};

use crate::consistency::{self, Call, made_here, make_once, send_when_ready};
use crate::error::{Reply, diagnostic, is_code, message};
use crate::platform::Aws;
use crate::{Placement, Tagging};

/// What the service answers for what is not there.
const ABSENT: &str = "ResourceNotFoundException";
/// What it answers where a name is taken, or the analyzer is in the midst of another change.
const CONFLICT: &str = "ConflictException";

/// An analyzer of IAM Access Analyzer: what it finds is who gets at the resources of its zone of trust
/// from outside (`EXTERNAL_ACCESS`), what access nobody uses (`UNUSED_ACCESS`), or who within gets at
/// chosen resources (`INTERNAL_ACCESS`).
///
/// An analyzer of the organization is made in the management account, or the one that Access Analyzer is
/// delegated to (`travel_delegated_administrator`), and needs `access-analyzer.amazonaws.com` among the
/// trusted services of the organization.
///
/// A destroy loses the findings.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_access_analyzer",
    id = "arn",
    proof = tags,
    refresh = "2",
    identity("region", "name"),
    moves("hashicorp/aws aws_accessanalyzer_analyzer.arn"),
    consistency_seconds = 3
)]
pub struct AccessAnalyzer {
    /// The name. Another name means another analyzer.
    #[model(
        required,
        replace,
        pattern(
            "^[A-Za-z_][A-Za-z0-9_.-]{0,254}$",
            "a letter or _, and up to 254 letters, digits or _.-"
        )
    )]
    pub name: String,
    /// Whose access is no finding: that of the `ACCOUNT`, or of the whole `ORGANIZATION`.
    #[model(optional, default = "ACCOUNT", replace, one_of("ACCOUNT", "ORGANIZATION"))]
    pub zone_of_trust: String,
    /// What it looks for.
    #[model(
        optional,
        default = "EXTERNAL_ACCESS",
        replace,
        one_of("EXTERNAL_ACCESS", "UNUSED_ACCESS", "INTERNAL_ACCESS")
    )]
    pub analyzes: String,
    /// For `UNUSED_ACCESS`: after how many days without use access is a finding. Another number means
    /// another analyzer.
    #[model(optional, computed, replace, range(1, 365))]
    pub unused_access_days: Option<i32>,
    /// For `UNUSED_ACCESS`: whom it leaves out.
    #[model(optional, default, length(0, 100))]
    pub exclusions: Vec<Exclusion>,
    /// For `INTERNAL_ACCESS`: which resources it looks at; all that it can where there is none.
    #[model(optional, default, length(0, 100))]
    pub inclusions: Vec<Inclusion>,
    /// Rules by name: what they match becomes archived findings. There can be 100.
    #[model(optional, default, length(0, 100), rule = planning::are_rule_names)]
    pub archive_rules: BTreeMap<String, ArchiveRule>,
    /// Whether a rule that is made or changed archives what was found before, too.
    #[model(optional, default = true, config_only)]
    pub archive_existing_findings: bool,
    /// Whether it works: `ACTIVE`; or `DISABLED`, such as where the organization does not trust the
    /// service any more.
    #[model(computed)]
    pub analyzer_status: Option<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
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

/// Whom an analyzer of unused access leaves out: either accounts, or who has tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Exclusion {
    /// Accounts of the organization by id, but for the one of the analyzer.
    #[model(optional, length(1, 2000), rule = planning::are_accounts)]
    pub account_ids: Option<BTreeSet<String>>,
    /// Sets of tags: left out are roles and users that have all tags of one of them. A value that is
    /// empty stands for any.
    #[model(optional, length(1, 100))]
    pub resource_tags: Option<Vec<BTreeMap<String, String>>>,
}

/// Which resources an analyzer of internal access looks at: those that are all that is said here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Inclusion {
    /// In these accounts, by id: for a zone of trust that is the organization.
    #[model(optional, length(1, 2000), rule = planning::are_accounts)]
    pub account_ids: Option<BTreeSet<String>>,
    /// Of these types, such as `AWS::S3::Bucket`.
    #[model(optional, length(1, 100), rule = planning::are_types)]
    pub resource_types: Option<BTreeSet<String>>,
    /// By ARN, with `*` and `?`.
    #[model(optional, length(1, 100))]
    pub resource_arns: Option<BTreeSet<String>>,
}

/// What becomes of findings that match all criteria: they are archived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ArchiveRule {
    /// The criteria by what they are about, such as `resourceType`, `principal.AWS` or `isPublic`.
    #[model(required, length(1, 20))]
    pub filter: BTreeMap<String, Criterion>,
}

/// What something of a finding must be like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Criterion {
    /// One of these values.
    #[model(optional, length(1, 20))]
    pub eq: Option<BTreeSet<String>>,
    /// None of these values.
    #[model(optional, length(1, 20))]
    pub neq: Option<BTreeSet<String>>,
    /// It contains one of these.
    #[model(optional, length(1, 20))]
    pub contains: Option<BTreeSet<String>>,
    /// Whether the finding says it at all.
    #[model(optional)]
    pub exists: Option<bool>,
}

#[async_trait]
impl Resource for AccessAnalyzer {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(state.look(call).await?.map(|(seen, _)| seen))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let found = plan.look(call).await?.map(|(object, mark)| Found {
            label: object.arn.clone().unwrap_or_default(),
            complete: true,
            object,
            mark,
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let rules = plan.archive_rules.iter().map(|(name, rule)| rules::inline(name, rule));
        let request = call
            .scope
            .once()
            .access_analyzer()
            .create_analyzer()
            .analyzer_name(&plan.name)
            .r#type(plan.service_type())
            .set_configuration(plan.configuration()?)
            .set_archive_rules(Some(rules.collect::<Result<_, Failure>>()?))
            .set_tags(Some(plan.tagging.for_create(&call.claim).into_iter().collect()));
        let send = || {
            let answer = request.clone().send();
            async { answer.await.map(|made| made.arn) }
        };
        let look = || async { Ok(made_here(call, plan).await?.and_then(|it: Self| it.arn)) };
        // The organization may only just have come to trust the service, or the account with it.
        let patience = |error: &_| match is_told_too_late(error) {
            true => consistency::WITHIN_SERVICE,
            false => std::time::Duration::ZERO,
        };
        let made = Box::pin(make_once(call, patience, &[CONFLICT], send, look)).await?;
        state.arn = match made {
            Err(error) => return Err(refusal(&error, &call.scope.place()).into()),
            Ok(arn) => arn,
        };
        state.analyzer_status = Some(wait_until_active(call, plan).await?);
        if plan.archive_existing_findings {
            let all: Vec<&String> = plan.archive_rules.keys().collect();
            rules::apply(call, state, &all).await?;
        }
        Ok(())
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let generation = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
        let arn = prior.arn.as_deref().unwrap_or_default();
        let client = call.scope.access_analyzer();
        if !changes.set.is_empty() {
            let request = client.tag_resource().resource_arn(arn);
            let tags = Some(changes.set.into_iter().collect());
            request.set_tags(tags).send().await.at(&call.scope)?;
        }
        if !changes.remove.is_empty() {
            let request = client.untag_resource().resource_arn(arn);
            request.set_tag_keys(Some(changes.remove)).send().await.at(&call.scope)?;
        }
        state.tagging = plan.tagging.clone();
        let status = prior.analyzer_status.as_deref().unwrap_or_default();
        if !planning::SETTLED.contains(&status) {
            state.analyzer_status = Some(wait_until_active(call, plan).await?);
        }
        if (&prior.exclusions, &prior.inclusions) != (&plan.exclusions, &plan.inclusions) {
            let request = client.update_analyzer().analyzer_name(&plan.name);
            let request = request.set_configuration(plan.configuration()?);
            let is_busy = |error: &_| is_code(error, &[CONFLICT]);
            let send = || request.clone().send();
            send_when_ready(call, consistency::WITHIN_SERVICE, is_busy, send).await?;
        }
        state.exclusions.clone_from(&plan.exclusions);
        state.inclusions.clone_from(&plan.inclusions);
        rules::bring(call, plan, state).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let client = call.scope.access_analyzer();
        let request = client.delete_analyzer().analyzer_name(&prior.name);
        request.send().await.found(&call.scope, &[ABSENT])?;
        call.wait_until(&format!("the end of analyzer {}", prior.name), Pace::QUICK, || async {
            let there = observe(call, &prior.name).await?;
            Ok(there.map_or(Look::Done(()), |it| Look::Pending(it.status.as_str().to_owned())))
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let Some(seen) = observe(call, &state.name).await? else { return Ok(None) };
        Ok(crate::tags::mark(&seen.tags.unwrap_or_default().into_iter().collect()))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl AccessAnalyzer {
    fn service_type(&self) -> Type {
        match self.analyzes.as_str() {
            "EXTERNAL_ACCESS" => Type::from(self.zone_of_trust.as_str()),
            other => Type::from(format!("{}_{other}", self.zone_of_trust).as_str()),
        }
    }

    /// The analyzer as it is, with its mark; none where it is gone.
    async fn look(&self, call: &Call) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let Some(seen) = observe(call, &self.name).await? else { return Ok(None) };
        let Some(archive_rules) = rules::read(call, &self.name).await? else { return Ok(None) };
        let tags: BTreeMap<_, _> = seen.tags.unwrap_or_default().into_iter().collect();
        let (tagging, mark) = Tagging::read(tags, &self.tagging, &call.scope.settings().tags);
        let (zone_of_trust, analyzes) = planning::from_type(seen.r#type.as_str());
        let (unused_access_days, exclusions, inclusions) = configuration::read(seen.configuration);
        let object = Self {
            zone_of_trust,
            analyzes,
            unused_access_days,
            exclusions,
            inclusions,
            archive_rules,
            analyzer_status: Some(seen.status.as_str().to_owned()),
            arn: Some(seen.arn),
            tagging,
            ..self.clone()
        };
        Ok(Some((object, mark)))
    }
}

/// What the service says of an analyzer; none where there is none.
async fn observe(call: &Call, name: &str) -> Result<Option<AnalyzerSummary>, Failure> {
    let answer = call.scope.access_analyzer().get_analyzer().analyzer_name(name).send().await;
    Ok(answer.found(&call.scope, &[ABSENT])?.and_then(|answer| answer.analyzer))
}

/// Waits until an analyzer works. One that cannot is removed again: the service never mends it.
async fn wait_until_active(call: &Call, plan: &AccessAnalyzer) -> Result<String, Failure> {
    let what = format!("analyzer {}", plan.name);
    let seen = call
        .wait_until(&what, Pace::QUICK, || async {
            Ok(match observe(call, &plan.name).await? {
                None => Look::Pending("not there yet".to_owned()),
                Some(seen) if seen.status == AnalyzerStatus::Creating => {
                    Look::Pending("being made".to_owned())
                }
                Some(seen) => Look::Done(seen),
            })
        })
        .await?;
    if seen.status != AnalyzerStatus::Failed {
        return Ok(seen.status.as_str().to_owned());
    }
    AccessAnalyzer::delete(call, plan).await?;
    let reason = seen.status_reason.map_or_else(String::new, |it| it.code.as_str().to_owned());
    Err(Diagnostic::error(
        format!("{what} could not be made ({reason})"),
        format!(
            "It was removed again. SERVICE_LINKED_ROLE_CREATION_FAILED means that its role \
             AWSServiceRoleForAccessAnalyzer cannot be made: allow iam:CreateServiceLinkedRole for \
             access-analyzer.amazonaws.com ({}). Then apply again.",
            call.scope.place(),
        ),
    )
    .into())
}

/// Whether the organization may not have told the service yet what it needs to know.
fn is_told_too_late<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    lacks_trust(error) || lacks_delegation(error)
}

fn lacks_trust<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is_code(error, &["ValidationException"])
        && message(error).contains("not enabled for AWS Organizations")
}

fn lacks_delegation<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    message(error).contains("not a delegated administrator")
}

/// What a create was refused for, with the remedy.
fn refusal<E>(error: &SdkError<E, HttpResponse>, place: &str) -> Diagnostic
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let said = diagnostic(error, place);
    let remedy = if lacks_trust(error) {
        "Add access-analyzer.amazonaws.com to the trusted services of the organization, or analyze the \
         account alone (zone_of_trust = \"ACCOUNT\")."
    } else if lacks_delegation(error) {
        "Make it in the management account, or delegate access-analyzer.amazonaws.com to this account \
         (travel_delegated_administrator)."
    } else if is_code(error, &["ServiceQuotaExceededException"]) {
        "An account has one analyzer of its external access in a region, and few of other kinds. Import \
         the one that is there, remove it, or have the quota raised."
    } else {
        return said;
    };
    let said = Diagnostic { detail: format!("{remedy}\n\n{}", said.detail), ..said };
    said.at_attribute("zone_of_trust")
}

#[cfg(test)]
mod tests;
