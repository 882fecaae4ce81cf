//! Asking one registry about one repository: by HTTPS unless told otherwise, and authorized as it demands.

use http::{HeaderValue, StatusCode};

use super::super::access::Access;
use super::super::address::{is_address, is_loopback, origin};
use super::super::client::{Answer, Ask, Client, WebError};
use super::challenge::challenge;
use super::error::said;
use super::keychain::Keychain;
use super::login::Login;
use super::{Reference, RegistryError};

/// What a registry says of the version it speaks is read this far, in bytes.
const LARGEST_VERSION: usize = 1 << 20;

/// What asks a registry.
pub(super) struct Session<'a> {
    reference: &'a Reference,
    access: &'a Access,
    keychain: &'a Keychain,
    connected: Option<Connected>,
}

struct Connected {
    client: Client,
    /// The address of everything about the repository, with a slash at its end.
    base: String,
    login: Option<Login>,
    authorization: Option<HeaderValue>,
}

impl<'a> Session<'a> {
    /// Nothing is asked yet.
    pub(super) fn new(
        reference: &'a Reference,
        access: &'a Access,
        keychain: &'a Keychain,
    ) -> Self {
        Session { reference, access, keychain, connected: None }
    }

    /// Gets what is at a path below the repository, or at an address of a next page. `what` says for people what that
    /// is about.
    pub(super) async fn get(
        &mut self,
        operation: &'static str,
        what: &str,
        path: &str,
        accept: Option<&'static str>,
        limit: usize,
    ) -> Result<Answer, RegistryError> {
        let Session { reference, access, keychain, .. } = *self;
        if self.connected.is_none() {
            self.connected = Some(connect(reference, access).await?);
        }
        // It was set just now.
        let Some(connected) = &mut self.connected else {
            return Err(RegistryError::Endless(reference.to_string()));
        };
        let address =
            if is_address(path) { path.to_owned() } else { format!("{}{path}", connected.base) };
        let is_own = origin(&address) == origin(&connected.base);
        let mut answer = connected.ask(operation, &address, is_own, accept, limit).await?;
        let is_unauthorized = answer.status == StatusCode::UNAUTHORIZED
            && origin(&answer.address) == origin(&connected.base);
        if is_unauthorized
            && is_own
            && connected.authorize(reference, access, keychain, &answer).await?
        {
            answer = connected.ask(operation, &address, is_own, accept, limit).await?;
        }
        if answer.status.is_success() {
            return Ok(answer);
        }
        let from = origin(&answer.address);
        let asked = match &connected.login {
            _ if from != origin(&connected.base) && !access.pass_credentials => {
                format!("without credentials: the registry has sent it on to {from}")
            }
            Some(login) => login.source.clone(),
            None => "without credentials, which it did not ask for".to_owned(),
        };
        Err(RegistryError::Refused {
            what: what.to_owned(),
            status: answer.status,
            said: said(&answer.body),
            retry_after: answer.retry_after(),
            asked,
            registry: reference.registry.clone(),
        })
    }
}

/// Finds out how the registry is reached.
async fn connect(reference: &Reference, access: &Access) -> Result<Connected, RegistryError> {
    let host = reference.host();
    let mut root = format!("https://{host}");
    if access.plain_http {
        root = format!("http://{host}");
    } else if is_loopback(host) {
        // As Docker does with registries on this machine: without TLS where there is none.
        let client = Client::new(&root, access).await?;
        let address = format!("{root}/v2/");
        let probe = Ask { attempts: 1, ..Ask::new("GetVersion", &address, LARGEST_VERSION) };
        if let Err(WebError::Unreachable { .. }) = client.ask(&probe).await {
            root = format!("http://{host}");
        }
    }
    let client = Client::new(&root, access).await?;
    let base = format!("{root}/v2/{}/", reference.repository);
    Ok(Connected { client, base, login: None, authorization: None })
}

impl Connected {
    async fn ask(
        &self,
        operation: &'static str,
        address: &str,
        is_own: bool,
        accept: Option<&'static str>,
        limit: usize,
    ) -> Result<Answer, RegistryError> {
        let authorization = self.authorization.as_ref().filter(|_| is_own);
        let ask = Ask { accept, authorization, ..Ask::new(operation, address, limit) };
        Ok(self.client.ask(&ask).await?)
    }

    /// Does what the registry demands; false where that is nothing that could be done.
    async fn authorize(
        &mut self,
        reference: &Reference,
        access: &Access,
        keychain: &Keychain,
        answer: &Answer,
    ) -> Result<bool, RegistryError> {
        if self.login.is_none() {
            self.login = Some(Login::find(reference, access, keychain).await?);
        }
        let (Some(login), Some(challenge)) = (&self.login, challenge(&answer.headers)) else {
            return Ok(false);
        };
        self.authorization =
            login.authorize(&self.client, reference, &self.base, &challenge).await?;
        Ok(self.authorization.is_some())
    }
}
