//! The certificate authority of one cluster, and what it signs.

use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::json;

/// The authority of one cluster. Its key lives in memory only.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    certificate: CertificateDer<'static>,
}

/// A certificate with its key.
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    /// A new authority.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let key = KeyPair::generate().context("failed to make the key of an authority")?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = named(name, None);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let certificate = parameters.self_signed(&key)?;
        Ok(Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(parameters, key),
        })
    }

    /// Its certificate in PEM, as `certificateAuthority.data` holds it once more in base64.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The identity of a server under some names and addresses.
    ///
    /// # Errors
    /// When a name is none.
    pub fn server(&self, names: &[&str]) -> anyhow::Result<Identity> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names)?;
        parameters.distinguished_name = named("kube-apiserver", None);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(parameters)
    }

    /// The identity of a client that the API server knows as `user` of `group`.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn client(&self, user: &str, group: &str) -> anyhow::Result<Identity> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = named(user, Some(group));
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(parameters)
    }

    fn sign(&self, mut parameters: CertificateParams) -> anyhow::Result<Identity> {
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate, key })
    }

    /// TLS of a server with an identity of this authority.
    ///
    /// # Errors
    /// When TLS refuses it.
    pub fn server_tls(&self, identity: &Identity) -> anyhow::Result<ServerConfig> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut config = ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.der().clone()], identity.private_key())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// TLS of a client that trusts this authority alone, and shows an identity where it has one.
    ///
    /// # Errors
    /// When TLS refuses it.
    pub fn client_tls(&self, identity: Option<&Identity>) -> anyhow::Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let builder = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        Ok(match identity {
            Some(identity) => builder.with_client_auth_cert(
                vec![identity.certificate.der().clone()],
                identity.private_key(),
            )?,
            None => builder.with_no_client_auth(),
        })
    }

    /// A kubeconfig, as JSON, for a client at `server`.
    pub fn kubeconfig(&self, server: &str, identity: &Identity) -> String {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {
                "server": server,
                "certificate-authority-data": STANDARD.encode(&self.pem),
            }}],
            "users": [{"name": "sandbox", "user": {
                "client-certificate-data": STANDARD.encode(identity.certificate.pem()),
                "client-key-data": STANDARD.encode(identity.key.serialize_pem()),
            }}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
            "current-context": "sandbox",
        })
        .to_string()
    }
}

impl Identity {
    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// Writes certificate and key as `NAME.crt` and `NAME.key` into a folder, and returns both paths.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
        let (certificate, key) =
            (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        std::fs::write(&certificate, self.certificate.pem())?;
        std::fs::write(&key, self.key.serialize_pem())?;
        Ok((certificate, key))
    }
}

fn named(name: &str, group: Option<&str>) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    if let Some(group) = group {
        distinguished.push(DnType::OrganizationName, group);
    }
    distinguished.push(DnType::CommonName, name);
    distinguished
}
