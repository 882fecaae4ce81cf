//! travel_organization_policy: a policy of the organization, and what it is attached to.
//!
//! Source: AWS Organizations API reference, Policy, PolicySummary, AttachPolicy.

mod content;
mod kind;
mod lockout;
mod planning;
mod targets;

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_organizations::operation::create_policy::CreatePolicyError;
use aws_sdk_organizations::operation::update_policy::UpdatePolicyError;
use aws_sdk_organizations::types::PolicyType;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Diagnostics, Failure, Model, Plan};
use travel_value::Value;

use self::content::{is_content, minified, same};
pub use self::kind::Kind;
use self::targets::{Attached, are_targets};
use super::organizations::{answer, change_tags, patience, service_tags, tags};
use crate::consistency::{Call, made_here, make_once};
use crate::error::{Reply, failure, is_code};
use crate::{Aws, GlobalPlacement, Tagging};

/// A policy of the organization, and the root, units and accounts that it is attached to.
///
/// A service control policy limits what the users and roles of accounts can do, a resource control
/// policy what anybody can do with their resources; neither holds for the management account. The
/// policies that AWS attaches by itself, `FullAWSAccess` among them, stay as they are.
///
/// A plan refuses one that would shut out those who manage the accounts: a service control policy that
/// denies everything to the role the provider works by, or what it takes to undo the policy to whoever
/// calls, and a resource control policy by which no role could be assumed any more. A condition on
/// `aws:PrincipalArn` makes the exception.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_organization_policy",
    id = "id",
    proof = tags,
    refresh = "3",
    identity("id"),
    moves("hashicorp/aws aws_organizations_policy.id"),
    consistency_seconds = 3
)]
pub struct OrganizationPolicy {
    /// The policy's name, which no other policy of the organization has. Can be changed in place.
    #[model(required, length(1, 128), rule = planning::is_name)]
    pub name: String,
    /// The type, which must be among the `policy_types` of the organization before the policy is
    /// attached. Another type means another policy.
    #[model(
        name = "type",
        required,
        replace,
        one_of(
            "SERVICE_CONTROL_POLICY",
            "RESOURCE_CONTROL_POLICY",
            "TAG_POLICY",
            "BACKUP_POLICY",
            "AISERVICES_OPT_OUT_POLICY",
            "CHATBOT_POLICY",
            "DECLARATIVE_POLICY_EC2"
        )
    )]
    pub kind: String,
    /// What the policy says, in JSON. It is sent without the white space that means nothing, and
    /// another text of the same meaning is no change.
    #[model(required, rule = is_content, same = same)]
    pub content: String,
    /// What the policy is for.
    #[model(optional, default = "", length(0, 512))]
    pub description: String,
    /// What it is attached to: ids of the root (`r-…`), of units (`ou-…`) and of accounts. These are
    /// all: whatever else somebody attaches it to is detached again.
    #[model(optional, default, rule = are_targets)]
    pub targets: BTreeSet<String>,
    /// Whether the policy may shut out those who manage the accounts, as one for accounts that are out
    /// of use may.
    #[model(optional, config_only, default)]
    pub allow_lockout: bool,
    /// How many characters the content can have, where the organization may have longer ones than AWS
    /// documents and Service Quotas does not tell.
    #[model(optional, config_only, range(1, 1000000))]
    pub maximum_size: Option<i64>,
    /// The policy's id, `p-…`.
    #[model(computed)]
    pub id: Option<String>,
    /// The policy's ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// Where it is managed.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// Its tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps of it.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

const ABSENT: &str = "PolicyNotFoundException";
const TAKEN: &str = "DuplicatePolicyException";

impl OrganizationPolicy {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn attached(&self) -> Attached<'_> {
        Attached { policy: self.id(), name: &self.name, kind: &self.kind }
    }

    async fn observe(
        call: &Call,
        id: &str,
        state: &Self,
    ) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let client = call.scope.organizations();
        let described = client.describe_policy().policy_id(id).send().await;
        let described = described.found(&call.scope, &[ABSENT])?;
        let Some(policy) = described.and_then(|described| described.policy) else {
            return Ok(None);
        };
        let Some(targets) = targets::of(call, id).await? else { return Ok(None) };
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags(call, id).await?, &state.tagging, settings);
        let summary = policy.policy_summary();
        let observed = Self {
            name: summary.and_then(|it| it.name()).unwrap_or_default().to_owned(),
            kind: summary
                .and_then(|it| it.r#type())
                .map_or_else(String::new, |kind| kind.as_str().to_owned()),
            content: policy.content().unwrap_or_default().to_owned(),
            description: summary.and_then(|it| it.description()).unwrap_or_default().to_owned(),
            targets,
            id: Some(id.to_owned()),
            arn: summary.and_then(|it| it.arn()).map(str::to_owned),
            tagging,
            ..state.clone()
        };
        Ok(Some((observed, mark)))
    }

    /// Writes what differs of name, description and content.
    async fn write(&self, call: &Call, prior: &Self) -> Result<(), Failure> {
        let is_new = |before: &str, after: &str| (before != after).then(|| after.to_owned());
        let name = is_new(&prior.name, &self.name);
        let description = is_new(&prior.description, &self.description);
        let content = is_new(&minified(&prior.content), &minified(&self.content));
        if name.is_none() && description.is_none() && content.is_none() {
            return Ok(());
        }
        let request = call
            .scope
            .organizations()
            .update_policy()
            .policy_id(prior.id())
            .set_name(name)
            .set_description(description)
            .set_content(content);
        match answer(call, &[], || request.clone().send()).await? {
            Ok(_) => Ok(()),
            Err(error) => {
                let reason = match error.as_service_error() {
                    Some(UpdatePolicyError::ConstraintViolationException(it)) => it.reason(),
                    _ => None,
                };
                Err(self.refused(call, &error, reason.map(|reason| reason.as_str())))
            }
        }
    }

    /// The failure of a call that writes the policy, at the attribute that it is about.
    fn refused<E>(
        &self,
        call: &Call,
        error: &SdkError<E, HttpResponse>,
        reason: Option<&str>,
    ) -> Failure
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let said = failure(error, &call.scope.place());
        match reason {
            _ if is_code(error, &["MalformedPolicyDocumentException"]) => {
                said.at_attribute("content")
            }
            Some("POLICY_CONTENT_LIMIT_EXCEEDED") => said.at_attribute("content"),
            _ if is_code(error, &["PolicyTypeNotAvailableForOrganizationException"]) => {
                said.at_attribute("type")
            }
            _ if is_code(error, &[TAKEN]) => Diagnostic::error(
                format!("policy {} exists already", self.name),
                format!(
                    "The organization has one policy of a name ({}). If this one replaces it under \
                     create_before_destroy, give it another name, or let the old one go first.",
                    call.scope.place(),
                ),
            )
            .at_attribute("name")
            .into(),
            _ => said,
        }
    }
}

#[async_trait]
impl Resource for OrganizationPolicy {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(20);

    fn validate(plan: &mut Plan<'_>) {
        planning::validate(plan);
    }

    fn plan_on(platform: &Aws, plan: &mut Plan<'_>) {
        if !plan.is_destroy() {
            planning::plan(platform.session().settings(), plan);
        }
    }

    async fn foresee(platform: &Aws, planned: &Value) -> Diagnostics {
        planning::foresee(platform, planned).await
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(Self::observe(call, state.id(), state).await?.map(|(policy, _)| policy))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let ids = match &plan.id {
            // It is known by its id, and by no name.
            Some(id) => vec![id.clone()],
            None => {
                let client = call.scope.organizations();
                let request = client.list_policies().filter(PolicyType::from(plan.kind.as_str()));
                let mut pages = request.into_paginator().send();
                let mut ids = Vec::new();
                while let Some(page) = pages.next().await {
                    let page = page.at(&call.scope)?;
                    let named =
                        page.policies().iter().filter(|it| it.name() == Some(plan.name.as_str()));
                    ids.extend(named.filter_map(|it| it.id().map(str::to_owned)));
                }
                ids
            }
        };
        let mut found = Vec::new();
        for id in ids {
            if let Some((object, mark)) = Self::observe(call, &id, plan).await? {
                found.push(Found { object, mark, complete: true, label: id });
            }
        }
        Ok(found)
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let tags = service_tags(&plan.tagging.for_create(&call.claim))?;
        let request = call
            .scope
            .once()
            .organizations()
            .create_policy()
            .name(&plan.name)
            .description(&plan.description)
            .r#type(PolicyType::from(plan.kind.as_str()))
            .content(minified(&plan.content))
            .set_tags(Some(tags));
        let send = || {
            let answer = request.clone().send();
            async {
                let policy = answer.await?.policy.and_then(|policy| policy.policy_summary);
                Ok(policy.map(|policy| (policy.id, policy.arn)))
            }
        };
        let look = || async {
            let made = made_here(call, plan).await?;
            Ok(made.map(|policy: Self| (policy.id, policy.arn)))
        };
        let too_early = |error: &_| patience(error, &[]);
        let made = make_once(call, too_early, &[TAKEN], send, look).await?;
        let made = made.map_err(|error| {
            let reason = match error.as_service_error() {
                Some(CreatePolicyError::ConstraintViolationException(it)) => it.reason(),
                _ => None,
            };
            plan.refused(call, &error, reason.map(|reason| reason.as_str()))
        });
        state.targets = BTreeSet::new();
        (state.id, state.arn) = made?.unwrap_or_default();
        let own = state.clone();
        own.attached().bring(call, &mut state.targets, &plan.targets).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let marked_with = prior.lifecycle.generation.as_deref().filter(|_| prior.name == plan.name);
        let changes = plan.tagging.changes(&prior.tagging, marked_with, &call.claim);
        change_tags(call, prior.id(), &changes).await?;
        state.tagging = plan.tagging.clone();
        plan.write(call, prior).await?;
        state.name.clone_from(&plan.name);
        state.description.clone_from(&plan.description);
        state.content.clone_from(&plan.content);
        state.allow_lockout = plan.allow_lockout;
        state.maximum_size = plan.maximum_size;
        let own = state.clone();
        own.attached().bring(call, &mut state.targets, &plan.targets).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let mut there = prior.targets.clone();
        prior.attached().bring(call, &mut there, &BTreeSet::new()).await?;
        let client = call.scope.organizations();
        let request = client.delete_policy().policy_id(prior.id());
        match answer(call, &[], || request.clone().send()).await? {
            Err(error) if is_code(&error, &["PolicyInUseException"]) => {
                Err(in_use(call, prior).await?.into())
            }
            answer => answer.found(&call.scope, &[ABSENT]).map(drop),
        }
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let observed = Self::observe(call, state.id(), state).await?;
        Ok(observed.and_then(|(_, mark)| mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        if planning::is_of_aws(id) {
            return Err(Diagnostic::error(
                "a policy of AWS cannot be managed",
                format!("{id} belongs to AWS, and stays as it is."),
            ));
        }
        if !id.starts_with("p-") {
            return Err(Diagnostic::error(
                "not the id of a policy",
                format!("{id:?} does not begin with p-. Give the policy's id, such as p-ab12cd34."),
            ));
        }
        Ok(Self { id: Some(id.to_owned()), ..Self::default() })
    }
}

/// The policies of an organization, without those of AWS.
#[derive(Clone, Debug, Default, Model)]
pub struct Policies {
    /// Where they are managed.
    #[model(flatten)]
    pub placement: GlobalPlacement,
}

#[async_trait]
impl Listable for OrganizationPolicy {
    type Query = Policies;

    async fn list(call: &Call, _query: &Policies, found: &Finder) -> Result<(), Failure> {
        let client = call.scope.organizations();
        for kind in Kind::names() {
            let request = client.list_policies().filter(PolicyType::from(kind));
            let mut pages = request.into_paginator().send();
            while let Some(page) = pages.next().await {
                for policy in page.at(&call.scope)?.policies() {
                    let (Some(id), Some(name)) = (policy.id(), policy.name()) else { continue };
                    if !policy.aws_managed() {
                        found.tell(id, name).await;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The error for a policy that somebody else has attached since it was read; names to what.
async fn in_use(call: &Call, policy: &OrganizationPolicy) -> Result<Diagnostic, Failure> {
    let targets = targets::of(call, policy.id()).await?.unwrap_or_default();
    let targets: Vec<String> = targets.into_iter().collect();
    Ok(Diagnostic::error(
        format!("policy {} is still attached", policy.name),
        format!(
            "It is attached to {}, which its state does not know ({}). Plan again, and it is \
             detached from there, too.",
            targets.join(", "),
            call.scope.place(),
        ),
    ))
}
