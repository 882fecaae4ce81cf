//! Who is let in, tried with real clients.

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

/// A certificate like Terraform's: P-521, signed by itself, an authority.
struct Client {
    pem: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Client {
    fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
        }
    }

    /// What this client shows, signing with the key of another perhaps.
    fn shows(&self, key_of: &Self) -> Shown {
        let key = PrivateKeyDer::Pkcs8(key_of.key.clone().into());
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        Shown(Some(Arc::new(CertifiedKey::new(vec![self.certificate.clone()], key))))
    }
}

#[derive(Debug)]
struct Shown(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Whether a client that shows this can say something and hear it back.
async fn let_in(
    server: &MutualTls,
    shown: Shown,
    version: &'static SupportedProtocolVersion,
) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(server.certificate.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![b"h2".to_vec()];

    let (near, far) = tokio::io::duplex(64 * 1024);
    let acceptor = TlsAcceptor::from(Arc::clone(&server.config));
    let echo = tokio::spawn(async move {
        let mut stream = acceptor.accept(far).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut word = [0; 5];
        stream.read_exact(&mut word).await?;
        stream.write_all(&word).await?;
        stream.flush().await
    });
    let heard = async {
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, near).await?;
        stream.write_all(b"hello").await?;
        let mut word = [0; 5];
        stream.read_exact(&mut word).await?;
        assert_eq!(&word, b"hello");
        Ok::<_, std::io::Error>(())
    };
    let heard = heard.await.is_ok();
    assert_eq!(echo.await.unwrap().is_ok(), heard);
    heard
}

#[tokio::test]
async fn lets_in_the_one_client_and_no_other() {
    let client = Client::new();
    let other = Client::new();
    let server = MutualTls::with_client(&client.pem).unwrap();
    for version in [&TLS12, &TLS13] {
        for (what, shown, expected) in [
            ("its certificate and key", client.shows(&client), true),
            ("no certificate", Shown(None), false),
            ("another certificate", other.shows(&other), false),
            ("its certificate without its key", client.shows(&other), false),
        ] {
            assert_eq!(let_in(&server, shown, version).await, expected, "{what} {version:?}");
        }
    }
}

#[test]
fn refuses_a_client_certificate_that_is_none() {
    for pem in ["", "certificate", "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"] {
        let error = MutualTls::with_client(pem).unwrap_err();
        assert!(matches!(error, TlsError::ClientCertificate(_)), "{error}");
    }
}

#[test]
fn every_process_has_a_certificate_of_its_own() {
    let client = Client::new();
    let certificate = || MutualTls::with_client(&client.pem).unwrap().certificate;
    assert_ne!(certificate(), certificate());
}
