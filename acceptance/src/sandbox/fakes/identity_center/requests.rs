//! What has been asked for and is carried out in the background.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::assignments::Assignment;
use super::{State, missing};
use crate::sandbox::wire::ServiceError;

/// After how long a request is done that nobody asks for.
const LONGEST: Duration = Duration::from_millis(400);

/// Something to be done.
#[derive(Debug)]
pub(super) struct Request {
    work: Work,
    /// Why nothing will come of it.
    obstacle: Option<String>,
    asked: Instant,
    looks_left: u32,
    is_done: bool,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Assign(Assignment),
    Unassign(Assignment),
    /// Bring a set to these accounts.
    Provision {
        set: String,
        accounts: Vec<String>,
    },
}

impl Work {
    /// Whether it is about this set in this account; in any account where none is named.
    fn is_about(&self, set: &str, account: Option<&str>) -> bool {
        let of = |it: &str| account.is_none_or(|account| account == it);
        match self {
            Self::Assign(it) | Self::Unassign(it) => it.set == set && of(&it.account),
            Self::Provision { set: other, accounts } => {
                other == set && (account.is_none() || accounts.iter().any(|it| of(it)))
            }
        }
    }
}

impl Request {
    fn shown(&self, id: &str) -> Value {
        let status = match (&self.obstacle, self.is_done) {
            (_, false) => "IN_PROGRESS",
            (None, true) => "SUCCEEDED",
            (Some(_), true) => "FAILED",
        };
        let reason = self.obstacle.as_ref().filter(|_| self.is_done);
        let mut shown = json!({"Status": status, "RequestId": id, "FailureReason": reason});
        match &self.work {
            Work::Assign(it) | Work::Unassign(it) => {
                shown["TargetId"] = it.account.as_str().into();
                shown["TargetType"] = "AWS_ACCOUNT".into();
                shown["PermissionSetArn"] = it.set.as_str().into();
                shown["PrincipalType"] = it.kind.as_str().into();
                shown["PrincipalId"] = it.principal.as_str().into();
            }
            Work::Provision { set, .. } => shown["PermissionSetArn"] = set.as_str().into(),
        }
        shown
    }
}

impl State {
    /// Takes a request in, and shows it.
    pub(super) fn ask(&mut self, work: Work, obstacle: Option<String>, now: Instant) -> Value {
        let id = Uuid::new_v4().to_string();
        let looks_left = self.pending_describes;
        let request = Request { work, obstacle, asked: now, looks_left, is_done: false };
        let shown = request.shown(&id);
        self.requests.insert(id, request);
        shown
    }

    /// Whether something about a set (in an account) is under way.
    pub(super) fn is_busy(&self, set: &str, account: Option<&str>) -> bool {
        self.requests.values().any(|it| !it.is_done && it.work.is_about(set, account))
    }

    pub(super) fn describe_request(&mut self, id: &str, name: &str) -> Result<Value, ServiceError> {
        let request =
            self.requests.get_mut(id).ok_or_else(|| missing("there is no such request"))?;
        let is_due = request.looks_left == 0;
        request.looks_left = request.looks_left.saturating_sub(1);
        if is_due && !request.is_done {
            self.finish(id);
        }
        Ok(json!({name: self.requests.get(id).map(|request| request.shown(id))}))
    }

    /// Ends the requests whose time has come.
    pub(super) fn settle(&mut self, now: Instant) {
        let is_due = |it: &Request| !it.is_done && now.duration_since(it.asked) >= LONGEST;
        let due = self.requests.iter().filter(|(_, it)| is_due(it));
        let due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
        due.iter().for_each(|id| self.finish(id));
    }

    fn finish(&mut self, id: &str) {
        let Some(request) = self.requests.get_mut(id) else { return };
        request.is_done = true;
        if request.obstacle.is_some() {
            return;
        }
        let revision = |state: &Self, set: &str| state.sets.get(set).map_or(0, |it| it.revision);
        match request.work.clone() {
            Work::Assign(it) => {
                let revision = revision(self, &it.set);
                let place = (it.set.clone(), it.account.clone());
                self.provisioned.entry(place).or_insert(revision);
                self.assignments.insert(it);
            }
            Work::Unassign(it) => {
                self.assignments.remove(&it);
                if !self.is_assigned(&it.set, &it.account) {
                    self.provisioned.remove(&(it.set, it.account));
                }
            }
            Work::Provision { set, accounts } => {
                let revision = revision(self, &set);
                for account in accounts {
                    self.provisioned.insert((set.clone(), account), revision);
                }
            }
        }
    }
}
