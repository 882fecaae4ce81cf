//! The log group of the control plane. EKS would make one without an end to its records; made
//! before the cluster, it has the platform's retention, key and tags from the start.

use async_trait::async_trait;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::work::Work;
use crate::network_and_cluster::log_group::{LogGroup, Wanted};
use crate::tags::{Tags, mark};

/// The name of the part.
pub const NAME: &str = "log_group";

/// The name that EKS gives to the log group of a cluster.
pub fn name(cluster: &str) -> String {
    format!("/aws/eks/{cluster}/cluster")
}

/// The log group.
pub struct LogGroupPart;

fn there(work: &Work<'_>) -> Option<LogGroup> {
    work.see(|observed| observed.log_group.clone())
}

#[async_trait]
impl<'w> Part<Work<'w>> for LogGroupPart {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let Some(there) = there(work) else { return Standing::Absent };
        let tagged = work.tag_changes(None, None, &there.tags).is_empty();
        if tagged && there.fits(&wanted(work)) { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let wanted = wanted(work);
        let mut there = match there(work) {
            Some(there) => there,
            None => make(work, &wanted).await?,
        };
        let changes = work.tag_changes(None, None, &there.tags);
        let mended = there.mend(work.call, &wanted, &changes).await;
        work.note(|observed| observed.log_group = Some(there));
        mended
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(there) = there(work) else { return Ok(()) };
        LogGroup::delete(work.call, &there.name).await?;
        work.note(|observed| observed.log_group = None);
        Ok(())
    }
}

fn wanted(work: &Work<'_>) -> Wanted {
    let logs = &work.wanted.logs;
    Wanted {
        name: name(work.cluster()),
        retention_days: logs.retention_days,
        kms_key_arn: logs.kms_key_arn.clone(),
        path: Path::attribute("logs"),
    }
}

/// Makes the log group, or takes over the one that is there: nobody but EKS makes one of this
/// name, and what EKS makes has no mark.
async fn make(work: &Work<'_>, wanted: &Wanted) -> Result<LogGroup, Failure> {
    let may_be_ours = |tags: &Tags| match mark(tags) {
        Some(_) => work.must_own(&format!("log group {}", wanted.name), tags, wanted.path.clone()),
        None => Ok(()),
    };
    let made = LogGroup::make(work.call, wanted, work.tags(None), may_be_ours).await?;
    work.note(|observed| observed.log_group = Some(made.clone()));
    Ok(made)
}
