//! What live/ and modules/ promise without being run: short units, each a name of its own, no trace of an emulator,
//! modules that say what they take and give.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use regex::Regex;
use travel_acceptance::sandbox::repository;

/// The lines a unit may have: what units share belongs to live/_units.
const MOST_LINES: usize = 24;

/// What would lead a tree to an emulator, or past what AWS demands.
const EMULATION: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "localstack",
    "AWS_ENDPOINT_URL",
    "skip_credentials_validation",
    "skip_requesting_account_id",
    "use_path_style",
    "access_key",
];

/// All files below a folder whose names end so.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The names and contents of the top-level blocks of a kind in all files of a module.
fn blocks(module: &Path, kind: &str) -> Vec<(String, String)> {
    let pattern = format!(r#"(?ms)^{kind} "([^"\n]+)"[^\n{{]*\{{\n(.*?)^\}}"#);
    let pattern = Regex::new(&pattern).unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(module).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            let text = read_to_string(&path).unwrap();
            found.extend(
                pattern
                    .captures_iter(&text)
                    .map(|capture| (capture[1].to_owned(), capture[2].to_owned())),
            );
        }
    }
    found
}

fn modules() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join("modules")).unwrap();
    let modules: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(!modules.is_empty());
    modules
}

#[test]
fn units_are_short_and_take_everything_from_what_is_shared() {
    let units = files("live", "terragrunt.hcl");
    assert!(units.len() > 5, "{units:?}");
    let mut names = BTreeSet::new();
    for unit in units {
        let text = read_to_string(&unit).unwrap();
        assert!(text.lines().count() <= MOST_LINES, "{} is too long", unit.display());
        assert!(
            text.contains(r#"path = "${get_repo_root()}/terragrunt.hcl""#),
            "{}",
            unit.display()
        );
        let folder = unit.parent().unwrap();
        let module = name_of(folder);
        let shared = format!(r#"path = "${{get_repo_root()}}/live/_units/{module}.hcl""#);
        assert!(text.contains(&shared), "{} does not include {shared}", unit.display());
        assert!(repository().join("live/_units").join(format!("{module}.hcl")).exists());
        assert!(repository().join("modules").join(&module).join("main.tf").exists(), "{module}");
        let name = folder.strip_prefix(repository().join("live")).unwrap();
        // ENVIRONMENT/REGION/UNIT, from which the root takes state key, deployment and region.
        assert_eq!(name.components().count(), 3, "{}", name.display());
        assert!(names.insert(name.to_owned()));
    }
}

#[test]
fn state_and_deployment_have_the_name_of_the_unit_and_no_other() {
    let root = read_to_string(repository().join("terragrunt.hcl")).unwrap();
    let once = |text: &str| assert_eq!(root.matches(text).count(), 1, "{text}");
    once(r#"unit   = trimprefix(path_relative_to_include(), "live/")"#);
    once(r#""${local.unit}/terraform.tfstate""#);
    once(r#"deployment           = "${local.unit}""#);
    for file in files("live", ".hcl") {
        let text = read_to_string(&file).unwrap();
        for word in ["remote_state", "deployment ", "provider \"travel\""] {
            assert!(!text.contains(word), "{} has {word}", file.display());
        }
    }
}

#[test]
fn nothing_tells_of_an_emulator() {
    let mut all = files("live", ".hcl");
    all.extend(files("modules", ""));
    all.push(repository().join("terragrunt.hcl"));
    for file in all {
        let text = read_to_string(&file).unwrap();
        for word in EMULATION {
            assert!(!text.contains(word), "{} has {word}", file.display());
        }
    }
}

#[test]
fn the_organization_and_production_are_protected() {
    for (environment, protected) in
        [("organization", true), ("prod", true), ("stg", false), ("dev", false)]
    {
        let file = repository().join("live").join(environment).join("env.hcl");
        let text = read_to_string(file).unwrap();
        let pattern = Regex::new(&format!(r"(?m)^  protected +={protected}$").replace('=', "= "));
        assert!(pattern.unwrap().is_match(&text), "{environment}");
    }
}

#[test]
fn providers_are_named_by_their_whole_address() {
    let mut all = files("modules", ".tf");
    all.extend(files("examples", ".tf"));
    all.push(repository().join("terragrunt.hcl"));
    let source = Regex::new(r#"source\s*=\s*"([^"]*travel)""#).unwrap();
    let mut named = 0;
    for file in all {
        let text = read_to_string(&file).unwrap();
        for capture in source.captures_iter(&text) {
            let address = "registry.terraform.io/travelsources/travel";
            assert_eq!(&capture[1], address, "{}", file.display());
            named += 1;
        }
        let declares = text.contains("required_providers");
        assert!(!declares || source.is_match(&text), "{} names no source", file.display());
    }
    assert!(named > modules().len());
    for module in modules() {
        let text = read_to_string(module.join("versions.tf")).unwrap();
        assert!(
            text.contains("required_version") && source.is_match(&text),
            "{}",
            module.display()
        );
    }
}

#[test]
fn modules_say_what_they_take_and_give() {
    for module in modules() {
        let readme = read_to_string(module.join("README.md")).unwrap();
        let name = name_of(&module);
        assert!(
            readme.contains(&format!("modules/{name}\"")),
            "the README of {name} has no example"
        );
        let (variables, outputs) = (blocks(&module, "variable"), blocks(&module, "output"));
        assert!(!variables.is_empty() && !outputs.is_empty(), "{name}");
        for (variable, text) in &variables {
            for attribute in ["description", "type"] {
                let pattern = Regex::new(&format!(r"(?m)^  {attribute} +=")).unwrap();
                assert!(pattern.is_match(text), "{name}: variable {variable} has no {attribute}");
            }
        }
        for (output, text) in &outputs {
            assert!(text.contains("  description ="), "{name}: output {output}");
        }
        for (named, _) in variables.iter().chain(&outputs) {
            assert!(readme.contains(&format!("`{named}`")), "the README of {name} lacks {named}");
        }
        let tests: Vec<PathBuf> = files(&format!("modules/{name}/tests"), ".tftest.hcl");
        assert!(!tests.is_empty(), "{name} has no tests");
    }
}

#[test]
fn modules_refuse_what_is_only_half_there() {
    let condition = Regex::new(r#"condition +=.*self\.status == "ready""#).unwrap();
    let mut seen = 0;
    for module in modules() {
        for (kind, text) in blocks(&module, "resource") {
            if kind.starts_with("travel_") {
                let name = name_of(&module);
                assert!(condition.is_match(&text), "{name}: {kind} has no postcondition");
                seen += 1;
            }
        }
    }
    assert!(seen >= modules().len());
}

#[test]
fn what_is_made_up_is_what_units_put_out() {
    let text = read_to_string(repository().join("live/_units/mocks.hcl")).unwrap();
    let (_, outputs) = text.split_once("\n  outputs = {\n").unwrap();
    let (outputs, _) = outputs.split_once("\n  }\n").unwrap();
    let opened = Regex::new(r"^    (\w+) = \{$").unwrap();
    let set = Regex::new(r"^      (\w+) +=").unwrap();
    let (mut unit, mut checked) = (String::new(), 0);
    for line in outputs.lines() {
        if let Some(capture) = opened.captures(line) {
            capture[1].clone_into(&mut unit);
        } else if let Some(capture) = set.captures(line) {
            let known: Vec<String> = blocks(&repository().join("modules").join(&unit), "output")
                .into_iter()
                .map(|(name, _)| name)
                .collect();
            let name = capture[1].to_owned();
            assert!(name == "mocked" || known.contains(&name), "{unit} puts out no {name}");
            checked += 1;
        }
    }
    assert!(checked > 1);
}
