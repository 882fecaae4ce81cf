//! `travel_config_aggregator`: what AWS Config knows of several accounts and regions, in one place.
//!
//! Source: AWS Config API reference, PutConfigurationAggregator, DescribeConfigurationAggregators; its developer
//! guide, "Multi-account multi-Region data aggregation".

mod planning;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_config::error::SdkError;
use aws_sdk_config::types::{
    AccountAggregationSource, AggregatorFilterResourceType, AggregatorFilterType,
    AggregatorFilters, ConfigurationAggregator, OrganizationAggregationSource,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use super::config;
use crate::consistency::{self, Call, answer_when_ready};
use crate::error::{Reply, diagnostic, incomplete, is_code};
use crate::platform::Aws;
use crate::tags::Tags;
use crate::{Placement, Tagging};

/// What the service answers for an aggregator that is not there.
const ABSENT: &str = "NoSuchConfigurationAggregatorException";
/// What it answers where the role does not let it in.
const BAD_ROLE: &str = "InvalidRoleException";
/// What it answers where the account may not ask for the organization.
const NOT_DELEGATED: &str = "OrganizationAccessDeniedException";

/// An aggregator of AWS Config: it gathers what recorders and rules of other accounts and regions say.
///
/// One of the whole organization needs `config.amazonaws.com` among the organization's trusted services,
/// and is made in the management account, or the one that Config is delegated to
/// (`travel_delegated_administrator`). One of chosen accounts needs the consent of each of them.
///
/// A destroy loses nothing but the view.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_config_aggregator",
    id = "arn",
    proof = tags,
    refresh = "2",
    identity("region", "name"),
    moves("hashicorp/aws aws_config_configuration_aggregator.name"),
    consistency_seconds = 3
)]
pub struct ConfigAggregator {
    /// The name. Another name means another aggregator.
    #[model(
        required,
        replace,
        pattern("^[A-Za-z0-9_-]{1,256}$", "1 to 256 letters, digits or any of _-")
    )]
    pub name: String,
    /// The accounts it gathers from, by id.
    #[model(optional, length(1, 10000), rule = planning::are_accounts)]
    pub account_ids: Option<BTreeSet<String>>,
    /// For one that gathers from all accounts of the organization: the ARN of the role that it asks the
    /// organization with, which trusts `config.amazonaws.com` and has the policy
    /// `AWSConfigRoleForOrganizations`.
    #[model(optional, rule = planning::is_role)]
    pub organization_role_arn: Option<String>,
    /// The regions it gathers from; all, also later ones, without it.
    #[model(optional, length(1, 100), rule = planning::are_regions)]
    pub regions: Option<BTreeSet<String>>,
    /// The types of resources it gathers, such as `AWS::EC2::Instance`; all without it.
    #[model(optional, length(1, 1000), rule = planning::are_types)]
    pub resource_types: Option<BTreeSet<String>>,
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

#[async_trait]
impl Resource for ConfigAggregator {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(5);

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
        config::check_free(call, plan, &format!("aggregator {}", plan.name)).await?;
        state.arn = put(call, plan, Some(plan.tagging.for_create(&call.claim))).await?;
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
        config::retag(call, prior.arn.as_deref().unwrap_or_default(), changes).await?;
        state.tagging = plan.tagging.clone();
        if !plan.gathers_as(prior) {
            put(call, plan, None).await?;
        }
        *state = Self { lifecycle: state.lifecycle.clone(), ..plan.clone() };
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let request = call.scope.config().delete_configuration_aggregator();
        let request = request.configuration_aggregator_name(&prior.name);
        request.send().await.found(&call.scope, &[ABSENT]).map(drop)
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let tags = config::tags(call, state.arn.as_deref().unwrap_or_default()).await?;
        Ok(tags.as_ref().and_then(crate::tags::mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl ConfigAggregator {
    /// The aggregator as it is, with its mark; none where there is none.
    async fn look(&self, call: &Call) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let Some(seen) = observe(call, &self.name).await? else { return Ok(None) };
        let arn = seen.configuration_aggregator_arn.clone().unwrap_or_default();
        let Some(tags) = config::tags(call, &arn).await? else { return Ok(None) };
        let (tagging, mark) = Tagging::read(tags, &self.tagging, &call.scope.settings().tags);
        Ok(Some((Self { tagging, ..self.seen(seen) }, mark)))
    }

    /// What the service says of it, but for its tags.
    fn seen(&self, seen: ConfigurationAggregator) -> Self {
        let set = |all: Vec<String>| Some(all.into_iter().collect());
        let of_accounts = seen.account_aggregation_sources.unwrap_or_default().into_iter().next();
        let of_organization = seen.organization_aggregation_source;
        let (is_all, regions) = match (&of_accounts, &of_organization) {
            (Some(it), _) => (it.all_aws_regions, it.aws_regions.clone()),
            (None, Some(it)) => (it.all_aws_regions, it.aws_regions.clone()),
            (None, None) => (true, None),
        };
        let types = seen.aggregator_filters.and_then(|it| it.resource_type?.value);
        Self {
            account_ids: of_accounts.and_then(|it| set(it.account_ids)),
            organization_role_arn: of_organization.map(|it| it.role_arn),
            regions: regions.filter(|all| !is_all && !all.is_empty()).and_then(set),
            resource_types: types.filter(|all| !all.is_empty()).and_then(set),
            arn: seen.configuration_aggregator_arn,
            ..self.clone()
        }
    }

    /// Whether it gathers the same from the same.
    fn gathers_as(&self, other: &Self) -> bool {
        self.account_ids == other.account_ids
            && self.organization_role_arn == other.organization_role_arn
            && self.regions == other.regions
            && self.resource_types == other.resource_types
    }

    fn regions(&self) -> Option<Vec<String>> {
        self.regions.as_ref().map(|all| all.iter().cloned().collect())
    }

    fn of_accounts(&self) -> Result<Option<Vec<AccountAggregationSource>>, Failure> {
        let Some(accounts) = &self.account_ids else { return Ok(None) };
        let source = AccountAggregationSource::builder()
            .set_account_ids(Some(accounts.iter().cloned().collect()))
            .all_aws_regions(self.regions.is_none())
            .set_aws_regions(self.regions())
            .build()
            .map_err(|error| incomplete(&error))?;
        Ok(Some(vec![source]))
    }

    fn of_organization(&self) -> Result<Option<OrganizationAggregationSource>, Failure> {
        let Some(role) = &self.organization_role_arn else { return Ok(None) };
        let source = OrganizationAggregationSource::builder()
            .role_arn(role)
            .all_aws_regions(self.regions.is_none())
            .set_aws_regions(self.regions());
        source.build().map(Some).map_err(|error| incomplete(&error))
    }

    fn filters(&self) -> Option<AggregatorFilters> {
        let types = self.resource_types.as_ref()?.iter().cloned().collect();
        let types = AggregatorFilterResourceType::builder()
            .r#type(AggregatorFilterType::Include)
            .set_value(Some(types))
            .build();
        Some(AggregatorFilters::builder().resource_type(types).build())
    }
}

/// What the service says of an aggregator; none where there is none.
async fn observe(call: &Call, name: &str) -> Result<Option<ConfigurationAggregator>, Failure> {
    let request = call.scope.config().describe_configuration_aggregators();
    let answer = request.configuration_aggregator_names(name).send().await;
    let answer = answer.found(&call.scope, &[ABSENT])?;
    Ok(answer.and_then(|answer| answer.configuration_aggregators?.into_iter().next()))
}

/// Says what is gathered, and gives the ARN. The role, or the account's delegation, may be so new that the
/// service does not know of it yet.
async fn put(
    call: &Call,
    plan: &ConfigAggregator,
    tags: Option<Tags>,
) -> Result<Option<String>, Failure> {
    let request = call
        .scope
        .config()
        .put_configuration_aggregator()
        .configuration_aggregator_name(&plan.name)
        .set_account_aggregation_sources(plan.of_accounts()?)
        .set_organization_aggregation_source(plan.of_organization()?)
        .set_aggregator_filters(plan.filters())
        .set_tags(tags.map(config::tag_list));
    let begun = Instant::now();
    let is_early = |error: &_| {
        let patience = match () {
            () if is_code(error, &[BAD_ROLE]) => consistency::IAM,
            () if is_code(error, &[NOT_DELEGATED]) => consistency::WITHIN_SERVICE,
            () => Duration::ZERO,
        };
        begun.elapsed() < patience
    };
    let send = || request.clone().send();
    let answer = answer_when_ready(call, consistency::IAM, is_early, send).await?;
    let place = call.scope.place();
    let answer = answer.map_err(|error| explained(&error, &place))?;
    Ok(answer.configuration_aggregator.and_then(|it| it.configuration_aggregator_arn))
}

/// What went wrong, with the remedy.
fn explained<E>(error: &SdkError<E, HttpResponse>, place: &str) -> Diagnostic
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let said = diagnostic(error, place);
    let remedy = if is_code(error, &[BAD_ROLE]) {
        "The role has to trust config.amazonaws.com and have the policy AWSConfigRoleForOrganizations."
    } else if is_code(error, &[NOT_DELEGATED]) {
        "Make it in the management account, or delegate config.amazonaws.com to this account \
         (travel_delegated_administrator), with the service among those that the organization trusts."
    } else if is_code(error, &["NoAvailableOrganizationException"]) {
        "The account belongs to no organization: name accounts (account_ids)."
    } else if is_code(error, &["OrganizationAllFeaturesNotEnabledException"]) {
        "The organization is for billing alone: have all of its features enabled."
    } else {
        return said;
    };
    let said = Diagnostic { detail: format!("{remedy}\n\n{}", said.detail), ..said };
    said.at_attribute("organization_role_arn")
}

#[cfg(test)]
mod tests;
