use super::*;

fn read(text: &str) -> Documents {
    Documents::read(vec![("c/templates/a.yaml".to_owned(), Text::from(text))], true).unwrap()
}

#[test]
fn a_stream_is_split_where_helm_splits_it() {
    let check = |text: &str, expected: &[&str]| {
        let documents: Vec<_> = split(text).0.into_iter().map(|range| &text[range]).collect();
        assert_eq!(documents, expected, "{text:?}");
    };
    check("a: 1\n---\nb: 2\n", &["a: 1\n", "b: 2\n"]);
    check("\n\n---  \na: 1", &["a: 1"]);
    check("---a: 1\n---\n\n---\nb: 2", &["a: 1\n", "b: 2"]);
    check("a: |\n  ---\n", &["a: |\n  ---\n"]);
    check("", &[]);
}

#[test]
fn unknown_parts_make_only_their_document_unknown() {
    let check = |text: &str, expected: Result<&[(&str, bool)], &str>| {
        let text = text.replace('«', "\u{fdd0}").replace('»', "\u{fdd1}").replace('¤', "\u{fdd2}");
        let documents = read(&text);
        match expected {
            Ok(expected) => {
                assert_eq!(documents.unknown, None, "{text}");
                let found: Vec<_> = documents
                    .manifests
                    .iter()
                    .map(|document| (document.name(), document.unknown))
                    .collect();
                assert_eq!(found, expected, "{text}");
            }
            Err(expected) => {
                let reason = documents.unknown.unwrap_or_default();
                assert!(reason.contains(expected), "{text}: {reason}");
            }
        }
    };
    let first = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
    let second = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n";
    check(&format!("{first}data:\n  x: «1»\n---\n{second}"), Ok(&[("a", true), ("b", false)]));
    check(&format!("{first}data: «»\n---\n{second}"), Ok(&[("a", true), ("b", false)]));
    check(&format!("{first}  labels:\n    x: «y»\n"), Ok(&[("a", true)]));
    check("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: «a»\n", Err("called"));
    check("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a-«»\n", Err("called"));
    check(&format!("«{first}»"), Err("whether there is one"));
    check(&format!("{first}¤---\n{second}"), Err("further documents"));
    check(&format!("{first}«\n---\n{second}»"), Err("one document ends"));
    check("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: [«x»: y", Err("called"));
}

#[test]
fn hooks_are_told_apart() {
    let hook = |annotations: &str| {
        let text = format!("kind: Job\nmetadata:\n  name: j\n  annotations:\n    {annotations}\n");
        let documents = read(&text);
        (documents.manifests.len(), documents.hooks)
    };
    let (manifests, hooks) =
        hook("helm.sh/hook: pre-install, POST-upgrade\n    helm.sh/hook-weight: \"-5\"");
    assert_eq!(manifests, 0);
    assert_eq!(hooks[0].events, [HookEvent::PreInstall, HookEvent::PostUpgrade]);
    assert_eq!(hooks[0].weight, -5);
    assert_eq!(hook("helm.sh/hook: crd-install"), (0, vec![]));
    assert_eq!(hook("other: x").0, 1);
}

#[test]
fn a_text_at_the_end_has_the_line_break_that_helm_records_after_it() {
    let check = |annotations: &str, ending: &str, expected: &str| {
        let head =
            format!("kind: ConfigMap\nmetadata: {{name: a, annotations: {{{annotations}}}}}\n");
        let documents = read(&format!("{head}data:\n  x: {ending}"));
        let hooks = documents.hooks.iter().map(|hook| &hook.document);
        let document = documents.manifests.iter().chain(hooks).next().unwrap();
        let tree = document.tree().unwrap();
        let found = tree.path(&["data", "x"]).and_then(Tree::as_text);
        assert_eq!(found, Some(expected), "{annotations} {ending:?}");
    };
    check("", "|\n    one", "one\n");
    check("", "|\n    one\n", "one\n");
    check("", "|-\n    one", "one");
    check("", "|+\n    one\n", "one\n\n");
    check("", "one", "one");
    check("helm.sh/hook: pre-install", "|\n    one", "one");
    check("helm.sh/hook: pre-install", "|+\n    one\n", "one\n");
}
