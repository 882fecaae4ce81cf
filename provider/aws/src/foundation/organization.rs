//! travel_organization: the organization of the management account.
//!
//! Source: AWS Organizations API reference, Organization, PolicyTypeSummary,
//! EnabledServicePrincipal.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_organizations::types::{
    ChildType, OrganizationFeatureSet, PolicyType, PolicyTypeStatus, Root,
};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Described, Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::{Path, Value};

use super::organizations::{bring_about, change_tags, root, send, tags};
use crate::consistency::Call;
use crate::error::{Reply, is_code};
use crate::{Aws, GlobalPlacement, Tagging};

/// The organization of the management account: its features, the types of policies that can be
/// attached in it, and the AWS services that may work across its accounts. An account has at most
/// one. The mark of ownership and the tags stand on its root.
#[derive(Clone, Debug, Model)]
#[resource(
    type = "travel_organization",
    id = "id",
    proof = tags,
    refresh = "4",
    identity("id")
)]
pub struct Organization {
    /// What the organization is called here. AWS itself has no name for it.
    #[model(required, length(1, 128))]
    pub name: String,
    /// `ALL`, or `CONSOLIDATED_BILLING` for bills alone. From bills alone to all features is a
    /// change in place, which every invited account must agree to; there is no way back.
    #[model(optional, default = "ALL", one_of("ALL", "CONSOLIDATED_BILLING"))]
    pub feature_set: String,
    /// The types of policies that can be attached to the root, to units and accounts, such as
    /// `SERVICE_CONTROL_POLICY`. Where this is not set, they are left as they are.
    #[model(optional, computed)]
    pub policy_types: Option<BTreeSet<String>>,
    /// The services that may work across the accounts, by their principals, such as
    /// `guardduty.amazonaws.com`. Where this is not set, they are left as they are.
    #[model(optional, computed)]
    pub trusted_services: Option<BTreeSet<String>>,
    /// The organization's id, `o-…`.
    #[model(computed)]
    pub id: Option<String>,
    /// The organization's ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The id of the root, `r-…`, that units and accounts stand in.
    #[model(computed)]
    pub root_id: Option<String>,
    /// The id of the management account.
    #[model(computed)]
    pub management_account_id: Option<String>,
    /// The e-mail address of the management account.
    #[model(computed)]
    pub management_account_email: Option<String>,
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

const ABSENT: &str = "AWSOrganizationsNotInUseException";

impl Organization {
    async fn observe(call: &Call, state: &Self) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let client = call.scope.organizations();
        let described = client.describe_organization().send().await;
        let described = described.found(&call.scope, &[ABSENT])?;
        let Some(organization) = described.and_then(|described| described.organization) else {
            return Ok(None);
        };
        let root = root(call).await?;
        let root_id = root.id().unwrap_or_default().to_owned();
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags(call, &root_id).await?, &state.tagging, settings);
        let feature_set = organization.feature_set().map_or("ALL", |set| set.as_str());
        let name = match mark.as_ref().and_then(marked_name) {
            // After an import the state has none yet.
            Some(name) if state.name.is_empty() => name,
            _ => state.name.clone(),
        };
        let observed = Self {
            name,
            feature_set: feature_set.to_owned(),
            policy_types: Some(enabled(&root)),
            trusted_services: Some(trusted_services(call).await?),
            id: organization.id().map(str::to_owned),
            arn: organization.arn().map(str::to_owned),
            root_id: Some(root_id),
            management_account_id: organization.master_account_id().map(str::to_owned),
            management_account_email: organization.master_account_email().map(str::to_owned),
            tagging,
            ..state.clone()
        };
        Ok(Some((observed, mark)))
    }

    /// Whether the organization is as a create leaves it before it has marked the root: nothing
    /// in it, nothing enabled. Only such a one can be the remains of our own create.
    async fn is_bare(call: &Call, object: &Self) -> Result<bool, Failure> {
        let client = call.scope.organizations();
        let root_id = object.root_id.as_deref().unwrap_or_default();
        for (kind, expected) in [(ChildType::Account, 1), (ChildType::OrganizationalUnit, 0)] {
            let children = client.list_children().parent_id(root_id).child_type(kind).send().await;
            let children = children.at(&call.scope)?;
            if children.children().len() > expected || children.next_token().is_some() {
                return Ok(false);
            }
        }
        let tags = tags(call, root_id).await?;
        let root = root(call).await?;
        Ok(tags.is_empty() && enabled(&root).is_empty() && trusted_services(call).await?.is_empty())
    }

    async fn configure(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let root_id = state.root_id.clone().unwrap_or_default();
        let marked_with = prior.lifecycle.generation.as_deref().filter(|_| prior.name == plan.name);
        let changes = plan.tagging.changes(&prior.tagging, marked_with, &call.claim);
        change_tags(call, &root_id, &changes).await?;
        state.name.clone_from(&plan.name);
        state.tagging = plan.tagging.clone();
        if state.feature_set != plan.feature_set {
            enable_all_features(call).await?;
            state.feature_set.clone_from(&plan.feature_set);
        }
        if let Some(wanted) = &plan.trusted_services
            && prior.trusted_services != plan.trusted_services
        {
            set_trusted_services(call, wanted)
                .await
                .map_err(|failure| failure.at_attribute("trusted_services"))?;
        }
        if let Some(wanted) = &plan.policy_types
            && prior.policy_types != plan.policy_types
        {
            set_policy_types(call, &root_id, wanted)
                .await
                .map_err(|failure| failure.at_attribute("policy_types"))?;
        }
        // What the configuration leaves alone is kept as it stands.
        state.trusted_services = Some(match &plan.trusted_services {
            Some(wanted) => wanted.clone(),
            None => trusted_services(call).await?,
        });
        state.policy_types = Some(match &plan.policy_types {
            Some(wanted) => wanted.clone(),
            None => enabled(&root(call).await?),
        });
        Ok(())
    }
}

#[async_trait]
impl Resource for Organization {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(60);

    fn validate(plan: &mut Plan<'_>) {
        let types = plan.config.get("policy_types").elements().unwrap_or_default();
        let unknown = types.iter().filter_map(Value::as_str).find(|name| !is_policy_type(name));
        if let Some(name) = unknown {
            let known: Vec<&str> = PolicyType::values().to_vec();
            plan.refuse(
                "policy_types",
                format!("there is no policy type {name}"),
                format!("A policy type is one of {}.", known.join(", ")),
            );
        }
        let bills_only = plan.config.get("feature_set").as_str() == Some("CONSOLIDATED_BILLING");
        for name in ["policy_types", "trusted_services"] {
            let set = plan.config.get(name).elements().is_some_and(|set| !set.is_empty());
            if bills_only && set {
                plan.refuse(
                    name,
                    format!("{name} need all features"),
                    format!(
                        "An organization for bills alone has no {name}. Set feature_set = \"ALL\"."
                    ),
                );
            }
        }
    }

    fn plan(plan: &mut Plan<'_>) {
        let all = plan.prior::<String>("feature_set").is_some_and(|set| set == "ALL");
        if !plan.is_destroy() && all && plan.changes("feature_set") {
            plan.replace(Path::attribute("feature_set"));
        }
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let observed = Self::observe(call, state).await?.map(|(organization, _)| organization);
        Ok(observed.filter(|observed| state.id.is_none() || observed.id == state.id))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let Some((object, mut mark)) = Self::observe(call, plan).await? else {
            return Ok(Vec::new());
        };
        if mark.is_none() && Self::is_bare(call, &object).await? {
            mark = Some(Mark {
                deployment: call.claim.deployment.clone(),
                resource: call.claim.resource.clone(),
                generation: String::new(),
            });
        }
        let label = object.id.clone().unwrap_or_default();
        Ok(vec![Found { object, mark, complete: true, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let client = call.scope.organizations();
        let features = OrganizationFeatureSet::from(plan.feature_set.as_str());
        let made =
            send(call, &[], || client.create_organization().feature_set(features.clone()).send())
                .await?;
        let organization = made
            .organization
            .unwrap_or_else(|| aws_sdk_organizations::types::Organization::builder().build());
        state.id = organization.id().map(str::to_owned);
        state.arn = organization.arn().map(str::to_owned);
        state.management_account_id = organization.master_account_id().map(str::to_owned);
        state.management_account_email = organization.master_account_email().map(str::to_owned);
        let root_id = call
            .wait_until("the root of the organization", Pace::QUICK, || async {
                let roots = client.list_roots().send().await.at(&call.scope)?;
                Ok(match roots.roots().first().and_then(Root::id) {
                    Some(id) => Look::Done(id.to_owned()),
                    None => Look::Pending("not listed yet".to_owned()),
                })
            })
            .await?;
        state.root_id = Some(root_id);
        let new = Self {
            policy_types: None,
            trusted_services: None,
            tagging: Tagging::default(),
            lifecycle: Lifecycle::default(),
            ..state.clone()
        };
        Self::configure(call, &new, plan, state).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        Self::configure(call, prior, plan, state).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let client = call.scope.organizations();
        match client.delete_organization().send().await {
            Err(error) if is_code(&error, &["OrganizationNotEmptyException"]) => {
                Err(Failure::from(not_empty(call, prior).await?))
            }
            answer => answer.found(&call.scope, &[ABSENT]).map(drop),
        }
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(Self::observe(call, state).await?.and_then(|(_, mark)| mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        if !id.starts_with("o-") {
            return Err(Diagnostic::error(
                "not the id of an organization",
                format!("{id:?} does not begin with o-. Give the organization's id."),
            ));
        }
        Ok(Self {
            name: String::new(),
            feature_set: "ALL".to_owned(),
            policy_types: None,
            trusted_services: None,
            id: Some(id.to_owned()),
            arn: None,
            root_id: None,
            management_account_id: None,
            management_account_email: None,
            placement: GlobalPlacement::default(),
            tagging: Tagging::default(),
            lifecycle: Lifecycle::default(),
        })
    }
}

/// The name in a mark; none in one of another type of resource.
fn marked_name(mark: &Mark) -> Option<String> {
    let (type_name, name) = mark.resource.split_once('/')?;
    (type_name == Organization::DESCRIPTION.type_name).then(|| name.to_owned())
}

fn is_policy_type(name: &str) -> bool {
    PolicyType::values().contains(&name)
}

/// The types of policies that can be attached, or soon can.
pub(crate) fn enabled(root: &Root) -> BTreeSet<String> {
    root.policy_types()
        .iter()
        .filter(|summary| summary.status() != Some(&PolicyTypeStatus::PendingDisable))
        .filter_map(|summary| summary.r#type().map(|kind| kind.as_str().to_owned()))
        .collect()
}

/// The services that may work across the accounts.
///
/// # Errors
/// Where the call fails.
pub(crate) async fn trusted_services(call: &Call) -> Result<BTreeSet<String>, Failure> {
    let client = call.scope.organizations();
    let mut pages = client.list_aws_service_access_for_organization().into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.at(&call.scope)?;
        let principals = page.enabled_service_principals().iter();
        found.extend(principals.filter_map(|one| one.service_principal().map(str::to_owned)));
    }
    Ok(found)
}

async fn set_trusted_services(call: &Call, wanted: &BTreeSet<String>) -> Result<(), Failure> {
    let client = call.scope.organizations();
    let before = trusted_services(call).await?;
    for service in wanted.difference(&before) {
        call.proceed()?;
        send(call, &[], || client.enable_aws_service_access().service_principal(service).send())
            .await?;
    }
    for service in before.difference(wanted) {
        call.proceed()?;
        send(call, &[], || client.disable_aws_service_access().service_principal(service).send())
            .await?;
    }
    Ok(())
}

/// Enables and disables types of policies, one after the other as the service wants it, and waits
/// until the root shows them.
async fn set_policy_types(
    call: &Call,
    root_id: &str,
    wanted: &BTreeSet<String>,
) -> Result<(), Failure> {
    let client = call.scope.organizations();
    let before = enabled(&root(call).await?);
    for kind in wanted.difference(&before) {
        call.proceed()?;
        let kind = PolicyType::from(kind.as_str());
        bring_about(call, "PolicyTypeAlreadyEnabledException", || {
            client.enable_policy_type().root_id(root_id).policy_type(kind.clone()).send()
        })
        .await?;
    }
    for kind in before.difference(wanted) {
        call.proceed()?;
        let kind = PolicyType::from(kind.as_str());
        bring_about(call, "PolicyTypeNotEnabledException", || {
            client.disable_policy_type().root_id(root_id).policy_type(kind.clone()).send()
        })
        .await?;
    }
    call.wait_until("the policy types", Pace::QUICK, || async {
        let root = root(call).await?;
        let settled = root
            .policy_types()
            .iter()
            .all(|summary| summary.status() == Some(&PolicyTypeStatus::Enabled));
        Ok(if settled && enabled(&root) == *wanted {
            Look::Done(())
        } else {
            Look::Pending("pending".to_owned())
        })
    })
    .await
}

/// Asks for all features. Without invited accounts they come at once; otherwise each must agree.
async fn enable_all_features(call: &Call) -> Result<(), Failure> {
    let client = call.scope.organizations();
    let asked = client.enable_all_features().send().await;
    match asked {
        Err(error) if is_code(&error, &["HandshakeConstraintViolationException"]) => {}
        asked => drop(asked.at(&call.scope)?),
    }
    call.wait_until("all features of the organization", Pace::SLOW, || async {
        let described = client.describe_organization().send().await.at(&call.scope)?;
        let features = described.organization().and_then(|organization| organization.feature_set());
        Ok(match features {
            Some(OrganizationFeatureSet::All) => Look::Done(()),
            _ => Look::Pending("waiting for invited accounts to agree".to_owned()),
        })
    })
    .await
    .map_err(|failure| failure.at_attribute("feature_set"))
}

/// The error for an organization that still has members; names them.
async fn not_empty(call: &Call, organization: &Organization) -> Result<Diagnostic, Failure> {
    let client = call.scope.organizations();
    let mut pages = client.list_accounts().into_paginator().send();
    let mut members = Vec::new();
    while let Some(page) = pages.next().await {
        for account in page.at(&call.scope)?.accounts() {
            if account.id() != organization.management_account_id.as_deref() {
                let name = account.name().unwrap_or_default();
                members.push(format!("{name} ({})", account.id().unwrap_or_default()));
            }
        }
    }
    let members =
        if members.is_empty() { "units or policies".to_owned() } else { members.join(", ") };
    Ok(Diagnostic::error(
        format!("organization {} is not empty", organization.name),
        format!(
            "It still has {members}. An organization can be removed once every member account \
             has left it or is closed for good, and its units and policies are gone.",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::Settings;
    use crate::testing::{ACCOUNT, Fake, Reply, Request, call_on};

    /// An organization on whose root this resource's mark stands.
    fn organization(marked: Option<&'static str>) -> Fake {
        Fake::new(move |request: &Request| match request.action.as_str() {
            "organizations:DescribeOrganization" => Reply::json(json!({"Organization": {
                "Id": "o-1", "FeatureSet": "ALL", "MasterAccountId": ACCOUNT,
            }})),
            "organizations:ListRoots" => Reply::json(json!({"Roots": [{"Id": "r-1"}]})),
            "organizations:ListTagsForResource" => {
                let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
                let mark = |resource| {
                    [
                        tag("travel:deployment", "organization"),
                        tag("travel:resource", resource),
                        tag("travel:generation", "g1"),
                    ]
                };
                let mark = marked.map(mark).into_iter().flatten();
                let tags: Vec<_> = mark.chain([tag("team", "platform")]).collect();
                Reply::json(json!({"Tags": tags}))
            }
            "organizations:ListAWSServiceAccessForOrganization" => {
                Reply::json(json!({"EnabledServicePrincipals": []}))
            }
            other => panic!("{other}"),
        })
    }

    #[tokio::test]
    async fn an_import_has_the_name_in_the_mark() {
        for (known, marked, expected) in [
            ("", Some("travel_organization/main"), "main"),
            ("", Some("travel_organization/a/b"), "a/b"),
            ("", Some("travel_other/main"), ""),
            ("", None, ""),
            ("mine", Some("travel_organization/main"), "mine"),
            ("mine", None, "mine"),
        ] {
            let fake = organization(marked);
            let key = format!("travel_organization/{known}");
            let call = call_on(&fake, Settings::default(), &key).await;
            let state = Organization { name: known.into(), ..Organization::import("o-1").unwrap() };
            let read = Organization::read(&call, &state).await.unwrap().unwrap();
            assert_eq!(read.name, expected, "{known:?} {marked:?}");
        }
    }
}
