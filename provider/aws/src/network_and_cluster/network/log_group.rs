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

/// A log group: the wanted one, or one to be removed.
pub struct LogGroupPart {
    /// Its name.
    pub name: String,
}

/// The name of the part that is the log group of this name.
pub fn part(name: &str) -> String {
    format!("{NAME}/{name}")
}

/// The name of a network's log group where the configuration does not say.
pub fn default_name(network: &str) -> String {
    format!("/travel/network/{network}/flow-logs")
}

/// The name that the log group of a network is to have.
pub fn name(network: &str, logs: &FlowLogs) -> String {
    logs.log_group.clone().unwrap_or_else(|| default_name(network))
}

#[async_trait]
impl<'a> Part<Work<'a>> for LogGroupPart {
    fn name(&self) -> String {
        part(&self.name)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let Some(logs) = work.wanted.log_group() else { return Standing::Different };
        let fits = there.fits(&self.wanted(logs)) && !work.is_mistagged(NAME, &there.tags);
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(logs) = work.wanted.log_group() else { return Ok(()) };
        let wanted = self.wanted(logs);
        let mut there = match self.there(work) {
            Some(there) => there,
            None => make(work, &wanted).await?,
        };
        let changes = work.tag_changes(NAME, &there.tags);
        let mended = there.mend(work.call, &wanted, &changes).await;
        note(work, there);
        mended
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        LogGroup::delete(work.call, &self.name).await?;
        work.note(|observed| drop(observed.log_groups.remove(&self.name)));
        Ok(())
    }
}

impl LogGroupPart {
    fn there(&self, work: &Work<'_>) -> Option<LogGroup> {
        work.see(|observed| observed.log_groups.get(&self.name).cloned())
    }

    fn wanted(&self, logs: &FlowLogs) -> Wanted {
        Wanted {
            name: self.name.clone(),
            retention_days: logs.retention_days.unwrap_or(RETENTION_DAYS),
            kms_key_arn: logs.kms_key_arn.clone(),
            path: Path::attribute("flow_logs"),
        }
    }
}

fn note(work: &Work<'_>, group: LogGroup) {
    work.note(|observed| drop(observed.log_groups.insert(group.name.clone(), group)));
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
    note(work, made.clone());
    Ok(made)
}

/// The error for something under the name of a part that is not the network's.
pub fn taken(what: &str, mark: Option<&Mark>, path: Path) -> Failure {
    let remedy = "Give this network's another name here, or remove that one.";
    ownership::taken(what, mark, remedy).at(path).into()
}
