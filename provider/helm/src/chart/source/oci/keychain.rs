//! Credentials for registries where Helm and Docker keep them: in Helm's registry/config.json, then in Docker's
//! config.json, and in what these name: helpers for one registry or for all.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// A helper may have to ask a person, but not for ever.
const HELPER_TIMEOUT: Duration = Duration::from_secs(60);
/// What a helper says is read this far, in bytes.
const LARGEST_ANSWER: u64 = 1 << 20;
/// What a helper's name begins with; what follows stands in the configuration.
const HELPER: &str = "docker-credential-";
/// What a helper calls the user of an identity token.
const TOKEN_USER: &str = "<token>";
/// How Docker's own registry is called in configurations.
const HUB: &str = "https://index.docker.io/v1/";
const HUB_HOSTS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Why credentials cannot be looked up. Nothing of a file or of a helper's answer is quoted that may be secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeychainError {
    /// A configuration file cannot be read.
    #[error("read the credentials in {path}")]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A configuration file is none.
    #[error("read the credentials in {path}: {problem}")]
    File {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A helper cannot be started.
    #[error(
        "run {program}, which {path} names for the credentials of {server}; is it installed and in PATH?"
    )]
    Start {
        /// The helper.
        program: String,
        /// The configuration file.
        path: PathBuf,
        /// The registry.
        server: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A helper failed.
    #[error("ask {program}, which {path} names, for the credentials of {server}: {problem}")]
    Helper {
        /// The helper.
        program: String,
        /// The configuration file.
        path: PathBuf,
        /// The registry.
        server: String,
        /// What it said, or did.
        problem: String,
    },
}

/// What is kept for a registry.
pub(super) enum Kept {
    Password {
        username: String,
        password: String,
    },
    /// Is exchanged for a token.
    IdentityToken(String),
    /// Is the token.
    RegistryToken(String),
}

/// What was found, and where.
pub(super) struct Found {
    pub(super) kept: Kept,
    /// The file, and the helper that it names.
    pub(super) source: String,
}

/// Where credentials are kept.
#[derive(Debug, Clone)]
pub(in super::super) struct Keychain {
    /// The files, in the order they are looked into.
    pub(in super::super) files: Vec<PathBuf>,
    /// The folder of the helpers; none where they are looked for in PATH.
    pub(in super::super) helpers: Option<PathBuf>,
}

impl Keychain {
    /// Where Helm and Docker keep them for the user who runs this.
    pub(in super::super) fn of_environment() -> Self {
        let variable =
            |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        let home = variable("HOME");
        let helm = variable("HELM_REGISTRY_CONFIG").or_else(|| {
            let folder = variable("HELM_CONFIG_HOME").or_else(|| {
                let own = if cfg!(target_os = "macos") { "Library/Preferences" } else { ".config" };
                let folder =
                    variable("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(own)))?;
                Some(folder.join("helm"))
            })?;
            Some(folder.join("registry/config.json"))
        });
        let docker = variable("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker")));
        let docker = docker.map(|folder| folder.join("config.json"));
        Keychain { files: helm.into_iter().chain(docker).collect(), helpers: None }
    }

    /// Looks up the credentials of a registry.
    ///
    /// # Errors
    /// Where a file is there and cannot be used, or a helper fails: what somebody has set up is not passed over.
    pub(super) async fn look_up(&self, registry: &str) -> Result<Option<Found>, KeychainError> {
        for path in &self.files {
            if let Some(found) = self.look_into(path, registry).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn look_into(&self, path: &Path, registry: &str) -> Result<Option<Found>, KeychainError> {
        let text = match tokio::fs::read(path).await {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeychainError::Read { path: path.to_owned(), source }),
        };
        let wrong = |problem: String| KeychainError::File { path: path.to_owned(), problem };
        let configuration: Configuration = serde_json::from_slice(&text).map_err(|error| {
            // The error's own words could quote what stands there.
            wrong(format!(
                "it is no such configuration, at line {} column {}",
                error.line(),
                error.column()
            ))
        })?;
        let is_hub = HUB_HOSTS.contains(&registry);
        let server = if is_hub { HUB } else { registry };
        let helpers = &configuration.cred_helpers;
        let own = [server, registry].into_iter().find_map(|name| helpers.get(name));
        if let Some(helper) = own.or(configuration.creds_store.as_ref()).filter(|it| !it.is_empty())
            && let Some(kept) = self.ask(path, helper, server).await?
        {
            let source = format!("{HELPER}{helper}, which {} names", path.display());
            return Ok(Some(Found { kept, source }));
        }
        let is_meant = |name: &str| match is_hub {
            true => HUB_HOSTS.contains(&host(name)),
            false => host(name) == registry,
        };
        let auths = &configuration.auths;
        let exact = auths.get_key_value(server);
        let Some((name, entry)) = exact.or_else(|| auths.iter().find(|(name, _)| is_meant(name)))
        else {
            return Ok(None);
        };
        let kept = entry.kept().map_err(|problem| wrong(format!("of {name}: {problem}")))?;
        Ok(kept.map(|kept| Found { kept, source: path.display().to_string() }))
    }

    /// Asks a helper, by the protocol of docker-credential-helpers; none where it has nothing.
    async fn ask(
        &self,
        path: &Path,
        helper: &str,
        server: &str,
    ) -> Result<Option<Kept>, KeychainError> {
        let program = format!("{HELPER}{helper}");
        let failed = |problem: &str| KeychainError::Helper {
            program: program.clone(),
            path: path.to_owned(),
            server: server.to_owned(),
            problem: problem.to_owned(),
        };
        if helper.contains(['/', '\\']) {
            return Err(failed("a helper is named without a path"));
        }
        let mut command = match &self.helpers {
            Some(folder) => Command::new(folder.join(&program)),
            None => Command::new(&program),
        };
        command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.kill_on_drop(true).spawn().map_err(|source| KeychainError::Start {
                program: program.clone(),
                path: path.to_owned(),
                server: server.to_owned(),
                source,
            })?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let talk = async {
            if let Some(mut stdin) = stdin {
                // One that does not read what it is asked says why, or ends.
                let _ = stdin.write_all(format!("{server}\n").as_bytes()).await;
            }
            let mut said = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(LARGEST_ANSWER).read_to_end(&mut said).await?;
            }
            Ok::<_, std::io::Error>((child.wait().await?, said))
        };
        let seconds = HELPER_TIMEOUT.as_secs();
        let (status, said) = match tokio::time::timeout(HELPER_TIMEOUT, talk).await {
            Err(_) => return Err(failed(&format!("it did not answer within {seconds} s"))),
            Ok(Err(error)) => return Err(failed(&error.to_string())),
            Ok(Ok(answer)) => answer,
        };
        if !status.success() {
            let said = String::from_utf8_lossy(&said);
            let said = said.trim();
            // That is how helpers say that there is nothing.
            if said.contains("credentials not found") {
                return Ok(None);
            }
            let words: String = said.chars().take(200).collect();
            return Err(failed(&format!("it ended with {status}: {words}")));
        }
        let answer: Answer = serde_json::from_slice(&said)
            .map_err(|_| failed("its answer is no JSON object with Username and Secret"))?;
        let Answer { username, secret } = answer;
        Ok(match username.as_str() {
            _ if secret.is_empty() => None,
            TOKEN_USER => Some(Kept::IdentityToken(secret)),
            _ => Some(Kept::Password { username, password: secret }),
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    auths: std::collections::BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// The host, with its port, in the name of an entry, which may be an address.
fn host(name: &str) -> &str {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    name.split('/').next().unwrap_or(name)
}

impl Entry {
    fn kept(&self) -> Result<Option<Kept>, &'static str> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.registrytoken) {
            return Ok(Some(Kept::RegistryToken(token)));
        }
        if let Some(token) = given(&self.identitytoken) {
            return Ok(Some(Kept::IdentityToken(token)));
        }
        if let Some(auth) = given(&self.auth) {
            let auth = auth.trim();
            let decoded = STANDARD.decode(auth).or_else(|_| STANDARD_NO_PAD.decode(auth));
            let decoded = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let Some((username, password)) = decoded.as_deref().and_then(|it| it.split_once(':'))
            else {
                return Err("auth is not name:password in base64");
            };
            // Docker once padded it with these.
            let password = password.trim_end_matches('\0');
            let (username, password) = (username.to_owned(), password.to_owned());
            return Ok(Some(Kept::Password { username, password }));
        }
        let both = given(&self.username).zip(given(&self.password));
        Ok(both.map(|(username, password)| Kept::Password { username, password }))
    }
}

#[cfg(test)]
mod tests;
