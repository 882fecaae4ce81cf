use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::client::{Ask, Client};
use super::*;

/// An authority that nobody trusts of itself.
struct Authority {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        let certificate = certificate.der().clone();
        Authority { folder, issuer: Issuer::new(parameters, key), certificate }
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.path().join(name))
    }

    /// A certificate for a name, also in files of this name.
    fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let write = |end: &str, text: String| {
            std::fs::write(self.folder.path().join(format!("{name}.{end}")), text).unwrap();
        };
        write("pem", certificate.pem());
        write("key", key.serialize_pem());
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        (vec![certificate.der().clone()], key)
    }

    /// A server that says hello, also only to those whom this authority knows. Gives its port.
    async fn serve(&self, demands_certificate: bool) -> u16 {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match demands_certificate {
            true => builder.with_client_cert_verifier(verifier.build().unwrap()),
            false => builder.with_no_client_auth(),
        };
        let (certificates, key) = self.issue("127.0.0.1");
        let config = builder.with_single_cert(certificates, key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut read = [0; 4096];
                if !matches!(stream.read(&mut read).await, Ok(length) if length > 0) {
                    continue;
                }
                let hello =
                    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
                // Who asked may be gone.
                let _ = stream.write_all(hello.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        port
    }
}

/// Whether a source is believed, asked at `own`, of which `asked` may be another host.
async fn answers(own: &str, asked: &str, access: &Access) -> bool {
    let client = Client::new(own, access).await.unwrap();
    let ask = Ask { attempts: 1, ..Ask::new("GetFile", asked, 100) };
    match client.ask(&ask).await {
        Ok(answer) => {
            assert_eq!(&answer.body[..], b"hello");
            true
        }
        Err(_) => false,
    }
}

#[tokio::test]
async fn only_known_certificates_are_believed() {
    let authority = Authority::new();
    let address = format!("https://127.0.0.1:{}/", authority.serve(false).await);
    let stranger = Authority::new();
    let trusting =
        |authority: &Authority| Access { ca_file: authority.file("ca.pem"), ..Access::default() };
    assert!(!answers(&address, &address, &Access::default()).await);
    assert!(!answers(&address, &address, &trusting(&stranger)).await);
    assert!(answers(&address, &address, &trusting(&authority)).await);
    // Whoever may be anybody is the source itself, and nobody it refers to.
    let anyone = Access { insecure_skip_tls_verify: true, ..Access::default() };
    assert!(answers(&address, &address, &anyone).await);
    assert!(!answers("https://a.example", &address, &anyone).await);
    // Trusted authorities are so everywhere.
    assert!(answers("https://a.example", &address, &trusting(&authority)).await);
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_the_source_alone() {
    let authority = Authority::new();
    let address = format!("https://127.0.0.1:{}/", authority.serve(true).await);
    authority.issue("me");
    let nobody = Access { ca_file: authority.file("ca.pem"), ..Access::default() };
    let me = Access {
        cert_file: authority.file("me.pem"),
        key_file: authority.file("me.key"),
        ..nobody.clone()
    };
    assert!(!answers(&address, &address, &nobody).await);
    assert!(answers(&address, &address, &me).await);
    assert!(!answers("https://a.example", &address, &me).await);
    let passing = Access { pass_credentials: true, ..me };
    assert!(answers("https://a.example", &address, &passing).await);
}

#[test]
fn files_that_hold_something_else_are_named() {
    let authority = Authority::new();
    authority.issue("me");
    let check = |access: Access, expected: &str| {
        let error = Tls::new(&access).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let ca_file = authority.file("me.key");
    check(Access { ca_file, ..Access::default() }, "there is no PEM certificate in it");
    let (cert_file, key_file) = (authority.file("me.pem"), authority.file("ca.pem"));
    check(
        Access { cert_file, key_file, ..Access::default() },
        "read the client certificate's key in ",
    );
    check(Access { key_file: authority.file("me.key"), ..Access::default() }, "needs both");
}
