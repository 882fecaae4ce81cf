mod interoperability;

use std::sync::{Arc, Mutex};

use super::super::super::provenance::tests::signing::Publisher;
use super::super::oci::tests::registry::Registry;
use super::super::tests::{archive, serve};
use super::super::{Access, Cache, ChartReference, Digest, Loaded, find};
use super::*;

const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const FILE: &str = "shop-1.0.0.tgz";

/// A folder that is a repository of the chart `shop`, as a publisher has signed it, with the keyrings `known` and
/// `unknown`.
struct Shop {
    folder: tempfile::TempDir,
    publisher: Publisher,
    archive: Vec<u8>,
}

impl Shop {
    fn new() -> Self {
        let shop = Shop {
            folder: tempfile::tempdir().unwrap(),
            publisher: Publisher::new(),
            archive: archive("shop", "1.0.0"),
        };
        let digest = Digest::of(&shop.archive).to_string();
        let index = format!(
            "apiVersion: v1\nentries: {{shop: [{{version: 1.0.0, urls: [{FILE}], digest: '{digest}'}}]}}\n"
        );
        shop.write("index.yaml", index.as_bytes());
        shop.write(FILE, &shop.archive);
        shop.write("known", &shop.publisher.public());
        shop.write("unknown", &Publisher::new().public());
        shop.sign(&shop.publisher);
        shop
    }

    /// Has somebody sign the archive.
    fn sign(&self, publisher: &Publisher) {
        self.write(&format!("{FILE}.prov"), publisher.sign(FILE, &self.archive).as_bytes());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, data: &[u8]) {
        std::fs::write(self.path(name), data).unwrap();
    }

    /// The chart at a place, which a key of that keyring must have signed.
    fn wanted(&self, chart: &str, mirror: Option<&str>, keyring: &str) -> ChartReference {
        let (username, password) = (Some("me".to_owned()), Some("sesame".to_owned()));
        ChartReference {
            chart: chart.to_owned(),
            mirror: mirror.map(str::to_owned),
            access: Access { username, password, ..Access::default() },
            keyring: Some(self.path(keyring)),
            ..ChartReference::default()
        }
    }
}

fn check(found: Result<Loaded, SourceError>, expected: Result<(), &str>) {
    match (found, expected) {
        (Ok(loaded), Ok(())) => assert_eq!(loaded.chart.metadata.name, "shop"),
        (Err(error), Err(words)) => {
            let report = travel_kube::error::chain(&error);
            assert!(report.contains(words), "{report}");
            assert!(!report.contains("sesame"), "{report}");
        }
        (found, expected) => panic!("{found:?} where {expected:?} was expected"),
    }
}

#[tokio::test]
async fn charts_are_verified_wherever_they_are_from() {
    let shop = Shop::new();
    let registry = Registry::start().await;
    let provenance = std::fs::read(shop.path(&format!("{FILE}.prov"))).unwrap();
    let layers = [(CHART, shop.archive.as_slice()), (oci::PROVENANCE, provenance.as_slice())];
    let manifest = registry.push_layers("shop/shop", "1.0.0", &layers);
    registry.push("shop/bare", "1.0.0", &shop.archive, CHART);
    let address = serve(shop.folder.path().to_owned(), Arc::default()).await;
    let place = shop.folder.path().display().to_string();
    let registry = format!("oci://{}/shop", registry.address);
    let web = format!("http://{address}/charts");
    let named = |at: &str| {
        let text =
            format!("apiVersion: v1\nentries: {{shop: [{{version: 1.0.0, urls: ['{at}']}}]}}\n");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("index.yaml"), text).unwrap();
        folder
    };
    let index = named(&format!("{registry}/shop:1.0.0"));
    let index = index.path().to_str();
    for (chart, mirror) in [
        (format!("{place}/{FILE}").as_str(), None),
        ("shop", Some(place.as_str())),
        ("shop", Some(web.as_str())),
        (format!("{web}/{FILE}?x=1").as_str(), None),
        (format!("{registry}/shop:1.0.0").as_str(), None),
        (format!("{registry}/shop").as_str(), None),
        (format!("{registry}/shop@{manifest}").as_str(), None),
        ("shop", Some(registry.as_str())),
        ("shop", index),
    ] {
        let find = async |keyring: &str| find(&shop.wanted(chart, mirror, keyring), None).await;
        check(find("known").await, Ok(()));
        check(find("unknown").await, Err("which is not in the keyring"));
        check(find("none").await, Err("none: No such file"));
        let error = find("unknown").await.unwrap_err().to_string();
        assert!(error.starts_with("verify ") && !error.contains("?x"), "{error}");
    }
    let bare = shop.wanted(&format!("{registry}/bare"), None, "known");
    check(find(&bare, None).await, Err("has no layer of the type application/vnd.cncf.helm"));
    // A server that does not say whether there is one is no server without one.
    let archive = shop.wanted(&format!("{web}/{FILE}"), None, "known");
    let stranger = ChartReference { access: Access::default(), ..archive };
    check(find(&stranger, None).await, Err("401 Unauthorized"));
    std::fs::remove_file(shop.path(&format!("{FILE}.prov"))).unwrap();
    for (chart, mirror) in [
        (format!("{place}/{FILE}").as_str(), None),
        ("shop", Some(place.as_str())),
        ("shop", Some(web.as_str())),
        (format!("{web}/{FILE}?x=1").as_str(), None),
    ] {
        let found = find(&shop.wanted(chart, mirror, "known"), None).await;
        check(found, Err(&format!("{FILE}.prov, which would say who has signed the chart")));
    }
    let folder = shop.wanted(&place, None, "known");
    check(find(&folder, None).await, Err("it is a folder, and only archives are signed"));
}

#[tokio::test]
async fn another_version_under_a_name_is_not_what_was_signed() {
    let shop = Shop::new();
    let index = "apiVersion: v1\nentries: {shop: [{version: 1.0.0, urls: [shop-2.0.0.tgz]}]}\n";
    shop.write("index.yaml", index.as_bytes());
    for name in [FILE, "shop-1.0.0.tgz.prov"] {
        std::fs::copy(shop.path(name), shop.path(&name.replace('1', "2"))).unwrap();
    }
    let place = shop.folder.path().display().to_string();
    let words = "what was signed is about shop-1.0.0.tgz, and not about shop-2.0.0.tgz";
    check(find(&shop.wanted("shop", Some(&place), "known"), None).await, Err(words));
    let registry = Registry::start().await;
    let provenance = shop.publisher.sign(FILE, &shop.archive);
    let layers = [(CHART, shop.archive.as_slice()), (oci::PROVENANCE, provenance.as_bytes())];
    registry.push_layers("shop/shop", "2.0.0", &layers);
    let chart = format!("oci://{}/shop/shop:2.0.0", registry.address);
    check(find(&shop.wanted(&chart, None, "known"), None).await, Err(words));
}

#[tokio::test]
async fn what_is_in_the_cache_is_verified_each_time() {
    let shop = Shop::new();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let address = serve(shop.folder.path().to_owned(), Arc::clone(&asked)).await;
    let web = format!("http://{address}/charts");
    let kept = tempfile::tempdir().unwrap();
    let cache = Cache::at(kept.path().to_owned());
    let find = async |reference: &ChartReference| find(reference, Some(&cache)).await;
    let signed = shop.wanted("shop", Some(&web), "known");
    let unsigned = ChartReference { keyring: None, ..signed.clone() };
    // Kept where nobody asked who has signed it.
    assert!(find(&unsigned).await.is_ok());
    asked.lock().unwrap().clear();
    check(find(&signed).await, Ok(()));
    let took = ["/charts/index.yaml true", "/charts/shop-1.0.0.tgz.prov true"];
    assert_eq!(*asked.lock().unwrap(), took);
    check(find(&shop.wanted("shop", Some(&web), "unknown")).await, Err("not in the keyring"));
    shop.sign(&Publisher::new());
    check(find(&signed).await, Err("which is not in the keyring"));
    std::fs::remove_file(shop.path(&format!("{FILE}.prov"))).unwrap();
    check(find(&signed).await, Err("which would say who has signed the chart"));
    assert!(find(&unsigned).await.is_ok());
    // In a registry what was signed has a digest, too, so that it is kept like the archive.
    let registry = Registry::start().await;
    let provenance = shop.publisher.sign(FILE, &shop.archive);
    let layers = [(CHART, shop.archive.as_slice()), (oci::PROVENANCE, provenance.as_bytes())];
    registry.push_layers("shop/shop", "1.0.0", &layers);
    let chart = format!("oci://{}/shop/shop:1.0.0", registry.address);
    let signed = shop.wanted(&chart, None, "known");
    let unsigned = ChartReference { keyring: None, ..signed.clone() };
    let blobs = || registry.asked().iter().filter(|line| line.contains("/blobs/")).count();
    assert!(find(&unsigned).await.is_ok());
    assert_eq!(blobs(), 0, "the archive is known by its digest");
    check(find(&signed).await, Ok(()));
    assert_eq!(blobs(), 1);
    check(find(&signed).await, Ok(()));
    assert_eq!(blobs(), 0);
    check(find(&shop.wanted(&chart, None, "unknown")).await, Err("which is not in the keyring"));
    registry.push("shop/shop", "1.0.0", &shop.archive, CHART);
    check(find(&signed).await, Err("has no layer of the type"));
}

#[test]
fn a_query_is_no_part_of_a_name() {
    assert_eq!(
        parts("https://a.example/b.tgz?c=/d.tgz#e"),
        ("https://a.example/b.tgz", "?c=/d.tgz#e")
    );
    assert_eq!(parts("b.tgz"), ("b.tgz", ""));
}
