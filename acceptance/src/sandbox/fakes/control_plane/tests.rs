use super::*;

#[tokio::test]
async fn a_missing_program_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let children = Children::new(&folder.path().join("sandbox")).unwrap();
    let blueprint = Blueprint {
        name: "x".to_owned(),
        folder: folder.path().join("x"),
        tools: folder.path().to_owned(),
        version: "1.34".to_owned(),
        issuer: "https://example.com".to_owned(),
        service_range: "172.20.0.0/16".to_owned(),
        address: Ipv4Addr::new(10, 0, 0, 1),
        token_review_url: "http://127.0.0.1:1".to_owned(),
    };
    let authority = Authority::new("kubernetes").unwrap();
    let error = ControlPlane::start(&children, blueprint, &authority).await.err().unwrap();
    assert!(error.to_string().ends_with("bin/etcd is missing: run `make tools`"), "{error}");
}

#[test]
fn versions_are_emulated_as_far_as_the_server_can() {
    let check = |version, expected| assert_eq!(emulated(version), expected, "{version}");
    check("1.36", "1.36");
    check("1.34", "1.34");
    check("1.31", "1.33");
    check("nonsense", "1.33");
}
