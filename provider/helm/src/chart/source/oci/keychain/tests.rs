use super::*;

async fn check(configuration: &str, registry: &str, expected: Result<Option<&str>, &str>) {
    check_with(None, configuration, registry, expected).await;
}

async fn check_with(
    helpers: Option<&Path>,
    configuration: &str,
    registry: &str,
    expected: Result<Option<&str>, &str>,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, configuration).unwrap();
    let helpers = helpers.map(Path::to_owned);
    let keychain = Keychain { files: vec![folder.path().join("none"), path], helpers };
    let found = keychain.look_up(registry).await.map(|found| {
        found.map(|found| match found.kept {
            Kept::Password { username, password } => format!("{username} {password}"),
            Kept::IdentityToken(token) => format!("identity {token}"),
            Kept::RegistryToken(token) => format!("token {token}"),
        })
    });
    match expected {
        Ok(expected) => assert_eq!(found.unwrap().as_deref(), expected, "{configuration}"),
        Err(expected) => {
            let error = travel_kube::error::chain(&found.unwrap_err());
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("sesame"), "{error}");
        }
    }
}

#[tokio::test]
async fn credentials_are_found_in_files() {
    // me:sesame, and with the padding of old.
    let auths = |name: &str| format!(r#"{{"auths": {{"{name}": {{"auth": "bWU6c2VzYW1l"}}}}}}"#);
    for name in ["a.example:1", "https://a.example:1", "https://a.example:1/v2/", "a.example:1/x"] {
        check(&auths(name), "a.example:1", Ok(Some("me sesame"))).await;
        check(&auths(name), "a.example", Ok(None)).await;
    }
    check(&auths("https://index.docker.io/v1/"), "registry-1.docker.io", Ok(Some("me sesame")))
        .await;
    check(&auths("docker.io"), "index.docker.io", Ok(Some("me sesame"))).await;
    let entry = |entry: &str| format!(r#"{{"auths": {{"a.example": {{{entry}}}}}}}"#);
    check(&entry(r#""auth": "bWU6c2VzYW1lAAA=""#), "a.example", Ok(Some("me sesame"))).await;
    check(&entry(r#""username": "me", "password": "x""#), "a.example", Ok(Some("me x"))).await;
    check(&entry(r#""auth": "x", "identitytoken": "t""#), "a.example", Ok(Some("identity t")))
        .await;
    check(&entry(r#""registrytoken": "t""#), "a.example", Ok(Some("token t"))).await;
    check(&entry(""), "a.example", Ok(None)).await;
    check(&entry(r#""auth": "sesame!""#), "a.example", Err("of a.example: auth is not")).await;
    check("{}", "a.example", Ok(None)).await;
    check(r#"{"auths": "sesame"}"#, "a.example", Err("at line 1 column")).await;
}

#[tokio::test]
async fn what_is_exact_wins() {
    let both = r#"{"auths": {
        "a.example/x": {"username": "one", "password": "x"},
        "a.example": {"username": "two", "password": "x"}}}"#;
    check(both, "a.example", Ok(Some("two x"))).await;
}

/// A helper that does what a script says. It is written by another process: while this one has a file open for
/// writing, a child that another test starts just then has it open, too, and nobody can run it.
fn helper(folder: &Path, name: &str, script: &str) {
    use std::io::Write;
    let mut writer = std::process::Command::new("/bin/sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(folder.join(format!("{HELPER}{name}")))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
}

#[tokio::test]
async fn helpers_are_asked() {
    let folder = tempfile::tempdir().unwrap();
    let helpers = Some(folder.path());
    // One that answers with what it is asked.
    let echo =
        "read server; echo \"{\\\"Username\\\": \\\"$1\\\", \\\"Secret\\\": \\\"$server\\\"}\"";
    helper(folder.path(), "echo", echo);
    helper(folder.path(), "token", r#"echo '{"Username": "<token>", "Secret": "t"}'"#);
    helper(folder.path(), "none", "echo 'credentials not found in native keychain'; exit 1");
    helper(folder.path(), "broken", "echo 'no keychain here'; exit 3");
    helper(folder.path(), "wrong", "echo sesame");
    let store =
        |name: &str| format!(r#"{{"credsStore": "{name}", "auths": {{"a.example": {{}}}}}}"#);
    check_with(helpers, &store("echo"), "a.example:1", Ok(Some("get a.example:1"))).await;
    check_with(helpers, &store("echo"), "docker.io", Ok(Some(&format!("get {HUB}")))).await;
    check_with(helpers, &store("token"), "a.example", Ok(Some("identity t"))).await;
    check_with(helpers, &store("none"), "a.example", Ok(None)).await;
    check_with(helpers, &store("broken"), "a.example", Err("exit status: 3: no keychain here"))
        .await;
    check_with(helpers, &store("wrong"), "a.example", Err("no JSON object with Username")).await;
    check_with(helpers, &store("../x"), "a.example", Err("is named without a path")).await;
    check_with(helpers, &store("absent"), "a.example", Err("is it installed and in PATH?")).await;
    // The registry's own helper wins, and what a helper does not have may stand in the file.
    let both = r#"{"credsStore": "broken", "credHelpers": {"a.example": "none"},
        "auths": {"a.example": {"auth": "bWU6c2VzYW1l"}}}"#;
    check_with(helpers, both, "a.example", Ok(Some("me sesame"))).await;
}
