use std::path::Path as FilePath;

use travel_helm::chart::Chart;
use travel_helm::read_values;

use super::*;

const TEMPLATES: &str = "\
kind: ConfigMap
apiVersion: v1
metadata: {name: plain}
data: {greeting: {{ .Values.greeting }}}
---
kind: ConfigMap
apiVersion: v1
metadata: {name: telling}
data: {token: {{ .Values.token }}}
---
kind: Secret
apiVersion: v1
metadata: {name: secret}
stringData: {greeting: {{ .Values.greeting }}}
---
kind: Pod
apiVersion: v1
metadata: {name: test, annotations: {helm.sh/hook: test}}
";
const DEFINITION: &str = "kind: CustomResourceDefinition\nmetadata: {name: widgets.a.b}\n";

/// A chart of one template.
fn chart(template: &str) -> Chart {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0}");
    write("templates/a.yaml", template);
    write("templates/NOTES.txt", "Hello {{ .Values.greeting }}");
    write("crds/widgets.yaml", DEFINITION);
    Chart::load(FilePath::new(folder.path())).unwrap().chart
}

fn rendered(template: &str, values: &str) -> Outcome {
    let told = Told { name: "cart".into(), namespace: "shop".into(), ..Told::default() };
    super::template(&chart(template), &read_values(values).unwrap(), &told).unwrap()
}

#[test]
fn secrets_hooks_and_the_rest_stand_apart() {
    let outcome = rendered(TEMPLATES, "{greeting: hello, token: sesame}");
    assert_eq!(outcome.uncertain.len(), 0, "{:?}", outcome.uncertain);
    let secrets = Secrets::of(&Value::object([("token", "sesame".into())]));
    for skip_crds in [false, true] {
        let mut data = HelmTemplate { skip_crds, ..HelmTemplate::default() };
        data.tell(&outcome, &secrets);
        let names = |documents: &Option<BTreeMap<String, String>>| -> Vec<String> {
            let texts = documents.as_ref().unwrap().iter();
            let named = texts.flat_map(|(path, text)| {
                let names = text.lines().filter_map(|line| line.strip_prefix("metadata: {name: "));
                names.map(move |name| format!("{path} {}", name.split([',', '}']).next().unwrap()))
            });
            named.collect()
        };
        let mut expected = vec!["c/templates/a.yaml plain"];
        if !skip_crds {
            expected.insert(0, "c/crds/widgets.yaml widgets.a.b");
        }
        assert_eq!(names(&data.manifests), expected);
        let secret = ["c/templates/a.yaml secret", "c/templates/a.yaml telling"];
        assert_eq!(names(&data.secret_manifests), secret);
        assert_eq!(names(&data.hooks), ["c/templates/a.yaml test"]);
        assert_eq!(data.notes.as_deref(), Some("Hello hello"));
        let manifest = data.manifest.unwrap();
        assert_eq!(manifest.contains("widgets.a.b"), !skip_crds);
        assert_eq!(manifest.matches("\nkind: ").count(), if skip_crds { 4 } else { 5 });
    }
}

#[test]
fn what_is_otherwise_each_time_is_told() {
    let config = |text: &str| {
        format!("kind: ConfigMap\napiVersion: v1\nmetadata: {{name: a}}\ndata: {{a: {text}}}\n")
    };
    for (text, is_certain) in [
        ("{{ .Values.greeting }}", true),
        ("{{ .Capabilities.KubeVersion }}", true),
        (r#"{{ .Capabilities.APIVersions.Has "a.b/v1" }}"#, true),
        ("{{ uuidv4 }}", false),
        (r#"{{ lookup "v1" "Secret" "shop" "a" | len }}"#, false),
    ] {
        let outcome = rendered(&config(text), "greeting: hello");
        assert_eq!(outcome.uncertain.is_empty(), is_certain, "{text} {:?}", outcome.uncertain);
        assert!(!outcome.rendering.manifests[0].unknown, "{text}");
    }
}
