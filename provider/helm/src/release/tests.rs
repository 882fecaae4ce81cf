use super::*;
use crate::chart::Metadata;

fn release() -> Release {
    let chart = Chart {
        metadata: Metadata {
            name: "shop".to_owned(),
            version: "1.2.3".to_owned(),
            ..Metadata::default()
        },
        templates: vec![File {
            name: "templates/a.yaml".to_owned(),
            data: b"a: 1".to_vec().into(),
        }],
        values: [("replicas".to_owned(), Tree::Float(2.0))].into(),
        ..Chart::default()
    };
    Release {
        name: "cart".to_owned(),
        info: Info {
            status: Status::PendingInstall,
            last_deployed: Some(now()),
            ..Info::default()
        },
        chart: chart_record(&chart),
        config: json!({"replicas": 3}),
        manifest: "---\n# Source: shop/templates/a.yaml\na: 1\n".to_owned(),
        hooks: vec![HookRecord { name: "migrate".to_owned(), weight: -5, ..HookRecord::default() }],
        version: 7,
        namespace: "shop".to_owned(),
        apply_method: Some("ssa".to_owned()),
        other: Map::new(),
        labels: [("team".to_owned(), "cart".to_owned())].into(),
        changed_at_seconds: Some(1_700_000_000),
    }
}

#[test]
fn a_record_survives_its_secret() {
    let release = release();
    let secret = release.to_secret("createdAt", 1_700_000_000).unwrap();
    assert_eq!(secret["metadata"]["name"], "sh.helm.release.v1.cart.v7");
    assert_eq!(secret["type"], "helm.sh/release.v1");
    let labels = json!({"team": "cart", "createdAt": "1700000000", "name": "cart", "owner": "helm",
        "status": "pending-install", "version": "7"});
    assert_eq!(secret["metadata"]["labels"], labels);
    assert_eq!(Release::from_secret(&secret).unwrap(), release);
}

#[test]
fn what_later_versions_of_helm_add_is_kept() {
    let mut value = serde_json::to_value(release()).unwrap();
    value["sequencing"] = json!({"mode": "ordered"});
    value["info"]["resources"] = json!({"v1/Pod": []});
    value["info"]["status"] = "sleeping".into();
    value["hooks"][0]["last_run"] = json!({"phase": ""});
    let read: Release = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(read.info.status, Status::Unknown);
    assert_eq!(read.hooks[0].last_run.phase, HookPhase::Never);
    value["info"]["status"] = "unknown".into();
    assert_eq!(serde_json::to_value(read).unwrap(), value);
}

#[test]
fn what_is_no_record_is_refused() {
    let check = |data: Json, expected: &str| {
        let secret = json!({"metadata": {"name": "s"}, "data": data});
        let error = Release::from_secret(&secret).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let packed = |bytes: &[u8]| json!({DATA_KEY: STANDARD.encode(STANDARD.encode(bytes))});
    check(json!({}), "the Secret s holds no record");
    check(json!({DATA_KEY: "!"}), "no readable record of a release: Invalid");
    check(packed(b"{\"name\": secret}"), "no JSON of a release, at line 1 column 10");
    check(packed(&[0x1f, 0x8b, 0x08, 0]), "no readable record");
}

#[test]
fn a_record_that_does_not_fit_is_refused() {
    let mut release = release();
    // Text that cannot be packed.
    let noise = (0..1_200_000_u64).map(|index| {
        let digit = index.wrapping_mul(6_364_136_223_846_793_005).rotate_left(29) ^ index.pow(3);
        char::from(b'!' + u8::try_from(digit % 90).unwrap())
    });
    release.manifest = noise.collect();
    let error = release.to_secret("createdAt", 0).unwrap_err();
    assert!(
        matches!(error, RecordError::TooLarge { bytes, .. } if bytes > LARGEST_RECORD),
        "{error}"
    );
}
