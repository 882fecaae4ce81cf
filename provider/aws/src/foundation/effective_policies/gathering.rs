//! What holds in the organization now: its root, units and accounts, and the policies attached to them.
//!
//! Source: AWS Organizations API reference, ListTargetsForPolicy, ListOrganizationalUnitsForParent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_sdk_organizations::types::PolicyType;
use serde_json::{Map, Value as Json};
use travel_framework::{Diagnostic, Failure};

use crate::consistency::Call;
use crate::error::Reply as _;
use crate::foundation::organization::enabled;
use crate::foundation::organizations::root;
use crate::preflight::published::{FORM, Node, Policy, Published};

/// The types whose statements hold for what is called in an account.
const TYPES: [PolicyType; 2] =
    [PolicyType::ServiceControlPolicy, PolicyType::ResourceControlPolicy];
/// What says that something went while it was looked at.
const GONE: [&str; 3] =
    ["ParentNotFoundException", "PolicyNotFoundException", "TargetNotFoundException"];

/// Reads what holds now.
pub async fn gather(call: &Call) -> Result<Published, Failure> {
    let client = call.scope.organizations();
    let described = client.describe_organization().send().await.at(&call.scope)?.organization;
    let described = described.ok_or_else(|| {
        let place = call.scope.place();
        Diagnostic::error("no organization", format!("AWS Organizations names none ({place})."))
    })?;
    let root = root(call).await?;
    let enabled = enabled(&root);
    let root = (root.id.unwrap_or_default(), root.name.unwrap_or_default());
    let mut published = Published {
        form: FORM,
        organization_id: described.id.unwrap_or_default(),
        management_account_id: described.master_account_id.unwrap_or_default(),
        types: BTreeSet::new(),
        nodes: nodes(call, root).await?,
        policies: BTreeMap::new(),
    };
    for kind in TYPES.into_iter().filter(|kind| enabled.contains(kind.as_str())) {
        add_policies(call, &kind, &mut published).await?;
        published.types.insert(kind.as_str().to_owned());
    }
    Ok(published)
}

/// Root, units and accounts.
async fn nodes(call: &Call, root: (String, String)) -> Result<BTreeMap<String, Node>, Failure> {
    let client = call.scope.organizations();
    let (root_id, name) = root;
    let mut nodes =
        BTreeMap::from([(root_id.clone(), Node { name, parent: None, policies: BTreeSet::new() })]);
    let mut parents = VecDeque::from([root_id]);
    while let Some(parent) = parents.pop_front() {
        call.proceed()?;
        let mut add = |id: Option<String>, name: Option<String>| {
            let id = id.unwrap_or_default();
            let name = name.unwrap_or_default();
            let node = Node { name, parent: Some(parent.clone()), policies: BTreeSet::new() };
            nodes.insert(id.clone(), node);
            id
        };
        let mut accounts =
            client.list_accounts_for_parent().parent_id(&parent).into_paginator().send();
        while let Some(page) = accounts.next().await {
            let page = page.found(&call.scope, &GONE)?;
            for account in page.into_iter().flat_map(|page| page.accounts.unwrap_or_default()) {
                add(account.id, account.name);
            }
        }
        let request = client.list_organizational_units_for_parent().parent_id(&parent);
        let mut units = request.into_paginator().send();
        while let Some(page) = units.next().await {
            let page = page.found(&call.scope, &GONE)?;
            for unit in page.into_iter().flat_map(|it| it.organizational_units.unwrap_or_default())
            {
                parents.push_back(add(unit.id, unit.name));
            }
        }
    }
    Ok(nodes)
}

/// Adds the policies of a type that are attached to anything.
async fn add_policies(
    call: &Call,
    kind: &PolicyType,
    published: &mut Published,
) -> Result<(), Failure> {
    let client = call.scope.organizations();
    let mut pages = client.list_policies().filter(kind.clone()).into_paginator().send();
    let mut policies = Vec::new();
    while let Some(page) = pages.next().await {
        policies.extend(page.at(&call.scope)?.policies.unwrap_or_default());
    }
    for summary in policies {
        call.proceed()?;
        let id = summary.id.unwrap_or_default();
        let mut is_attached = false;
        let mut targets = client.list_targets_for_policy().policy_id(&id).into_paginator().send();
        while let Some(page) = targets.next().await {
            let page = page.found(&call.scope, &GONE)?;
            for target in page.into_iter().flat_map(|page| page.targets.unwrap_or_default()) {
                let node = target.target_id.and_then(|target| published.nodes.get_mut(&target));
                if let Some(node) = node {
                    is_attached = true;
                    node.policies.insert(id.clone());
                }
            }
        }
        if !is_attached {
            continue;
        }
        let described = client.describe_policy().policy_id(&id).send().await;
        let Some(described) = described.found(&call.scope, &GONE)? else { continue };
        let text = described.policy.and_then(|policy| policy.content).unwrap_or_default();
        let policy = Policy {
            name: summary.name.unwrap_or_default(),
            kind: kind.as_str().to_owned(),
            content: content(&id, &text, call)?,
        };
        published.policies.insert(id, policy);
    }
    Ok(())
}

fn content(id: &str, text: &str, call: &Call) -> Result<Map<String, Json>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let place = call.scope.place();
        Diagnostic::error(
            format!("failed to understand policy {id}"),
            format!("AWS Organizations says {text:?}, which is no policy: {error} ({place})."),
        )
        .into()
    })
}
