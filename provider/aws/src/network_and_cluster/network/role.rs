//! The role by which a network's flow log writes to its log group.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::json;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::observed::Observed;
use super::wanted::Wanted;
use super::work::Work;
use super::{FlowLogs, log_group};
use crate::consistency::Call;
use crate::iam_role::{self, Documents, NewRole, ServiceRole};
use crate::scope::Scope;

/// The name of the part.
pub const NAME: &str = "flow_log_role";
/// The name of the role's one policy.
const POLICY: &str = "write";

/// A role: the wanted one, or one to be removed.
pub struct RolePart {
    /// Its name.
    pub name: String,
}

/// The name of the part that is the role of this name.
pub fn part(name: &str) -> String {
    format!("{NAME}/{name}")
}

/// The name of a network's role where the configuration does not say.
pub fn default_name(network: &str, region: &str) -> String {
    format!("travel-{network}-{region}-flow-logs")
}

/// The name that the role of a network is to have.
pub fn name(network: &str, region: &str, logs: &FlowLogs) -> String {
    logs.role.clone().unwrap_or_else(|| default_name(network, region))
}

#[async_trait]
impl<'a> Part<Work<'a>> for RolePart {
    fn name(&self) -> String {
        part(&self.name)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let Some(logs) = work.wanted.log_group() else { return Standing::Different };
        let fits = there.fits(&documents_of(work, logs));
        let fits = fits && !work.is_mistagged(NAME, &there.role.tags);
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(logs) = work.wanted.log_group() else { return Ok(()) };
        let (call, wanted) = (work.call, documents_of(work, logs));
        let mut there = match self.there(work) {
            Some(there) => there,
            None => make(work, &self.name, &wanted).await?,
        };
        let changes = work.tag_changes(NAME, &there.role.tags);
        let mended = there.mend(call, &call.scope, POLICY, &wanted, &changes).await;
        note(work, there);
        mended
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        let removed = there.remove(work.call, &work.call.scope, POLICY).await;
        removed.map_err(|failure| failure.at_attribute("flow_logs"))?;
        work.note(|observed| drop(observed.roles.remove(&self.name)));
        Ok(())
    }
}

impl RolePart {
    fn there(&self, work: &Work<'_>) -> Option<ServiceRole> {
        work.see(|observed| observed.roles.get(&self.name).cloned())
    }
}

fn note(work: &Work<'_>, role: ServiceRole) {
    work.note(|observed| drop(observed.roles.insert(role.role.name.clone(), role)));
}

/// Makes the role, or goes on with one that an earlier attempt has made.
async fn make(work: &Work<'_>, name: &str, wanted: &Documents) -> Result<ServiceRole, Failure> {
    let new = NewRole {
        description: format!("Delivers the flow logs of network {}", work.wanted.name),
        tags: work.tags(NAME),
        trust: wanted.trust.clone(),
        permissions_boundary_arn: None,
        name: name.to_owned(),
    };
    let path = Path::attribute("flow_logs").field("role");
    let taken = |mark: Option<&_>| log_group::taken(&format!("role {name}"), mark, path);
    let role = iam_role::make(work.call, &work.call.scope, new, taken).await?;
    let made = ServiceRole { role, permissions: None };
    note(work, made.clone());
    Ok(made)
}

/// What is not as it should be with the role of a network, which shows in no other attribute.
pub fn fault(wanted: &Wanted, observed: &Observed, scope: &Scope) -> Option<String> {
    let logs = wanted.log_group()?;
    let there = observed.roles.get(&wanted.role_name(scope.region())?)?;
    (!there.fits(&documents(wanted, observed, scope, logs))).then(|| NAME.to_owned())
}

fn documents_of(work: &Work<'_>, logs: &FlowLogs) -> Documents {
    work.see(|observed| documents(work.wanted, observed, &work.call.scope, logs))
}

/// What the role of a network is to say.
pub fn documents(
    wanted: &Wanted,
    observed: &Observed,
    scope: &Scope,
    logs: &FlowLogs,
) -> Documents {
    Documents { trust: trust(scope), permissions: permissions(wanted, observed, scope, logs) }
}

/// Who may assume the role: flow logs of this account and region.
fn trust(scope: &Scope) -> String {
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

/// What the role may do: write to the log group, but not make it, lest it come back after its end;
/// the same with another one for as long as a flow log delivers there by this role.
fn permissions(wanted: &Wanted, observed: &Observed, scope: &Scope, logs: &FlowLogs) -> String {
    let role = wanted.role_name(scope.region());
    let by_it = observed.flow_logs.values().filter(|it| it.role == role);
    let mut names: BTreeSet<String> = by_it.filter_map(|it| it.log_group.clone()).collect();
    names.insert(log_group::name(&wanted.name, logs));
    let groups = names.iter().map(|it| scope.arn("logs", &format!("log-group:{it}")));
    let resources: Vec<String> = groups.flat_map(|it| [format!("{it}:*"), it]).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                "Resource": resources
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
