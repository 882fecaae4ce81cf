pub(super) mod helm;

use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

pub(super) fn archive(name: &str, version: &str) -> Vec<u8> {
    let manifest = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(manifest.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, format!("{name}/Chart.yaml"), manifest.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

fn digest(data: &[u8]) -> String {
    Digest::of(data).parts().1.to_owned()
}

/// A mirror with the chart `shop` in three versions, of which two are not what the index says.
fn mirror() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, data: &[u8]| std::fs::write(folder.path().join(name), data).unwrap();
    let (good, odd) = (archive("shop", "1.0.0"), archive("cart", "1.0.0"));
    write("shop-1.0.0.tgz", &good);
    write("shop-2.0.0.tgz", &odd);
    let index = format!(
        "apiVersion: v1\nentries:\n  shop:\n\
         \x20 - {{version: 1.0.0, urls: [shop-1.0.0.tgz], digest: {}}}\n\
         \x20 - {{version: 2.0.0, urls: [shop-2.0.0.tgz]}}\n\
         \x20 - {{version: 3.0.0, urls: [shop-1.0.0.tgz], digest: {}}}\n\
         \x20 - {{version: 4.0.0, urls: [absent.tgz]}}\n\
         \x20 - {{version: 5.0.0, urls: [../secret.tgz]}}\n",
        digest(&good),
        digest(&odd),
    );
    write("index.yaml", index.as_bytes());
    folder
}

async fn check(
    chart: &str,
    version: Option<&str>,
    mirror: Option<&str>,
    expected: Result<&str, &str>,
) {
    let reference = ChartReference {
        chart: chart.to_owned(),
        version: version.map(str::to_owned),
        mirror: mirror.map(str::to_owned),
        ..ChartReference::default()
    };
    let found = find(&reference, None).await;
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            let metadata = found.chart.metadata;
            assert_eq!(format!("{} {}", metadata.name, metadata.version), expected);
        }
        (Err(error), Err(expected)) => {
            let report = travel_kube::error::chain(&error);
            assert!(report.contains(expected), "{report}");
            assert!(!report.contains("sesame"), "{report}");
        }
        (found, expected) => panic!("{reference:?}: {found:?} where {expected:?} was expected"),
    }
}

#[tokio::test]
async fn charts_are_found_by_path() {
    let mirror = mirror();
    let path = |name: &str| mirror.path().join(name).display().to_string();
    let file = path("shop-1.0.0.tgz");
    check(&file, None, None, Ok("shop 1.0.0")).await;
    check(&format!("file://{file}"), Some("~1.0"), None, Ok("shop 1.0.0")).await;
    check(&file, Some("2"), None, Err("has no version 2 of the chart shop; it has: 1.0.0")).await;
    check(&path("index.yaml"), None, None, Err("does not appear to be a gzipped archive")).await;
    check(&path(""), None, None, Err("Chart.yaml: no such file")).await;
    check(
        "stable/shop",
        None,
        None,
        Err("there is no chart at \"stable/shop\": it must be a folder"),
    )
    .await;
    check("oci://a.example", None, None, Err("there is no path after the host")).await;
}

#[tokio::test]
async fn charts_are_found_in_folders() {
    let mirror = mirror();
    let mirror = mirror.path().to_str();
    check("shop", Some("1.0.0"), mirror, Ok("shop 1.0.0")).await;
    check(
        "shop",
        Some("2.0.0"),
        mirror,
        Err("holds cart 1.0.0, and the index says that it is shop 2.0.0"),
    )
    .await;
    check("shop", Some("3.0.0"), mirror, Err("it is damaged or was exchanged")).await;
    check("shop", Some("4.0.0"), mirror, Err("absent.tgz: ")).await;
    check("shop", None, mirror, Err("outside of the mirror's folder")).await;
    check(
        "shop",
        None,
        Some("/nowhere"),
        Err("neither a folder nor an http://, https:// or oci:// URL"),
    )
    .await;
}

/// Serves a mirror to whoever has the password, and notes who asks for what.
pub(super) async fn serve(folder: PathBuf, asked: Arc<Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut failures = 1;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap();
            let path = request.split(' ').nth(1).unwrap().to_owned();
            let is_known = request.contains("Basic bWU6c2VzYW1l");
            asked.lock().unwrap().push(format!("{path} {is_known}"));
            let name = path.split('?').next().unwrap().rsplit('/').next().unwrap();
            let file = std::fs::read(folder.join(name));
            let (head, body) = match file {
                // Overloaded once.
                _ if std::mem::take(&mut failures) > 0 => ("503 Busy", Vec::new()),
                _ if path.starts_with("/old/") => {
                    ("302 Found\r\nlocation: /charts/index.yaml", Vec::new())
                }
                _ if path.starts_with("/elsewhere/") => {
                    ("302 Found\r\nlocation: http://localhost:1/", Vec::new())
                }
                _ if path.starts_with("/round/") => {
                    ("302 Found\r\nlocation: index.yaml", Vec::new())
                }
                Ok(_) if !is_known => ("401 Unauthorized", Vec::new()),
                Ok(data) => ("200 OK", data),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        }
    });
    address.to_string()
}

#[tokio::test]
async fn charts_are_found_on_web_servers() {
    let (mirror, asked) = (mirror(), Arc::default());
    let address = serve(mirror.path().to_owned(), Arc::clone(&asked)).await;
    let known = |path: &str| format!("http://me:sesame@{address}/{path}");
    check("shop", Some("1.0.0"), Some(&known("charts")), Ok("shop 1.0.0")).await;
    let took =
        ["/charts/index.yaml true", "/charts/index.yaml true", "/charts/shop-1.0.0.tgz true"];
    assert_eq!(*asked.lock().unwrap(), took);
    check(
        "shop",
        Some("9.9.9"),
        Some(&known("old/")),
        Err("has no version 9.9.9 of the chart shop"),
    )
    .await;
    check(
        "shop",
        Some("4.0.0"),
        Some(&known("charts")),
        Err("absent.tgz: the server answered 404"),
    )
    .await;
    check("shop", None, Some(&known("round")), Err("redirected more than 10 times")).await;
    let stranger = format!("http://{address}/charts");
    check(
        "shop",
        None,
        Some(&stranger),
        Err("401 Unauthorized; it was asked without name and password. They may"),
    )
    .await;
    check("shop", None, Some(&known("elsewhere")), Err("get http://localhost:1/: ")).await;
    check("shop", None, Some("https://"), Err("is no http:// or https:// URL")).await;
    // An archive has an address, too.
    let (file, stranger) =
        (known("charts/shop-1.0.0.tgz"), format!("http://{address}/x/shop-1.0.0.tgz"));
    check(&file, None, None, Ok("shop 1.0.0")).await;
    check(&file, Some("2.0.0"), None, Err("has no version 2.0.0 of the chart shop; it has: 1.0.0"))
        .await;
    check(&stranger, None, None, Err("401 Unauthorized")).await;
    let wrong = format!("http://me:simsalabim@{address}/charts");
    check("shop", None, Some(&wrong), Err("it was asked with the name and password in its URL."))
        .await;
}

/// A reference to the chart `shop` in its first version.
fn shop(mirror: &str, access: Access) -> ChartReference {
    let (chart, version) = ("shop".to_owned(), Some("1.0.0".to_owned()));
    let mirror = Some(mirror.to_owned());
    ChartReference { chart, version, mirror, access, ..ChartReference::default() }
}

#[tokio::test]
async fn settings_say_who_asks_and_what_is_kept_is_not_fetched_again() {
    let (mirror, asked) = (mirror(), Arc::<Mutex<Vec<String>>>::default());
    let address = serve(mirror.path().to_owned(), Arc::clone(&asked)).await;
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().to_owned());
    let (username, password) = (Some("me".to_owned()), Some("sesame".to_owned()));
    let me = Access { username, password, ..Access::default() };
    // The settings win over what the URL says.
    let reference = shop(&format!("http://you:wrong@{address}/charts"), me.clone());
    assert!(!format!("{reference:?}").contains("sesame"));
    assert!(!format!("{reference:?}").contains("wrong"));
    let first = find(&reference, Some(&cache)).await.unwrap();
    let data = archive("shop", "1.0.0");
    assert_eq!(first.origin.archive_digest, Some(format!("sha256:{}", digest(&data))));
    asked.lock().unwrap().clear();
    let again = find(&reference, Some(&cache)).await.unwrap();
    assert_eq!(again.origin, first.origin);
    assert_eq!(*asked.lock().unwrap(), ["/charts/index.yaml true"]);
    // What the index says counts, and not what is kept.
    let text = format!(
        "apiVersion: v1\nentries: {{shop: [{{version: 1.0.0, urls: [shop-1.0.0.tgz], digest: {}}}]}}\n",
        digest(b"other"),
    );
    std::fs::write(mirror.path().join("index.yaml"), text).unwrap();
    let error = find(&reference, Some(&cache)).await.unwrap_err().to_string();
    assert!(error.contains("it is damaged or was exchanged"), "{error}");
}

#[tokio::test]
async fn credentials_go_to_other_hosts_only_where_that_is_asked() {
    let (mirror, asked) = (mirror(), Arc::<Mutex<Vec<String>>>::default());
    let address = serve(mirror.path().to_owned(), Arc::clone(&asked)).await;
    let port = address.rsplit(':').next().unwrap();
    let text = format!(
        "apiVersion: v1\nentries: {{shop: [{{version: 1.0.0, urls: ['http://localhost:{port}/shop-1.0.0.tgz']}}]}}\n",
    );
    std::fs::write(mirror.path().join("index.yaml"), text).unwrap();
    let (username, password) = (Some("me".to_owned()), Some("sesame".to_owned()));
    let me = Access { username, password, ..Access::default() };
    let root = format!("http://{address}");
    let error = find(&shop(&root, me.clone()), None).await.unwrap_err().to_string();
    assert!(error.contains("localhost") && error.contains("401 Unauthorized"), "{error}");
    let passing = Access { pass_credentials: true, ..me };
    assert!(find(&shop(&root, passing), None).await.is_ok());
    let asked = asked.lock().unwrap();
    assert_eq!(
        asked[asked.len() - 3..],
        ["/shop-1.0.0.tgz false", "/index.yaml true", "/shop-1.0.0.tgz true"]
    );
}

#[tokio::test]
async fn an_index_may_name_a_registry() {
    let registry = oci::tests::registry::Registry::start().await;
    let data = archive("shop", "1.0.0");
    let layer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    let manifest = registry.push("charts/shop", "1.0.0", &data, layer);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let write = |digest: &str| {
        let url = format!("oci://{}/charts/shop:1.0.0", registry.address);
        let text = format!(
            "apiVersion: v1\nentries: {{shop: [{{version: 1.0.0, urls: ['{url}'], digest: '{digest}'}}]}}\n",
        );
        std::fs::write(folder.path().join("index.yaml"), text).unwrap();
    };
    for known in [digest(&data), manifest.clone()] {
        write(&known);
        let loaded = find(&shop(&place, Access::default()), None).await.unwrap();
        assert_eq!(loaded.origin.manifest_digest.as_ref(), Some(&manifest));
        assert_eq!(loaded.chart.metadata.version, "1.0.0");
    }
    write(&digest(b"other"));
    let error = find(&shop(&place, Access::default()), None).await.unwrap_err().to_string();
    assert!(error.contains("it is damaged or was exchanged"), "{error}");
    // And a registry may be the repository itself.
    let mirror = format!("oci://{}/charts/", registry.address);
    let loaded = find(&shop(&mirror, Access::default()), None).await.unwrap();
    assert_eq!(loaded.origin.archive_digest, Some(format!("sha256:{}", digest(&data))));
    // A tag may hold anything; a digest is of one version.
    registry.push("charts/shop", "2.0.0", &data, layer);
    let tagged =
        ChartReference { version: Some("2.0.0".into()), ..shop(&mirror, Access::default()) };
    let warnings = find(&tagged, None).await.unwrap().warnings;
    assert!(warnings[0].ends_with("charts/shop:2.0.0 holds the version 1.0.0"), "{warnings:?}");
    let pinned = ChartReference { chart: format!("shop@{manifest}"), ..tagged };
    let error = find(&pinned, None).await.unwrap_err().to_string();
    assert!(error.contains("has no version 2.0.0 of the chart shop; it has: 1.0.0"), "{error}");
}
