//! What a check before an apply finds: whether something is as an apply needs it, and what to do
//! where it is not.

use crate::diagnostic::Diagnostic;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All is well.
    Ok,
    /// An apply may fail, or it cannot be told.
    Warning,
    /// An apply that needs it will fail.
    Failed,
}

impl Verdict {
    /// As people and programs read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One line of what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing was looked at: `credentials`, `quota`.
    pub check: &'static str,
    /// Which one: an account, a cluster, a chart.
    pub subject: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// What to do about it, where something is to be done.
    pub remedy: String,
}

impl Finding {
    /// That something is as it should be.
    pub fn ok(check: &'static str, subject: impl Into<String>, message: impl Into<String>) -> Self {
        let (subject, message) = (subject.into(), message.into());
        Self { check, subject, verdict: Verdict::Ok, message, remedy: String::new() }
    }

    /// That something may not be as it should be.
    pub fn warning(
        check: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let remedy = remedy.into();
        Self { verdict: Verdict::Warning, remedy, ..Self::ok(check, subject, message) }
    }

    /// That something is not as it should be.
    pub fn failed(
        check: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { verdict: Verdict::Failed, ..Self::warning(check, subject, message, remedy) }
    }

    /// What an error says: what happened, and in its detail why, and what to do.
    pub fn of(check: &'static str, subject: impl Into<String>, error: Diagnostic) -> Self {
        Self::failed(check, subject, error.summary, error.detail)
    }

    /// The same, where an apply may go well all the same.
    #[must_use]
    pub fn lenient(self) -> Self {
        Self { verdict: self.verdict.min(Verdict::Warning), ..self }
    }
}
