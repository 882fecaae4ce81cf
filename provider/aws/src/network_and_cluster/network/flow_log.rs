//! The flow log of a network: records of its traffic, delivered to a log group or a bucket.

use async_trait::async_trait;
use aws_sdk_ec2::operation::create_flow_logs::CreateFlowLogsOutput;
use aws_sdk_ec2::types::{
    self as sdk, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType,
};
use tokio::time::Instant;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::FlowLogs;
use super::observed::{FlowLog, Observed};
use super::role;
use super::wanted::Wanted;
use super::work::{MISSING, Work, token};
use crate::consistency::{Call, IAM, WITHIN_SERVICE, answer_when_ready};
use crate::ec2;
use crate::error::{Reply, is_code, message};

/// The name of the part.
pub const NAME: &str = "flow_log";
/// What a role that IAM has just made is like for EC2, in the words of its error.
const NO_ROLE_YET: &str = "Unable to assume given IAM role";

/// What EC2 says where the VPC has a flow log already that is too much like the new one.
const TAKEN: &str = "FlowLogAlreadyExists";

/// A flow log. Nothing of it but its tags can be changed, so that another one is made beside it
/// before it goes.
pub struct FlowLogPart {
    /// The id of one to be removed; none for the one that is wanted.
    pub id: Option<String>,
}

#[async_trait]
impl<'a> Part<Work<'a>> for FlowLogPart {
    fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| NAME.to_owned(), |id| format!("{NAME}/{id}"))
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        if self.id.is_some() || work.is_mistagged(NAME, &there.tags) {
            Standing::Different
        } else {
            Standing::AsPlanned
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else {
            let Some(wanted) = &work.wanted.flow_logs else { return Ok(()) };
            let made = make(work, wanted).await;
            return made.map_err(|failure| failure.at_attribute("flow_logs"));
        };
        let changes = work.tag_changes(NAME, &there.tags);
        work.change_tags(&there.id, &changes).await?;
        let tags = changes.applied(&there.tags);
        note(work, FlowLog { tags, ..there });
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        remove(work, &there.id).await
    }
}

impl FlowLogPart {
    fn there(&self, work: &Work<'_>) -> Option<FlowLog> {
        let region = work.call.scope.region();
        work.see(|observed| match &self.id {
            Some(id) => observed.flow_logs.get(id).cloned(),
            None => find(work.wanted, region, observed).cloned(),
        })
    }
}

/// The flow log that a network in this region is to have, if it is there.
pub fn find<'o>(wanted: &Wanted, region: &str, observed: &'o Observed) -> Option<&'o FlowLog> {
    let logs = wanted.flow_logs.as_ref()?;
    let (group, role) = (wanted.log_group_name(), wanted.role_name(region));
    observed.flow_logs.values().find(|there| {
        same_bucket(there.bucket_arn.as_deref(), logs.bucket_arn.as_deref())
            && (&there.log_group, &there.role) == (&group, &role)
            && there.traffic == logs.traffic
            && there.interval_seconds == logs.interval_seconds
            && there.format == logs.format
    })
}

fn note(work: &Work<'_>, flow_log: FlowLog) {
    work.note(|observed| drop(observed.flow_logs.insert(flow_log.id.clone(), flow_log)));
}

async fn remove(work: &Work<'_>, id: &str) -> Result<(), Failure> {
    work.call
        .wait_until(&format!("flow log {id}"), Pace::QUICK, || async {
            delete(work, id).await?;
            let place = ec2::filter("flow-log-id", id);
            let found = work.ec2().describe_flow_logs().filter(place).send().await;
            let gone = found.at(&work.call.scope)?.flow_logs().is_empty();
            // One that was made a moment ago may be listed, and yet not be found to be deleted.
            Ok(if gone { Look::Done(()) } else { Look::Pending("listed".to_owned()) })
        })
        .await?;
    work.note(|observed| drop(observed.flow_logs.remove(id)));
    Ok(())
}

async fn delete(work: &Work<'_>, id: &str) -> Result<(), Failure> {
    let request = work.ec2().delete_flow_logs().flow_log_ids(id);
    let answer = request.send().await.found(&work.call.scope, &["InvalidFlowLogId.NotFound"])?;
    for item in answer.iter().flat_map(|answer| answer.unsuccessful()) {
        let (code, message) = ec2::reason(item);
        if code != "InvalidFlowLogId.NotFound" {
            return Err(refused(work, "delete", code, message).into());
        }
    }
    Ok(())
}

/// Whether two ARNs name one place in a bucket: EC2 does not keep a final slash.
pub fn same_bucket(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(|arn| arn.trim_end_matches('/')) == other.map(|arn| arn.trim_end_matches('/'))
}

/// Makes the flow log beside those that are there. Only where EC2 does not let it stand beside one
/// that delivers to the same place, that one goes before.
async fn make(work: &Work<'_>, logs: &FlowLogs) -> Result<(), Failure> {
    let mut made = create(work, logs).await?;
    if made.is_none() {
        for id in in_its_place(work, logs) {
            let removed = remove(work, &id).await;
            // Even where that is not certain: what it led to must be found again without it.
            work.note(|observed| drop(observed.flow_logs.remove(&id)));
            removed?;
        }
        made = create(work, logs).await?;
    }
    let made = made.ok_or_else(|| {
        let message = "The VPC has a flow log that is not this network's and delivers to the same \
                       place: remove that one, or choose another place";
        refused(work, "create", TAKEN, message)
    })?;
    note(work, made);
    Ok(())
}

/// The ids of the network's flow logs that deliver to where these are to go.
fn in_its_place(work: &Work<'_>, logs: &FlowLogs) -> Vec<String> {
    let group = work.wanted.log_group_name();
    let same = |it: &&FlowLog| {
        it.log_group == group && same_bucket(it.bucket_arn.as_deref(), logs.bucket_arn.as_deref())
    };
    work.see(|observed| observed.flow_logs.values().filter(same).map(|it| it.id.clone()).collect())
}

/// Asks EC2 for the flow log; none where it says that there is one already.
async fn create(work: &Work<'_>, logs: &FlowLogs) -> Result<Option<FlowLog>, Failure> {
    let interval = i32::try_from(logs.interval_seconds).unwrap_or(600);
    let request = work
        .ec2()
        .create_flow_logs()
        .client_token(token())
        .resource_type(FlowLogsResourceType::Vpc)
        .resource_ids(work.vpc_id()?)
        .traffic_type(TrafficType::from(logs.traffic.as_str()))
        .max_aggregation_interval(interval)
        .log_format(&logs.format)
        .tag_specifications(work.tag_specification(ResourceType::VpcFlowLog, NAME));
    let (group, role) =
        (work.wanted.log_group_name(), work.wanted.role_name(work.call.scope.region()));
    let request = match (&group, &role) {
        (Some(group), Some(role)) => {
            let arn = |it: &Observed| Some(it.roles.get(role)?.role.arn.clone());
            request
                .log_destination_type(LogDestinationType::CloudWatchLogs)
                .log_group_name(group)
                .deliver_logs_permission_arn(work.need(role::NAME, arn)?)
        }
        _ => request
            .log_destination_type(LogDestinationType::S3)
            .set_log_destination(logs.bucket_arn.clone()),
    };
    // EC2 tries to assume the role: that is what tells when IAM has spread it. The VPC itself may have
    // been made a moment ago.
    let begun = Instant::now();
    let mut attempt = 0;
    let answer = loop {
        let answer = answer_when_ready(
            work.call,
            IAM,
            |error| {
                is_code(error, &MISSING)
                    || is_code(error, &["InvalidParameter"]) && message(error).contains(NO_ROLE_YET)
            },
            || request.clone().send(),
        );
        let answer = answer.await?.found(&work.call.scope, &[TAKEN])?;
        let Some(answer) = answer else { return Ok(None) };
        let refused = answer.unsuccessful().first();
        let is_early = refused.is_some_and(|item| MISSING.contains(&ec2::reason(item).0));
        if !is_early || begun.elapsed() >= WITHIN_SERVICE {
            break answer;
        }
        work.call.pause(Pace::QUICK.pause(attempt)).await?;
        attempt += 1;
    };
    let id = created(work, answer)?;
    Ok(id.map(|id| FlowLog {
        id,
        tags: work.tags(NAME),
        bucket_arn: logs.bucket_arn.clone(),
        log_group: group,
        role,
        traffic: logs.traffic.clone(),
        interval_seconds: logs.interval_seconds,
        format: logs.format.clone(),
        trouble: None,
    }))
}

/// The id of what was made; none where there is one already. EC2 answers well even where it has
/// made nothing.
fn created(work: &Work<'_>, answer: CreateFlowLogsOutput) -> Result<Option<String>, Failure> {
    if let Some(item) = answer.unsuccessful().first() {
        let (code, message) = ec2::reason(item);
        if code == TAKEN {
            return Ok(None);
        }
        return Err(refused(work, "create", code, message).into());
    }
    let id = answer.flow_log_ids.into_iter().flatten().next();
    let id = id.ok_or_else(|| refused(work, "create", "no error code", "no flow log was made"))?;
    Ok(Some(id))
}

fn refused(work: &Work<'_>, what: &str, code: &str, message: &str) -> Diagnostic {
    Diagnostic::error(
        format!("failed to {what} the flow log"),
        format!("{message} ({code}, {}).", work.call.scope.place()),
    )
    .at_attribute("flow_logs")
}

/// The flow logs of a VPC, with their ids.
///
/// # Errors
/// Where the call fails.
pub async fn list(call: &Call, vpc_id: &str) -> Result<Vec<(String, FlowLog)>, Failure> {
    let request = call.scope.ec2().describe_flow_logs().filter(ec2::filter("resource-id", vpc_id));
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    Ok(found.into_iter().map(of).map(|it| (it.id.clone(), it)).collect())
}

fn of(found: sdk::FlowLog) -> FlowLog {
    let failed = found.deliver_logs_status.as_deref() == Some("FAILED");
    let bucket = found.log_destination_type == Some(LogDestinationType::S3);
    FlowLog {
        id: found.flow_log_id.unwrap_or_default(),
        tags: ec2::tags(found.tags),
        bucket_arn: found.log_destination.filter(|_| bucket),
        log_group: found.log_group_name.filter(|_| !bucket),
        role: found.deliver_logs_permission_arn.filter(|_| !bucket).map(|arn| role_name(&arn)),
        traffic: found.traffic_type.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        interval_seconds: found
            .max_aggregation_interval
            .and_then(|it| u32::try_from(it).ok())
            .unwrap_or_default(),
        format: found.log_format.unwrap_or_default(),
        trouble: failed.then(|| found.deliver_logs_error_message.unwrap_or_default()),
    }
}

/// The name of the role of this ARN.
fn role_name(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

/// The warning for a flow log that cannot deliver.
pub fn trouble(flow_log: &FlowLog) -> Option<Diagnostic> {
    let reason = flow_log.trouble.as_ref()?;
    let warning = Diagnostic::warning(
        format!("flow log {} does not deliver", flow_log.id),
        format!(
            "AWS says: {reason}. Check the policy of the bucket, or of the role and of the log \
             group's key."
        ),
    );
    Some(warning.at_attribute("flow_logs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_slash_does_not_count() {
        for (one, other, same) in [
            (Some("arn:aws:s3:::logs/a/"), Some("arn:aws:s3:::logs/a"), true),
            (Some("arn:aws:s3:::logs"), Some("arn:aws:s3:::other"), false),
            (None, Some("arn:aws:s3:::logs"), false),
            (None, None, true),
        ] {
            assert_eq!(same_bucket(one, other), same, "{one:?} {other:?}");
        }
    }

    #[test]
    fn reads_where_records_go() {
        let base = || sdk::FlowLog::builder().flow_log_id("fl-1").traffic_type(TrafficType::Reject);
        let cloud = of(base().log_group_name("/x").log_destination("arn:aws:logs:::x").build());
        assert_eq!((cloud.log_group.as_deref(), cloud.bucket_arn), (Some("/x"), None));
        let bucket = base()
            .log_destination_type(LogDestinationType::S3)
            .log_destination("arn:aws:s3:::logs")
            .deliver_logs_status("FAILED")
            .deliver_logs_error_message("Access error");
        let bucket = of(bucket.build());
        assert_eq!(bucket.bucket_arn.as_deref(), Some("arn:aws:s3:::logs"));
        assert!(trouble(&bucket).unwrap().detail.contains("Access error"));
        assert_eq!(bucket.traffic, "REJECT");
    }
}
