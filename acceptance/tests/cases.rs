//! Every resource through its case with the real terraform or OpenTofu, in turn, on the sandbox; with
//! FULL=1 with both.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use tokio::sync::Semaphore;
use travel_acceptance::case::Case;
use travel_acceptance::sandbox::faults::{Filter, Kind, Moment};
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::stage;
use travel_acceptance::terraform::{Core, Workspace};

/// A sandbox takes over a gigabyte, so that there are only two at a time.
static PLACES: Semaphore = Semaphore::const_new(2);

/// One of so many resources is killed with a real core.
const KILLED: usize = 3;

/// Whether everything is to be tried that there is, and not a part.
fn in_full() -> bool {
    std::env::var_os("FULL").is_some()
}

/// The place of a resource among all.
fn place(type_name: &str) -> usize {
    TYPES.iter().position(|name| *name == type_name).unwrap()
}

async fn run_case(type_name: &str) {
    let case = Case::of(type_name).unwrap();
    if stage::left_out(case.cluster()) {
        return;
    }
    let _place = PLACES.acquire().await.unwrap();
    let cores = Core::installed();
    assert!(!cores.is_empty(), "neither terraform nor tofu is there: run `make tools`");
    let one = [cores[place(type_name) % cores.len()]];
    for &core in if in_full() { &cores[..] } else { &one } {
        let sandbox = stage::start(case.cluster()).await.unwrap();
        let workspace = Workspace::new(core, sandbox.environment()).unwrap();
        let ended = case.run(&workspace, &sandbox.client()).await;
        assert!(ended.is_ok(), "{core:?}: {:?}", ended.err());
    }
}

/// Kills the provider at one writing call after another of the first step's apply, in turn before
/// the call arrives and after it was carried out. Each apply goes on from what the one before has
/// left; in the end the plan is empty, and the case ends as it always does. A sample of the calls
/// by default, of every third resource: the conformance checks kill at calls of each, without a real
/// core. Every call of every resource with FULL=1.
async fn kill_case(type_name: &str) {
    let case = Case::of(type_name).unwrap();
    let every_call = in_full();
    if !(every_call || place(type_name).is_multiple_of(KILLED)) || stage::left_out(case.cluster()) {
        return;
    }
    let _place = PLACES.acquire().await.unwrap();
    let sandbox = stage::start(case.cluster()).await.unwrap();
    let workspace = Workspace::new(Core::installed()[0], sandbox.environment()).unwrap();
    case.prepare(&workspace).await.unwrap();
    case.set_up(&workspace, &sandbox.client()).await.unwrap();
    workspace.write("main.tf", &case.steps[0].text).unwrap();
    let filter = Filter { kind: Kind::Write, ..Filter::default() };
    // What an apply adopts, it marks anew: the next one has that many calls more.
    let (mut at, mut step) = (1, 1);
    for moment in [Moment::After, Moment::Before].into_iter().cycle() {
        let rule = sandbox.kill_at(filter.clone(), at, moment).await.unwrap();
        let applied = workspace.apply(&[]).await;
        let killed = !sandbox.fault(rule).await.unwrap().fired.is_empty();
        sandbox.clear_faults().await.unwrap();
        if !killed {
            applied.unwrap();
            break;
        }
        assert!(at < 1000, "{type_name} does not get on");
        at += step;
        step += u64::from(!every_call);
    }
    let since = sandbox.last_call().await.unwrap();
    let second = workspace.plan(&[]).await.unwrap();
    assert!(second.is_empty(), "{type_name}, killed up to call {at}: {second:?}");
    if let Some(most) = case.steps[0].refresh {
        let executable = "terraform-provider-travel".to_owned();
        let query = Query { since, executable, ..Query::default() };
        let mut calls = sandbox.record(&query).await.unwrap();
        calls.retain(|call| call.service != "sts");
        assert!(calls.len() as u64 <= most, "a refresh made {} calls", calls.len());
    }
    case.destroy(&workspace).await.unwrap();
}

macro_rules! cases {
    ($($type_name:ident),* $(,)?) => {
        const TYPES: &[&str] = &[$(stringify!($type_name)),*];

        mod goes_through_its_case {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $type_name() {
                    super::run_case(stringify!($type_name)).await;
                }
            )*
        }

        mod survives_kills {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $type_name() {
                    super::kill_case(stringify!($type_name)).await;
                }
            )*
        }
    };
}

travel_acceptance::for_every_resource!(cases);

#[test]
fn every_case_is_run() {
    let folders = Case::all().unwrap();
    let folders: BTreeSet<&str> = folders.iter().map(|case| case.type_name.as_str()).collect();
    assert_eq!(folders, TYPES.iter().copied().collect());
}

#[tokio::test]
async fn every_resource_has_a_case() {
    let Some(core) = Core::installed().first().copied() else {
        eprintln!("left out: there is no terraform and no tofu");
        return;
    };
    let workspace = Workspace::new(core, []).unwrap();
    Case::of(TYPES[0]).unwrap().prepare(&workspace).await.unwrap();
    let schemas = workspace.run(&["providers", "schema", "-json"]).await.unwrap();
    let schemas: serde_json::Value = serde_json::from_str(&schemas).unwrap();
    let provider = &schemas["provider_schemas"]["registry.terraform.io/travelsources/travel"];
    let served = provider["resource_schemas"].as_object().unwrap();
    let served: BTreeSet<&str> = served.keys().map(String::as_str).collect();
    assert_eq!(served, TYPES.iter().copied().collect());
}
