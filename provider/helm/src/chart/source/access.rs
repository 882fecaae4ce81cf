//! How a source of charts is asked: on whose behalf, and whose certificates are believed.

use std::fmt;
use std::path::PathBuf;

/// Settings for a web server or a registry with charts. Where nothing is set, nothing is sent, and certificates must be
/// of those that this machine trusts.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// The user's name. It wins over one in the URL, and over what is kept for a registry in a configuration file.
    pub username: Option<String>,
    /// The password, or a token that stands for one.
    pub password: Option<String>,
    /// A PEM file of certificates that are trusted beside those that this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// A PEM file of a client certificate; goes with `key_file`.
    pub cert_file: Option<PathBuf>,
    /// A PEM file of the client certificate's key.
    pub key_file: Option<PathBuf>,
    /// Whether the source's own certificate may be anyone's.
    pub insecure_skip_tls_verify: bool,
    /// Whether a registry is asked by HTTP. One on this machine needs no saying so.
    pub plain_http: bool,
    /// Whether name and password, and the client certificate, also go to other hosts that the source refers to.
    pub pass_credentials: bool,
}

impl Access {
    /// Name and password, where either is set.
    pub(super) fn password(&self) -> Option<(&str, &str)> {
        if self.username.is_none() && self.password.is_none() {
            return None;
        }
        Some((
            self.username.as_deref().unwrap_or_default(),
            self.password.as_deref().unwrap_or_default(),
        ))
    }
}

/// Shows no password.
impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Access")
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "(hidden)"))
            .field("ca_file", &self.ca_file)
            .field("cert_file", &self.cert_file)
            .field("key_file", &self.key_file)
            .field("insecure_skip_tls_verify", &self.insecure_skip_tls_verify)
            .field("plain_http", &self.plain_http)
            .field("pass_credentials", &self.pass_credentials)
            .finish()
    }
}
