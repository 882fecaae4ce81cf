//! The comparison of `make helm-differential`: what it finds, and how it judges.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/differential/find.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod find;
#[path = "../examples/differential/judge.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod judge;
#[path = "../examples/differential/program.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod program;

use std::path::Path;
use std::time::Duration;

use find::Case;
use judge::{Verdict, judge};
use program::{Outcome, Program};

fn rendered(text: &str) -> Outcome {
    Outcome::Rendered(text.to_owned())
}

/// Judges against runs of Helm, of which the last one is repeated for as long as is asked.
fn check(ours: Outcome, helm: &[Outcome], expected: &Verdict) {
    let mut runs = helm.iter();
    let last = helm.last().unwrap();
    let found = judge(&ours, || runs.next().unwrap_or(last).clone());
    assert_eq!(found, *expected, "{ours:?} against {helm:?}");
}

#[test]
fn equal_output_is_told_from_different() {
    let identical = |refused, masked| Verdict::Identical { refused, masked };
    check(rendered("a: 1\n"), &[rendered("a: 1\n")], &identical(false, 0));
    let refused = |text: &str| Outcome::Refused(text.to_owned());
    check(
        refused("Error: no\n"),
        &[refused("level=WARN msg=\"old\"\nError: no\n")],
        &identical(true, 0),
    );
    check(
        rendered("# Source: c/a.yaml\na: 'x'\n"),
        &[rendered("# Source: c/a.yaml\na: x\n")],
        &Verdict::EqualAsYaml("line 2 c/a.yaml\nHelm: \"a: x\"\nours: \"a: 'x'\"".to_owned()),
    );
    check(
        rendered("a: 1\n"),
        &[rendered("a: 1\nb: 2\n")],
        &Verdict::Different("line 2 \nHelm: \"b: 2\"\nours: \"\"".to_owned()),
    );
    check(
        rendered("a: 1\n"),
        &[refused("Error: no\n")],
        &Verdict::Failed("Helm refuses: Error: no\nthis engine renders 1 lines".to_owned()),
    );
    check(
        Outcome::Broken("it did not end within 1 s".to_owned()),
        &[rendered("a: 1\n")],
        &Verdict::Failed(
            "Helm renders 1 lines\nthis engine is broken: it did not end within 1 s".to_owned(),
        ),
    );
}

#[test]
fn only_what_helm_makes_differently_is_masked() {
    let masked = |masked| Verdict::Identical { refused: false, masked };
    let helm = [rendered("password: abc\nuser: me"), rendered("password: xyz9\nuser: me")];
    check(rendered("password: 7Q\nuser: me"), &helm, &masked(1));
    // The word beside it is still compared, and so is every other line.
    let different = |line: usize, helm: &str, ours: &str| {
        Verdict::Different(format!("line {line} \nHelm: {helm:?}\nours: {ours:?}"))
    };
    check(rendered("secret: 7Q\nuser: me"), &helm, &different(1, "password: abc", "secret: 7Q"));
    check(
        rendered("password: 7Q\nuser: you"),
        &helm,
        &different(1, "password: abc", "password: 7Q"),
    );
    // Without a difference between the runs nothing is masked.
    check(
        rendered("password: 7Q"),
        &[rendered("password: abc")],
        &different(1, "password: abc", "password: 7Q"),
    );
    // Text of any letters varies in its shape; the words before it do not.
    let helm = [rendered("a: x&y"), rendered("a: xx#yy#z")];
    check(rendered("a: b@c"), &helm, &masked(1));
    check(rendered("b: b@c"), &helm, &different(1, "a: x&y", "b: b@c"));
    // What is in another order from run to run is found in more than two of them.
    let helm = [rendered("- a\n- b"), rendered("- a\n- c"), rendered("- c\n- a")];
    check(rendered("- b\n- a"), &helm, &masked(2));
}

#[test]
fn charts_and_their_values_files_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for file in [
        "one/Chart.yaml",
        "one/values.yaml",
        "one/values-production.yaml",
        "one/ci/plain.yaml",
        "one/ci/some-values.yml",
        "one/ci/notes.txt",
        "one/examples/gateway/values.yaml",
        "one/examples/gateway/other.yaml",
        "one/templates/values-map.yaml",
        "one/charts/part/Chart.yaml",
        "one/charts/part/ci/part-values.yaml",
        "group/two/Chart.yaml",
        "group/two/.cache/values-hidden.yaml",
        "values-of-nothing.yaml",
    ] {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let case = |chart: &str, values: Option<&str>| {
        let chart = root.join(chart);
        Case { values: values.map(|values| chart.join(values)), chart }
    };
    let expected = [
        case("group/two", None),
        case("one", None),
        case("one", Some("ci/plain.yaml")),
        case("one", Some("ci/some-values.yml")),
        case("one", Some("examples/gateway/values.yaml")),
        case("one", Some("values-production.yaml")),
    ];
    assert_eq!(find::cases(root).unwrap(), expected);
    assert!(find::cases(&root.join("none")).is_err());
}

#[test]
fn what_does_not_end_is_ended() {
    let run = |script: &str, bound: Duration| {
        let program = Program::new(Path::new("sh"), &["-c", script], Path::new("/"));
        program.run(&[], bound)
    };
    let long = Duration::from_secs(600);
    assert_eq!(run("echo out; echo err >&2", long), rendered("out\n"));
    assert_eq!(run("echo err >&2; exit 1", long), Outcome::Refused("err\n".to_owned()));
    assert!(matches!(run("exit 3", long), Outcome::Broken(why) if why.contains("3")));
    assert!(matches!(run("kill -9 $$", long), Outcome::Broken(_)));
    assert_eq!(
        run("exec sleep 600", Duration::ZERO),
        Outcome::Broken("it did not end within 0 s".to_owned())
    );
}
