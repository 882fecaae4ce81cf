//! `travel_threat_detection`: Amazon GuardDuty in an account and region.
//!
//! Source: Amazon GuardDuty API reference, CreateDetector, UpdateOrganizationConfiguration,
//! EnableOrganizationAdminAccount, CreatePublishingDestination.

mod features;
mod organization;
mod publishing;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_guardduty::types::FindingPublishingFrequency;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use crate::consistency::{Call, made_here, make_once};
use crate::error::{Reply, message};
use crate::partition::{Arn, is_account_id};
use crate::platform::Aws;
use crate::{Placement, Scope, Tagging};

/// The one code that GuardDuty has for what it refuses.
const REFUSED: &str = "BadRequestException";
/// What it says of a detector that is not there.
const ABSENT: &str = "not owned by the current account";

/// Amazon GuardDuty in an account and a region, which has at most one detector: what it looks at, where
/// its findings go, and, where the account administers GuardDuty for the organization, who takes part.
///
/// An account that has just become the organization's administrator has a detector without tags already,
/// which GuardDuty has made: it is taken over. Any other that stands there is not, and has to be imported.
///
/// A destroy turns GuardDuty off, and its findings are lost. Findings that were published stay in the
/// bucket.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_threat_detection",
    id = "arn",
    key = "region",
    proof = tags,
    refresh = "3, and 1 more each for publishing, for administrator_id and for organization",
    identity("account_id", "region"),
    keeps("findings in the bucket they were published to"),
    consistency_seconds = 3
)]
pub struct ThreatDetection {
    /// Whether it looks at anything; false suspends it, and keeps its findings.
    #[model(optional, default = true)]
    pub enabled: bool,
    /// How often further occurrences of a finding are published: `FIFTEEN_MINUTES`, `ONE_HOUR` or
    /// `SIX_HOURS`.
    #[model(optional, default = "SIX_HOURS", one_of("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"))]
    pub finding_frequency: String,
    /// Protection plans by GuardDuty's names for them: `S3_DATA_EVENTS`, `EKS_AUDIT_LOGS`,
    /// `EBS_MALWARE_PROTECTION`, `RDS_LOGIN_EVENTS`, `LAMBDA_NETWORK_LOGS`, `RUNTIME_MONITORING` (or, of
    /// EKS alone, `EKS_RUNTIME_MONITORING`). Those that are not named here stay as they are.
    #[model(optional, rule = features::are_features)]
    pub features: Option<BTreeMap<String, Feature>>,
    /// Where findings are exported to; nowhere without it.
    #[model(optional)]
    pub publishing: Option<Publishing>,
    /// In the management account: the member account that administers GuardDuty for the organization in
    /// this region. Without it, whoever does stays.
    #[model(optional, pattern("^[0-9]{12}$", "the id of an account: twelve digits"))]
    pub administrator_id: Option<String>,
    /// In the account that administers GuardDuty for the organization: who takes part. Without it, that
    /// stays as it is.
    #[model(optional)]
    pub organization: Option<OrganizationWide>,
    /// The detector's id.
    #[model(computed)]
    pub detector_id: Option<String>,
    /// The detector's ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags of the detector.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// A protection plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Feature {
    /// Whether it is on.
    #[model(optional, default = true)]
    pub enabled: bool,
    /// The agents that GuardDuty keeps by itself, of those that the plan has: `EKS_ADDON_MANAGEMENT`,
    /// `ECS_FARGATE_AGENT_MANAGEMENT`, `EC2_AGENT_MANAGEMENT`. The others it leaves to you.
    #[model(optional, default)]
    pub agents: BTreeSet<String>,
}

/// Where findings are exported to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Publishing {
    /// The bucket's ARN, with a prefix behind it if there is one: `arn:aws:s3:::findings/guardduty`. The
    /// bucket's policy must let `guardduty.amazonaws.com` write.
    #[model(required, pattern("^arn:[a-z-]+:s3:::.+$", "the ARN of a bucket"))]
    pub destination_arn: String,
    /// The key that findings are encrypted with; its policy must let `guardduty.amazonaws.com` use it.
    #[model(required, pattern("^arn:[a-z-]+:kms:.+:key/.+$", "the ARN of a key"))]
    pub kms_key_arn: String,
}

/// Who of the organization takes part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct OrganizationWide {
    /// `ALL` accounts, `NEW` ones as they join, or `NONE` by itself. `ALL` may take GuardDuty a day.
    #[model(required, one_of("ALL", "NEW", "NONE"))]
    pub members: String,
    /// For whom protection plans are turned on, by their names: `ALL`, `NEW` or `NONE`. Those that are not
    /// named stay as they are.
    #[model(optional, rule = organization::are_choices)]
    pub features: Option<BTreeMap<String, String>>,
}

#[async_trait]
impl Resource for ThreatDetection {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(20);

    fn validate(plan: &mut Plan<'_>) {
        features::validate(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_create() {
            for name in ["detector_id", "arn"] {
                plan.set(name, Value::unknown());
            }
        }
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(state.look(call).await?.map(|(seen, _)| seen))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let Some((object, mark)) = plan.look(call).await? else { return Ok(Vec::new()) };
        if mark.is_none() && service_made(call).await?.is_some() {
            return Ok(Vec::new());
        }
        let label = format!("the detector of {}", call.scope.place());
        Ok(vec![Found { object, mark, complete: true, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let none = BTreeMap::new();
        let features = features::wire(plan.features.as_ref().unwrap_or(&none));
        let request = call
            .scope
            .once()
            .guardduty()
            .create_detector()
            .enable(plan.enabled)
            .finding_publishing_frequency(frequency(plan))
            .set_features(Some(features))
            .set_tags(Some(plan.tagging.for_create(&call.claim).into_iter().collect()));
        let send = || {
            let answer = request.clone().send();
            async { answer.await.map(|made| made.detector_id) }
        };
        let look =
            || async { Ok(made_here(call, plan).await?.and_then(|it: Self| it.detector_id)) };
        let patience = |_: &_| Duration::ZERO;
        let id = match service_made(call).await? {
            Some(id) => plan.take_over(call, id).await?,
            None => {
                let made = Box::pin(make_once(call, patience, &[REFUSED], send, look)).await?;
                made.at(&call.scope)?.unwrap_or_default()
            }
        };
        state.arn = Some(arn(&call.scope, &id));
        state.detector_id = Some(id);
        // Nothing around it is there yet.
        state.publishing = None;
        state.administrator_id = None;
        state.organization = None;
        let before = state.clone();
        before.bring_around(call, plan, state).await
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
        let client = call.scope.guardduty();
        if !changes.set.is_empty() {
            let tags = changes.set.into_iter().collect();
            let request = client.tag_resource().resource_arn(arn).set_tags(Some(tags));
            request.send().await.at(&call.scope)?;
        }
        if !changes.remove.is_empty() {
            let request = client.untag_resource().resource_arn(arn);
            request.set_tag_keys(Some(changes.remove)).send().await.at(&call.scope)?;
        }
        state.tagging = plan.tagging.clone();
        let changed = features::changed(prior.features.as_ref(), plan.features.as_ref());
        let is_same =
            prior.enabled == plan.enabled && prior.finding_frequency == plan.finding_frequency;
        if !is_same || !changed.is_empty() {
            let request = client
                .update_detector()
                .detector_id(prior.id())
                .enable(plan.enabled)
                .finding_publishing_frequency(frequency(plan))
                .set_features((!changed.is_empty()).then(|| features::wire(&changed)));
            request.send().await.at(&call.scope)?;
        }
        state.enabled = plan.enabled;
        state.finding_frequency.clone_from(&plan.finding_frequency);
        state.features.clone_from(&plan.features);
        prior.bring_around(call, plan, state).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let id = prior.id();
        if organization::administers(call, id).await? {
            organization::end(call, id).await?;
        }
        if let Some(administrator) = &prior.administrator_id {
            organization::disable_administrator(call, administrator).await?;
        }
        publishing::remove_all(call, id).await?;
        let request = call.scope.guardduty().delete_detector().detector_id(id);
        match request.send().await {
            Err(error) if is_absent(message(&error)) => {}
            answer => drop(answer.at(&call.scope)?),
        }
        call.wait_until("the end of the detector", Pace::QUICK, || async {
            let there = detectors(&call.scope).await?.iter().any(|known| known == id);
            Ok(if there { Look::Pending("there".to_owned()) } else { Look::Done(()) })
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(state.look_at_detector(call).await?.and_then(|(_, mark)| mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        let (account, region) = match Arn::parse(id) {
            Some(arn) => (Some(arn.account_id), arn.region),
            None => match id.split_once('/') {
                Some((account, region)) => (Some(account.to_owned()), region.to_owned()),
                None => (None, id.to_owned()),
            },
        };
        let is_region = region.contains('-') && !region.contains('/');
        if !is_region || account.as_deref().is_some_and(|account| !is_account_id(account)) {
            return Err(Diagnostic::error(
                format!("{id:?} names no detector"),
                "An account has one in each region: import it by its ARN, by the region, or by account and \
                 region: 111122223333/eu-central-1.",
            ));
        }
        let placement =
            Placement { account_id: account, region: Some(region), ..Placement::default() };
        Ok(Self { placement, ..Self::default() })
    }
}

impl ThreatDetection {
    fn id(&self) -> &str {
        self.detector_id.as_deref().unwrap_or_default()
    }

    /// Whether this is all that an import says.
    fn is_import(&self) -> bool {
        self.finding_frequency.is_empty()
    }

    /// The detector with what is around it, and its mark; none where there is none.
    async fn look(&self, call: &Call) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let Some((mut seen, mark)) = self.look_at_detector(call).await? else { return Ok(None) };
        seen.publishing = publishing::read(call, seen.id()).await?;
        // After an import nobody knows yet what is ours: whatever there is.
        let is_import = self.is_import();
        seen.administrator_id = match &self.administrator_id {
            Some(_) => organization::administrator(call).await?,
            None if is_import => organization::administrator_if_told(call).await?,
            None => None,
        };
        let known = self.organization.as_ref();
        seen.organization = match known.is_some() || is_import {
            true => organization::read(call, seen.id(), known).await?,
            false => None,
        };
        Ok(Some((seen, mark)))
    }

    async fn look_at_detector(&self, call: &Call) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let Some(id) = detectors(&call.scope).await?.into_iter().next() else { return Ok(None) };
        // Where another has taken its place, ours is gone.
        if self.detector_id.as_ref().is_some_and(|known| *known != id) {
            return Ok(None);
        }
        let request = call.scope.guardduty().get_detector().detector_id(&id);
        let detector = match request.send().await {
            Err(error) if is_absent(message(&error)) => return Ok(None),
            answer => answer.at(&call.scope)?,
        };
        let tags = detector.tags.unwrap_or_default();
        let (tagging, mark) = Tagging::read(tags, &self.tagging, &call.scope.settings().tags);
        let there = detector.features.unwrap_or_default();
        let seen = Self {
            enabled: detector.status.is_some_and(|status| status.as_str() == "ENABLED"),
            finding_frequency: detector
                .finding_publishing_frequency
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            features: match &self.features {
                Some(ours) => Some(features::read(&there, |name| ours.contains_key(name))),
                None if self.is_import() => Some(features::read(&there, |_| true)),
                None => None,
            },
            arn: Some(arn(&call.scope, &id)),
            detector_id: Some(id),
            tagging,
            ..self.clone()
        };
        Ok(Some((seen, mark)))
    }

    /// Makes the detector ours that GuardDuty has made: its tags first, which say so.
    async fn take_over(&self, call: &Call, id: String) -> Result<String, Failure> {
        let client = call.scope.guardduty();
        let tags = self.tagging.for_create(&call.claim).into_iter().collect();
        let request = client.tag_resource().resource_arn(arn(&call.scope, &id));
        request.set_tags(Some(tags)).send().await.at(&call.scope)?;
        let features = self.features.as_ref().map(features::wire);
        let request = client
            .update_detector()
            .detector_id(&id)
            .enable(self.enabled)
            .finding_publishing_frequency(frequency(self))
            .set_features(features);
        request.send().await.at(&call.scope)?;
        Ok(id)
    }

    /// Brings about what is around the detector.
    async fn bring_around(
        &self,
        call: &Call,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let id = self.id().to_owned();
        if self.publishing != plan.publishing {
            publishing::bring(call, &id, plan.publishing.as_ref()).await?;
        }
        state.publishing.clone_from(&plan.publishing);
        if self.administrator_id != plan.administrator_id {
            call.proceed()?;
            if let Some(before) = &self.administrator_id {
                organization::disable_administrator(call, before).await?;
            }
            if let Some(after) = &plan.administrator_id {
                organization::enable_administrator(call, after).await?;
            }
        }
        state.administrator_id.clone_from(&plan.administrator_id);
        if self.organization != plan.organization {
            call.proceed()?;
            organization::bring(call, &id, plan.organization.as_ref()).await?;
        }
        state.organization.clone_from(&plan.organization);
        Ok(())
    }
}

/// The detector that GuardDuty has made by itself, when this account became the organization's
/// administrator: without any tag.
async fn service_made(call: &Call) -> Result<Option<String>, Failure> {
    let Some(id) = detectors(&call.scope).await?.into_iter().next() else { return Ok(None) };
    let request = call.scope.guardduty().get_detector().detector_id(&id);
    let tags = match request.send().await {
        Err(error) if is_absent(message(&error)) => return Ok(None),
        answer => answer.at(&call.scope)?.tags.unwrap_or_default(),
    };
    let is_untouched = tags.is_empty() && organization::administers(call, &id).await?;
    Ok(is_untouched.then_some(id))
}

/// The ids of the detectors there are: at most one.
async fn detectors(scope: &Scope) -> Result<Vec<String>, Failure> {
    let mut pages = scope.guardduty().list_detectors().into_paginator().items().send();
    let mut ids = Vec::new();
    while let Some(id) = pages.next().await {
        ids.push(id.at(scope)?);
    }
    Ok(ids)
}

fn arn(scope: &Scope, id: &str) -> String {
    scope.arn("guardduty", &format!("detector/{id}"))
}

fn frequency(plan: &ThreatDetection) -> FindingPublishingFrequency {
    FindingPublishingFrequency::from(plan.finding_frequency.as_str())
}

/// Whether a message says that there is no such detector.
fn is_absent(message: &str) -> bool {
    message.contains(ABSENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_names_the_region_and_may_name_the_account() {
        let account = "111122223333";
        for (id, expected) in [
            ("eu-central-1", Some((None, "eu-central-1"))),
            ("111122223333/eu-west-1", Some((Some(account), "eu-west-1"))),
            (
                "arn:aws:guardduty:eu-west-1:111122223333:detector/a",
                Some((Some(account), "eu-west-1")),
            ),
            ("dev/eu-west-1", None),
            ("111122223333/", None),
            ("", None),
        ] {
            let read = ThreatDetection::import(id).ok().map(|it| it.placement);
            let read = read
                .as_ref()
                .map(|it| (it.account_id.as_deref(), it.region.as_deref().unwrap_or_default()));
            assert_eq!(read, expected, "{id}");
        }
    }
}
