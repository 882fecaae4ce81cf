//! What every resource promises, checked on a sample of its case by the conformance harness;
//! `make conformance` checks all of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Semaphore;
use travel_acceptance::case::Case;
use travel_acceptance::conformance::coverage::{without_drift, without_update};
use travel_acceptance::conformance::{Check, Extent, is_left_out, provider_start, run};
use travel_acceptance::core::Provider;
use travel_acceptance::sandbox;

/// A sandbox takes over a gigabyte, so that there are only two at a time. Most of that they wait.
static PLACES: Semaphore = Semaphore::const_new(2);

async fn check(type_name: &str) {
    let case = Case::of(type_name).unwrap();
    let checks: Vec<Check> =
        Check::ALL.into_iter().filter(|check| !is_left_out(type_name, *check)).collect();
    let ended = run(&case, &checks, Extent::Sample, &PLACES).await;
    assert!(ended.is_ok(), "{:?}", ended.err());
    let Some(counts) = ended.unwrap() else { return };
    // Two steps have not room for all that disturbs a command.
    assert!(counts.keys().any(|check| check.disturbs()), "nothing was disturbed: {counts:?}");
    for check in checks.into_iter().filter(|check| !check.disturbs()) {
        assert!(counts.contains_key(&check), "{} checked nothing: {counts:?}", check.name());
    }
}

macro_rules! resources {
    ($($type_name:ident),* $(,)?) => {
        const TYPES: &[&str] = &[$(stringify!($type_name)),*];

        mod keeps_its_promises {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $type_name() {
                    super::check(stringify!($type_name)).await;
                }
            )*
        }
    };
}

travel_acceptance::for_every_resource!(resources);

#[tokio::test]
async fn every_registered_resource_is_checked() {
    if sandbox::left_out() {
        return;
    }
    let provider = Provider::start(&provider_start([]).unwrap()).await.unwrap();
    let served: BTreeSet<&str> = provider.schemas.resources.keys().map(String::as_str).collect();
    let cases = Case::all().unwrap();
    let cases: BTreeSet<&str> = cases.iter().map(|case| case.type_name.as_str()).collect();
    assert_eq!(served, cases);
    assert_eq!(served, TYPES.iter().copied().collect());
}

#[tokio::test]
async fn every_attribute_is_updated_and_drifts_in_its_case() {
    if sandbox::left_out() {
        return;
    }
    let provider = Provider::start(&provider_start([]).unwrap()).await.unwrap();
    let mut missing = BTreeMap::new();
    for case in Case::all().unwrap() {
        let updates = without_update(&case, &provider.schemas).unwrap();
        let drifts = without_drift(&case, &provider.schemas).unwrap();
        if !updates.is_empty() || !drifts.is_empty() {
            missing.insert(case.type_name, (updates, drifts));
        }
    }
    assert!(missing.is_empty(), "cases without update, or drift, of these: {missing:#?}");
}
