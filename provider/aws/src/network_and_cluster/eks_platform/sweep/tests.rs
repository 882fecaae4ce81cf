use super::super::testing::platform;
use super::*;
use crate::settings::Settings;
use crate::testing::{Fake, call_on};

fn thing(kind: Kind, id: &str) -> Thing {
    Thing { kind, id: id.to_owned(), words: String::new() }
}

async fn refusal(left: &[Thing], more: &[&str]) -> Option<Diagnostic> {
    let fake = Fake::new(|request| panic!("{}", request.action));
    let call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    let more = more.iter().map(|name| (*name).to_owned()).collect();
    refuse(&call, &platform(), left, more).err().map(Failure::into_diagnostic)
}

#[tokio::test]
async fn only_what_may_be_wanted_stands_in_the_way() {
    for kind in [
        Kind::LoadBalancer,
        Kind::ClassicLoadBalancer,
        Kind::TargetGroup,
        Kind::Interface,
        Kind::SecurityGroup,
    ] {
        assert_eq!(refusal(&[thing(kind, "a")], &[]).await, None, "{kind:?}");
    }
    assert_eq!(refusal(&[], &[]).await, None);
}

#[tokio::test]
async fn a_refusal_lists_everything_and_says_what_to_do() {
    let left = [
        thing(Kind::Volume, "vol-1"),
        thing(Kind::Instance, "i-1"),
        thing(Kind::Interface, "eni-1"),
    ];
    let refusal = refusal(&left, &["Fargate profile f"]).await.unwrap();
    assert_eq!(refusal.path.unwrap().to_string(), "force_destroy");
    for words in ["- volume vol-1", "- instance i-1", "- Fargate profile f", "force_destroy = true"]
    {
        assert!(refusal.detail.contains(words), "{words} is not in {}", refusal.detail);
    }
    assert!(!refusal.detail.contains("eni-1"), "{}", refusal.detail);
}

#[tokio::test]
async fn a_protected_cluster_is_not_looked_into() {
    let fake = Fake::new(|request| panic!("{}", request.action));
    let call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    let cluster = aws_sdk_eks::types::Cluster::builder().deletion_protection(true).build();
    let observed = Observed { cluster: Some(cluster), ..Observed::default() };
    let forced = EksPlatform { force_destroy: true, ..platform() };
    let refusal = check(&call, &forced, &observed).await.unwrap_err().into_diagnostic();
    assert_eq!(refusal.path.unwrap().to_string(), "deletion_protection");
}

#[tokio::test]
async fn without_a_cluster_nothing_is_asked() {
    let fake = Fake::new(|request| panic!("{}", request.action));
    let call = call_on(&fake, Settings::default(), "travel_eks_platform/main").await;
    assert!(check(&call, &platform(), &Observed::default()).await.is_ok());
}
