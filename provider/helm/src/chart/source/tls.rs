//! TLS towards sources of charts: whom to trust, and what to show of oneself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::access::Access;

/// Why TLS cannot be set up. A key is never quoted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The machine's certificates cannot be read.
    #[error(
        "read the certificates that this machine trusts: {0}; SSL_CERT_FILE may name a file of them"
    )]
    Trust(String),
    /// A PEM file cannot be used.
    #[error("read the {what} in {path}: {problem}")]
    File {
        /// What it should hold.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("a client certificate needs both its file and the file of its key")]
    Half,
    /// TLS itself refuses the settings.
    #[error("set up TLS")]
    Setup(#[source] rustls::Error),
}

/// TLS towards a source itself, and towards all other hosts that it refers to.
pub(super) struct Tls {
    pub(super) own: Arc<ClientConfig>,
    pub(super) others: Arc<ClientConfig>,
}

impl Tls {
    /// Reads all files: this blocks.
    pub(super) fn new(access: &Access) -> Result<Self, TlsError> {
        let roots = roots(access)?;
        let identity = identity(access)?;
        let others = match access.pass_credentials {
            true => identified(trusting(&roots)?, identity.as_ref())?,
            false => trusting(&roots)?.with_no_client_auth(),
        };
        let own = match access.insecure_skip_tls_verify {
            true => identified(trusting_anyone()?, identity.as_ref())?,
            false => identified(trusting(&roots)?, identity.as_ref())?,
        };
        Ok(Tls { own: Arc::new(own), others: Arc::new(others) })
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);
type Trusting = ConfigBuilder<ClientConfig, WantsClientCert>;

/// The certificates that this machine trusts (or SSL_CERT_FILE and SSL_CERT_DIR name), and those of the source.
fn roots(access: &Access) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = &access.ca_file {
        let what = "certificates";
        for certificate in certificates(what, path)? {
            roots.add(certificate).map_err(|error| unusable(what, path, &error))?;
        }
    }
    if roots.is_empty() && !access.insecure_skip_tls_verify {
        let reasons: Vec<String> = native.errors.iter().map(ToString::to_string).collect();
        let reason = if reasons.is_empty() { "there are none".into() } else { reasons.join("; ") };
        return Err(TlsError::Trust(reason));
    }
    Ok(Arc::new(roots))
}

fn identity(access: &Access) -> Result<Option<Identity>, TlsError> {
    let (certificate, key) = match (&access.cert_file, &access.key_file) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(TlsError::Half),
    };
    let certificates = certificates("client certificate", certificate)?;
    let what = "client certificate's key";
    let read = std::fs::read(key).map_err(|error| unusable(what, key, &error))?;
    let key = PrivateKeyDer::from_pem_slice(&read).map_err(|error| unusable(what, key, &error))?;
    Ok(Some((certificates, key)))
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = std::fs::read(path).map_err(|error| unusable(what, path, &error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read).collect();
    let certificates = certificates.map_err(|error| unusable(what, path, &error))?;
    if certificates.is_empty() {
        return Err(unusable(what, path, &"there is no PEM certificate in it"));
    }
    Ok(certificates)
}

fn unusable(what: &'static str, path: &Path, problem: &dyn std::fmt::Display) -> TlsError {
    TlsError::File { what, path: path.to_owned(), problem: problem.to_string() }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn trusting(roots: &Arc<RootCertStore>) -> Result<Trusting, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Setup)?;
    Ok(builder.with_root_certificates(Arc::clone(roots)))
}

fn trusting_anyone() -> Result<Trusting, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::Setup)?;
    let verifier = Arc::new(Anyone(provider()));
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier))
}

fn identified(builder: Trusting, identity: Option<&Identity>) -> Result<ClientConfig, TlsError> {
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some((certificates, key)) => builder
            .with_client_auth_cert(certificates.clone(), key.clone_key())
            .map_err(TlsError::Setup),
    }
}

/// Believes every certificate, but not that a peer has a key that it does not have.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
