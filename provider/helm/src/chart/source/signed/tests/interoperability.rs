//! What the real Helm signs is taken, what it takes is taken, and what it refuses is refused; where Helm is installed
//! (`make test-tools`).

use std::path::Path;

use pgp::packet::SignatureType;
use pgp::ser::Serialize;
use pgp::types::KeyDetails;

use super::super::super::super::provenance::tests::signing::{
    DAY, Manner, NAME, Publisher, for_signing_until, text,
};
use super::super::super::tests::helm;
use super::*;

const CART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\ndescription: |\n  One\n  - two\n";

/// A home of Helm, with the keys of a publisher.
struct Home {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Home {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, data: &[u8]) {
        std::fs::write(self.path().join(name), data).unwrap();
    }

    async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        helm::run(&self.program, self.path(), arguments).await
    }

    async fn find(&self, chart: &str) -> Result<Loaded, SourceError> {
        let keyring = Some(self.path().join("public.gpg"));
        let chart = chart.to_owned();
        find(&ChartReference { chart, keyring, ..ChartReference::default() }, None).await
    }
}

fn home(publisher: &Publisher) -> Option<Home> {
    let program = helm::program()?;
    let home = Home { folder: tempfile::tempdir().unwrap(), program };
    home.write("public.gpg", &publisher.public());
    home.write("secret.gpg", &publisher.secret());
    Some(home)
}

#[tokio::test]
async fn helm_and_this_crate_take_what_the_other_has_signed() {
    let publisher = Publisher::new();
    let Some(home) = home(&publisher) else { return };
    let registry = Registry::start().await;
    let repository = format!("oci://{}/shop", registry.address);
    // Signed and pushed by Helm.
    std::fs::create_dir(home.path().join("shop")).unwrap();
    home.write("shop/Chart.yaml", CART.as_bytes());
    let sign = ["package", "shop", "--sign", "--key", NAME, "--keyring", "secret.gpg"];
    home.run(&sign).await.unwrap();
    check(home.find(&home.path().join(FILE).display().to_string()).await, Ok(()));
    home.run(&["push", FILE, &repository, "--plain-http"]).await.unwrap();
    check(home.find(&format!("{repository}/shop:1.0.0")).await, Ok(()));
    // Signed and pushed here.
    let archive = archive("shop", "2.0.0+b.1");
    let provenance = publisher.sign("shop-2.0.0+b.1.tgz", &archive);
    let layers = [(CHART, archive.as_slice()), (oci::PROVENANCE, provenance.as_bytes())];
    registry.push_layers("shop/shop", "2.0.0_b.1", &layers);
    let chart = format!("{repository}/shop");
    let wanted = ["--version", "2.0.0+b.1", "--plain-http", "--verify", "--keyring", "public.gpg"];
    let said = home.run(&[["pull", chart.as_str()].as_slice(), &wanted].concat()).await.unwrap();
    let fingerprint = format!("{:X}", publisher.key.fingerprint());
    assert!(said.to_uppercase().contains(&fingerprint), "{said}");
    check(home.find(&format!("{chart}:2.0.0_b.1")).await, Ok(()));
}

#[tokio::test]
async fn helm_and_this_crate_refuse_the_same() {
    let publisher = Publisher::new();
    let Some(home) = home(&publisher) else { return };
    let archive = archive("shop", "1.0.0");
    home.write(FILE, &archive);
    let good = publisher.sign(FILE, &archive);
    let known = publisher.public();
    let saying = |kind, says| publisher.saying(kind, says).to_bytes().unwrap();
    let by_subkey = || Manner { by_subkey: true, ..Manner::default() };
    let (both, one) = (Publisher::with_subkey(true), Publisher::with_subkey(false));
    let expired = for_signing_until(9 * DAY);
    let cases: [(&str, String, Vec<u8>, bool); 14] = [
        ("as it is", good.clone(), known.clone(), true),
        ("lines as on Windows", good.replace('\n', "\r\n"), known.clone(), true),
        ("another key", good.clone(), Publisher::new().public(), false),
        ("changed text", good.replace("name: cart", "name: carr"), known.clone(), false),
        ("another archive", publisher.sign(FILE, b"another"), known.clone(), false),
        ("another name", publisher.sign("shop-2.0.0.tgz", &archive), known.clone(), false),
        ("no message", "none".to_owned(), known.clone(), false),
        ("no files", publisher.sign_text("a\n...\nb: c", Manner::default()), known.clone(), false),
        (
            "a key that has expired",
            good.clone(),
            saying(SignatureType::CertPositive, expired),
            false,
        ),
        ("a revoked key", good.clone(), saying(SignatureType::KeyRevocation, Vec::new()), false),
        ("a revoked name", good.clone(), saying(SignatureType::CertRevocation, Vec::new()), false),
        ("a subkey", both.sign_text(&text(FILE, &archive), by_subkey()), both.public(), true),
        (
            "a subkey for something else",
            one.sign_text(&text(FILE, &archive), by_subkey()),
            one.public(),
            false,
        ),
        ("a main key for something else", both.sign(FILE, &archive), both.public(), false),
    ];
    let place = home.path().join(FILE).display().to_string();
    for (what, provenance, keyring, is_taken) in cases {
        home.write(&format!("{FILE}.prov"), provenance.as_bytes());
        home.write("public.gpg", &keyring);
        let helm = home.run(&["verify", FILE, "--keyring", "public.gpg"]).await;
        assert_eq!(helm.is_ok(), is_taken, "{what}: {helm:?}");
        let ours = home.find(&place).await;
        assert_eq!(ours.is_ok(), is_taken, "{what}: {ours:?}");
    }
}
