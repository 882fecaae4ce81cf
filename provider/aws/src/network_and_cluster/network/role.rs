//! The role by which a network's flow log writes to its log group.

use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use serde_json::json;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::observed::{Role, mark};
use super::work::Work;
use super::{FlowLogs, log_group};
use crate::consistency::Call;
use crate::error::{Reply, is_code};
use crate::policy;
use crate::tags::Tags;

/// The name of the part.
pub const NAME: &str = "flow_log_role";
/// The name of the role's one policy.
const POLICY: &str = "write";
const GONE: [&str; 1] = ["NoSuchEntity"];

/// The role.
pub struct RolePart;

/// The name of a network's role where the configuration does not say.
pub fn default_name(network: &str, region: &str) -> String {
    format!("travel-{network}-{region}-flow-logs")
}

fn name(work: &Work<'_>, logs: &FlowLogs) -> String {
    let default = || default_name(&work.wanted.name, work.call.scope.region());
    logs.role.clone().unwrap_or_else(default)
}

#[async_trait]
impl<'a> Part<Work<'a>> for RolePart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let Some(logs) = work.wanted.log_group() else { return Standing::Different };
        let fits = there.name == name(work, logs)
            && policy::same(&there.trust, &trust(work))
            && there.policy.as_deref().is_some_and(|it| policy::same(it, &permissions(work, logs)));
        if fits && !work.is_mistagged(NAME, &there.tags) {
            Standing::AsPlanned
        } else {
            Standing::Different
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(logs) = work.wanted.log_group() else { return Ok(()) };
        let name = name(work, logs);
        if there(work).is_some_and(|there| there.name != name) {
            self.remove(work).await?;
        }
        if there(work).is_none() {
            make(work, &name).await?;
        }
        let Some(there) = there(work) else { return Ok(()) };
        mend(work, logs, &there).await
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(Role { name, .. }) = there(work) else { return Ok(()) };
        let client = work.call.scope.iam();
        let policy = client.delete_role_policy().role_name(&name).policy_name(POLICY).send().await;
        policy.found(&work.call.scope, &GONE)?;
        let role = client.delete_role().role_name(&name).send().await;
        if let Err(error) = &role
            && is_code(error, &["DeleteConflict"])
        {
            return Err(Diagnostic::error(
                format!("role {name} is still in use"),
                format!(
                    "Somebody has attached policies or an instance profile to it: {}. Detach \
                     them and apply again.",
                    crate::error::message(error),
                ),
            )
            .at_attribute("flow_logs")
            .into());
        }
        role.found(&work.call.scope, &GONE)?;
        work.note(|observed| observed.role = None);
        Ok(())
    }
}

fn there(work: &Work<'_>) -> Option<Role> {
    work.see(|observed| observed.role.clone())
}

/// Who may assume the role: flow logs of this account and region.
fn trust(work: &Work<'_>) -> String {
    let scope = &work.call.scope;
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": scope.partition().service_principal("vpc-flow-logs")},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": scope.account_id()},
                "ArnLike": {"aws:SourceArn": scope.arn("ec2", "vpc-flow-log/*")}
            }
        }]
    })
    .to_string()
}

/// What the role may do: write to the log group, but not make it, lest it come back after its end.
fn permissions(work: &Work<'_>, logs: &FlowLogs) -> String {
    let name = log_group::name(work, logs);
    let group = work.call.scope.arn("logs", &format!("log-group:{name}"));
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                "Resource": [group, format!("{group}:*")]
            },
            {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"}
        ]
    })
    .to_string()
}

/// Makes the role, or goes on with one that an earlier attempt has made.
async fn make(work: &Work<'_>, name: &str) -> Result<(), Failure> {
    let request = work
        .call
        .scope
        .iam()
        .create_role()
        .role_name(name)
        .description(format!("Delivers the flow logs of network {}", work.wanted.name))
        .assume_role_policy_document(trust(work))
        .set_tags(Some(iam_tags(&work.tags(NAME))?));
    let answer = request.send().await;
    let path = Path::attribute("flow_logs").field("role");
    match answer {
        Err(error) if is_code(&error, &["EntityAlreadyExists"]) => {
            let there = get(work.call, name).await?;
            match there {
                Some(there) if mark(&there.tags).is_some_and(|it| work.call.claim.owns(&it)) => {
                    work.note(|observed| observed.role = Some(there));
                    Ok(())
                }
                there => {
                    let mark = there.and_then(|there| mark(&there.tags));
                    Err(log_group::taken(work, &format!("role {name}"), mark.as_ref(), path))
                }
            }
        }
        answer => {
            let answer = answer.at(&work.call.scope)?;
            let role = Role {
                name: name.to_owned(),
                arn: answer.role.map(|role| role.arn).unwrap_or_default(),
                tags: work.tags(NAME),
                trust: trust(work),
                policy: None,
            };
            work.note(|observed| observed.role = Some(role));
            Ok(())
        }
    }
}

/// Brings trust, permissions and tags of the role to what they are to be.
async fn mend(work: &Work<'_>, logs: &FlowLogs, there: &Role) -> Result<(), Failure> {
    let client = work.call.scope.iam();
    let scope = &work.call.scope;
    let name = &there.name;
    let (trust, permissions) = (trust(work), permissions(work, logs));
    if !policy::same(&there.trust, &trust) {
        let request = client.update_assume_role_policy().role_name(name);
        request.policy_document(&trust).send().await.at(scope)?;
    }
    if !there.policy.as_deref().is_some_and(|it| policy::same(it, &permissions)) {
        let request = client.put_role_policy().role_name(name).policy_name(POLICY);
        request.policy_document(&permissions).send().await.at(scope)?;
    }
    let changes = work.tag_changes(NAME, &there.tags);
    let mut tags = there.tags.clone();
    if !changes.set.is_empty() {
        let set = Some(iam_tags(&changes.set)?);
        client.tag_role().role_name(name).set_tags(set).send().await.at(scope)?;
    }
    if !changes.remove.is_empty() {
        let keys = Some(changes.remove.clone());
        client.untag_role().role_name(name).set_tag_keys(keys).send().await.at(scope)?;
    }
    tags.extend(changes.set);
    tags.retain(|key, _| !changes.remove.contains(key));
    let now = Role { trust, policy: Some(permissions), tags, ..there.clone() };
    work.note(|observed| observed.role = Some(now));
    Ok(())
}

fn iam_tags(tags: &Tags) -> Result<Vec<Tag>, Diagnostic> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| {
        Diagnostic::error("failed to tag the role of the flow logs", format!("{error}."))
    })
}

/// The role of this name, with its policy and tags.
///
/// # Errors
/// Where a call fails.
pub async fn get(call: &Call, name: &str) -> Result<Option<Role>, Failure> {
    let client = call.scope.iam();
    let (role, write) = futures::join!(
        client.get_role().role_name(name).send(),
        client.get_role_policy().role_name(name).policy_name(POLICY).send(),
    );
    let role = role.found(&call.scope, &GONE)?.and_then(|answer| answer.role);
    let write = write.found(&call.scope, &GONE)?;
    Ok(role.map(|role| Role {
        name: name.to_owned(),
        arn: role.arn,
        tags: role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect(),
        trust: decoded(role.assume_role_policy_document.as_deref().unwrap_or_default()),
        policy: write.map(|it| decoded(&it.policy_document)),
    }))
}

/// IAM writes documents as they would stand in an address.
fn decoded(document: &str) -> String {
    percent_encoding::percent_decode_str(document).decode_utf8_lossy().into_owned()
}
