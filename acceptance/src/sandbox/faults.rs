//! Rules for what goes wrong: which calls, the how-manieth of them, and what happens then.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::record::wildcard;
use super::trouble::Trouble;
use super::wire::Protocol;

/// The programs a kill may hit.
pub const KILLABLE: &str = "terraform-provider-travel";

/// What a call is to the rules: its description without its content.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The service's name.
    pub service: String,
    /// The operation's name.
    pub operation: String,
    /// How an error would be written.
    pub protocol: Protocol,
    /// The account it works in.
    pub account: String,
    /// The region it works in.
    pub region: String,
    /// The caller's user agent.
    pub user_agent: String,
}

/// Which calls a rule is for; an empty field means any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// The service by its name in the routing table.
    pub service: String,
    /// The operation; `*` stands for any text.
    pub operation: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// A part of the user agent.
    pub user_agent: String,
    /// The start of the file name of the calling program.
    pub executable: String,
    /// Calls that only read, or only those that do not.
    pub kind: Kind,
    /// Calls that are left out, as `service:operation`; `*` stands for any text.
    pub except: Vec<String>,
}

/// Whether a call changes anything, judged by the operation's verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Both.
    #[default]
    Any,
    /// `Describe…`, `List…`, `Get…` and the like.
    Read,
    /// All others.
    Write,
}

/// When, seen from the backend, it happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The backend never sees the call.
    #[default]
    Before,
    /// The backend has done its work, and the caller does not learn of it.
    After,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// An error that any service can report, in the shape of this one.
    Trouble {
        /// Which.
        trouble: Trouble,
        /// Another code than the service's usual one.
        #[serde(default)]
        code: Option<String>,
    },
    /// An error of this code.
    Error {
        /// The code.
        code: String,
        /// The sentence.
        #[serde(default)]
        message: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection is reset.
    Reset,
    /// No answer comes until the caller gives up.
    Hang,
    /// The answer comes later.
    Delay {
        /// By how much.
        milliseconds: u64,
    },
    /// The calling process is killed with SIGKILL, if it is a provider of ours.
    Kill,
}

impl Action {
    /// Its name in the record.
    pub fn name(&self) -> String {
        match self {
            Self::Trouble { trouble, .. } => serde_json::to_value(trouble)
                .ok()
                .and_then(|name| name.as_str().map(str::to_owned))
                .unwrap_or_default(),
            Self::Error { code, .. } => code.clone(),
            Self::Reset => "reset".to_owned(),
            Self::Hang => "hang".to_owned(),
            Self::Delay { .. } => "delay".to_owned(),
            Self::Kill => "kill".to_owned(),
        }
    }
}

/// How many calls a service takes from an account in a region: a bucket of tokens, of which each call takes one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// How many tokens come in a second.
    pub per_second: f64,
    /// How many the bucket holds; it is full at first.
    pub burst: f64,
}

/// A rule: of the calls its filter covers, `skip` pass, and `times` after that meet the action; where there is an
/// allowance, only those for which it has nothing left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which calls.
    #[serde(default)]
    pub filter: Filter,
    /// How many of them pass first.
    #[serde(default)]
    pub skip: u64,
    /// How many meet the action then; null for all.
    #[serde(default = "once")]
    pub times: Option<u64>,
    /// What of these calls a service takes.
    #[serde(default)]
    pub above: Option<Allowance>,
    /// When.
    #[serde(default)]
    pub moment: Moment,
    /// What.
    pub action: Action,
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn once() -> Option<u64> {
    Some(1)
}

impl Rule {
    /// A rule that applies to the first call its filter covers.
    pub fn once(filter: Filter, action: Action) -> Self {
        let (skip, times, moment) = (0, Some(1), Moment::Before);
        Self { filter, skip, times, above: None, moment, action }
    }

    /// The rule of a service that throttles what is above this allowance.
    pub fn limit(service: &str, allowance: Allowance) -> Self {
        let action = Action::Trouble { trouble: Trouble::Throttled, code: None };
        let filter = Filter::of(service, "");
        Self { times: None, above: Some(allowance), ..Self::once(filter, action) }
    }

    /// The rule that kills the provider at the `k`-th call (from 1) its filter covers.
    pub fn kill_at(filter: Filter, k: u64, moment: Moment) -> Self {
        Self { skip: k.saturating_sub(1), moment, ..Self::once(filter, Action::Kill) }
    }
}

/// A rule with what has come of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The number to name it by.
    pub id: u64,
    /// The rule.
    pub rule: Rule,
    /// How many calls its filter has covered.
    pub matched: u64,
    /// The calls that met its action.
    pub fired: Vec<Firing>,
}

/// A call that met a rule's action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// The call's number in the record.
    pub sequence: u64,
    /// The process it came from, where it is known.
    pub process_id: Option<i32>,
    /// Why the action did not succeed.
    pub problem: Option<String>,
}

/// An action that a call is to meet.
#[derive(Clone, Debug)]
pub struct Due {
    /// The rule's number.
    pub rule: u64,
    /// When.
    pub moment: Moment,
    /// What.
    pub action: Action,
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    standing: Vec<Standing>,
    /// What is left of allowances, by rule, service, account and region.
    buckets: HashMap<(u64, String, String, String), Bucket>,
}

/// The tokens of an allowance.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    /// Takes a token, if there is one.
    fn take(&mut self, allowance: Allowance, now: Instant) -> bool {
        let came = now.duration_since(self.filled).as_secs_f64() * allowance.per_second;
        self.tokens = (self.tokens + came).min(allowance.burst);
        self.filled = now;
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }
}

impl Faults {
    /// Adds a rule and returns its number. A kill only ever covers calls of a provider of ours.
    pub fn add(&self, mut rule: Rule) -> u64 {
        if rule.action == Action::Kill && !rule.filter.executable.starts_with(KILLABLE) {
            rule.filter.executable = KILLABLE.to_owned();
        }
        let mut state = self.state();
        state.last += 1;
        let id = state.last;
        state.standing.push(Standing { id, rule, matched: 0, fired: Vec::new() });
        id
    }

    /// Takes a rule away; false where there is none of that number.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.state();
        let before = state.standing.len();
        state.standing.retain(|standing| standing.id != id);
        state.standing.len() != before
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.state().standing.clear();
    }

    /// All rules with what has come of them.
    pub fn list(&self) -> Vec<Standing> {
        self.state().standing.clone()
    }

    /// Whether a rule asks for the program of the caller.
    pub fn ask_for_executable(&self) -> bool {
        self.state().standing.iter().any(|standing| !standing.rule.filter.executable.is_empty())
    }

    /// Counts a call and returns what it is to meet, in the order of the rules.
    pub fn meet(&self, subject: &Subject, executable: Option<&str>) -> Vec<Due> {
        let mut due = Vec::new();
        let State { standing, buckets, .. } = &mut *self.state();
        for standing in standing {
            let rule = &standing.rule;
            if !rule.filter.covers(subject, executable) {
                continue;
            }
            standing.matched += 1;
            let past = standing.matched > rule.skip;
            let within = rule.times.is_none_or(|times| standing.matched <= rule.skip + times);
            let is_allowed = rule.above.is_some_and(|allowance| {
                let Subject { service, account, region, .. } = subject.clone();
                let key = (standing.id, service, account, region);
                let now = Instant::now();
                let full = Bucket { tokens: allowance.burst, filled: now };
                buckets.entry(key).or_insert(full).take(allowance, now)
            });
            if past && within && !is_allowed {
                let action = rule.action.clone();
                due.push(Due { rule: standing.id, moment: rule.moment, action });
            }
        }
        due
    }

    /// Notes that a call has met a rule's action.
    pub fn fired(&self, rule: u64, firing: Firing) {
        let mut state = self.state();
        if let Some(standing) = state.standing.iter_mut().find(|standing| standing.id == rule) {
            standing.fired.push(firing);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Filter {
    /// The calls of one operation of a service.
    pub fn of(service: &str, operation: &str) -> Self {
        let (service, operation) = (service.to_owned(), operation.to_owned());
        Self { service, operation, ..Self::default() }
    }

    fn covers(&self, subject: &Subject, executable: Option<&str>) -> bool {
        let is = |wanted: &str, value: &str| wanted.is_empty() || wanted == value;
        is(&self.service, &subject.service)
            && (self.operation.is_empty() || wildcard(&self.operation, &subject.operation))
            && is(&self.account, &subject.account)
            && is(&self.region, &subject.region)
            && subject.user_agent.contains(&self.user_agent)
            && executable.unwrap_or_default().starts_with(&self.executable)
            && match self.kind {
                Kind::Any => true,
                Kind::Read => reads(&subject.operation),
                Kind::Write => !reads(&subject.operation),
            }
            && !self.leaves_out(subject)
    }

    fn leaves_out(&self, subject: &Subject) -> bool {
        let name = format!("{}:{}", subject.service, subject.operation);
        self.except.iter().any(|pattern| wildcard(pattern, &name))
    }
}

/// Whether an operation only reads.
pub fn reads(operation: &str) -> bool {
    const VERBS: [&str; 12] = [
        "Describe", "List", "Get", "Head", "BatchGet", "Search", "Lookup", "Query", "Scan",
        "Preview", "get", "watch",
    ];
    VERBS.iter().any(|verb| operation.starts_with(verb)) || operation.starts_with("list")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(service: &str, operation: &str) -> Subject {
        Subject {
            service: service.to_owned(),
            operation: operation.to_owned(),
            protocol: Protocol::Ec2,
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            user_agent: "aws-sdk-rust deployment/dev".to_owned(),
        }
    }

    fn check(filter: Filter, executable: Option<&str>, expected: bool) {
        let covered = filter.covers(&subject("ec2", "CreateVpc"), executable);
        assert_eq!(covered, expected, "{filter:?}");
    }

    #[test]
    fn filters_cover_what_they_name() {
        let any = Filter::default();
        check(any.clone(), None, true);
        check(Filter::of("ec2", "Create*"), None, true);
        check(Filter::of("ec2", "CreateSubnet"), None, false);
        check(Filter::of("kms", ""), None, false);
        check(Filter { kind: Kind::Read, ..any.clone() }, None, false);
        check(Filter { kind: Kind::Write, ..any.clone() }, None, true);
        check(Filter { user_agent: "deployment/dev".into(), ..any.clone() }, None, true);
        check(Filter { account: "222233334444".into(), ..any.clone() }, None, false);
        let except = |pattern: &str| Filter { except: vec![pattern.to_owned()], ..any.clone() };
        check(except("ec2:Create*"), None, false);
        check(except("kms:CreateVpc"), None, true);
        let ours = Filter { executable: KILLABLE.into(), ..any };
        check(ours.clone(), None, false);
        check(ours.clone(), Some("terraform"), false);
        check(ours, Some("terraform-provider-travel_v0.1.0"), true);
    }

    #[test]
    fn rules_let_some_pass_and_end() {
        let faults = Faults::default();
        let filter = Filter::of("ec2", "CreateVpc");
        let rule = Rule { skip: 1, times: Some(2), ..Rule::once(filter, Action::Reset) };
        let id = faults.add(rule);
        let met: Vec<usize> =
            (0..5).map(|_| faults.meet(&subject("ec2", "CreateVpc"), None).len()).collect();
        assert_eq!(met, [0, 1, 1, 0, 0]);
        assert_eq!(faults.meet(&subject("ec2", "DeleteVpc"), None).len(), 0);
        assert_eq!(faults.list()[0].matched, 5);
        assert!(faults.remove(id) && !faults.remove(id));
    }

    #[test]
    fn an_allowance_fills_as_time_goes_by() {
        let allowance = Allowance { per_second: 2.0, burst: 3.0 };
        let begun = Instant::now();
        let mut bucket = Bucket { tokens: allowance.burst, filled: begun };
        let mut at = |milliseconds| {
            let now = begun + std::time::Duration::from_millis(milliseconds);
            std::iter::from_fn(|| bucket.take(allowance, now).then_some(())).count()
        };
        assert_eq!([at(0), at(0), at(400), at(1000), at(60_000)], [3, 0, 0, 2, 3]);
    }

    #[test]
    fn what_is_above_an_allowance_meets_the_action() {
        let faults = Faults::default();
        faults.add(Rule::limit("ec2", Allowance { per_second: 0.001, burst: 2.0 }));
        let met = |account: &str| {
            let subject = Subject { account: account.to_owned(), ..subject("ec2", "CreateVpc") };
            (0..4).map(|_| faults.meet(&subject, None).len()).collect::<Vec<_>>()
        };
        assert_eq!(met("111122223333"), [0, 0, 1, 1]);
        assert_eq!(met("444455556666"), [0, 0, 1, 1]);
    }

    #[test]
    fn kills_are_for_our_provider_only() {
        let faults = Faults::default();
        let anybody = Filter { executable: "bash".into(), ..Filter::default() };
        faults.add(Rule::kill_at(anybody, 2, Moment::After));
        let rule = &faults.list()[0].rule;
        assert_eq!((rule.filter.executable.as_str(), rule.skip), (KILLABLE, 1));
    }

    #[test]
    fn rules_have_short_forms_in_json() {
        let rule: Rule = serde_json::from_str(
            r#"{"filter": {"service": "kms", "kind": "write"}, "action": {"kind": "trouble", "trouble": "throttled"}}"#,
        )
        .unwrap();
        assert_eq!(
            (rule.times, rule.moment, rule.action.name()),
            (Some(1), Moment::Before, "throttled".into())
        );
        assert!(serde_json::from_str::<Rule>(r#"{"action": {"kind": "nonsense"}}"#).is_err());
        assert!(
            serde_json::from_str::<Rule>(r#"{"filters": {}, "action": {"kind": "reset"}}"#)
                .is_err()
        );
    }
}
