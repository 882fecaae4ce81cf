//! The flow log of a network: records of its traffic, delivered to a log group or a bucket.

use async_trait::async_trait;
use aws_sdk_ec2::operation::create_flow_logs::CreateFlowLogsOutput;
use aws_sdk_ec2::types::{
    self as sdk, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType,
};
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::observed::FlowLog;
use super::work::{Work, token};
use super::{FlowLogs, log_group, role};
use crate::consistency::{Call, IAM, send_when_ready};
use crate::ec2;
use crate::error::{Reply, is_code, message};

/// The name of the part.
pub const NAME: &str = "flow_log";
/// What a role that IAM has just made is like for EC2, in the words of its error.
const NO_ROLE_YET: &str = "Unable to assume given IAM role";

/// The flow log. Nothing of it but its tags can be changed.
pub struct FlowLogPart;

#[async_trait]
impl<'a> Part<Work<'a>> for FlowLogPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let Some(wanted) = &work.wanted.flow_logs else { return Standing::Different };
        if is_another(work, &there, wanted) || work.is_mistagged(NAME, &there.tags) {
            Standing::Different
        } else {
            Standing::AsPlanned
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(wanted) = &work.wanted.flow_logs else { return Ok(()) };
        if let Some(there) = there(work) {
            if !is_another(work, &there, wanted) {
                return work.mend_tags(NAME, &there.id).await;
            }
            self.remove(work).await?;
        }
        make(work, wanted).await.map_err(|failure| failure.at_attribute("flow_logs"))
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = there(work) else { return Ok(()) };
        let request = work.ec2().delete_flow_logs().flow_log_ids(&there.id);
        let answer =
            request.send().await.found(&work.call.scope, &["InvalidFlowLogId.NotFound"])?;
        let what = format!("flow log {}", there.id);
        for item in answer.iter().flat_map(|answer| answer.unsuccessful()) {
            let (code, message) = ec2::reason(item);
            if code != "InvalidFlowLogId.NotFound" {
                return Err(refused(work, "delete", code, message).into());
            }
        }
        work.call
            .wait_until(&what, Pace::QUICK, || async {
                let place = ec2::filter("flow-log-id", &there.id);
                let found = work.ec2().describe_flow_logs().filter(place).send().await;
                let gone = found.at(&work.call.scope)?.flow_logs().is_empty();
                Ok(if gone { Look::Done(()) } else { Look::Pending("listed".to_owned()) })
            })
            .await?;
        work.note(|observed| observed.flow_log = None);
        Ok(())
    }
}

fn there(work: &Work<'_>) -> Option<FlowLog> {
    work.see(|observed| observed.flow_log.clone())
}

/// Whether the flow log that is there must give way to another one.
fn is_another(work: &Work<'_>, there: &FlowLog, wanted: &FlowLogs) -> bool {
    let group = work.wanted.log_group().map(|logs| log_group::name(work, logs));
    let role_arn = work.see(|observed| observed.role.as_ref().map(|it| it.role.arn.clone()));
    let role_differs = group.is_some() && there.role_arn != role_arn;
    role_differs
        || !same_bucket(there.bucket_arn.as_deref(), wanted.bucket_arn.as_deref())
        || there.log_group != group
        || there.traffic != wanted.traffic
        || there.interval_seconds != wanted.interval_seconds
        || there.format != wanted.format
}

/// Whether two ARNs name one place in a bucket: EC2 does not keep a final slash.
pub fn same_bucket(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(|arn| arn.trim_end_matches('/')) == other.map(|arn| arn.trim_end_matches('/'))
}

async fn make(work: &Work<'_>, wanted: &FlowLogs) -> Result<(), Failure> {
    let interval = i32::try_from(wanted.interval_seconds).unwrap_or(600);
    let mut request = work
        .ec2()
        .create_flow_logs()
        .client_token(token())
        .resource_type(FlowLogsResourceType::Vpc)
        .resource_ids(work.vpc_id()?)
        .traffic_type(TrafficType::from(wanted.traffic.as_str()))
        .max_aggregation_interval(interval)
        .log_format(&wanted.format)
        .tag_specifications(work.tag_specification(ResourceType::VpcFlowLog, NAME));
    let group = work.wanted.log_group().map(|logs| log_group::name(work, logs));
    let role_arn = match &group {
        Some(_) => Some(work.need(role::NAME, |it| Some(it.role.as_ref()?.role.arn.clone()))?),
        None => None,
    };
    request = match (&group, &wanted.bucket_arn) {
        (Some(group), _) => request
            .log_destination_type(LogDestinationType::CloudWatchLogs)
            .log_group_name(group)
            .set_deliver_logs_permission_arn(role_arn.clone()),
        (None, bucket) => {
            request.log_destination_type(LogDestinationType::S3).set_log_destination(bucket.clone())
        }
    };
    // EC2 tries to assume the role: that is what tells when IAM has spread it.
    let answer = send_when_ready(
        work.call,
        IAM,
        |error| is_code(error, &["InvalidParameter"]) && message(error).contains(NO_ROLE_YET),
        || request.clone().send(),
    );
    let id = created(work, answer.await?)?;
    let flow_log = FlowLog {
        id,
        tags: work.tags(NAME),
        bucket_arn: if group.is_some() { None } else { wanted.bucket_arn.clone() },
        log_group: group,
        role_arn,
        traffic: wanted.traffic.clone(),
        interval_seconds: wanted.interval_seconds,
        format: wanted.format.clone(),
        trouble: None,
    };
    work.note(|observed| observed.flow_log = Some(flow_log));
    Ok(())
}

/// The id of what was made. EC2 answers well even where it has made nothing.
fn created(work: &Work<'_>, answer: CreateFlowLogsOutput) -> Result<String, Failure> {
    if let Some(item) = answer.unsuccessful().first() {
        let (code, message) = ec2::reason(item);
        return Err(refused(work, "create", code, message).into());
    }
    let id = answer.flow_log_ids.into_iter().flatten().next();
    id.ok_or_else(|| refused(work, "create", "no error code", "no flow log was made").into())
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
        role_arn: found.deliver_logs_permission_arn,
        traffic: found.traffic_type.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        interval_seconds: found
            .max_aggregation_interval
            .and_then(|it| u32::try_from(it).ok())
            .unwrap_or_default(),
        format: found.log_format.unwrap_or_default(),
        trouble: failed.then(|| found.deliver_logs_error_message.unwrap_or_default()),
    }
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
