//! The rules of the Recycle Bin that lock what a policy makes: one in each region of either
//! account that has snapshots or copies.
//!
//! AWS locks only rules that are for all snapshots of a region, so that these are, whoever has
//! taken them. Follows "Recycle Bin" of the Amazon EBS User Guide, and its API Reference.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_rbin::operation::get_rule::GetRuleOutput;
use aws_sdk_rbin::types::{
    LockConfiguration, LockState, ResourceType, RetentionPeriod, RetentionPeriodUnit, RuleStatus,
    RuleSummary, Tag, UnlockDelay, UnlockDelayUnit,
};
use aws_smithy_types::date_time::Format;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};

use super::grant;
use super::lock::{Bin, Lock};
use super::work::{Purpose, Work, settled};
use crate::Scope;
use crate::consistency::{Call, LISTED, make_once};
use crate::error::{Reply, incomplete};
use crate::tags::{Tags, mark};

/// How long the description of a rule may be.
const LONGEST_DESCRIPTION: usize = 255;
/// How many rules are listed at once, at most.
const PAGE_SIZE: i32 = 1000;

/// A rule for all snapshots of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// For how many days it holds back what is deleted.
    pub retain_days: u32,
    /// Whether it is locked, on the way to be unlocked, or neither.
    pub state: Option<LockState>,
    /// How many days its unlocking takes; none where it was never locked.
    pub unlock_delay_days: Option<u32>,
    /// When its unlocking is done, as `2026-01-31T12:00:00Z`; none where it is not under way.
    pub unlocks_at: Option<String>,
    /// Whether it works yet.
    pub available: bool,
    /// Its tags, marks included.
    pub tags: Tags,
}

impl Rule {
    /// Whether nobody has asked to unlock it.
    pub fn is_locked(&self) -> bool {
        self.state == Some(LockState::Locked)
    }

    /// Whether it can be neither changed nor deleted.
    fn is_held(&self) -> bool {
        matches!(self.state, Some(LockState::Locked | LockState::PendingUnlock))
    }
}

/// A region's rule.
pub struct RulePart {
    /// Where.
    pub bin: Bin,
}

#[async_trait]
impl<'a> Part<Work<'a>> for RulePart {
    fn name(&self) -> String {
        self.bin.part()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        if self.is_as_wanted(work, &there) { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let lock = work.wanted.lock()?;
        if self.there(work).is_none() && work.purpose != Purpose::Create {
            Box::pin(self.look_for_remains(work)).await?;
        }
        let kept = match self.there(work) {
            None => None,
            Some(there) => Box::pin(self.change(work, &there, &lock)).await?,
        };
        let id = match kept {
            None => Box::pin(self.make(work, &lock)).await?,
            Some(id) => id,
        };
        let scope = self.scope(work)?;
        let look = || rule(&scope, &id);
        let fits = |rule: &Rule| rule.available && self.is_as_wanted(work, rule);
        let shown = Box::pin(settled(work.call, look, fits)).await?;
        work.note(|observed| {
            let rules = &mut observed.side_mut(self.bin.side).rules;
            match shown {
                Some(rule) => drop(rules.insert(self.bin.region.clone(), rule)),
                None => drop(rules.remove(&self.bin.region)),
            }
        });
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let scope = self.scope(work)?;
        if there.is_held() {
            work.call.warn(kept(&there, &scope));
        } else {
            delete(&scope, &there.id).await?;
        }
        work.note(|observed| {
            observed.side_mut(self.bin.side).rules.remove(&self.bin.region);
        });
        Ok(())
    }
}

impl RulePart {
    fn there(&self, work: &Work<'_>) -> Option<Rule> {
        work.see(|observed| observed.side(self.bin.side).rules.get(&self.bin.region).cloned())
    }

    fn scope(&self, work: &Work<'_>) -> Result<Scope, Failure> {
        Ok(work.scope(self.bin.side)?.in_region(&self.bin.region))
    }

    fn is_as_wanted(&self, work: &Work<'_>, there: &Rule) -> bool {
        if !work.tag_changes(&self.name(), &there.tags).is_empty() {
            return false;
        }
        let Ok(lock) = work.wanted.lock() else { return false };
        lock.retain_days == Some(there.retain_days)
            && lock.unlocked != there.is_locked()
            && !has_other_delay(there, &lock)
    }

    /// An attempt that was cut off may have made the rule where the state does not know it.
    async fn look_for_remains(&self, work: &Work<'_>) -> Result<(), Failure> {
        let scope = self.scope(work)?;
        let look = || marked(work.call, &scope);
        let found = work.call.find_until(work.begun + LISTED, look).await?;
        if let Some(rule) = found {
            work.note(|observed| {
                observed.side_mut(self.bin.side).rules.insert(self.bin.region.clone(), rule);
            });
        }
        Ok(())
    }

    /// Makes the rule, and gives its id. The Recycle Bin would make another for each request.
    async fn make(&self, work: &Work<'_>, lock: &Lock) -> Result<String, Failure> {
        let scope = self.scope(work)?;
        let tags: Result<Vec<Tag>, _> = tag_list(work.tags(&self.name()));
        let request = scope
            .once()
            .rbin()
            .create_rule()
            .resource_type(ResourceType::EbsSnapshot)
            .description(descriptions(work.call).swap_remove(0))
            .retention_period(retention(lock)?)
            .set_lock_configuration(if lock.unlocked { None } else { Some(closed(lock)?) })
            .set_tags(Some(tags?));
        let send = || {
            let answer = request.clone().send();
            async { answer.await.map(|made| made.identifier) }
        };
        let look = || async { Ok(marked(work.call, &scope).await?.map(|rule| rule.id)) };
        let answer = Box::pin(make_once(work.call, |_| Duration::ZERO, &[], send, look)).await?;
        answer.at(&scope)?.ok_or_else(|| no_id(&scope))
    }

    /// Makes a rule what it is to be, and gives its id; none where it cannot become that, and is
    /// gone for another.
    async fn change(
        &self,
        work: &Work<'_>,
        there: &Rule,
        lock: &Lock,
    ) -> Result<Option<String>, Failure> {
        let scope = self.scope(work)?;
        let (other_delay, other_days) =
            (has_other_delay(there, lock), lock.retain_days != Some(there.retain_days));
        if there.is_held() && (other_delay || other_days) {
            return Err(held(there, &scope).into());
        }
        if other_delay {
            // The delay of a rule that was locked once stays what it is.
            delete(&scope, &there.id).await?;
            return Ok(None);
        }
        self.mend_tags(work, &scope, there).await?;
        if other_days {
            let request = scope.rbin().update_rule().identifier(&there.id);
            request.retention_period(retention(lock)?).send().await.at(&scope)?;
        }
        if lock.unlocked && there.is_locked() {
            scope.rbin().unlock_rule().identifier(&there.id).send().await.at(&scope)?;
        }
        if !lock.unlocked && !there.is_locked() {
            let request = scope.rbin().lock_rule().identifier(&there.id);
            request.lock_configuration(closed(lock)?).send().await.at(&scope)?;
        }
        Ok(Some(there.id.clone()))
    }

    async fn mend_tags(&self, work: &Work<'_>, scope: &Scope, there: &Rule) -> Result<(), Failure> {
        let changes = work.tag_changes(&self.name(), &there.tags);
        if !changes.set.is_empty() {
            let request = scope.rbin().tag_resource().resource_arn(&there.arn);
            request.set_tags(Some(tag_list(changes.set)?)).send().await.at(scope)?;
        }
        if !changes.remove.is_empty() {
            let request = scope.rbin().untag_resource().resource_arn(&there.arn);
            request.set_tag_keys(Some(changes.remove)).send().await.at(scope)?;
        }
        Ok(())
    }
}

/// Whether a rule's unlocking takes another time than it is to. One that was never locked has
/// none.
fn has_other_delay(rule: &Rule, lock: &Lock) -> bool {
    rule.unlock_delay_days.is_some() && rule.unlock_delay_days != lock.unlock_delay_days
}

async fn delete(scope: &Scope, id: &str) -> Result<(), Failure> {
    let request = scope.rbin().delete_rule().identifier(id);
    request.send().await.found(scope, &["ResourceNotFoundException"])?;
    Ok(())
}

fn days(days: Option<u32>) -> i32 {
    days.and_then(|days| i32::try_from(days).ok()).unwrap_or_default()
}

fn retention(lock: &Lock) -> Result<RetentionPeriod, Failure> {
    RetentionPeriod::builder()
        .retention_period_value(days(lock.retain_days))
        .retention_period_unit(RetentionPeriodUnit::Days)
        .build()
        .map_err(|error| incomplete(&error))
}

fn closed(lock: &Lock) -> Result<LockConfiguration, Failure> {
    let delay = UnlockDelay::builder()
        .unlock_delay_value(days(lock.unlock_delay_days))
        .unlock_delay_unit(UnlockDelayUnit::Days)
        .build()
        .map_err(|error| incomplete(&error))?;
    Ok(LockConfiguration::builder().unlock_delay(delay).build())
}

fn tag_list(tags: Tags) -> Result<Vec<Tag>, Failure> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(|entry| tag(entry).map_err(|error| incomplete(&error))).collect()
}

/// The descriptions that say that a rule is ours; the first is the one for new rules. The list of
/// rules has no tags.
fn descriptions(call: &Call) -> Vec<String> {
    let names = grant::names(&call.claim).into_iter();
    names.map(|name| name.chars().take(LONGEST_DESCRIPTION).collect()).collect()
}

/// The rule of ours in a region.
///
/// # Errors
/// Where a call fails.
pub async fn marked(call: &Call, scope: &Scope) -> Result<Option<Rule>, Failure> {
    let pages = scope.rbin().list_rules().resource_type(ResourceType::EbsSnapshot).into_paginator();
    let all = pages.page_size(PAGE_SIZE).items().send().try_collect().await.at(scope)?;
    let ours = descriptions(call);
    let is_ours =
        |rule: &RuleSummary| rule.description().is_some_and(|it| ours.iter().any(|our| our == it));
    for summary in all.into_iter().filter(is_ours) {
        let Some(found) = rule(scope, summary.identifier().unwrap_or_default()).await? else {
            continue;
        };
        if mark(&found.tags).is_some_and(|mark| call.claim.owns(&mark)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A rule by its id; none where it is gone.
///
/// # Errors
/// Where a call fails.
pub async fn rule(scope: &Scope, id: &str) -> Result<Option<Rule>, Failure> {
    const GONE: [&str; 1] = ["ResourceNotFoundException"];
    let arn = scope.arn("rbin", &format!("rule/{id}"));
    let (rule, tags) = futures::join!(
        scope.rbin().get_rule().identifier(id).send(),
        scope.rbin().list_tags_for_resource().resource_arn(&arn).send(),
    );
    let (rule, tags) = (rule.found(scope, &GONE)?, tags.found(scope, &GONE)?);
    let Some((rule, tags)) = rule.zip(tags) else { return Ok(None) };
    let tags = tags.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect();
    Ok(Some(read(rule, id, arn, tags)))
}

fn read(rule: GetRuleOutput, id: &str, arn: String, tags: Tags) -> Rule {
    let whole = |days: i32| u32::try_from(days).unwrap_or_default();
    let delay = rule.lock_configuration.and_then(|lock| lock.unlock_delay);
    let unlocks_at = rule.lock_end_time.and_then(|time| time.fmt(Format::DateTime).ok());
    let pending = rule.lock_state == Some(LockState::PendingUnlock);
    Rule {
        id: id.to_owned(),
        arn: rule.rule_arn.unwrap_or(arn),
        retain_days: rule.retention_period.map_or(0, |it| whole(it.retention_period_value)),
        state: rule.lock_state,
        unlock_delay_days: delay.map(|delay| whole(delay.unlock_delay_value)),
        unlocks_at: unlocks_at.filter(|_| pending),
        available: rule.status == Some(RuleStatus::Available),
        tags,
    }
}

/// The id in the ARN of a rule.
pub fn id_in(arn: &str) -> Option<String> {
    let (_, id) = arn.split_once(":rule/")?;
    Some(id.to_owned())
}

fn held(rule: &Rule, scope: &Scope) -> Diagnostic {
    let when = rule.unlocks_at.as_ref().map_or_else(
        || "is locked".to_owned(),
        |until| format!("is unlocked, but cannot be changed before {until}"),
    );
    Diagnostic::error(
        format!("rule {} cannot be changed", rule.id),
        format!(
            "It {when} ({}). It holds back what is deleted for {} days, and takes {} days to \
             unlock: set the lock to just that, with unlocked = true, to have it changed later.",
            scope.place(),
            rule.retain_days,
            rule.unlock_delay_days.unwrap_or_default(),
        ),
    )
    .at_attribute("lock")
}

fn kept(rule: &Rule, scope: &Scope) -> Diagnostic {
    let when = rule.unlocks_at.as_ref().map_or_else(
        || {
            format!(
                "It is locked. To be rid of it, unlock it (aws rbin unlock-rule --identifier {}) \
                 and delete it once that is done, in {} days",
                rule.id,
                rule.unlock_delay_days.unwrap_or_default(),
            )
        },
        |until| format!("It is being unlocked. It can be deleted from {until} on"),
    );
    Diagnostic::warning(
        format!("rule {} of the Recycle Bin stays", rule.id),
        format!(
            "{when} (aws rbin delete-rule --identifier {}; {}). A policy of the same name takes it \
             over.",
            rule.id,
            scope.place()
        ),
    )
}

fn no_id(scope: &Scope) -> Failure {
    Diagnostic::error(
        "rbin:CreateRule got no usable answer",
        format!("It names no rule ({}). Apply again to go on with what was made.", scope.place()),
    )
    .into()
}
