//! The permission sets there are. The service lists ARNs only, so that a name is found by describing
//! all: those who look for one at the same time share that.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt};
use travel_framework::Failure;

use crate::Scope;
use crate::error::Reply;
use crate::foundation::identity_center::ABSENT;

/// How many are described side by side.
const SIDE_BY_SIDE: usize = 8;

/// The ARN of the set of this name; none where there is none.
///
/// # Errors
/// Where a call fails.
pub async fn by_name(scope: &Scope, instance: &str, name: &str) -> Result<Option<String>, Failure> {
    let place = scope.clone();
    let fetch = move |keys: Vec<String>| look_up(place.clone(), keys);
    scope.batches().permission_sets.get(&key(instance, name), fetch).await
}

fn key(instance: &str, name: &str) -> String {
    format!("{instance} {name}")
}

/// The ARNs of those that are asked for, by their keys.
async fn look_up(scope: Scope, keys: Vec<String>) -> Result<HashMap<String, String>, Failure> {
    let mut instances: Vec<&str> =
        keys.iter().filter_map(|key| Some(key.split_once(' ')?.0)).collect();
    instances.sort_unstable();
    instances.dedup();
    let mut found = HashMap::new();
    for instance in instances {
        for (name, arn) in all(&scope, instance).await? {
            found.insert(key(instance, &name), arn);
        }
    }
    found.retain(|key, _| keys.contains(key));
    Ok(found)
}

/// All permission sets of an instance: names and ARNs.
///
/// # Errors
/// Where a call fails.
pub async fn all(scope: &Scope, instance: &str) -> Result<Vec<(String, String)>, Failure> {
    let client = scope.sso_admin();
    let mut pages = client.list_permission_sets().instance_arn(instance).into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        arns.extend(page.at(scope)?.permission_sets.unwrap_or_default());
    }
    let looks = arns.into_iter().map(|arn| async move {
        let request = client.describe_permission_set().instance_arn(instance);
        let answer = request.permission_set_arn(&arn).send().await;
        // It may have gone since it was listed.
        let set = answer.found(scope, &[ABSENT])?.and_then(|it| it.permission_set);
        Ok::<_, Failure>(set.and_then(|set| set.name).map(|name| (name, arn)))
    });
    let named: Vec<_> =
        futures::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    Ok(named.into_iter().flatten().collect())
}
