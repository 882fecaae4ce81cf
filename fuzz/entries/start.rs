//! The environment that a provider is started in: whatever stands there is taken, or refused with a
//! reason, and the line that says where the plugin listens is always one that a caller can read.

use std::collections::BTreeMap;

use travel_plugin::handshake::{Answer, Invitation};
use travel_plugin::log;
use travel_plugin::tls::MutualTls;

/// What is read of the environment.
const VARIABLES: [&str; 10] = [
    "TF_PLUGIN_MAGIC_COOKIE",
    "PLUGIN_PROTOCOL_VERSIONS",
    "PLUGIN_CLIENT_CERT",
    "PLUGIN_UNIX_SOCKET_DIR",
    "PLUGIN_UNIX_SOCKET_GROUP",
    "PLUGIN_MULTIPLEX_GRPC",
    "TF_DISABLE_PLUGIN_TLS",
    "TF_LOG_PROVIDER_TRAVEL",
    "TF_LOG_PROVIDER",
    "TF_LOG",
];

/// Valid inputs to begin with: one variable after the other, with zeros between them. The certificate
/// is in PEM.
pub fn seeds(certificate: &str) -> Vec<Vec<u8>> {
    let cookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
    let environments = [
        [cookie, "6", certificate, "", "", "", "", "", "", ""],
        [cookie, "5,6", certificate, "/run/plugins", "staff", "true", "", "", "debug", "JSON"],
        [cookie, "5", "", "", "", "", "1", "off", "", "trace"],
        ["", "", "", "", "", "", "", "", "", ""],
    ];
    environments.iter().map(|values| values.join("\0").into_bytes()).collect()
}

/// Begins as the process does, up to where it would listen; says whether it would get there.
pub fn run(input: &[u8]) -> bool {
    // An environment holds no zeros, and what of it is not text is not read.
    let values = input.split(|byte| *byte == 0).map(|value| std::str::from_utf8(value).ok());
    let environment: BTreeMap<&str, &str> = VARIABLES
        .into_iter()
        .zip(values)
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let variable = |name: &str| environment.get(name).map(|value| (*value).to_owned());
    let invitation = Invitation::read(variable);
    let versions = &invitation.protocol_versions;
    assert_eq!(invitation.speaks_our_protocol(), versions.is_empty() || versions.contains(&6));
    let asked = ["TF_LOG_PROVIDER_TRAVEL", "TF_LOG_PROVIDER", "TF_LOG"];
    let is_asked = asked.iter().any(|name| environment.get(name).is_some_and(|it| !it.is_empty()));
    assert_eq!(log::level("travel", variable).is_some(), is_asked);
    let certificate = invitation.client_certificate.as_deref();
    let Ok(tls) = certificate.map(MutualTls::with_client).transpose() else { return false };
    let line = Answer {
        socket: "/tmp/plugin",
        certificate: tls.as_ref().map(|tls| &tls.certificate),
        tells_multiplexing: invitation.asks_multiplexing,
    }
    .to_string();
    let parts: Vec<&str> = line.split('|').collect();
    assert_eq!(parts.len(), 6 + usize::from(invitation.asks_multiplexing), "{line}");
    assert_eq!(parts[5].is_empty(), tls.is_none(), "{line}");
    assert!(!line.contains('\n'), "{line}");
    invitation.invited && invitation.speaks_our_protocol()
}
