mod interoperability;
pub(in super::super) mod registry;

use std::path::Path;

use serde_json::json;

use super::super::tests::archive;
use super::*;
use registry::{Demand, Registry};

const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Who asks in a test: nobody in particular, where nothing is said.
#[derive(Default)]
struct Asking<'a> {
    access: Access,
    cache: Option<&'a Cache>,
    /// A configuration file of Docker.
    configuration: Option<&'a str>,
}

impl Asking<'_> {
    async fn pull(&self, reference: &str, version: Option<&str>) -> Result<Pulled, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        if let Some(text) = self.configuration {
            std::fs::write(&file, text).unwrap();
        }
        let keychain = Keychain { files: vec![file], helpers: Some(folder.path().to_owned()) };
        let reference = Reference::parse(reference).unwrap();
        let Asking { access, cache, .. } = self;
        let pulled = pull(&reference, version, access, *cache, &keychain, Parts::Archive).await;
        pulled.map_err(|error| {
            let report = travel_kube::error::chain(&error);
            assert!(!report.contains("sesame"), "{report}");
            report.replace(&folder.path().display().to_string(), "FOLDER")
        })
    }

    async fn check(&self, reference: &str, version: Option<&str>, expected: Result<&str, &str>) {
        let pulled = self.pull(reference, version).await;
        match (pulled, expected) {
            (Ok(pulled), Ok(place)) => assert!(pulled.place.ends_with(place), "{}", pulled.place),
            (Err(report), Err(words)) => assert!(report.contains(words), "{report}"),
            (Ok(pulled), Err(words)) => panic!("{} where {words:?} was expected", pulled.place),
            (Err(report), Ok(_)) => panic!("{reference} {version:?}: {report}"),
        }
    }
}

fn me(password: &str) -> Access {
    Access {
        username: Some("me".to_owned()),
        password: Some(password.to_owned()),
        ..Access::default()
    }
}

/// A registry with one chart, and where that is.
async fn shop() -> (Registry, String) {
    let registry = Registry::start().await;
    registry.push("shop/cart", "1.0.0", &archive("cart", "1.0.0"), CHART);
    let reference = format!("oci://{}/shop/cart", registry.address);
    (registry, reference)
}

#[test]
fn versions_are_those_of_helm() {
    let tags =
        ["1.2.3", "v2.0.0", "1.10.0_build.1", "latest", "1.2", "2.0.0-rc.1", "sha256-ab.sig"];
    let tags = tags.map(str::to_owned);
    let found: Vec<String> = versions(&tags).into_iter().map(|it| it.original).collect();
    assert_eq!(found, ["2.0.0-rc.1", "1.10.0+build.1", "1.2.3"]);
}

#[tokio::test]
async fn versions_are_found_among_tags() {
    let (registry, cart) = shop().await;
    for tag in ["1.2.0", "1.10.0_b.1", "2.0.0-rc.1", "latest", "v3.0.0"] {
        let version = tag.replace('_', "+");
        registry.push("shop/cart", tag, &archive("cart", &version), CHART);
    }
    registry.state().page = 1;
    let anybody = Asking::default();
    anybody.check(&cart, None, Ok("shop/cart:1.10.0_b.1")).await;
    anybody.check(&cart, Some("~1.2"), Ok("shop/cart:1.2.0")).await;
    anybody.check(&cart, Some(">=2-0"), Ok("shop/cart:2.0.0-rc.1")).await;
    let asked = registry.asked();
    let pages = asked.iter().filter(|line| line.contains("/tags/list")).count();
    assert_eq!(pages, 3 * 6, "{asked:?}");
    // An exact version is a tag, and no list is asked for.
    anybody.check(&cart, Some("1.10.0+b.1"), Ok("shop/cart:1.10.0_b.1")).await;
    anybody.check(&cart, Some("v3.0.0"), Ok("shop/cart:v3.0.0")).await;
    anybody.check(&format!("{cart}:1.10.0+b.1"), None, Ok("shop/cart:1.10.0_b.1")).await;
    anybody.check(&format!("{cart}:latest"), None, Ok("shop/cart:latest")).await;
    let asked = registry.asked();
    assert!(!asked.iter().any(|line| line.contains("/tags/list")), "{asked:?}");
    let known = "has no version 4.0.0; it has: 2.0.0-rc.1, 1.10.0+b.1, 1.2.0, 1.0.0";
    anybody.check(&cart, Some("4.0.0"), Err(known)).await;
    anybody.check(&cart, Some("<1"), Err("has no version <1; it has: 2.0.0-rc.1, ")).await;
    anybody.check(&cart, Some("new"), Err("neither a version nor a constraint")).await;
    let both = "has a tag of its own, and the version asked for is 1.2.0";
    anybody.check(&format!("{cart}:1.0.0"), Some("1.2.0"), Err(both)).await;
    let unknown = "list the tags of ";
    let nothing = cart.replace("cart", "nothing");
    anybody.check(&nothing, None, Err(unknown)).await;
    anybody
        .check(&nothing, None, Err("404 Not Found (NAME_UNKNOWN: repository name not known)"))
        .await;
    anybody.check(&nothing, Some("1.0.0"), Err("(MANIFEST_UNKNOWN: manifest unknown)")).await;
}

#[tokio::test]
async fn content_is_kept_but_tags_are_asked_for_each_time() {
    let (registry, cart) = shop().await;
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().to_owned());
    let asking = Asking { cache: Some(&cache), ..Asking::default() };
    let first = asking.pull(&cart, Some("1.0.0")).await.unwrap();
    let blob = |asked: &[String]| asked.iter().filter(|line| line.contains("/blobs/")).count();
    assert_eq!(blob(&registry.asked()), 1);
    let again = asking.pull(&cart, Some("1.0.0")).await.unwrap();
    assert_eq!((again.archive, again.manifest.clone()), (first.archive, first.manifest));
    let asked = registry.asked();
    assert_eq!(asked, ["GET /v2/shop/cart/manifests/1.0.0"]);
    // Nothing is asked for what nothing can change.
    let by_digest = format!("{cart}@{}", again.manifest);
    asking.check(&by_digest, None, Ok(&by_digest)).await;
    assert_eq!(
        registry.asked(),
        ["GET ".to_owned()
            + &by_digest.replacen(&format!("oci://{}/", registry.address), "/v2/", 1).replacen(
                '@',
                "/manifests/",
                1
            )]
    );
    asking.check(&by_digest, None, Ok(&by_digest)).await;
    assert!(registry.asked().is_empty());
    // A tag that was moved is seen; so is a damaged file.
    let moved = registry.push("shop/cart", "1.0.0", &archive("cart", "1.0.1"), CHART);
    let after = asking.pull(&cart, Some("1.0.0")).await.unwrap();
    assert_eq!(after.manifest.to_string(), moved);
    let digest = Digest::of(&after.archive);
    let (algorithm, digits) = digest.parts();
    std::fs::write(folder.path().join(algorithm).join(digits), "damaged").unwrap();
    registry.asked();
    assert_eq!(asking.pull(&cart, Some("1.0.0")).await.unwrap().archive, after.archive);
    assert_eq!(blob(&registry.asked()), 1);
}

#[tokio::test]
async fn who_asks_is_proved_as_the_registry_demands() {
    let (registry, cart) = shop().await;
    let file = |entry: &str| format!(r#"{{"auths": {{"{}": {{{entry}}}}}}}"#, registry.address);
    let password = file(r#""auth": "bWU6c2VzYW1l""#);
    let configured = Asking { configuration: Some(&password), ..Asking::default() };
    let given = Asking { access: me("sesame"), ..Asking::default() };
    let wrong = Asking { access: me("simsalabim"), ..Asking::default() };
    let one = Some("1.0.0");

    registry.state().demand = Demand::Password;
    given.check(&cart, one, Ok("1.0.0")).await;
    configured.check(&cart, one, Ok("1.0.0")).await;
    let asked = registry.asked();
    let blobs: Vec<&String> = asked.iter().filter(|line| line.contains("/blobs/")).collect();
    assert!(blobs.iter().all(|line| line.ends_with(" Basic")), "{asked:?}");
    wrong.check(&cart, one, Err("401 Unauthorized (UNAUTHORIZED: who are you?)")).await;
    wrong.check(&cart, one, Err("it was asked as \"me\" with the password given for it.")).await;
    let nobody =
        format!("none were given, and there are no credentials for {} in FOLDER", registry.address);
    Asking::default().check(&cart, one, Err(&nobody)).await;
    Asking::default().check(&cart, one, Err("helm registry login 127.0.0.1:")).await;

    registry.state().demand = Demand::Token;
    registry.asked();
    Asking::default().check(&cart, one, Ok("1.0.0")).await;
    let asked: Vec<String> = registry
        .asked()
        .iter()
        .map(|line| line.split("sha256").next().unwrap().to_owned())
        .collect();
    let expected = [
        "GET /v2/shop/cart/manifests/1.0.0",
        "GET /token",
        "GET /v2/shop/cart/manifests/1.0.0 Bearer",
        "GET /v2/shop/cart/blobs/",
    ];
    assert_eq!(asked, expected);
    given.check(&cart, one, Ok("1.0.0")).await;
    configured.check(&cart, one, Ok("1.0.0")).await;
    assert!(registry.asked().contains(&"GET /token Basic".to_owned()));
    let identity = file(r#""auth": "bWU6c2VzYW1l", "identitytoken": "identity""#);
    Asking { configuration: Some(&identity), ..Asking::default() }
        .check(&cart, one, Ok("1.0.0"))
        .await;
    assert!(registry.asked().contains(&"POST /token".to_owned()));
    let token = file(r#""registrytoken": "for-me""#);
    Asking { configuration: Some(&token), ..Asking::default() }
        .check(&cart, one, Ok("1.0.0"))
        .await;
    assert!(!registry.asked().iter().any(|line| line.contains("/token")));
    let refused = "get a token for oci://127.0.0.1:";
    wrong.check(&cart, one, Err(refused)).await;
    wrong.check(&cart, one, Err("(UNAUTHORIZED: incorrect username or password)")).await;
    let stale = file(r#""identitytoken": "sesame""#);
    let stale = Asking { configuration: Some(&stale), ..Asking::default() };
    stale.check(&cart, one, Err("with the token of FOLDER/config.json.")).await;
    let broken = Asking { configuration: Some("sesame"), ..Asking::default() };
    broken.check(&cart, one, Err("read the credentials in FOLDER/config.json")).await;
}

#[tokio::test]
async fn other_hosts_learn_nothing() {
    let (registry, cart) = shop().await;
    let store = Registry::start().await;
    let blobs = registry.state().blobs.clone();
    store.state().blobs = blobs;
    // The same machine under another name is another host.
    let port = store.address.rsplit(':').next().unwrap();
    registry.state().elsewhere = Some(format!("http://localhost:{port}"));
    let given = Asking { access: me("sesame"), ..Asking::default() };
    for demand in [Demand::Password, Demand::Token] {
        registry.state().demand = demand;
        given.check(&cart, Some("1.0.0"), Ok("1.0.0")).await;
        let asked = store.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(asked[0].starts_with("GET /v2/shop/cart/blobs/sha256:"), "{asked:?}");
        assert!(!asked[0].contains("Basic") && !asked[0].contains("Bearer"), "{asked:?}");
    }
    let passing = Access { pass_credentials: true, ..me("sesame") };
    Asking { access: passing, ..Asking::default() }.check(&cart, Some("1.0.0"), Ok("1.0.0")).await;
    assert!(store.asked()[0].ends_with(" Bearer"));
    // What is elsewhere refuses: it is not told who asks, and the address is shown without what signs it.
    store.state().demand = Demand::Password;
    given.check(&cart, Some("1.0.0"), Err("401 Unauthorized")).await;
    given
        .check(&cart, Some("1.0.0"), Err("the registry has sent it on to http://localhost:"))
        .await;
    store.state().blobs.clear();
    store.state().demand = Demand::Nothing;
    given.check(&cart, Some("1.0.0"), Err("404 Not Found (BLOB_UNKNOWN: blob unknown)")).await;
}

#[tokio::test]
async fn what_passes_is_asked_for_again() {
    let (registry, cart) = shop().await;
    let anybody = Asking::default();
    // As many failures as may be: the first answers whether there is TLS.
    let pause = "retry-after: 0";
    let fail = |status, header, times| {
        registry.state().failures.extend(std::iter::repeat_n((status, header), times));
    };
    fail("429 Too Many Requests", pause, 2);
    fail("503 Service Unavailable", pause, 1);
    anybody.check(&cart, Some("1.0.0"), Ok("1.0.0")).await;
    let asked = registry.asked();
    assert_eq!(asked.iter().filter(|line| line.contains("/manifests/")).count(), 4, "{asked:?}");
    fail("429 Too Many Requests", pause, 4);
    anybody
        .check(&cart, Some("1.0.0"), Err("429 Too Many Requests (FAILED: as the test wants it)"))
        .await;
    // Nobody waits for an hour.
    fail("503 Service Unavailable", "retry-after: 3600", 1);
    anybody.check(&cart, Some("1.0.0"), Err("; it asks to be tried again in 3600 s")).await;
    fail("400 Bad Request", pause, 1);
    registry.asked();
    anybody.check(&cart, Some("1.0.0"), Err("400 Bad Request")).await;
    assert_eq!(registry.asked().len(), 1);
}

#[tokio::test]
async fn what_is_not_what_it_should_be_is_refused() {
    let (registry, cart) = shop().await;
    let anybody = Asking::default();
    let one = Some("1.0.0");
    registry.state().lies = true;
    anybody.check(&cart, one, Err("and the registry says sha256:")).await;
    registry.state().lies = false;
    let good = registry.state().blobs.clone();
    let archive_digest = Digest::of(&archive("cart", "1.0.0")).to_string();
    let damage = |data: &[u8]| {
        registry.state().blobs.insert(archive_digest.clone(), data.to_vec());
    };
    let mut exchanged = good[&archive_digest].clone();
    exchanged[5] ^= 1;
    damage(&exchanged);
    anybody.check(&cart, one, Err("and its manifest says sha256:")).await;
    damage(b"short");
    anybody.check(&cart, one, Err("it has 5 bytes, and its manifest says ")).await;
    registry.state().blobs.remove(&archive_digest);
    anybody.check(&cart, one, Err("get the archive sha256:")).await;
    registry.state().blobs = good;
    let digest = Digest::of(b"none");
    anybody.check(&format!("{cart}@{digest}"), None, Err("(MANIFEST_UNKNOWN: ")).await;
    let image = json!({
        "schemaVersion": 2, "layers": [],
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": archive_digest, "size": 1},
    });
    registry.push_manifest(
        "shop/cart",
        "9.0.0",
        "application/vnd.oci.image.manifest.v1+json",
        &image,
    );
    let what = "shop/cart:9.0.0 is no chart but application/vnd.oci.image.config.v1+json";
    anybody.check(&cart, Some("9.0.0"), Err(what)).await;
    let large = json!({"schemaVersion": 2, "layers": [{"mediaType": CHART, "digest": archive_digest, "size": u64::MAX}],
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": archive_digest, "size": 1}});
    registry.push_manifest(
        "shop/cart",
        "8.0.0",
        "application/vnd.oci.image.manifest.v1+json",
        &large,
    );
    anybody.check(&cart, Some("8.0.0"), Err("its archive is larger than")).await;
    let stray = json!({"schemaVersion": 2, "layers": [{"mediaType": CHART, "digest": "sha256:../../x", "size": 1}],
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": archive_digest, "size": 1}});
    registry.push_manifest(
        "shop/cart",
        "7.0.0",
        "application/vnd.oci.image.manifest.v1+json",
        &stray,
    );
    anybody.check(&cart, Some("7.0.0"), Err("in its manifest is no digest")).await;
}

#[tokio::test]
async fn an_index_and_old_charts_are_understood() {
    let (registry, cart) = shop().await;
    let chart =
        registry.push("shop/cart", "2.0.0", &archive("cart", "2.0.0"), "application/tar+gzip");
    let image = json!({"schemaVersion": 2, "layers": [],
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": chart, "size": 1}});
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let image = registry.push_manifest("shop/cart", "image", kind, &image);
    let of = |digest: &str| json!({"mediaType": kind, "digest": digest, "size": 1});
    let index = json!({"schemaVersion": 2, "manifests": [of(&image), of(&chart)]});
    let index = registry.push_manifest("shop/cart", "3.0.0", INDEX, &index);
    let pulled = Asking::default().pull(&cart, Some("3.0.0")).await.unwrap();
    assert_eq!(pulled.manifest.to_string(), index);
    assert_eq!(pulled.archive, archive("cart", "2.0.0"));
    assert_eq!(pulled.warnings.len(), 1, "{:?}", pulled.warnings);
    let alone = json!({"schemaVersion": 2, "manifests": [of(&image)]});
    registry.push_manifest("shop/cart", "4.0.0", INDEX, &alone);
    Asking::default()
        .check(&cart, Some("4.0.0"), Err("is no chart but an index without a chart"))
        .await;
}

/// What is asked for in plain HTTP, and what is not.
#[tokio::test]
async fn only_this_machine_is_asked_without_tls() {
    let (_registry, cart) = shop().await;
    let plain =
        Asking { access: Access { plain_http: true, ..Access::default() }, ..Asking::default() };
    plain.check(&cart, Some("1.0.0"), Ok("1.0.0")).await;
    let missing = Access { ca_file: Some(Path::new("/nowhere.pem").into()), ..Access::default() };
    let missing = Asking { access: missing, ..Asking::default() };
    missing.check(&cart, Some("1.0.0"), Err("read the certificates in /nowhere.pem")).await;
    let half = Access { cert_file: Some(Path::new("/nowhere.pem").into()), ..Access::default() };
    let half = Asking { access: half, ..Asking::default() };
    half.check(&cart, Some("1.0.0"), Err("needs both its file and the file of its key")).await;
}
