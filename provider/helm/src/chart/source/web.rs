//! A web server's folder with an index.yaml.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Uri};
use tokio::sync::OnceCell;

use super::access::Access;
use super::address::{credentials, is_address, origin, shown, without_credentials};
use super::client::{Ask, Client, WebError};

/// Who asks where nobody says who.
const NOBODY: &str = "without name and password";

/// A web server's folder, and who may look into it.
pub(super) struct Site {
    /// Without name and password, and with a slash at its end.
    root: String,
    authorization: Option<HeaderValue>,
    /// Where that is from, for people.
    asked: &'static str,
    access: Access,
    client: OnceCell<Client>,
}

impl Site {
    pub(super) fn parse(address: &str, access: &Access) -> Result<Self, WebError> {
        let root = without_credentials(address);
        let uri: Uri = root.parse().map_err(|_| WebError::Address(shown(&root)))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(WebError::Address(shown(&root)));
        }
        let root = root.split(['?', '#']).next().unwrap_or_default();
        let in_address = credentials(address)
            .and_then(|text| self::authorization("Basic", &STANDARD.encode(text)));
        let (authorization, asked) = match (access.password(), in_address) {
            (Some((name, password)), _) => {
                (Some(basic(root, name, password)?), "with the name and password given for it")
            }
            (None, Some(header)) => (Some(header), "with the name and password in its URL"),
            (None, None) => (None, NOBODY),
        };
        let root = format!("{}/", root.trim_end_matches('/'));
        Ok(Site { root, authorization, asked, access: access.clone(), client: OnceCell::new() })
    }

    /// The address of a file by its path in the folder, by a path on the host, or by an address of its own.
    pub(super) fn place(&self, name: &str) -> String {
        if is_address(name) {
            return without_credentials(name);
        }
        match name.strip_prefix('/') {
            Some(path) => format!("{}/{path}", origin(&self.root)),
            None => format!("{}{name}", self.root),
        }
    }

    /// Gets a file.
    pub(super) async fn get(&self, name: &str, limit: usize) -> Result<Bytes, WebError> {
        let address = self.place(name);
        // Another host gets no credentials, unless that is asked for.
        let is_own = origin(&address) == origin(&self.root) || self.access.pass_credentials;
        let authorization = self.authorization.as_ref().filter(|_| is_own);
        let client = self.client.get_or_try_init(|| Client::new(&self.root, &self.access)).await?;
        let ask = Ask { authorization, ..Ask::new("GetFile", &address, limit) };
        let answer = client.ask(&ask).await?;
        match answer.status.is_success() {
            true => Ok(answer.body),
            false => {
                let is_told = self.access.pass_credentials
                    || (is_own && origin(&answer.address) == origin(&self.root));
                Err(answer.refusal(if is_told { self.asked } else { NOBODY }))
            }
        }
    }
}

/// The header of basic authentication at an address.
pub(super) fn basic(address: &str, name: &str, password: &str) -> Result<HeaderValue, WebError> {
    let text = STANDARD.encode(format!("{name}:{password}"));
    let header = authorization("Basic", &text).filter(|_| !name.contains(':'));
    header.ok_or_else(|| WebError::Credentials(shown(address)))
}

/// A header of authorization, which no log shows; none where a header cannot hold the text.
pub(super) fn authorization(scheme: &str, text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {text}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_put_together() {
        let check = |root: &str, name: &str, expected: &str| {
            assert_eq!(Site::parse(root, &Access::default()).unwrap().place(name), expected);
        };
        check("https://a.example/charts", "b-1.tgz", "https://a.example/charts/b-1.tgz");
        check("https://u:p@a.example/charts/?x=1", "b.tgz", "https://a.example/charts/b.tgz");
        check("http://a.example:81", "/x/b.tgz", "http://a.example:81/x/b.tgz");
        check("https://a.example/c", "https://u:p@b.example/x@1.tgz", "https://b.example/x@1.tgz");
        for wrong in ["https://", "http://a b", "https:///x"] {
            let refused = Site::parse(wrong, &Access::default());
            assert!(matches!(refused, Err(WebError::Address(_))), "{wrong}");
        }
    }
}
