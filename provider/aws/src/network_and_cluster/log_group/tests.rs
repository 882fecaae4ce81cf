use serde_json::json;

use super::*;
use crate::testing::{Fake, Reply as Answered, Request, call};

fn wanted() -> Wanted {
    Wanted {
        name: "/g".into(),
        retention_days: 30,
        kms_key_arn: Some("arn:k".into()),
        path: Path::attribute("logs"),
    }
}

/// Makes a log group where there is one already, which a list shows from the look of this number
/// on, with these tags. An expected error is part of its words; `actions` are what is asked for,
/// repetitions left out.
async fn check(shown: usize, team: &'static str, expected: Result<(), &str>, actions: &[&str]) {
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "logs:CreateLogGroup" => Answered::error("ResourceAlreadyExistsException", "it exists"),
        "logs:DescribeLogGroups" => {
            let look = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let found = json!({"logGroupName": "/g", "arn": "arn:g:*", "retentionInDays": 7});
            // Another whose name begins alike is not the one.
            let other = json!({"logGroupName": "/g/more", "arn": "arn:o:*"});
            let groups = if look < shown { vec![other] } else { vec![other, found] };
            Answered::json(json!({"logGroups": groups}))
        }
        "logs:ListTagsForResource" => Answered::json(json!({"tags": {"team": team}})),
        other => panic!("{other}"),
    });
    let call = call(&fake).await;
    let ours = |tags: &Tags| match tags["team"].as_str() {
        "ours" => Ok(()),
        other => Err(Diagnostic::error("taken", format!("by {other}")).into()),
    };
    let made = LogGroup::make(&call, &wanted(), Tags::new(), ours).await;
    match (made, expected) {
        (Ok(group), Ok(())) => assert_eq!((group.arn.as_str(), group.retention_days), ("arn:g", 7)),
        (Err(failure), Err(words)) => {
            let found = failure.into_diagnostic().to_string();
            assert!(found.contains(words), "{words:?} is not in {found:?}");
        }
        (made, _) => panic!("{made:?} instead of {expected:?}"),
    }
    let mut seen = fake.actions();
    seen.retain(|action| action.starts_with("logs:"));
    seen.dedup();
    let seen: Vec<&str> = seen.iter().map(|it| it.trim_start_matches("logs:")).collect();
    assert_eq!(seen, actions);
}

#[tokio::test(start_paused = true)]
async fn goes_on_with_its_own_once_it_is_listed() {
    let all = ["CreateLogGroup", "DescribeLogGroups", "ListTagsForResource"];
    check(0, "ours", Ok(()), &all).await;
    check(3, "ours", Ok(()), &all).await;
    check(3, "others", Err("by others"), &all).await;
    check(usize::MAX, "ours", Err("exists, but is not listed"), &all[..2]).await;
}

#[tokio::test(start_paused = true)]
async fn changes_only_what_differs_and_notes_how_far_it_came() {
    let fake = Fake::new(|request: &Request| match request.action.as_str() {
        "logs:AssociateKmsKey" => Answered::error("InvalidParameterException", "no such key"),
        _ => Answered::json(json!({})),
    });
    let call = call(&fake).await;
    let mut group = LogGroup { name: "/g".into(), ..LogGroup::default() };
    let before = fake.actions().len();
    let mended = group.mend(&call, &wanted(), &TagChanges::default()).await;
    let error = mended.unwrap_err().into_diagnostic();
    assert_eq!(error.path, Some(Path::attribute("logs").field("kms_key_arn")));
    assert_eq!((group.retention_days, group.kms_key_arn.clone()), (30, None));
    group
        .mend(&call, &Wanted { kms_key_arn: None, ..wanted() }, &TagChanges::default())
        .await
        .unwrap();
    assert_eq!(fake.actions()[before..], ["logs:PutRetentionPolicy", "logs:AssociateKmsKey"]);
}
