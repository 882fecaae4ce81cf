//! A trail as CloudTrail shows it.

use aws_sdk_cloudtrail::types::Trail;
use travel_framework::ownership::Mark;
use travel_framework::{Diagnostic, Failure};

use super::{ABSENT, AuditTrail, around, selectors};
use crate::consistency::Call;
use crate::error::Reply;
use crate::partition::Arn;
use crate::tags::Tags;
use crate::{Scope, Tagging};

/// What CloudTrail says of tags of something that is not there.
const NO_RESOURCE: &str = "ResourceNotFoundException";

/// The trail of a state; none where it is gone.
pub async fn read(call: &Call, state: &AuditTrail) -> Result<Option<AuditTrail>, Failure> {
    let trail = match &state.arn {
        Some(arn) => {
            let request = call.scope.cloudtrail().get_trail().name(arn);
            request.send().await.found(&call.scope, &[ABSENT])?.and_then(|it| it.trail)
        }
        // After an import by name.
        None => named(&call.scope, &state.name).await?.into_iter().next(),
    };
    let Some(trail) = trail else { return Ok(None) };
    refuse_shadow(call, &trail)?;
    Ok(whole(call, state, &trail).await?.map(|(seen, _)| seen))
}

/// The trails of a name that have their home here and can be ours, which are one at most.
pub async fn at_home(
    call: &Call,
    name: &str,
    of_organization: bool,
) -> Result<Vec<Trail>, Failure> {
    let is_own = |trail: &Trail| {
        let arn = trail.trail_arn().and_then(Arn::parse);
        let is_of_account = arn.is_some_and(|arn| arn.account_id == call.scope.account_id());
        // Those of a delegated administrator belong to the management account.
        is_of_account || (of_organization && trail.is_organization_trail() == Some(true))
    };
    let mut trails = named(&call.scope, name).await?;
    trails.retain(|trail| trail.home_region() == Some(call.scope.region()) && is_own(trail));
    Ok(trails)
}

/// All trails of a name that reach into this region, those of this account and at home here first.
pub async fn named(scope: &Scope, name: &str) -> Result<Vec<Trail>, Failure> {
    let request = scope.cloudtrail().describe_trails().include_shadow_trails(true);
    let mut trails = request.send().await.at(scope)?.trail_list.unwrap_or_default();
    trails.retain(|trail| trail.name() == Some(name));
    trails.sort_by_key(|trail| {
        let arn = trail.trail_arn().and_then(Arn::parse);
        let is_own = arn.is_some_and(|arn| arn.account_id == scope.account_id());
        (trail.home_region() != Some(scope.region()), !is_own)
    });
    Ok(trails)
}

/// A trail with all that is around it, and its mark; none where it goes meanwhile.
pub async fn whole(
    call: &Call,
    state: &AuditTrail,
    trail: &Trail,
) -> Result<Option<(AuditTrail, Option<Mark>)>, Failure> {
    let arn = trail.trail_arn().unwrap_or_default();
    let client = call.scope.cloudtrail();
    let has_insights = trail.has_insight_selectors() != Some(false);
    let (status, tags, events, insights, aggregations) = futures::try_join!(
        async {
            let answer = client.get_trail_status().name(arn).send().await;
            answer.found(&call.scope, &[ABSENT])
        },
        self::tags(call, arn),
        async {
            let answer = client.get_event_selectors().trail_name(arn).send().await;
            answer.found(&call.scope, &[ABSENT])
        },
        async {
            match has_insights {
                true => around::insights(call, arn).await,
                false => Ok(around::Insights::new()),
            }
        },
        around::aggregations(call, arn),
    )?;
    let (Some(status), Some(tags), Some(events)) = (status, tags, events) else { return Ok(None) };
    let (tagging, mark) = Tagging::read(tags, &state.tagging, &call.scope.settings().tags);
    let text = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(str::to_owned);
    let mut seen = AuditTrail {
        name: trail.name().unwrap_or_default().to_owned(),
        bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
        prefix: text(trail.s3_key_prefix()),
        multi_region: trail.is_multi_region_trail().unwrap_or_default(),
        organization: trail.is_organization_trail().unwrap_or_default(),
        global_service_events: trail.include_global_service_events().unwrap_or_default(),
        log_file_validation: trail.log_file_validation_enabled().unwrap_or_default(),
        // Where the service does not know it, it logs what it delivers.
        recursive_logging: trail.recursive_logging().unwrap_or(true),
        kms_key: text(trail.kms_key_id()),
        sns_topic: text(trail.sns_topic_arn()),
        log_group: text(trail.cloud_watch_logs_log_group_arn()),
        log_group_role: text(trail.cloud_watch_logs_role_arn()),
        logging: status.is_logging().unwrap_or_default(),
        insights,
        aggregations,
        arn: text(Some(arn)),
        tagging,
        ..state.clone()
    };
    // A text that means the same stays as it is written.
    if let (Some(known), Some(there)) = (&state.log_group, &seen.log_group)
        && super::planning::log_group(known) == super::planning::log_group(there)
    {
        seen.log_group.clone_from(&state.log_group);
    }
    selectors::read(&mut seen, &events);
    warn_of_trouble(call, &seen, status.latest_delivery_error(), "bucket");
    warn_of_trouble(call, &seen, status.latest_notification_error(), "sns_topic");
    let log_error = status.latest_cloud_watch_logs_delivery_error();
    warn_of_trouble(call, &seen, log_error, "log_group");
    Ok(Some((seen, mark)))
}

/// Says what CloudTrail has met when it last delivered something.
fn warn_of_trouble(call: &Call, trail: &AuditTrail, error: Option<&str>, attribute: &str) {
    let Some(error) = error.filter(|error| !error.is_empty()) else { return };
    let warning = Diagnostic::warning(
        format!("the trail {} does not deliver", trail.name),
        format!(
            "When CloudTrail last tried, it met: {error} ({}). Events are lost if that lasts; look at the \
             policies of what it delivers to.",
            call.scope.place(),
        ),
    );
    call.warn(warning.at_attribute(attribute));
}

/// The tags of a trail; none where it is gone.
pub async fn tags(call: &Call, arn: &str) -> Result<Option<Tags>, Failure> {
    let request = call.scope.cloudtrail().list_tags().resource_id_list(arn);
    let mut pages = request.into_paginator().items().send();
    let mut tags = Tags::new();
    while let Some(resource) = pages.next().await {
        let Some(resource) = resource.found(&call.scope, &[ABSENT, NO_RESOURCE])? else {
            return Ok(None);
        };
        let listed = resource.tags_list.unwrap_or_default().into_iter();
        tags.extend(listed.map(|tag| (tag.key, tag.value.unwrap_or_default())));
    }
    Ok(Some(tags))
}

/// Refuses a trail that only reaches into this region: nothing of it can be changed from here.
fn refuse_shadow(call: &Call, trail: &Trail) -> Result<(), Failure> {
    let home = trail.home_region().unwrap_or_default();
    if home.is_empty() || home == call.scope.region() {
        return Ok(());
    }
    let name = trail.name().unwrap_or_default();
    Err(Diagnostic::error(
        format!("the trail {name} has its home in {home}"),
        format!(
            "What stands in {} is its shadow, and the trail can be changed at home only. Set region = \
             \"{home}\", and import it by {home}/{name} ({}).",
            call.scope.region(),
            call.scope.place(),
        ),
    )
    .at_attribute("region")
    .into())
}
