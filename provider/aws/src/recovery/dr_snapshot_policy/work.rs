//! What the parts of a snapshot policy share while they are made, changed and removed.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::parts::Seen;
use travel_framework::wait::Pace;
use travel_framework::{Diagnostic, Failure};

use super::observed::Observed;
use super::wanted::{Side, Wanted};
use crate::Scope;
use crate::consistency::Call;
use crate::tags::{PART_TAG, TagChanges, Tags};

/// How long to wait until a read shows what was just written.
const SETTLING: Duration = Duration::from_secs(30);

/// Why the operation works on the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To see what is not as it should be. Marks do not count: an imported object has none yet.
    Read,
    /// To make them: that there is nothing of an earlier attempt is certain.
    Create,
    /// To change, complete or remove them.
    Update,
}

/// Parts under way.
pub struct Work<'a> {
    /// The operation.
    pub call: &'a Call,
    /// What there is to be.
    pub wanted: Wanted,
    /// When it began.
    pub begun: Instant,
    /// Why it works.
    pub purpose: Purpose,
    backup: Option<Scope>,
    before: BTreeSet<String>,
    observed: Seen<Observed>,
}

impl<'a> Work<'a> {
    /// The work from what is there, in two accounts, to what is wanted. `before` are the tags that
    /// the parts had.
    pub fn new(
        call: &'a Call,
        backup: Option<Scope>,
        wanted: Wanted,
        before: Option<&Tags>,
        observed: Observed,
        purpose: Purpose,
    ) -> Self {
        Self {
            call,
            wanted,
            begun: Instant::now(),
            purpose,
            backup,
            before: before.into_iter().flatten().map(|(key, _)| key.clone()).collect(),
            observed: Seen::new(observed),
        }
    }

    /// Looks at what is there.
    pub fn see<T>(&self, look: impl FnOnce(&Observed) -> T) -> T {
        self.observed.see(look)
    }

    /// Notes a change of what is there.
    pub fn note(&self, change: impl FnOnce(&mut Observed)) {
        self.observed.note(change);
    }

    /// What is there, when all is done.
    pub fn into_observed(self) -> Observed {
        self.observed.into_inner()
    }

    /// Where the calls of a side go.
    ///
    /// # Errors
    /// Where there is no backup account, which the parts rule out.
    pub fn scope(&self, side: Side) -> Result<&Scope, Failure> {
        match side {
            Side::Source => Ok(&self.call.scope),
            Side::Backup => self.backup.as_ref().ok_or_else(|| mistake("backup account")),
        }
    }

    /// The id of the policy for the volumes.
    ///
    /// # Errors
    /// Where it is not made yet, which the order of the parts rules out.
    pub fn policy_id(&self) -> Result<String, Failure> {
        let id = self.see(|it| it.source.policy.as_ref().map(|policy| policy.id.clone()));
        id.ok_or_else(|| mistake("policy"))
    }

    /// The tags that a part is to have, its mark included.
    pub fn tags(&self, part: &str) -> Tags {
        let mut tags = self.wanted.tags();
        tags.extend(self.call.claim.tags());
        tags.insert(PART_TAG.to_owned(), part.to_owned());
        tags
    }

    /// What makes the tags of a part those it is to have. Tags that others have added stay.
    pub fn tag_changes(&self, part: &str, there: &Tags) -> TagChanges {
        let mut changes = TagChanges::toward(self.tags(part), there, &self.before);
        if self.purpose == Purpose::Read {
            changes.set.retain(|key, _| !Mark::is_tag(key));
        }
        changes
    }
}

/// What a look shows, once that is `as_wanted`, so that the next plan is empty. If it takes longer
/// than the service should need, the next plan will tell.
///
/// # Errors
/// As a look fails; [`Failure::Interrupted`] when asked to stop.
pub async fn settled<T, F>(
    call: &Call,
    look: impl Fn() -> F,
    as_wanted: impl Fn(&T) -> bool,
) -> Result<Option<T>, Failure>
where
    F: Future<Output = Result<Option<T>, Failure>>,
{
    let until = (Instant::now() + SETTLING).min(call.deadline);
    let mut attempt = 0;
    loop {
        let shown = look().await?;
        if shown.as_ref().is_some_and(&as_wanted) || Instant::now() >= until {
            return Ok(shown);
        }
        call.pause(Pace::QUICK.pause(attempt)).await?;
        attempt += 1;
    }
}

/// The error where a part uses what the order of the parts, or which parts there are, rules out.
pub fn mistake(what: &str) -> Failure {
    Diagnostic::error(
        "a mistake in the provider",
        format!("The {what} was used before it was there. Report it."),
    )
    .into()
}
