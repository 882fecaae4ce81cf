use travel_value::Value;

use super::*;
use crate::testing::{Fake, Reply as Answered, call};

#[test]
fn knows_addresses_ids_and_digests() {
    let long = format!("https://a.example/{}", "x".repeat(255));
    for (url, fits) in [
        ("https://token.actions.githubusercontent.com", true),
        ("https://tenant.example.com/", true),
        ("https://oidc.eks.eu-central-1.amazonaws.com/id/ABC", true),
        ("http://a.example", false),
        ("https://", false),
        ("https://a.example:8443", false),
        ("https://a.example?b=c", false),
        (&long, false),
    ] {
        assert_eq!(planning::is_url(&url.into()).is_ok(), fits, "{url}");
    }
    let set = |texts: &[&str]| Value::set(texts.iter().map(|text| (*text).into()));
    assert!(planning::are_client_ids(&set(&["a"])).is_ok());
    assert!(planning::are_client_ids(&set(&[])).is_err());
    assert!(planning::are_client_ids(&set(&[""])).is_err());
    assert!(planning::are_client_ids(&Value::set([Value::unknown()])).is_ok());
    let digest = "0123456789abcdef0123456789abcdef01234567";
    for (digests, fits) in [
        (vec![digest], true),
        (vec![], false),
        (vec!["0123"], false),
        (vec![&*digest.to_uppercase()], false),
    ] {
        assert_eq!(planning::are_thumbprints(&set(&digests)).is_ok(), fits, "{digests:?}");
    }
    for id in ["https://a.example/b", "arn:aws:iam::111122223333:oidc-provider/a.example/b"] {
        assert_eq!(OidcProvider::import(id).unwrap().url, "https://a.example/b", "{id}");
    }
    for id in ["", "a.example", "arn:aws:iam::111122223333:role/a"] {
        assert!(OidcProvider::import(id).is_err(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn digests_that_iam_finds_are_told() {
    let there = "<Url>a.example</Url><ClientIDList><member>c</member></ClientIDList>\
                 <ThumbprintList><member>FF</member></ThumbprintList>";
    let fake = Fake::new(move |request| match request.action.as_str() {
        "iam:CreateOpenIDConnectProvider" => {
            assert!(request.input.get("ThumbprintList.member.1").is_none());
            Answered::query(
                "CreateOpenIDConnectProvider",
                "<OpenIDConnectProviderArn>arn:p</OpenIDConnectProviderArn>",
            )
        }
        "iam:GetOpenIDConnectProvider" => Answered::query("GetOpenIDConnectProvider", there),
        other => panic!("{other}"),
    });
    let call = call(&fake).await;
    let plan = OidcProvider {
        url: "https://a.example".into(),
        client_ids: ["c".to_owned()].into(),
        ..OidcProvider::default()
    };
    let mut state = plan.clone();
    OidcProvider::create(&call, &plan, &mut state).await.unwrap();
    assert_eq!(state.thumbprints, Some(["ff".to_owned()].into()));
    assert_eq!(state.arn.as_deref(), Some("arn:p"));
}
