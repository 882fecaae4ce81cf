//! The first words between Terraform and the plugin: what the environment asks for, and the one
//! line on standard output that says where the plugin listens.

use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;

/// The plugin protocol that this plugin speaks.
pub const PROTOCOL_VERSION: u32 = 6;

/// The version of the handshake itself.
const CORE_PROTOCOL_VERSION: u32 = 1;

/// Says that a Terraform started the process, and not a person. Not a secret.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// What the caller asks of the plugin in the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invitation {
    /// Whether a Terraform started the process.
    pub invited: bool,
    /// The plugin protocols that the caller speaks; empty where it says nothing.
    pub protocol_versions: Vec<u32>,
    /// The only certificate that a client may show, in PEM. Plaintext where there is none.
    pub client_certificate: Option<String>,
    /// The folder in which to put the socket.
    pub socket_folder: Option<PathBuf>,
    /// The group, by name or number, that may use the socket too.
    pub socket_group: Option<String>,
    /// Whether the line must say if brokered connections may share one socket.
    pub asks_multiplexing: bool,
}

impl Invitation {
    /// Reads the environment through a function from a variable's name to its value.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        // A caller that disables TLS offers no certificate: one that is there was inherited from
        // a caller further up.
        let encrypted = given("TF_DISABLE_PLUGIN_TLS").is_none();
        Self {
            invited: given(COOKIE.0).as_deref() == Some(COOKIE.1),
            protocol_versions: given("PLUGIN_PROTOCOL_VERSIONS")
                .unwrap_or_default()
                .split(',')
                .filter_map(|version| version.trim().parse().ok())
                .collect(),
            client_certificate: given("PLUGIN_CLIENT_CERT").filter(|_| encrypted),
            socket_folder: given("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: given("PLUGIN_UNIX_SOCKET_GROUP"),
            asks_multiplexing: given("PLUGIN_MULTIPLEX_GRPC").is_some(),
        }
    }

    /// Whether the caller speaks this plugin's protocol, or does not say.
    pub fn speaks_our_protocol(&self) -> bool {
        self.protocol_versions.is_empty() || self.protocol_versions.contains(&PROTOCOL_VERSION)
    }
}

/// The line that tells the caller where the plugin listens.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The path of the socket.
    pub socket: &'a str,
    /// The certificate that the plugin will show; none in plaintext.
    pub certificate: Option<&'a CertificateDer<'static>>,
    /// Whether to say that brokered connections need sockets of their own.
    pub tells_multiplexing: bool,
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certificate =
            self.certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        write!(
            formatter,
            "{CORE_PROTOCOL_VERSION}|{PROTOCOL_VERSION}|unix|{}|grpc|{certificate}",
            self.socket
        )?;
        // Older callers take everything behind the fifth bar for the certificate.
        if self.tells_multiplexing { formatter.write_str("|false") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Invitation {
        Invitation::read(|name| {
            let found = variables.iter().find(|(other, _)| *other == name)?;
            Some(found.1.to_owned())
        })
    }

    #[test]
    fn reads_what_the_caller_asks_for() {
        assert_eq!(read(&[]), Invitation::default());
        assert_eq!(read(&[("TF_PLUGIN_MAGIC_COOKIE", "wrong")]), Invitation::default());
        let all = read(&[
            COOKIE,
            ("PLUGIN_PROTOCOL_VERSIONS", "6,5"),
            ("PLUGIN_CLIENT_CERT", "pem"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/x"),
            ("PLUGIN_UNIX_SOCKET_GROUP", "staff"),
            ("PLUGIN_MULTIPLEX_GRPC", "true"),
            ("TF_DISABLE_PLUGIN_TLS", ""),
        ]);
        assert_eq!(
            all,
            Invitation {
                invited: true,
                protocol_versions: vec![6, 5],
                client_certificate: Some("pem".to_owned()),
                socket_folder: Some("/run/x".into()),
                socket_group: Some("staff".to_owned()),
                asks_multiplexing: true,
            }
        );
        let plain = read(&[("PLUGIN_CLIENT_CERT", "pem"), ("TF_DISABLE_PLUGIN_TLS", "1")]);
        assert_eq!(plain.client_certificate, None);
    }

    #[test]
    fn knows_who_speaks_its_protocol() {
        for (versions, speaks) in
            [("", true), ("5,6", true), ("6", true), ("5", false), ("5,7", false)]
        {
            let invitation = read(&[("PLUGIN_PROTOCOL_VERSIONS", versions)]);
            assert_eq!(invitation.speaks_our_protocol(), speaks, "{versions}");
        }
    }

    #[test]
    fn answers_in_one_line() {
        let certificate = CertificateDer::from(vec![0xfb, 0xff, 0xfe, 0x01]);
        let answer = |certificate, tells_multiplexing| {
            Answer { socket: "/tmp/p", certificate, tells_multiplexing }.to_string()
        };
        assert_eq!(answer(Some(&certificate), false), "1|6|unix|/tmp/p|grpc|+//+AQ");
        assert_eq!(answer(Some(&certificate), true), "1|6|unix|/tmp/p|grpc|+//+AQ|false");
        assert_eq!(answer(None, false), "1|6|unix|/tmp/p|grpc|");
    }
}
