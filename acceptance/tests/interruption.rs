//! Somebody presses Ctrl-C while the real terraform or OpenTofu applies: what was made is in the
//! state, and not tainted, and the next apply goes on, with a refresh and without.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::time::sleep;
use travel_acceptance::case::Case;
use travel_acceptance::sandbox::faults::{Action, Filter, KILLABLE, Rule};
use travel_acceptance::sandbox::{self, Options, Sandbox};
use travel_acceptance::terraform::{Core, Workspace};

/// How long the call waits for its answer at which somebody interrupts.
const HELD_MILLISECONDS: u64 = 1000;
/// How often to look whether the call is there, and whether the command has ended.
const LOOK: Duration = Duration::from_millis(50);
/// What a plan or an apply says to everybody.
const QUIET: [&str; 2] = ["-input=false", "-no-color"];

/// Applies until the call at a place, and interrupts there; whether the command had that many calls.
async fn interrupt(sandbox: &Sandbox, workspace: &Workspace, at: u64, more: &[&str]) -> bool {
    let filter = Filter { executable: KILLABLE.to_owned(), ..Filter::default() };
    let action = Action::Delay { milliseconds: HELD_MILLISECONDS };
    let rule = Rule { skip: at - 1, ..Rule::once(filter, action) };
    let rule = sandbox.add_fault(&rule).await.unwrap();
    let arguments = [&["apply", "-auto-approve"], &QUIET[..], more].concat();
    let mut child = workspace.start(&arguments).unwrap();
    let mut interrupted = false;
    loop {
        let ended = child.try_wait().unwrap();
        let fired = !sandbox.fault(rule).await.unwrap().fired.is_empty();
        if fired && !interrupted && ended.is_none() {
            let pid = i32::try_from(child.id().unwrap()).unwrap();
            kill(Pid::from_raw(pid), Signal::SIGINT).unwrap();
            interrupted = true;
        }
        if let Some(status) = ended {
            sandbox.clear_faults().await.unwrap();
            assert!(status.success() || fired, "an apply that nobody interrupted failed");
            return fired;
        }
        sleep(LOOK).await;
    }
}

/// The resources in the state, each with whether it is tainted and what it says of itself.
async fn resources(workspace: &Workspace) -> Vec<(String, bool, Option<String>)> {
    let shown = workspace.run(&["show", "-json"]).await.unwrap();
    let state: Value = serde_json::from_str(&shown).unwrap();
    let resources = state["values"]["root_module"]["resources"].as_array();
    let one = |resource: &Value| {
        let status = resource["values"]["status"].as_str().map(str::to_owned);
        let address = resource["address"].as_str().unwrap().to_owned();
        (address, resource["tainted"] == true, status)
    };
    resources.into_iter().flatten().map(one).collect()
}

async fn check(core: Core, type_name: &str) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let workspace = Workspace::new(core, sandbox.environment()).unwrap();
    let case = Case::of(type_name).unwrap();
    case.prepare(&workspace).await.unwrap();
    case.set_up(&workspace, &sandbox.client()).await.unwrap();
    workspace.write("main.tf", &case.steps[0].text).unwrap();
    let (mut at, mut was_incomplete) = (1, false);
    // The first apply refreshes nothing that was interrupted before.
    for more in [&[][..], &["-refresh=false"][..]].into_iter().cycle() {
        assert!(at < 1000, "{type_name} does not get on");
        let before = resources(&workspace).await;
        if !interrupt(&sandbox, &workspace, at, more).await {
            break;
        }
        let after = resources(&workspace).await;
        let tainted: Vec<_> = after.iter().filter(|(_, tainted, _)| *tainted).collect();
        assert!(tainted.is_empty(), "interrupted at call {at}: {tainted:?}");
        for (address, ..) in before {
            assert!(after.iter().any(|(it, ..)| *it == address), "the state has lost {address}");
        }
        was_incomplete |= after.iter().any(|(.., status)| status.as_deref() == Some("incomplete"));
        at = 2 * at + 1;
    }
    assert!(was_incomplete, "nothing was interrupted half-way");
    let second = workspace.plan(&[]).await.unwrap();
    assert!(second.is_empty(), "{second:?}");
    case.destroy(&workspace).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_apply_goes_on() {
    if sandbox::left_out() {
        return;
    }
    for core in Core::installed() {
        check(core, "travel_network").await;
    }
}
