//! Why a registry did not give a chart.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use super::super::client::WebError;
use super::KeychainError;
use crate::semver::SemverError;

/// Why a registry did not give a chart. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The reference is none.
    #[error("{text:?} is no reference to a chart, as in oci://host/path/chart:1.2.3: {problem}")]
    Reference {
        /// What was given, as far as it may be shown.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Reference and version name different tags.
    #[error(
        "{reference} has a tag of its own, and the version asked for is {version}; leave one of them out"
    )]
    Contradiction {
        /// The reference, with its tag.
        reference: String,
        /// The version.
        version: String,
    },
    /// The version is neither a version nor a constraint.
    #[error("{text:?} is neither a version nor a constraint of versions")]
    Constraint {
        /// What was given.
        text: String,
        /// Why.
        #[source]
        source: SemverError,
    },
    /// There is no such tag.
    #[error("{place} has no version {wanted}; it has: {known}")]
    NoVersion {
        /// Registry and repository.
        place: String,
        /// The version or constraint.
        wanted: String,
        /// The versions there are.
        known: String,
    },
    /// The registry cannot be reached.
    #[error(transparent)]
    Web(#[from] WebError),
    /// Credentials cannot be looked up.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// The registry, or its token server, refused.
    #[error("{what}: it answered {status}{said}{}", remedy(*.status, *.retry_after, .asked, .registry))]
    Refused {
        /// What was asked for, and where.
        what: String,
        /// The answer.
        status: StatusCode,
        /// The codes and messages in the answer.
        said: String,
        /// How long it asks to be left alone, where it does.
        retry_after: Option<Duration>,
        /// On whose behalf it was asked.
        asked: String,
        /// The registry's host and port.
        registry: String,
    },
    /// The token server is not one that may be told a password.
    #[error(
        "{registry} demands a token of {realm:?}, which is no https:// address; credentials are not sent there"
    )]
    Realm {
        /// The registry's host and port.
        registry: String,
        /// The token server.
        realm: String,
    },
    /// What is there is no chart.
    #[error("{place} is no chart but {what}")]
    NoChart {
        /// The reference.
        place: String,
        /// What it is.
        what: String,
    },
    /// What the registry gave cannot be used.
    #[error("{what}: {problem}")]
    Content {
        /// What was asked for, and where.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The content is not what was asked for.
    #[error(
        "{place}: the content has the digest {found}, and {who} says {expected}; it is damaged or was exchanged"
    )]
    Digest {
        /// The reference.
        place: String,
        /// Who says what it should be.
        who: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The list of tags does not end.
    #[error("list the tags of {0}: it has more pages than are read; name an exact version")]
    Endless(String),
    /// Reading files ended early.
    #[error("an inner task ended early")]
    Task(#[from] tokio::task::JoinError),
}

impl RegistryError {
    /// Whether the registry says that there is no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }
}

fn remedy(
    status: StatusCode,
    retry_after: Option<Duration>,
    asked: &str,
    registry: &str,
) -> String {
    match (status.as_u16(), retry_after) {
        (401 | 403, _) => format!(
            "; it was asked {asked}. Give a user name and a password that may pull from it, or log in, as with \
             helm registry login {registry}"
        ),
        (404, _) => format!("; is the path right, and may it be seen? It was asked {asked}"),
        (407, _) => {
            "; the proxy wants a name and a password, which HTTPS_PROXY may hold".to_owned()
        }
        (_, Some(pause)) => format!("; it asks to be tried again in {} s", pause.as_secs()),
        _ => String::new(),
    }
}

/// What a registry says beside a status: the codes and messages of the distribution specification.
pub(super) fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        errors: Vec<Reason>,
    }
    #[derive(Deserialize)]
    struct Reason {
        code: Option<String>,
        message: Option<String>,
    }
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else { return String::new() };
    let reasons = refusal.errors.into_iter().take(4).filter_map(|reason| {
        let short = |text: Option<String>| -> Option<String> {
            let text: String =
                text?.chars().filter(|letter| !letter.is_control()).take(300).collect();
            Some(text).filter(|text| !text.is_empty())
        };
        match (short(reason.code), short(reason.message)) {
            (Some(code), Some(message)) => Some(format!("{code}: {message}")),
            (code, message) => code.or(message),
        }
    });
    let reasons: Vec<String> = reasons.collect();
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_told() {
        let check = |body: &str, expected: &str| assert_eq!(said(body.as_bytes()), expected);
        check(
            r#"{"errors": [{"code": "DENIED", "message": "no\npull", "detail": 1}, {"code": "X"}]}"#,
            " (DENIED: nopull; X)",
        );
        check(r#"{"errors": []}"#, "");
        check(r#"{"details": "incorrect username"}"#, "");
        check("<html>", "");
    }
}
