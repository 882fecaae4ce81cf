//! What the reference pages say of permissions, against the code; the conformance harness holds it
//! against what the provider does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;
use travel_acceptance::case::Case;
use travel_acceptance::conformance::permissions::{check_plans_only_read, read};
use travel_acceptance::sandbox::repository;

/// What is of no resource: data, lists, and the command, whose page says what it needs.
const NOT_OF_RESOURCES: [&str; 6] = ["checkup", "data", "listing", "states", "survey", "testing"];

/// Calls that no resource needs: whose credentials they are, everybody may ask; two list what there is for
/// `terraform query`; and quotas that cannot be asked for are a remark.
const OF_NO_RESOURCE: [&str; 4] =
    ["get_caller_identity", "list_open_id_connect_providers", "list_roles", "list_service_quotas"];

#[test]
fn every_plan_only_reads() {
    check_plans_only_read(&read().unwrap()).unwrap();
}

#[test]
fn every_resource_has_its_permissions() {
    let cases = Case::all().unwrap();
    let types: BTreeSet<String> = cases.into_iter().map(|case| case.type_name).collect();
    let listed: BTreeSet<String> = read().unwrap().into_keys().collect();
    assert_eq!(listed, types);
}

/// A case that never comes to a call would leave it out.
#[test]
fn every_call_in_the_code_is_listed_somewhere() {
    // The calls of the SDK begin a line, or follow the client, and have no arguments of their own.
    let call = r"(?m)(?:^\s*|\.[a-z0-9]+\(\))\.((?:add|allocate|associate|attach|authorize|cancel|close|create|delete|describe|detach|disable|disassociate|enable|get|list|lock|modify|move|put|release|remove|replace|replicate|revoke|schedule|start|tag|unlock|untag|update)_[a-z0-9_]+)\(\)";
    let call = Regex::new(call).unwrap();
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    let operations = read().unwrap().into_values().flat_map(|needs| needs.operations());
    let operation = |action: String| action.split_once(':').map(|(_, name)| plain(name));
    let mut listed: BTreeSet<String> = operations.filter_map(operation).collect();
    listed.extend(OF_NO_RESOURCE.map(plain));
    let mut missing = BTreeMap::new();
    for file in sources(&repository().join("provider/aws/src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for found in call.captures_iter(&text) {
            if !listed.contains(&plain(&found[1])) {
                missing.insert(found[1].to_owned(), file.clone());
            }
        }
    }
    assert!(
        missing.is_empty(),
        "no page lists these; let a step of the case come to them and run `make permissions`, or \
         name them beside what they belong to, in permissions/actions.rs: {missing:#?}"
    );
}

/// The code of resources, without tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if NOT_OF_RESOURCES.contains(&name.as_str()) || name.contains("tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found
}
