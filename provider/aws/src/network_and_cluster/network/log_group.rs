//! The log group that a network's flow log writes to.

use async_trait::async_trait;
use travel_framework::Failure;
use travel_framework::ownership::{self, Mark};
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::FlowLogs;
use super::work::Work;
use crate::network_and_cluster::log_group::{LogGroup, Wanted};
use crate::tags::{Tags, mark};

/// The name of the part.
pub const NAME: &str = "log_group";
/// How long records are kept where the configuration does not say.
pub const RETENTION_DAYS: u32 = 30;

/// The log group.
pub struct LogGroupPart;

/// The name of a network's log group where the configuration does not say.
pub fn default_name(network: &str) -> String {
    format!("/travel/network/{network}/flow-logs")
}

/// The name that the log group is to have.
pub fn name(work: &Work<'_>, logs: &FlowLogs) -> String {
    logs.log_group.clone().unwrap_or_else(|| default_name(&work.wanted.name))
}

#[async_trait]
impl<'a> Part<Work<'a>> for LogGroupPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let Some(logs) = work.wanted.log_group() else { return Standing::Different };
        let fits = there.fits(&wanted(work, logs)) && !work.is_mistagged(NAME, &there.tags);
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(logs) = work.wanted.log_group() else { return Ok(()) };
        let wanted = wanted(work, logs);
        let mut there = match there(work) {
            Some(there) if there.name == wanted.name => there,
            before => {
                let made = make(work, &wanted).await?;
                if let Some(before) = before {
                    // Only now: what cannot be made must not cost the records that there are.
                    LogGroup::delete(work.call, &before.name).await?;
                }
                made
            }
        };
        let changes = work.tag_changes(NAME, &there.tags);
        let mended = there.mend(work.call, &wanted, &changes).await;
        work.note(|observed| observed.log_group = Some(there));
        mended
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = there(work) else { return Ok(()) };
        LogGroup::delete(work.call, &there.name).await?;
        work.note(|observed| observed.log_group = None);
        Ok(())
    }
}

fn there(work: &Work<'_>) -> Option<LogGroup> {
    work.see(|observed| observed.log_group.clone())
}

fn wanted(work: &Work<'_>, logs: &FlowLogs) -> Wanted {
    Wanted {
        name: name(work, logs),
        retention_days: logs.retention_days.unwrap_or(RETENTION_DAYS),
        kms_key_arn: logs.kms_key_arn.clone(),
        path: Path::attribute("flow_logs"),
    }
}

/// Makes the log group, or goes on with one that an earlier attempt has made.
async fn make(work: &Work<'_>, wanted: &Wanted) -> Result<LogGroup, Failure> {
    let may_be_ours = |tags: &Tags| match mark(tags) {
        Some(mark) if work.call.claim.owns(&mark) => Ok(()),
        mark => {
            let path = wanted.path.field("log_group");
            Err(taken(&format!("log group {}", wanted.name), mark.as_ref(), path))
        }
    };
    let made = LogGroup::make(work.call, wanted, work.tags(NAME), may_be_ours).await?;
    work.note(|observed| observed.log_group = Some(made.clone()));
    Ok(made)
}

/// The error for something under the name of a part that is not the network's.
pub fn taken(what: &str, mark: Option<&Mark>, path: Path) -> Failure {
    let remedy = "Give this network's another name here, or remove that one.";
    ownership::taken(what, mark, remedy).at(path).into()
}
