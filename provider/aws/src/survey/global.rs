//! What is marked and in no region: roles, policies and identity providers of IAM, of which the tagging API
//! does not tell, and what stands in the organization.

use std::collections::VecDeque;

use aws_sdk_iam::types::{PolicyScopeType, Role};
use aws_sdk_organizations::types::{ChildType, OrganizationFeatureSet, PolicyType};
use futures::{StreamExt, TryStreamExt};
use travel_framework::Failure;
use travel_framework::orphan::Marked;

use super::marked;
use crate::Scope;
use crate::error::Reply;
use crate::foundation::organization_policy::Kind;
use crate::iam_role::GONE;
use crate::tags::Tags;

/// How many roles are asked for their tags side by side; IAM shows them one by one.
const SIDE_BY_SIDE: usize = 8;
/// Where AWS keeps roles of its own, which nobody else can tag.
const OF_AWS: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];

/// The roles of an account.
///
/// # Errors
/// Where a call fails.
pub async fn roles(scope: &Scope) -> Result<Vec<Marked>, Failure> {
    let mut pages = scope.iam().list_roles().into_paginator().send();
    let mut roles: Vec<Role> = Vec::new();
    while let Some(page) = pages.next().await {
        roles.extend(page.at(scope)?.roles);
    }
    roles.retain(|role| !OF_AWS.iter().any(|path| role.path.starts_with(path)));
    let looks = roles.iter().map(|role| async {
        let request = scope.iam().list_role_tags().role_name(&role.role_name);
        let tags = request.into_paginator().items().send().try_collect().await;
        // One that has gone since it was listed has no tags.
        let tags = tags.found(scope, &GONE)?.unwrap_or_default();
        let tags: Tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        Ok::<_, Failure>(marked(scope, &role.arn, "iam role", &tags))
    });
    let found: Vec<Option<Marked>> =
        futures::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The identity providers of an account.
///
/// # Errors
/// Where a call fails.
pub async fn oidc_providers(scope: &Scope) -> Result<Vec<Marked>, Failure> {
    let answer = scope.iam().list_open_id_connect_providers().send().await.at(scope)?;
    let mut found = Vec::new();
    for provider in answer.open_id_connect_provider_list.unwrap_or_default() {
        let Some(arn) = provider.arn else { continue };
        let request =
            scope.iam().list_open_id_connect_provider_tags().open_id_connect_provider_arn(&arn);
        let tags = request.into_paginator().items().send().try_collect().await;
        let tags = tags.found(scope, &GONE)?.unwrap_or_default();
        let tags: Tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        found.extend(marked(scope, &arn, "iam oidc-provider", &tags));
    }
    Ok(found)
}

/// The policies of an account that its own administrators manage.
///
/// # Errors
/// Where a call fails.
pub async fn policies(scope: &Scope) -> Result<Vec<Marked>, Failure> {
    let request = scope.iam().list_policies().scope(PolicyScopeType::Local);
    let policies = request.into_paginator().items().send().try_collect().await.at(scope)?;
    let looks = policies.into_iter().filter_map(|policy| policy.arn).map(|arn| async move {
        let request = scope.iam().list_policy_tags().policy_arn(&arn);
        let tags = request.into_paginator().items().send().try_collect().await;
        let tags = tags.found(scope, &GONE)?.unwrap_or_default();
        let tags: Tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        Ok::<_, Failure>(marked(scope, &arn, "iam policy", &tags))
    });
    let found: Vec<Option<Marked>> =
        futures::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The root, units, accounts and policies of the organization that an account manages, units before
/// those that stand in them.
///
/// # Errors
/// Where a call fails.
pub async fn organization(scope: &Scope) -> Result<Vec<Marked>, Failure> {
    let client = scope.organizations();
    let described = client.describe_organization().send().await.at(scope)?.organization;
    let features = described.as_ref().and_then(|it| it.feature_set.clone());
    let organization = described.and_then(|it| it.id).unwrap_or_default();
    let mut found = Vec::new();
    let mut parents = VecDeque::new();
    let mut pages = client.list_roots().into_paginator().send();
    while let Some(page) = pages.next().await {
        for root in page.at(scope)?.roots.unwrap_or_default() {
            let id = root.id.unwrap_or_default();
            // The organization itself has no tags, so that its root carries its mark.
            found.extend(member(scope, &id, "organizations root", &organization).await?);
            parents.push_back(id);
        }
    }
    while let Some(parent) = parents.pop_front() {
        for (kind, name) in [(ChildType::Account, "account"), (ChildType::OrganizationalUnit, "ou")]
        {
            let is_unit = kind == ChildType::OrganizationalUnit;
            let request = client.list_children().parent_id(&parent).child_type(kind);
            let mut pages = request.into_paginator().send();
            while let Some(page) = pages.next().await {
                for child in page.at(scope)?.children.unwrap_or_default() {
                    let id = child.id.unwrap_or_default();
                    found.extend(member(scope, &id, &format!("organizations {name}"), &id).await?);
                    if is_unit {
                        parents.push_back(id);
                    }
                }
            }
        }
    }
    // One for bills alone has no policies.
    let kinds = Kind::names().filter(|_| features == Some(OrganizationFeatureSet::All));
    for kind in kinds {
        let request = client.list_policies().filter(PolicyType::from(kind));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for policy in page.at(scope)?.policies.unwrap_or_default() {
                let id = policy.id.unwrap_or_default();
                if !policy.aws_managed {
                    found.extend(member(scope, &id, "organizations policy", &id).await?);
                }
            }
        }
    }
    Ok(found)
}

/// Something of the organization, if it is marked. `id` is what its page knows the object by.
async fn member(
    scope: &Scope,
    target: &str,
    kind: &str,
    id: &str,
) -> Result<Option<Marked>, Failure> {
    let request = scope.organizations().list_tags_for_resource().resource_id(target);
    let tags = request.into_paginator().items().send().try_collect().await;
    let tags = tags.found(scope, &["TargetNotFoundException"])?.unwrap_or_default();
    let tags: Tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    let mut found = marked(scope, target, kind, &tags);
    if let Some(found) = &mut found {
        found.known.insert("id".to_owned(), id.to_owned());
    }
    Ok(found)
}
