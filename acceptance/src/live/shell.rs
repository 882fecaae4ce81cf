//! A shell in the sandbox: what it has to set, and to forget of the one it is opened from.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};

use crate::sandbox::handle::Handle;

/// How the names begin of what leads programs to an account, a state, a cluster: those of other surroundings would
/// lead out of the sandbox.
const LEADING: [&str; 5] = ["AWS_", "TF_", "TG_", "TERRAGRUNT_", "KUBECONFIG"];

/// The commands that make a shell's environment that of `environment`, for its eval. `inherited` are the names of what
/// the shell has already.
pub fn script(
    inherited: impl IntoIterator<Item = String>,
    environment: &BTreeMap<String, String>,
) -> String {
    let is_name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let leads = |name: &str| LEADING.iter().any(|start| name.starts_with(start));
    let foreign = inherited
        .into_iter()
        .filter(|name| is_name(name) && leads(name) && !environment.contains_key(name));
    let mut text: String = foreign.map(|name| format!("unset {name}\n")).collect();
    for (name, value) in environment {
        text.push_str(&format!("export {name}='{}'\n", value.replace('\'', r"'\''")));
    }
    text
}

/// A kubeconfig for the administrator of every cluster of a sandbox, with a context for each that is named as it is.
///
/// # Errors
/// Where the sandbox does not answer, or a control plane does not start.
pub async fn kubeconfig(sandbox: &Handle) -> Result<Value> {
    let clusters = sandbox.service(Method::GET, "eks", "clusters", None).await?;
    let mut found = BTreeMap::new();
    for mut cluster in clusters.as_array().cloned().unwrap_or_default() {
        let text = |member: &str| cluster[member].as_str().unwrap_or_default().to_owned();
        let (account, region, name) = (text("account"), text("region"), text("name"));
        if cluster["running"] == false {
            let path = format!("clusters/{account}/{region}/{name}/start");
            cluster = sandbox.service(Method::POST, "eks", &path, None).await?;
        }
        let path = cluster["kubeconfig"].as_str();
        let path = Path::new(path.with_context(|| format!("{name} has no kubeconfig"))?);
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let own: Value = serde_json::from_str(&text).context("failed to read a kubeconfig")?;
        // Names are unique in an account and region alone.
        let taken = found.contains_key(&name);
        found.insert(if taken { format!("{name}.{region}.{account}") } else { name }, own);
    }
    Ok(merge(&found))
}

/// The kubeconfigs of clusters, by name, as one.
fn merge(clusters: &BTreeMap<String, Value>) -> Value {
    let list = |of: &dyn Fn(&String, &Value) -> Value| -> Value {
        clusters.iter().map(|(name, own)| of(name, own)).collect()
    };
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": list(&|name, own| json!({"name": name, "cluster": own["clusters"][0]["cluster"]})),
        "users": list(&|name, own| json!({"name": name, "user": own["users"][0]["user"]})),
        "contexts": list(&|name, _| json!({"name": name, "context": {"cluster": name, "user": name}})),
        "current-context": clusters.keys().next(),
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn nothing_of_other_surroundings_stays() {
        let inherited = [
            ("AWS_PROFILE", "work"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_ENDPOINT_URL_S3", "https://elsewhere.example"),
            ("AWS_REGION", "us-east-1"),
            ("TF_VAR_name", "theirs"),
            ("TG_PROVIDER_CACHE", "1"),
            ("KUBECONFIG", "/theirs"),
            ("EDITOR", "vi"),
        ];
        let environment = [
            ("AWS_REGION", "eu-central-1"),
            ("KUBECONFIG", "/it's/ours"),
            ("PATH", "/usr/bin:/bin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let names = inherited.iter().map(|(name, _)| (*name).to_owned());
        let script = script(names, &environment);
        let mut shell = Command::new("sh");
        shell.arg("-euc").arg(format!("{script}\nexec env"));
        let output = shell.env_clear().envs(inherited).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let left: BTreeMap<&str, &str> = printed
            .lines()
            .filter_map(|line| line.split_once('='))
            // A shell sets these itself.
            .filter(|(name, _)| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
            .collect();
        let expected = [
            ("AWS_REGION", "eu-central-1"),
            ("EDITOR", "vi"),
            ("KUBECONFIG", "/it's/ours"),
            ("PATH", "/usr/bin:/bin"),
        ];
        assert_eq!(left, expected.into());
    }

    #[test]
    fn clusters_have_a_context_each() {
        let own = |server: &str| {
            json!({
                "clusters": [{"name": "sandbox", "cluster": {"server": server}}],
                "users": [{"name": "sandbox", "user": {"token": server}}],
            })
        };
        let clusters = [("stg".to_owned(), own("b")), ("dev".to_owned(), own("a"))].into();
        let merged = merge(&clusters);
        assert_eq!(merged["current-context"], "dev");
        assert_eq!(merged["contexts"][1]["name"], "stg");
        assert_eq!(merged["contexts"][1]["context"], json!({"cluster": "stg", "user": "stg"}));
        assert_eq!(merged["clusters"][1], json!({"name": "stg", "cluster": {"server": "b"}}));
        assert_eq!(merged["users"][0], json!({"name": "dev", "user": {"token": "a"}}));
        assert_eq!(merge(&BTreeMap::new())["current-context"], Value::Null);
    }
}
