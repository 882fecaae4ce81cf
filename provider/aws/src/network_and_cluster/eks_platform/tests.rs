use travel_framework::model::Model as _;
use travel_framework::resource::Described as _;

use super::*;

#[test]
fn an_import_says_where_and_what() {
    for (id, account, region, name) in [
        ("main", None, None, "main"),
        ("eu-west-1/main", None, Some("eu-west-1"), "main"),
        ("111122223333/eu-west-1/main", Some("111122223333"), Some("eu-west-1"), "main"),
        (
            "arn:aws-cn:eks:cn-north-1:111122223333:cluster/main",
            Some("111122223333"),
            Some("cn-north-1"),
            "main",
        ),
    ] {
        let platform = EksPlatform::import(id).unwrap();
        assert_eq!(platform.name, name, "{id}");
        assert_eq!(platform.placement.account_id.as_deref(), account, "{id}");
        assert_eq!(platform.placement.region.as_deref(), region, "{id}");
    }
    for id in ["", "a/b", "a/b/c", "1/2/3/4", "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1", "/"] {
        assert!(EksPlatform::import(id).is_err(), "{id:?}");
    }
}

#[test]
fn the_identity_is_what_an_import_takes() {
    let block = EksPlatform::block();
    for name in EksPlatform::DESCRIPTION.identity {
        assert!(block.attribute(name).is_some(), "{name}");
    }
    // The framework joins the parts of an identity with slashes.
    assert_eq!(EksPlatform::DESCRIPTION.identity.join("/"), "region/name");
}
