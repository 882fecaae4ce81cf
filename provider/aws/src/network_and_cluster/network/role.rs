//! The role by which a network's flow log writes to its log group.

use async_trait::async_trait;
use serde_json::json;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::work::Work;
use super::{FlowLogs, log_group};
use crate::consistency::Call;
use crate::iam_role::{self, Documents, NewRole, ServiceRole};

/// The name of the part.
pub const NAME: &str = "flow_log_role";
/// The name of the role's one policy.
const POLICY: &str = "write";

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
        let fits = there.role.name == name(work, logs)
            && there.fits(&documents(work, logs))
            && !work.is_mistagged(NAME, &there.role.tags);
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(logs) = work.wanted.log_group() else { return Ok(()) };
        let (call, name) = (work.call, name(work, logs));
        if there(work).is_some_and(|there| there.role.name != name) {
            self.remove(work).await?;
        }
        let wanted = documents(work, logs);
        let mut there = match there(work) {
            Some(there) => there,
            None => make(work, name, &wanted).await?,
        };
        let changes = work.tag_changes(NAME, &there.role.tags);
        let mended = there.mend(call, &call.scope, POLICY, &wanted, &changes).await;
        work.note(|observed| observed.role = Some(there));
        mended
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = there(work) else { return Ok(()) };
        let removed = there.remove(work.call, &work.call.scope, POLICY).await;
        removed.map_err(|failure| failure.at_attribute("flow_logs"))?;
        work.note(|observed| observed.role = None);
        Ok(())
    }
}

fn there(work: &Work<'_>) -> Option<ServiceRole> {
    work.see(|observed| observed.role.clone())
}

/// Makes the role, or goes on with one that an earlier attempt has made.
async fn make(work: &Work<'_>, name: String, wanted: &Documents) -> Result<ServiceRole, Failure> {
    let new = NewRole {
        description: format!("Delivers the flow logs of network {}", work.wanted.name),
        tags: work.tags(NAME),
        trust: wanted.trust.clone(),
        permissions_boundary_arn: None,
        name: name.clone(),
    };
    let path = Path::attribute("flow_logs").field("role");
    let taken = |mark: Option<&_>| log_group::taken(&format!("role {name}"), mark, path);
    let role = iam_role::make(work.call, &work.call.scope, new, taken).await?;
    let made = ServiceRole { role, permissions: None };
    work.note(|observed| observed.role = Some(made.clone()));
    Ok(made)
}

fn documents(work: &Work<'_>, logs: &FlowLogs) -> Documents {
    Documents { trust: trust(work), permissions: permissions(work, logs) }
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

/// The role of this name, with its policy and tags.
///
/// # Errors
/// Where a call fails.
pub async fn get(call: &Call, name: &str) -> Result<Option<ServiceRole>, Failure> {
    ServiceRole::get(&call.scope, name, POLICY).await
}
