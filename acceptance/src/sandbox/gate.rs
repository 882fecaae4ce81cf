//! What every call passes on its way in and out: it is counted, meets the faults set for it, and is recorded.
//!
//! The gateway leads AWS calls through it; other traffic of the sandbox, such as Kubernetes', may pass the same way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::faults::{Action, Due, Faults, Firing, KILLABLE, Moment, Subject};
use super::peer::Peer;
use super::process::Process;
use super::record::{Entry, Record};
use super::wire::ServiceError;

/// The faults and the record of one sandbox.
#[derive(Debug)]
pub struct Gate {
    /// The rules for what goes wrong.
    pub faults: Faults,
    /// What has passed.
    pub record: Record,
}

/// What a fault makes of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Interference {
    /// The caller gets this error.
    Error(ServiceError),
    /// The caller gets no answer: the connection is closed, by a reset.
    Drop,
}

/// A call on its way through the gate. It is recorded by [`Passage::finish`], or as unanswered when it is dropped.
#[derive(Debug)]
pub struct Passage {
    gate: Arc<Gate>,
    sequence: u64,
    subject: Subject,
    peer: Peer,
    due: Vec<Due>,
    started: Instant,
    entry: Option<Entry>,
}

impl Gate {
    /// Lets a call in: gives it its number and decides what it is to meet.
    pub async fn enter(self: &Arc<Self>, subject: Subject, peer: &Peer) -> Passage {
        let process = if self.faults.ask_for_executable() { peer.process().await } else { None };
        let executable = process.as_ref().map(|process| process.executable.as_str());
        // The number and the rules' counts follow the same order.
        let sequence = self.record.number();
        let due = self.faults.meet(&subject, executable);
        let entry = Entry {
            sequence,
            time: Utc::now(),
            service: subject.service.clone(),
            operation: subject.operation.clone(),
            account: subject.account.clone(),
            region: subject.region.clone(),
            status: 0,
            error: None,
            fault: None,
            user_agent: subject.user_agent.clone(),
            latency_milliseconds: 0.0,
            request_id: String::new(),
            process_id: None,
            executable: None,
        };
        Passage {
            gate: Arc::clone(self),
            sequence,
            subject,
            peer: peer.clone(),
            due,
            started: Instant::now(),
            entry: Some(entry),
        }
    }
}

impl Passage {
    /// Meets the faults of a moment. `None` lets the call go on.
    pub async fn meet(&mut self, moment: Moment) -> Option<Interference> {
        let due: Vec<Due> = self.due.iter().filter(|due| due.moment == moment).cloned().collect();
        for due in due {
            if let Some(entry) = &mut self.entry {
                entry.fault = Some(due.action.name());
            }
            if due.action == Action::Kill {
                match self.victim().await {
                    Ok(process) => return Some(self.kill(due.rule, &process).await),
                    Err(problem) => self.fired(due.rule, Some(problem)),
                }
                continue;
            }
            // Told at once: a caller that gives up takes this along.
            self.fired(due.rule, None);
            let interference = self.suffer(&due.action).await;
            if interference.is_some() {
                return interference;
            }
        }
        None
    }

    fn fired(&self, rule: u64, problem: Option<String>) {
        let firing = Firing {
            sequence: self.sequence,
            process_id: self.peer.known_process().map(|process| process.pid),
            problem,
        };
        self.gate.faults.fired(rule, firing);
    }

    async fn suffer(&self, action: &Action) -> Option<Interference> {
        let Subject { service, operation, protocol, .. } = &self.subject;
        match action {
            Action::Trouble { trouble, code } => {
                let mut error = trouble.of(*protocol, service, operation);
                if let Some(code) = code {
                    error.code.clone_from(code);
                }
                Some(Interference::Error(error))
            }
            Action::Error { code, message, status } => {
                let error = ServiceError::new(code, message).with_status(*status);
                Some(Interference::Error(error))
            }
            Action::Reset | Action::Kill => Some(Interference::Drop),
            Action::Hang => {
                self.peer.gone().cancelled().await;
                Some(Interference::Drop)
            }
            Action::Delay { milliseconds } => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                None
            }
        }
    }

    /// The process to kill.
    async fn victim(&self) -> Result<Process, String> {
        let process = self.peer.process().await.ok_or("the calling process is not known")?;
        if process.executable.starts_with(KILLABLE) {
            Ok(process)
        } else {
            Err(format!("{} is no provider of ours and is spared", process.executable))
        }
    }

    /// Kills the caller. All is written down before: whoever waits for its end may look at once.
    async fn kill(&mut self, rule: u64, process: &Process) -> Interference {
        if let Some(entry) = self.entry.take() {
            self.record(entry, self.started.elapsed());
        }
        self.fired(rule, None);
        if let Err(problem) = process.kill().await {
            tracing::error!("{problem}");
        }
        Interference::Drop
    }

    /// Records the call as answered with a status; `error` is the code of a failure.
    pub async fn finish(mut self, status: u16, error: Option<String>, request_id: &str) {
        let latency = self.started.elapsed();
        self.peer.process().await;
        if let Some(mut entry) = self.entry.take() {
            entry.status = status;
            entry.error = error;
            entry.request_id = request_id.to_owned();
            self.record(entry, latency);
        }
    }

    fn record(&self, mut entry: Entry, latency: Duration) {
        let process = self.peer.known_process();
        entry.process_id = process.as_ref().map(|process| process.pid);
        entry.executable = process.map(|process| process.executable);
        entry.latency_milliseconds = latency.as_secs_f64() * 1000.0;
        self.gate.record.add(entry);
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.record(entry, self.started.elapsed());
        }
    }
}
