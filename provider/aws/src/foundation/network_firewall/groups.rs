//! The firewall's own rule groups: looking at them, and making them what they are to be.

use std::time::Duration;

use aws_sdk_networkfirewall::types::{ResourceStatus, RuleGroup, RuleGroupResponse, RuleGroupType};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Failure, ownership};

use super::parts::{GONE, INVALID, Kind, STALE, group_arn, groups_of, is_own};
use super::rules::{StatefulGroup, StatelessGroup};
use super::{NetworkFirewall, tags, wire};
use crate::consistency::{Call, answer_when_ready};
use crate::error::{Reply, incomplete, is_code};
use crate::tags::{Tags, mark};

/// How long somebody else's changes may come in between.
pub const CONTENDED: Duration = Duration::from_secs(60);

/// A rule group as the service has it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What to give back with a change.
    pub token: String,
    /// What it says.
    pub content: Option<RuleGroup>,
    /// What it is.
    pub face: RuleGroupResponse,
    /// Its tags.
    pub tags: Tags,
}

/// What a group is to say.
enum Content<'a> {
    Stateful(&'a StatefulGroup, &'a str),
    Stateless(&'a StatelessGroup),
}

impl Content<'_> {
    fn capacity(&self) -> i32 {
        match self {
            Self::Stateful(group, _) => group.capacity,
            Self::Stateless(group) => group.capacity,
        }
    }

    fn description(&self) -> &str {
        match self {
            Self::Stateful(group, _) => &group.description,
            Self::Stateless(group) => &group.description,
        }
    }

    fn to_service(&self) -> Result<RuleGroup, Failure> {
        let built = match self {
            Self::Stateful(group, order) => wire::stateful(group, order),
            Self::Stateless(group) => wire::stateless(group),
        };
        built.map_err(|error| incomplete(&error))
    }

    /// Whether a group says this already.
    fn is_said_by(&self, seen: &Seen) -> bool {
        let Some(content) = seen.content.clone() else { return false };
        match self {
            Self::Stateful(group, order) => {
                let (said, said_order) = wire::from_stateful(content);
                let said = StatefulGroup {
                    capacity: group.capacity,
                    priority: group.priority,
                    description: group.description.clone(),
                    ..said
                };
                said == **group && said_order.as_deref().is_none_or(|it| it == *order)
            }
            Self::Stateless(group) => {
                let said = StatelessGroup {
                    capacity: group.capacity,
                    priority: group.priority,
                    description: group.description.clone(),
                    ..wire::from_stateless(content)
                };
                said == **group
            }
        }
    }
}

/// The rule group of this ARN; none where it is gone or going.
///
/// # Errors
/// Where the call fails.
pub async fn look(call: &Call, arn: &str) -> Result<Option<Seen>, Failure> {
    let request = call.scope.network_firewall().describe_rule_group().rule_group_arn(arn);
    let Some(answer) = request.send().await.found(&call.scope, &[GONE])? else { return Ok(None) };
    let Some(face) = answer.rule_group_response else { return Ok(None) };
    if face.rule_group_status == Some(ResourceStatus::Deleting) {
        return Ok(None);
    }
    let tags = tags::from_service(face.tags.clone());
    Ok(Some(Seen { token: answer.update_token, content: answer.rule_group, face, tags }))
}

/// Makes each group what it is to be.
///
/// # Errors
/// Where a call fails, or a group of another owner has the name.
pub async fn bring(
    call: &Call,
    wanted: &NetworkFirewall,
    before: &[String],
) -> Result<(), Failure> {
    for (kind, key, name) in groups_of(wanted) {
        call.proceed()?;
        let content = match kind {
            Kind::Stateful => wanted
                .stateful_rule_groups
                .get(&key)
                .map(|group| Content::Stateful(group, &wanted.stateful_rule_order)),
            Kind::Stateless => wanted.stateless_rule_groups.get(&key).map(Content::Stateless),
        };
        if let Some(content) = content {
            bring_one(call, wanted, kind, &name, &content, before).await?;
        }
    }
    Ok(())
}

async fn bring_one(
    call: &Call,
    wanted: &NetworkFirewall,
    kind: Kind,
    name: &str,
    content: &Content<'_>,
    before: &[String],
) -> Result<(), Failure> {
    let arn = group_arn(call, kind, name);
    let seen = match look(call, &arn).await? {
        Some(seen) => seen,
        None => match create(call, wanted, kind, name, content).await? {
            Some(seen) => seen,
            None => return Ok(()),
        },
    };
    let mark = mark(&seen.tags);
    if !is_own(call, mark.as_ref()) {
        let remedy = "Delete it, or give the firewall or the rule group another name.";
        return Err(ownership::taken(&format!("rule group {name}"), mark.as_ref(), remedy).into());
    }
    update(call, wanted, &arn, content).await?;
    tags::bring(call, &arn, &seen.tags, wanted, before).await
}

/// Makes a group. Gives one that was there already, as after an answer that was lost.
async fn create(
    call: &Call,
    wanted: &NetworkFirewall,
    kind: Kind,
    name: &str,
    content: &Content<'_>,
) -> Result<Option<Seen>, Failure> {
    let (kind_there, arn) = (service_kind(kind), group_arn(call, kind, name));
    let encryption =
        wire::encryption(wanted.kms_key_arn.as_deref()).map_err(|error| incomplete(&error))?;
    let request = call
        .scope
        .network_firewall()
        .create_rule_group()
        .rule_group_name(name)
        .r#type(kind_there)
        .capacity(content.capacity())
        .description(content.description())
        .rule_group(content.to_service()?)
        .encryption_configuration(encryption)
        .set_tags(Some(tags::to_service(wanted.tagging.for_create(&call.claim))?));
    let answer = request.send().await;
    if answer.as_ref().is_err_and(|error| is_code(error, &[INVALID]))
        && let Some(seen) = look(call, &arn).await?
    {
        return Ok(Some(seen));
    }
    answer.at(&call.scope)?;
    let what = format!("rule group {name}");
    call.wait_until(&what, Pace::QUICK, || async {
        Ok(match look(call, &arn).await? {
            Some(_) => Look::Done(()),
            None => Look::Pending("not there yet".to_owned()),
        })
    })
    .await?;
    Ok(None)
}

/// Changes what a group says. Where somebody else has changed it meanwhile it is looked at anew.
async fn update(
    call: &Call,
    wanted: &NetworkFirewall,
    arn: &str,
    content: &Content<'_>,
) -> Result<(), Failure> {
    let key = wanted.kms_key_arn.clone();
    let encryption = wire::encryption(key.as_deref()).map_err(|error| incomplete(&error))?;
    let said = content.to_service()?;
    let until = tokio::time::Instant::now() + CONTENDED;
    loop {
        let Some(seen) = look(call, arn).await? else { return Ok(()) };
        let is_face_same = seen.face.description.as_deref().unwrap_or_default()
            == content.description()
            && wire::key_in(seen.face.encryption_configuration.as_ref()) == key;
        if is_face_same && content.is_said_by(&seen) {
            return Ok(());
        }
        let request = call
            .scope
            .network_firewall()
            .update_rule_group()
            .rule_group_arn(arn)
            .update_token(&seen.token)
            .description(content.description())
            .rule_group(said.clone())
            .encryption_configuration(encryption.clone());
        match request.send().await {
            Err(error) if is_code(&error, &[STALE]) && tokio::time::Instant::now() < until => {
                call.pause(Pace::QUICK.pause(1)).await?;
            }
            answer => return answer.at(&call.scope).map(drop),
        }
    }
}

/// Deletes a group, as soon as no policy uses it any more.
///
/// # Errors
/// Where the call fails.
pub async fn delete(call: &Call, arn: &str) -> Result<(), Failure> {
    let request = call.scope.network_firewall().delete_rule_group().rule_group_arn(arn);
    let is_held = |error: &_| is_code(error, &[super::parts::HELD]);
    let answer = answer_when_ready(call, CONTENDED, is_held, || request.clone().send()).await?;
    answer.found(&call.scope, &[GONE])?;
    call.wait_until(&format!("deletion of {arn}"), Pace::QUICK, || async {
        let request = call.scope.network_firewall().describe_rule_group().rule_group_arn(arn);
        Ok(match request.send().await.found(&call.scope, &[GONE])? {
            None => Look::Done(()),
            Some(_) => Look::Pending("still there".to_owned()),
        })
    })
    .await
}

const fn service_kind(kind: Kind) -> RuleGroupType {
    match kind {
        Kind::Stateful => RuleGroupType::Stateful,
        Kind::Stateless => RuleGroupType::Stateless,
    }
}
