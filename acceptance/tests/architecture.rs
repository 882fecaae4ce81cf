//! The rules of the layout that no compiler checks: which crate may know which, which folder
//! holds what, and one stack for TLS and HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What each crate of ours may depend on among ours. A crate that is not here may not exist.
const MAY_KNOW: [(&str, &[&str]); 11] = [
    ("travel-proto", &[]),
    ("travel-value", &[]),
    ("travel-derive", &[]),
    ("travel-framework", &["travel-value", "travel-derive"]),
    ("travel-plugin", &["travel-framework", "travel-value", "travel-proto"]),
    ("travel-kube", &[]),
    ("travel-helm", &["travel-kube"]),
    ("travel-aws", &["travel-framework", "travel-value", "travel-kube"]),
    ("travel-kubernetes", &["travel-framework", "travel-value", "travel-kube", "travel-helm"]),
    (
        "terraform-provider-travel",
        &[
            "travel-framework",
            "travel-value",
            "travel-plugin",
            "travel-kube",
            "travel-helm",
            "travel-aws",
            "travel-kubernetes",
        ],
    ),
    ("travel-acceptance", &["travel-proto", "travel-value"]),
];

/// Crates of which a second version would be a second TLS or HTTP stack, or a second SDK, each with how its version
/// begins. Two stacks in one binary double its size and its advisories.
const ONCE: [(&str, &str); 7] = [
    ("rustls", "v0.23."),
    ("tokio-rustls", "v0.26."),
    ("http", "v1."),
    ("hyper", "v1."),
    ("h2", "v0.4."),
    ("kube-core", "v"),
    ("aws-smithy-types", "v"),
];

/// Crates that must not be in what we ship: another TLS stack, or C libraries of the system.
const NEVER: [&str; 4] = ["native-tls", "openssl", "openssl-sys", "ring"];

fn root() -> PathBuf {
    travel_acceptance::sandbox::repository()
}

fn packages() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command.current_dir(root()).no_deps();
    command.exec().unwrap().packages
}

#[test]
fn lower_layers_know_nothing_of_higher_ones() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_KNOW.iter().map(|(name, known)| (*name, known.iter().copied().collect())).collect();
    let ours: Vec<Package> =
        packages().into_iter().filter(|package| package.source.is_none()).collect();
    let names: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, allowed.keys().copied().collect(), "the crates of the workspace");
    for package in &ours {
        for dependency in &package.dependencies {
            let known = dependency.name.as_str();
            if dependency.kind == DependencyKind::Development || !names.contains(known) {
                continue;
            }
            let name = package.name.as_str();
            assert!(allowed[name].contains(known), "{name} must not know {known}");
        }
    }
}

#[test]
fn there_is_one_stack_for_tls_and_http() {
    // The lock file also names what optional features could bring; what is built, the tree says.
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--locked", "--offline", "--workspace"]);
    command.args(["--edges=normal,build", "--prefix=none"]);
    let output = command.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in printed.lines() {
        if let Some((name, rest)) = line.split_once(' ') {
            let version = rest.split(' ').next().unwrap_or(rest);
            versions.entry(name).or_default().insert(version);
        }
    }
    for (name, start) in ONCE {
        let found = versions.get(name).unwrap_or_else(|| panic!("no {name} in {printed}"));
        let right = found.len() == 1 && found.iter().all(|version| version.starts_with(start));
        assert!(right, "of {name} there is {found:?}, not {start} alone: see cargo tree -i {name}");
    }
    for name in NEVER {
        assert!(!versions.contains_key(name), "{name} must not be in the tree");
    }
}

#[test]
fn modules_stand_beside_their_folder() {
    let mut folders =
        vec![root().join("provider"), root().join("acceptance"), root().join("proto")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_ne!(path.file_name().unwrap(), "mod.rs", "{}", path.display());
            }
        }
    }
}
