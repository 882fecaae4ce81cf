//! The archive rules of an analyzer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_accessanalyzer::types::{Criterion as ServiceCriterion, InlineArchiveRule};
use travel_framework::Failure;

use super::{ABSENT, AccessAnalyzer, ArchiveRule, CONFLICT, Criterion};
use crate::consistency::Call;
use crate::error::{Reply, incomplete, is_code};

/// The rules by name; none where the analyzer is gone.
///
/// # Errors
/// Where the call fails.
pub async fn read(
    call: &Call,
    analyzer: &str,
) -> Result<Option<BTreeMap<String, ArchiveRule>>, Failure> {
    let request = call.scope.access_analyzer().list_archive_rules().analyzer_name(analyzer);
    let mut pages = request.into_paginator().send();
    let mut rules = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(&call.scope, &[ABSENT])? else { return Ok(None) };
        for rule in page.archive_rules {
            let filter = rule.filter.into_iter().map(|(name, it)| (name, from_service(it)));
            rules.insert(rule.rule_name, ArchiveRule { filter: filter.collect() });
        }
    }
    Ok(Some(rules))
}

/// A rule as it is made together with its analyzer.
///
/// # Errors
/// Where the SDK refuses it.
pub fn inline(name: &str, rule: &ArchiveRule) -> Result<InlineArchiveRule, Failure> {
    let built = InlineArchiveRule::builder().rule_name(name).set_filter(Some(filter(rule)));
    built.build().map_err(|error| incomplete(&error))
}

/// Makes, changes and removes rules until they are as planned; `state` follows.
///
/// # Errors
/// Where a call fails.
pub async fn bring(
    call: &Call,
    plan: &AccessAnalyzer,
    state: &mut AccessAnalyzer,
) -> Result<(), Failure> {
    let client = call.scope.access_analyzer();
    let leaving: Vec<String> = state
        .archive_rules
        .keys()
        .filter(|name| !plan.archive_rules.contains_key(*name))
        .cloned()
        .collect();
    for name in leaving {
        call.proceed()?;
        let request = client.delete_archive_rule().analyzer_name(&plan.name).rule_name(&name);
        request.send().await.found(&call.scope, &[ABSENT])?;
        state.archive_rules.remove(&name);
    }
    for (name, rule) in &plan.archive_rules {
        let there = state.archive_rules.get(name);
        if there == Some(rule) {
            continue;
        }
        call.proceed()?;
        let is_new = there.is_none() && create(call, plan, name, rule).await?;
        if !is_new {
            let request = client.update_archive_rule().analyzer_name(&plan.name).rule_name(name);
            request.set_filter(Some(filter(rule))).send().await.at(&call.scope)?;
        }
        if plan.archive_existing_findings {
            apply(call, state, &[name]).await?;
        }
        state.archive_rules.insert(name.clone(), rule.clone());
    }
    Ok(())
}

/// Makes a rule, and tells whether it was not there yet.
async fn create(
    call: &Call,
    plan: &AccessAnalyzer,
    name: &str,
    rule: &ArchiveRule,
) -> Result<bool, Failure> {
    let client = call.scope.access_analyzer();
    let request = client.create_archive_rule().analyzer_name(&plan.name).rule_name(name);
    match request.set_filter(Some(filter(rule))).send().await {
        Err(error) if is_code(&error, &[CONFLICT]) => Ok(false),
        answer => answer.at(&call.scope).map(|_| true),
    }
}

/// Lets rules archive what was found before, too.
///
/// # Errors
/// Where a call fails.
pub async fn apply(
    call: &Call,
    analyzer: &AccessAnalyzer,
    names: &[&String],
) -> Result<(), Failure> {
    for name in names {
        call.proceed()?;
        let request = call.scope.access_analyzer().apply_archive_rule();
        let request = request.analyzer_arn(analyzer.arn.as_deref().unwrap_or_default());
        request.rule_name(*name).send().await.at(&call.scope)?;
    }
    Ok(())
}

fn filter(rule: &ArchiveRule) -> HashMap<String, ServiceCriterion> {
    let list =
        |set: &Option<BTreeSet<String>>| set.as_ref().map(|set| set.iter().cloned().collect());
    let criteria = rule.filter.iter().map(|(property, criterion)| {
        let built = ServiceCriterion::builder()
            .set_eq(list(&criterion.eq))
            .set_neq(list(&criterion.neq))
            .set_contains(list(&criterion.contains))
            .set_exists(criterion.exists);
        (property.clone(), built.build())
    });
    criteria.collect()
}

fn from_service(criterion: ServiceCriterion) -> Criterion {
    let set = |list: Option<Vec<String>>| {
        list.filter(|list| !list.is_empty()).map(|list| list.into_iter().collect())
    };
    Criterion {
        eq: set(criterion.eq),
        neq: set(criterion.neq),
        contains: set(criterion.contains),
        exists: criterion.exists,
    }
}
