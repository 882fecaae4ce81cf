//! Charts that ask for more than there is end in an error: not with the process, and not never.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/template/command.rs"]
#[allow(dead_code, reason = "only the example runs the command as a program")]
mod template;

/// A list that holds itself twice, forty times over.
const LAUGHS: &str = r#"{{ $x := list "lol" }}{{ range until 40 }}{{ $x = list $x $x }}{{ end }}"#;

/// What rendering a template with values is refused with.
fn refusal(text: &str, values: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir(root.join("templates")).unwrap();
    std::fs::write(root.join("Chart.yaml"), "apiVersion: v2\nname: h\nversion: 1.0.0\n").unwrap();
    std::fs::write(root.join("values.yaml"), values).unwrap();
    std::fs::write(root.join("templates/a.yaml"), text).unwrap();
    let arguments = ["r".to_owned(), root.display().to_string()];
    match template::run(&arguments) {
        Ok(output) => format!("it rendered {} bytes", output.len()),
        Err(message) => message,
    }
}

fn check(text: &str, values: &str, words: &str) {
    let message = refusal(text, values);
    let end = message.len().min(2_000);
    let shown = String::from_utf8_lossy(&message.as_bytes()[..end]).into_owned();
    assert!(message.contains(words), "{}: {shown}", &text[..text.len().min(200)]);
}

#[test]
fn depth_is_bounded() {
    check("{{ tpl .Values.x . }}", "x: '{{ tpl .Values.x . }}'", "nest too deep");
    let blocks = format!("{}{}", "{{ if true }}".repeat(100_000), "{{ end }}".repeat(100_000));
    check(&blocks, "", "includes itself");
    // Nothing is printed of what nests deep, but it has to be freed.
    check(
        "{{ $x := list }}{{ range until 900000 }}{{ $x = list $x }}{{ end }}{{ fail \"end\" }}",
        "",
        "end",
    );
    check("x", &format!("a: {}", "[".repeat(100_000)), "exceeded max depth");
}

#[test]
fn time_is_bounded() {
    check("{{ range until 1000000000 }}x{{ end }}", "", "too long");
    check("{{ range 1000000000 }}x{{ end }}", "", "too long");
    check("{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}", "", "too much");
    for all_of_it in ["deepEqual $x $x", "toJson $x"] {
        check(&format!("{LAUGHS}{{{{ {all_of_it} }}}}"), "", "too much");
    }
}

#[test]
fn memory_is_bounded() {
    check("{{ repeat 1000000000 \"x\" }}", "", "overflow");
    check("{{ indent 100000000000 \"x\" }}", "", "too much");
    check("{{ $x := repeat 100000 \"x\" }}{{ replace \"x\" $x $x | len }}", "", "too much");
    check(
        "{{ $l := list }}{{ range until 1000 }}{{ $l = append $l (repeat 9000000 \"x\") }}{{ end }}",
        "",
        "too much",
    );
    for all_of_it in ["deepCopy $x | len", "quote $x | len"] {
        check(&format!("{LAUGHS}{{{{ {all_of_it} }}}}"), "", "too much");
    }
    let alias = |index: usize| {
        let before = format!("*a{}", index - 1);
        format!("a{index}: &a{index} [{}]\n", [&*before; 10].join(","))
    };
    let bomb: String = (1..12).map(alias).collect();
    check("{{ .Values.a11 }}", &format!("a0: &a0 lol\n{bomb}"), "excessive aliasing");
}
