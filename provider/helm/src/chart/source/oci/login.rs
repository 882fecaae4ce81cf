//! Who asks a registry, and how that is proved: by name and password, or by a token of the registry's token server
//! (the distribution project's token authentication, and its OAuth 2 for identity tokens).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::super::access::Access;
use super::super::address::{origin, shown};
use super::super::client::{Answer, Ask, Client};
use super::super::web::{authorization, basic};
use super::challenge::Challenge;
use super::error::said;
use super::keychain::{Kept, Keychain};
use super::{Reference, RegistryError};

/// What a token server answers is no larger than this, in bytes.
const LARGEST_TOKEN: usize = 1 << 20;
/// What need not be quoted in a query.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// How this program is called where a client must have a name.
const CLIENT: &str = "travel-helm";

/// Who asks, and where that is known from.
pub(super) struct Login {
    kept: Option<Kept>,
    /// For people.
    pub(super) source: String,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Login {
    /// Who asks: as the settings say, or else as it is kept for the registry.
    pub(super) async fn find(
        reference: &Reference,
        access: &Access,
        keychain: &Keychain,
    ) -> Result<Self, RegistryError> {
        if let Some((username, password)) = access.password() {
            let (username, password) = (username.to_owned(), password.to_owned());
            let source = format!("as {username:?} with the password given for it");
            return Ok(Login { kept: Some(Kept::Password { username, password }), source });
        }
        if let Some(found) = keychain.look_up(&reference.registry).await? {
            let source = match &found.kept {
                Kept::Password { username, .. } => {
                    format!("as {username:?} with the password of {}", found.source)
                }
                _ => format!("with the token of {}", found.source),
            };
            return Ok(Login { kept: Some(found.kept), source });
        }
        let files: Vec<String> =
            keychain.files.iter().map(|path| path.display().to_string()).collect();
        let nowhere = format!("there are no credentials for {} in", reference.registry);
        let source =
            format!("without credentials: none were given, and {nowhere} {}", files.join(" or "));
        Ok(Login { kept: None, source })
    }

    /// What a request must show to be answered; none where there is nothing to show.
    pub(super) async fn authorize(
        &self,
        client: &Client,
        reference: &Reference,
        base: &str,
        challenge: &Challenge,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        match (challenge, &self.kept) {
            (_, Some(Kept::RegistryToken(token))) => {
                Ok(Some(self.header(reference, "Bearer", token)?))
            }
            (Challenge::Basic, Some(Kept::Password { username, password })) => {
                Ok(Some(basic(base, username, password)?))
            }
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service, scope }, kept) => {
                let is_open = realm.starts_with("http://") && base.starts_with("https://");
                if is_open || !realm.contains("://") {
                    let (registry, realm) = (reference.registry.clone(), shown(realm));
                    return Err(RegistryError::Realm { registry, realm });
                }
                let default = format!("repository:{}:pull", reference.repository);
                let mut parameters = vec![("scope", scope.as_deref().unwrap_or(&default))];
                parameters.extend(service.as_deref().map(|service| ("service", service)));
                let answer = match kept {
                    Some(Kept::IdentityToken(token)) => {
                        parameters.extend([
                            ("grant_type", "refresh_token"),
                            ("client_id", CLIENT),
                            ("refresh_token", token),
                        ]);
                        let form = Some(query(&parameters));
                        client
                            .ask(&Ask { form, ..Ask::new("GetToken", realm, LARGEST_TOKEN) })
                            .await
                    }
                    kept => {
                        let header = match kept {
                            Some(Kept::Password { username, password }) => {
                                parameters.push(("account", username));
                                Some(basic(realm, username, password)?)
                            }
                            _ => None,
                        };
                        let separator = if realm.contains('?') { '&' } else { '?' };
                        let address = format!("{realm}{separator}{}", query(&parameters));
                        let authorization = header.as_ref();
                        let ask = Ask::new("GetToken", &address, LARGEST_TOKEN);
                        client.ask(&Ask { authorization, ..ask }).await
                    }
                };
                let token = self.token(reference, realm, &answer?)?;
                Ok(Some(self.header(reference, "Bearer", &token)?))
            }
        }
    }

    fn token(
        &self,
        reference: &Reference,
        realm: &str,
        answer: &Answer,
    ) -> Result<String, RegistryError> {
        let what = format!("get a token for {reference} from {}", origin(&shown(realm)));
        if !answer.status.is_success() {
            return Err(RegistryError::Refused {
                what,
                status: answer.status,
                said: said(&answer.body),
                retry_after: answer.retry_after(),
                asked: self.source.clone(),
                registry: reference.registry.clone(),
            });
        }
        let problem = "the answer has no token".to_owned();
        let wrong = || RegistryError::Content { what: what.clone(), problem: problem.clone() };
        let token: Token = serde_json::from_slice(&answer.body).map_err(|_| wrong())?;
        token.token.or(token.access_token).filter(|it| !it.is_empty()).ok_or_else(wrong)
    }

    fn header(
        &self,
        reference: &Reference,
        scheme: &str,
        token: &str,
    ) -> Result<HeaderValue, RegistryError> {
        authorization(scheme, token).ok_or_else(|| RegistryError::Content {
            what: format!("send the token for {reference}"),
            problem: "it has characters that no header can hold".to_owned(),
        })
    }
}

fn query(parameters: &[(&str, &str)]) -> String {
    let quoted = |text| utf8_percent_encode(text, UNRESERVED);
    let pairs = parameters.iter().map(|(name, text)| format!("{name}={}", quoted(text)));
    pairs.collect::<Vec<_>>().join("&")
}
