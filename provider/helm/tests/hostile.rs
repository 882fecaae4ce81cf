//! Charts that ask for more than there is end in an error: not with the process, and not never.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/template/command.rs"]
#[allow(dead_code, reason = "only the example runs the command as a program")]
mod template;

/// A list that holds itself twice, forty times over.
const LAUGHS: &str = r#"{{ $x := list "lol" }}{{ range until 40 }}{{ $x = list $x $x }}{{ end }}"#;

/// Takes all that a chart may take but for so much.
fn spent(left: usize) -> String {
    const PART: usize = 64 << 20;
    let last = PART - left;
    format!(
        "{{{{ range until 7 }}}}{{{{ $x := repeat {PART} \"x\" }}}}{{{{ end }}}}{{{{ $x := repeat {last} \"x\" }}}}"
    )
}

/// What rendering a chart of these files is refused with.
fn refusal(files: &[(String, String)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (name, content) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let arguments = ["r".to_owned(), root.display().to_string()];
    match template::run(&arguments) {
        Ok(output) => format!("it rendered {} bytes", output.len()),
        Err(message) => message,
    }
}

/// What rendering a template with values is refused with.
fn refusal_of(text: &str, values: &str) -> String {
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: h\nversion: 1.0.0\n"),
        ("values.yaml", values),
        ("templates/a.yaml", text),
    ];
    refusal(&files.map(|(name, content)| (name.to_owned(), content.to_owned())))
}

fn check(text: &str, values: &str, words: &str) {
    let message = refusal_of(text, values);
    let end = message.len().min(2_000);
    let shown = String::from_utf8_lossy(&message.as_bytes()[..end]).into_owned();
    assert!(message.contains(words), "{}: {shown}", &text[..text.len().min(200)]);
}

/// Templates of which each includes the next one, and the last one the first one.
fn ring(count: usize) -> String {
    let define = |index: usize| {
        let next = (index + 1) % count;
        format!("{{{{ define \"t{index}\" }}}}{{{{ include \"t{next}\" . }}}}{{{{ end }}}}")
    };
    (0..count).map(define).collect::<String>() + "{{ include \"t0\" . }}"
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
    check(
        r##"{{ $d := dict }}{{ $_ := set $d "d" $d }}# {{ printf "%s" $d | len }}"##,
        "",
        "it rendered",
    );
}

#[test]
fn includes_without_end_are_told_as_helm_tells_them() {
    let message = refusal_of(&ring(1), "");
    let step = "executing \"t0\" at <include \"t0\" .>: error calling include: ";
    assert_eq!(message.matches(step).count(), 1_001, "{}", &message[..message.len().min(500)]);
    assert!(message.contains("rendering template has a nested reference name: t0"));
    // Each of these would be included a thousand times.
    let message = refusal_of(&ring(300), "");
    assert!(message.contains("templates nest too deep"));
    assert!(message.len() < 2 << 20, "the error has {} bytes", message.len());
    check(
        "{{ include \"a\" . }}{{ define \"a\" }}{{ tpl .Values.x . }}{{ end }}",
        "x: '{{ include \"a\" . }}'",
        "nested reference name: a",
    );
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
fn work_that_makes_little_is_paid_for() {
    // A long text is looked at many times.
    let text = format!("{}{{{{ $t := repeat 1000000 \"a\" }}}}", spent(8 << 20));
    for call in
        ["sha256sum $t", "contains \"b\" $t", "eq $t $t", "list $t | has $t", "regexMatch \"b\" $t"]
    {
        let each = format!("{{{{ range until 20 }}}}{{{{ $y := {call} }}}}{{{{ end }}}}");
        check(&format!("{text}{each}"), "", "too much");
    }
    // Each match looks at all that is left of a text, and takes one letter of it.
    let matches = "{{ $y := regexFindAll \".*[^a]|[a]\" (repeat 20000 \"a\") -1 | len }}";
    check(&format!("{}{matches}", spent(2 << 20)), "", "too much");
    check(
        &format!("{}{{{{ $y := regexMatch \"\\\\pL{{40}}\" \"x\" }}}}", spent(8 << 20)),
        "",
        "too much",
    );
    let fields = format!("{{{{ $x := $d{} }}}}", ".a".repeat(10_000));
    let cycle = "{{ $d := dict }}{{ $_ := set $d \"a\" $d }}";
    let loops = format!("{cycle}{{{{ range until 20 }}}}{fields}{{{{ end }}}}");
    check(&format!("{}{loops}", spent(2 << 20)), "", "too much");
    let variables: String = (0..20_000).map(|index| format!("{{{{ $v{index} := 1 }}}}")).collect();
    let first = "{{ range until 2000 }}{{ $y := $v0 }}{{ end }}";
    check(&format!("{variables}{}{first}", spent(24 << 20)), "", "too much");
    // What is deep is so only because parts of it are the same.
    let maps = r#"{{ $x := dict }}{{ $y := dict }}{{ range until 15 }}{{ $x = dict "a" $x "b" $x }}
        {{ $y = dict "a" $y "b" $y }}{{ end }}{{ $z := merge $x $y | len }}"#;
    check(&format!("{}{maps}", spent(1 << 20)), "", "too much");
    let lists = r#"{{ $x := list "a" }}{{ range until 15 }}{{ $x = list $x $x }}{{ end }}{{ $y := printf "%.1s" $x | len }}"#;
    check(&format!("{}{lists}", spent(1 << 20)), "", "too much");
}

#[test]
fn passwords_and_keys_are_paid_for() {
    for call in [
        "bcrypt \"x\"",
        "htpasswd \"user\" \"x\"",
        "derivePassword 1 \"long\" \"password\" \"user\" \"site\"",
        "genPrivateKey \"rsa\"",
        "genCA \"x\" 1",
        "genSelfSignedCert \"x\" nil nil 1",
    ] {
        check(&format!("{}{{{{ $y := {call} }}}}", spent(1 << 20)), "", "too much");
    }
    let each = "{{ range until 100 }}{{ $y := genPrivateKey \"ed25519\" }}{{ end }}";
    check(&format!("{}{each}", spent(1 << 20)), "", "too much");
    // What lasts longer than there are years has an end as Go counts it.
    check("# {{ (genCA \"x\" 100000000).Cert | len }}", "", "it rendered");
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

#[test]
fn memory_on_the_way_is_paid_for() {
    // Little comes of it, but much has to be made for that.
    let text = format!("{}{{{{ $t := repeat 1000000 \"a\" }}}}", spent(8 << 20));
    for call in [
        "split \"\" $t | len",
        "fromJson $t | len",
        "fromToml $t | len",
        "b64dec $t | len",
        "date $t now | len",
        "regexMatch $t \"a\"",
        "tpl $t . | len",
    ] {
        check(&format!("{text}{{{{ $y := {call} }}}}"), "", "too much");
    }
    let loops = format!("{}{}", "{{ range 1000000 }}".repeat(1_000), "{{ end }}".repeat(1_000));
    check(&format!("{}{loops}", spent(1 << 20)), "", "too much");
    check(&format!("{}{{{{ repeat 500000 \"-\\n\" }}}}", spent(8 << 20)), "", "too much");
    check(&format!("{}{{{{ repeat 200000 \"---\\n\" }}}}", spent(4 << 20)), "", "too much");
}

#[test]
fn charts_in_charts_are_bounded() {
    let dependency =
        |alias: &str| format!("- {{name: c, version: 1.x, repository: '', alias: {alias}}}\n");
    let manifest = format!(
        "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n{}{}",
        dependency("a"),
        dependency("b")
    );
    let file =
        |depth: usize| (format!("{}Chart.yaml", "charts/c/".repeat(depth)), manifest.clone());
    let mut files: Vec<_> = (0..30).map(file).collect();
    let last = "apiVersion: v2\nname: c\nversion: 1.0.0\n";
    files.push((format!("{}Chart.yaml", "charts/c/".repeat(30)), last.to_owned()));
    let message = refusal(&files);
    assert!(message.contains("too much"), "{message}");
}
