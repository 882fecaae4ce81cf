//! travel_organizational_unit: a unit of the organization, under the root or another unit.
//!
//! Source: AWS Organizations API reference, OrganizationalUnit.

use std::collections::VecDeque;

use async_trait::async_trait;
use aws_sdk_organizations::types::ChildType;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use super::organizations::{change_tags, parent, patience, root, send, service_tags, tags};
use crate::consistency::{Call, made_here, make_once};
use crate::error::{Reply, is_code};
use crate::{Aws, GlobalPlacement, Tagging};

/// A unit of the organization: accounts and further units stand in it, and policies attached to
/// it hold for all of them.
#[derive(Clone, Debug, Model)]
#[resource(
    type = "travel_organizational_unit",
    id = "id",
    proof = tags,
    refresh = "3",
    identity("id"),
    moves("hashicorp/aws aws_organizations_organizational_unit.id"),
    consistency_seconds = 3
)]
pub struct OrganizationalUnit {
    /// The unit's name, unique among the units of one parent. Can be changed in place.
    #[model(required, length(1, 128))]
    pub name: String,
    /// The root (`r-…`) or unit (`ou-…`) that the unit stands in. A unit cannot be moved: another
    /// parent means another unit, and this one must be empty first.
    #[model(
        required,
        replace,
        pattern(
            "^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$",
            "the id of a root (r-…) or unit (ou-…)"
        )
    )]
    pub parent_id: String,
    /// The unit's id, `ou-…`.
    #[model(computed)]
    pub id: Option<String>,
    /// The unit's ARN.
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

const ABSENT: &str = "OrganizationalUnitNotFoundException";

impl OrganizationalUnit {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn observe(
        call: &Call,
        id: &str,
        state: &Self,
    ) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let client = call.scope.organizations();
        let described = client.describe_organizational_unit().organizational_unit_id(id).send();
        let Some(described) =
            described.await.found(&call.scope, &[ABSENT, "ChildNotFoundException"])?
        else {
            return Ok(None);
        };
        let unit = described.organizational_unit();
        let parent_id = parent(call, id).await?;
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags(call, id).await?, &state.tagging, settings);
        let observed = Self {
            name: unit.and_then(|unit| unit.name()).unwrap_or_default().to_owned(),
            parent_id,
            id: Some(id.to_owned()),
            arn: unit.and_then(|unit| unit.arn()).map(str::to_owned),
            tagging,
            ..state.clone()
        };
        Ok(Some((observed, mark)))
    }
}

#[async_trait]
impl Resource for OrganizationalUnit {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_replacement() {
            plan.set("id", travel_value::Value::unknown());
            plan.set("arn", travel_value::Value::unknown());
        }
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(Self::observe(call, state.id(), state).await?.map(|(unit, _)| unit))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        if let Some(id) = &plan.id {
            // It is known by its id, and by neither name nor parent.
            let seen = Self::observe(call, id, plan).await?;
            let found = |(object, mark)| Found { object, mark, complete: true, label: id.clone() };
            return Ok(seen.map(found).into_iter().collect());
        }
        let client = call.scope.organizations();
        let mut pages = client
            .list_organizational_units_for_parent()
            .parent_id(&plan.parent_id)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Err(error) if is_code(&error, &["ParentNotFoundException"]) => {
                    return Err(no_parent(&plan.parent_id, call).into());
                }
                page => page.at(&call.scope)?,
            };
            for unit in page.organizational_units() {
                let same_name = unit.name() == Some(plan.name.as_str());
                let Some(id) = unit.id().filter(|_| same_name) else { continue };
                if let Some((object, mark)) = Self::observe(call, id, plan).await? {
                    found.push(Found { object, mark, complete: true, label: id.to_owned() });
                }
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
            .create_organizational_unit()
            .parent_id(&plan.parent_id)
            .name(&plan.name)
            .set_tags(Some(tags));
        let send = || {
            let answer = request.clone().send();
            async {
                let unit = answer.await?.organizational_unit;
                Ok(unit.map(|unit| (unit.id, unit.arn)))
            }
        };
        let look = || async {
            let made = made_here(call, plan).await?;
            Ok(made.map(|unit: Self| (unit.id, unit.arn)))
        };
        let too_early = |error: &_| patience(error, &["ParentNotFoundException"]);
        let taken = ["DuplicateOrganizationalUnitException"];
        let made = make_once(call, too_early, &taken, send, look).await?.at(&call.scope)?;
        (state.id, state.arn) = made.unwrap_or_default();
        Ok(())
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        if prior.name != plan.name {
            let client = call.scope.organizations();
            send(call, &[], || {
                client
                    .update_organizational_unit()
                    .organizational_unit_id(prior.id())
                    .name(&plan.name)
                    .send()
            })
            .await?;
            state.name.clone_from(&plan.name);
        }
        let marked_with = prior.lifecycle.generation.as_deref().filter(|_| prior.name == plan.name);
        let changes = plan.tagging.changes(&prior.tagging, marked_with, &call.claim);
        change_tags(call, prior.id(), &changes).await?;
        state.tagging = plan.tagging.clone();
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let client = call.scope.organizations();
        let answer = client.delete_organizational_unit().organizational_unit_id(prior.id()).send();
        match answer.await {
            Err(error) if is_code(&error, &["OrganizationalUnitNotEmptyException"]) => {
                Err(Failure::from(not_empty(call, prior).await?))
            }
            Err(error) if is_code(&error, &["ConcurrentModificationException"]) => {
                let again = || {
                    client.delete_organizational_unit().organizational_unit_id(prior.id()).send()
                };
                send(call, &[], again).await.map(drop)
            }
            answer => answer.found(&call.scope, &[ABSENT]).map(drop),
        }
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let observed = Self::observe(call, state.id(), state).await?;
        Ok(observed.and_then(|(_, mark)| mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        if !id.starts_with("ou-") {
            return Err(Diagnostic::error(
                "not the id of an organizational unit",
                format!(
                    "{id:?} does not begin with ou-. Give the unit's id, such as ou-ab12-34cd56ef."
                ),
            ));
        }
        Ok(Self {
            name: String::new(),
            parent_id: String::new(),
            id: Some(id.to_owned()),
            arn: None,
            placement: GlobalPlacement::default(),
            tagging: Tagging::default(),
            lifecycle: Lifecycle::default(),
        })
    }
}

/// The organizational units of an organization. Each is called by the names on the way to it from
/// the root.
#[derive(Clone, Debug, Default, Model)]
pub struct Units {
    /// Where they are managed.
    #[model(flatten)]
    pub placement: GlobalPlacement,
}

#[async_trait]
impl Listable for OrganizationalUnit {
    type Query = Units;

    async fn list(call: &Call, _query: &Units, found: &Finder) -> Result<(), Failure> {
        let client = call.scope.organizations();
        let root = root(call).await?.id().unwrap_or_default().to_owned();
        let mut parents = VecDeque::from([(root, String::new())]);
        while let Some((parent, path)) = parents.pop_front() {
            let request = client.list_organizational_units_for_parent().parent_id(&parent);
            let mut pages = request.into_paginator().send();
            while let Some(page) = pages.next().await {
                // A unit may have gone since its parent was listed.
                let Some(page) = page.found(&call.scope, &["ParentNotFoundException"])? else {
                    break;
                };
                for unit in page.organizational_units() {
                    let (Some(id), Some(name)) = (unit.id(), unit.name()) else { continue };
                    let path = match path.as_str() {
                        "" => name.to_owned(),
                        path => format!("{path}/{name}"),
                    };
                    found.tell(id, &path).await;
                    parents.push_back((id.to_owned(), path));
                }
            }
        }
        Ok(())
    }
}

fn no_parent(parent_id: &str, call: &Call) -> Diagnostic {
    Diagnostic::error(
        format!("there is no {parent_id}"),
        format!(
            "The organization has no root or unit {parent_id} ({}). Refer to the root_id of a \
             travel_organization or the id of a travel_organizational_unit.",
            call.scope.place(),
        ),
    )
    .at_attribute("parent_id")
}

/// The error for a unit that still holds something; names what.
async fn not_empty(call: &Call, unit: &OrganizationalUnit) -> Result<Diagnostic, Failure> {
    let client = call.scope.organizations();
    let mut held = Vec::new();
    for kind in [ChildType::Account, ChildType::OrganizationalUnit] {
        let mut pages =
            client.list_children().parent_id(unit.id()).child_type(kind).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.at(&call.scope)?;
            held.extend(page.children().iter().filter_map(|child| child.id().map(str::to_owned)));
        }
    }
    Ok(Diagnostic::error(
        format!("organizational unit {} is not empty", unit.name),
        format!(
            "It still holds {}. Move or remove these first; accounts can be moved by giving \
             their travel_account another parent_id.",
            held.join(", "),
        ),
    ))
}
