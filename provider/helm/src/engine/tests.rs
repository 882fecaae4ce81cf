//! What is decided before and after the templates.

use super::*;
use crate::chart::Metadata;
use crate::tree::Tree;

fn options(planning: bool) -> RenderOptions<'static> {
    let release = ReleaseContext {
        name: "r".to_owned(),
        namespace: "default".to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    RenderOptions {
        release,
        capabilities: Capabilities::default(),
        lookup: None,
        planning,
        skip_schema_validation: false,
    }
}

fn chart(name: &str, templates: &[(&str, &str)]) -> Chart {
    let metadata = Metadata {
        name: name.to_owned(),
        api_version: "v2".to_owned(),
        version: "1.0.0".to_owned(),
        ..Metadata::default()
    };
    let file = |(name, text): &(&str, &str)| File {
        name: format!("templates/{name}"),
        data: text.as_bytes().to_vec().into(),
    };
    Chart { metadata, templates: templates.iter().map(file).collect(), ..Chart::default() }
}

fn refusal(chart: Chart) -> String {
    render(chart, &TreeMap::new(), &options(false)).unwrap_err().to_string()
}

#[test]
fn releases_have_names_as_helm_takes_them() {
    for name in ["a", "a-b", "a.b-c.1", "0", &"a".repeat(53)] {
        assert!(check_release_name(name).is_ok(), "{name}");
    }
    for name in ["A", "-a", "a-", "a..b", ".a", "a_b", "é", "a b", &"a".repeat(54)] {
        let found = check_release_name(name);
        assert!(matches!(found, Err(RenderError::ReleaseName(_))), "{name}");
    }
    assert!(matches!(check_release_name(""), Err(RenderError::NoReleaseName)));
}

#[test]
fn what_cannot_be_installed_is_refused_before_it_is_rendered() {
    let failing = || chart("c", &[("a.yaml", "{{ fail \"rendered\" }}")]);
    let mut library = failing();
    library.metadata.kind = "library".to_owned();
    assert_eq!(refusal(library), "library charts are not installable");
    let mut lonely = failing();
    let wanted =
        |name: &str| crate::chart::Dependency { name: name.to_owned(), ..Default::default() };
    lonely.metadata.dependencies = vec![wanted("x"), wanted("y")];
    assert!(refusal(lonely).ends_with("missing in charts/ directory: x, y"));
    let mut late = failing();
    late.metadata.kube_version = ">=99.0.0".to_owned();
    let message = refusal(late);
    assert!(message.starts_with("chart requires kubeVersion: >=99.0.0 which"), "{message}");
    assert!(refusal(failing()).ends_with("rendered"));
}

#[test]
fn a_template_that_cannot_be_parsed_is_told_with_its_place() {
    let found = refusal(chart("c", &[("a.yaml", "a: 1\nb: {{ .Values.x")]));
    assert_eq!(found, "parse error at (c/templates/a.yaml:2): unclosed action");
    assert_eq!(parse_report("no place"), "parse error in: no place");
}

#[test]
fn partials_and_notes_are_no_documents() {
    let templates = [
        ("_a.tpl", "{{ define \"x\" }}from a partial{{ end }}kind: Nothing"),
        ("NOTES.txt", "{{ include \"x\" . }}"),
        ("b.yaml", "kind: ConfigMap\nmetadata: {name: b}\ndata: {x: {{ include \"x\" . }}}"),
        ("c.yaml", "kind: Namespace\nmetadata: {name: c}"),
    ];
    let rendering = render(chart("c", &templates), &TreeMap::new(), &options(false)).unwrap();
    assert_eq!(rendering.notes, "from a partial");
    let names: Vec<&str> = rendering.manifests.iter().map(Document::name).collect();
    assert_eq!(names, ["c", "b"]);
}

#[test]
fn a_plan_tells_which_condition_of_a_subchart_is_not_known() {
    let mut parent = chart("p", &[]);
    parent.metadata.dependencies = vec![crate::chart::Dependency {
        name: "s".to_owned(),
        version: "1.0.0".to_owned(),
        condition: "s.enabled".to_owned(),
        ..Default::default()
    }];
    parent.dependencies = vec![chart("s", &[("a.yaml", "kind: Secret\nmetadata: {name: a}")])];
    let values = |enabled: Tree| {
        let own = TreeMap::from([("enabled".to_owned(), enabled)]);
        TreeMap::from([("s".to_owned(), Tree::Map(own))])
    };
    let planned = |values: TreeMap| render(parent.clone(), &values, &options(true)).unwrap();
    let unknown = planned(values(Tree::Unknown)).unknown.unwrap();
    assert_eq!(unknown, "s.enabled is not known, which decides on a subchart");
    let known = planned(values(Tree::Bool(false)));
    assert!(known.unknown.is_none() && known.manifests.is_empty());
    let whole = planned(TreeMap::from([("s".to_owned(), Tree::Unknown)]));
    assert_eq!(whole.unknown.unwrap(), "the values of the subchart s are not known");
}
