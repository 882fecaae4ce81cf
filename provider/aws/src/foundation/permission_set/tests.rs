use super::content::{Step, steps};
use super::planning::{duration, import, is_inline_policy, is_policy_of_aws, minutes};
use super::*;

#[test]
fn durations_are_read_as_they_are_written() {
    for (text, expected) in [
        ("PT1H", 60),
        ("PT1H30M", 90),
        ("PT12H", 720),
        ("PT90M", 90),
        ("PT3600S", 60),
        ("P1D", 1440),
    ] {
        assert_eq!(minutes(text), expected, "{text}");
    }
    for whole in [60, 90, 720] {
        assert_eq!(minutes(&duration(whole)), whole);
    }
}

#[test]
fn what_bounds_comes_first_and_goes_last() {
    let wide = Content {
        managed: ["a".to_owned()].into(),
        boundary: Some(Boundary::default()),
        ..Content::default()
    };
    let none = Content::default();
    assert_eq!(
        steps(&none, &wide),
        [Step::Bound(Some(Boundary::default())), Step::Attach("a".to_owned())]
    );
    assert_eq!(steps(&wide, &none), [Step::Detach("a".to_owned()), Step::Bound(None)]);
    let inline = |text: &str| Content { inline: Some(text.to_owned()), ..Content::default() };
    let (one, other) = (inline("{\"Statement\":[]}"), inline("{ \"Statement\": [] }"));
    assert!(content::same(&one, &other));
    assert!(!content::same(&one, &none));
}

#[test]
fn an_import_needs_the_arn_of_a_set() {
    let arn = "arn:aws:sso:::permissionSet/ssoins-1/ps-2";
    let instance = Some("arn:aws:sso:::instance/ssoins-1".to_owned());
    for (id, region) in [(arn.to_owned(), None), (format!("eu-west-1/{arn}"), Some("eu-west-1"))] {
        let set = import(&id).unwrap();
        assert_eq!((set.arn.as_deref(), &set.instance_arn), (Some(arn), &instance));
        assert_eq!(set.placement.region.as_deref(), region);
    }
    for id in ["x", "arn:aws:sso:::instance/ssoins-1", "arn:aws:iam::aws:policy/a/b"] {
        assert!(import(id).is_err(), "{id}");
    }
}

#[test]
fn policies_are_checked() {
    assert!(is_policy_of_aws(&"arn:aws:iam::aws:policy/job-function/Billing".into()).is_ok());
    assert!(is_policy_of_aws(&"arn:aws:iam::111122223333:policy/own".into()).is_err());
    let long = |length: usize| {
        let sid = "x".repeat(length);
        is_inline_policy(&format!("{{\"Statement\": [{{\"Sid\": \"{sid}\"}}]}}").into())
    };
    assert!(long(10_000).is_ok());
    assert!(long(10_240).is_err());
}
