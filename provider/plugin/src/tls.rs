//! Mutual TLS with exactly one client: the one whose certificate came in the environment.
//!
//! Terraform's certificate signs itself and says that it is an authority, which the usual
//! verifiers refuse for a client. Here the certificate must be that one to the byte, and the
//! client must prove with a signature that it has the key.

use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName as Subject, Error, ServerConfig,
    SignatureScheme,
};

/// How the plugin shows itself and whom it lets in.
#[derive(Clone, Debug)]
pub struct MutualTls {
    /// For the TLS acceptor.
    pub config: Arc<ServerConfig>,
    /// The plugin's own certificate, made for this process.
    pub certificate: CertificateDer<'static>,
}

/// Why mutual TLS cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The client's certificate is not one.
    #[error("failed to read the certificate in PLUGIN_CLIENT_CERT")]
    ClientCertificate(#[source] rustls::pki_types::pem::Error),
    /// No certificate could be made.
    #[error("failed to make a certificate for this process")]
    ServerCertificate(#[from] rcgen::Error),
    /// TLS refused the certificate or key.
    #[error("failed to set up TLS")]
    Setup(#[from] Error),
}

impl MutualTls {
    /// Lets in the client with this certificate, in PEM, and shows it a new certificate.
    ///
    /// # Errors
    /// When the text is not a certificate, or the system gives no randomness.
    pub fn with_client(certificate: &str) -> Result<Self, TlsError> {
        let client = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(TlsError::ClientCertificate)?;

        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = CertificateParams::new(["localhost".to_owned()])?;
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "localhost");
        let certificate = parameters.self_signed(&key)?.der().clone();

        let provider = aws_lc_rs::default_provider();
        let verifier = OneClient {
            certificate: client,
            algorithms: provider.signature_verification_algorithms,
        };
        let mut config = ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(
                vec![certificate.clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { config: config.into(), certificate })
    }
}

/// Accepts one certificate, to the byte.
#[derive(Debug)]
struct OneClient {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for OneClient {
    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *certificate == self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> &[Subject] {
        &[]
    }
}

#[cfg(test)]
mod tests;
