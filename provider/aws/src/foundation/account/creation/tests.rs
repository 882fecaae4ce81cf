use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::testing::{Fake, Reply as Answered, call};

const BUSY: &str = "CONCURRENT_ACCOUNT_MODIFICATION";

fn account() -> Account {
    Account {
        name: "dev".to_owned(),
        email: "aws+dev@example.com".to_owned(),
        parent_id: None,
        role_name: "OrganizationAccountAccessRole".to_owned(),
        billing_access: true,
        close_on_destroy: false,
        id: None,
        arn: None,
        state: None,
        placement: Default::default(),
        tagging: Default::default(),
        lifecycle: Default::default(),
    }
}

/// Makes an account of a service that gives up on one request after another for these reasons, and
/// then makes it; checks the number of requests, and that the end has these words.
async fn check(reasons: &[&'static str], requests: usize, words: &str) {
    let mut left: Vec<&str> = reasons.to_vec();
    left.reverse();
    let left = Mutex::new(left);
    let fake = Fake::new(move |request| {
        let status = |state: &str| json!({"Id": "car-1", "State": state});
        let status = match request.action.as_str() {
            "organizations:CreateAccount" => status("IN_PROGRESS"),
            _ => match left.lock().unwrap().pop() {
                Some(reason) => {
                    let mut failed = status("FAILED");
                    failed["FailureReason"] = reason.into();
                    failed
                }
                None => {
                    let mut made = status("SUCCEEDED");
                    made["AccountId"] = "444455556666".into();
                    made
                }
            },
        };
        Answered::json(json!({"CreateAccountStatus": status}))
    });
    let call = call(&fake).await;
    let ended = match create(&call, &account()).await {
        Ok(id) => id,
        Err(failure) => failure.into_diagnostic().to_string(),
    };
    assert!(ended.contains(words), "{words} is not in {ended}");
    let asked = fake.actions();
    let asked = asked.iter().filter(|action| *action == "organizations:CreateAccount");
    assert_eq!(asked.count(), requests);
}

#[tokio::test(start_paused = true)]
async fn asks_again_only_while_too_many_are_made_at_once() {
    check(&[], 1, "444455556666").await;
    check(&[BUSY, BUSY, BUSY], 4, "444455556666").await;
    check(&[BUSY, "EMAIL_ALREADY_EXISTS"], 2, "another AWS account has this e-mail").await;
    check(&["ACCOUNT_LIMIT_EXCEEDED"], 1, "has as many accounts as it may").await;
}

#[tokio::test(start_paused = true)]
async fn ends_when_its_time_is_up() {
    let fake = Fake::new(|_| {
        let status = json!({"Id": "car-1", "State": "FAILED", "FailureReason": BUSY});
        Answered::json(json!({"CreateAccountStatus": status}))
    });
    let call = call(&fake).await;
    let failure = create(&call, &account()).await.unwrap_err().into_diagnostic().to_string();
    assert!(failure.contains("at once all the time"), "{failure}");
}

/// Makes an account of a service that refuses the request because of an account with these tags.
async fn check_in_the_way(generation: &'static str, expected: &str) {
    let fake = Fake::new(move |request| {
        let account = json!({"Id": "444455556666", "Name": "dev", "Email": "aws+dev@example.com"});
        let tags = [
            ("travel:deployment", "dev/test"),
            ("travel:resource", "travel_test/main"),
            ("travel:generation", generation),
        ];
        let tags = tags.map(|(key, value)| json!({"Key": key, "Value": value}));
        Answered::json(match request.action.as_str() {
            "organizations:CreateAccount" => {
                json!({"CreateAccountStatus": {"Id": "car-2", "State": "IN_PROGRESS"}})
            }
            "organizations:DescribeCreateAccountStatus" => json!({"CreateAccountStatus": {
                "Id": "car-2",
                "State": "FAILED",
                "FailureReason": "EMAIL_ALREADY_EXISTS",
            }}),
            "organizations:ListAccounts" => json!({"Accounts": [account]}),
            "organizations:DescribeAccount" => json!({"Account": account}),
            "organizations:ListTagsForResource" => json!({"Tags": tags}),
            "organizations:ListParents" => json!({"Parents": [{"Id": "r-1", "Type": "ROOT"}]}),
            _ => json!({}),
        })
    });
    let call = call(&fake).await;
    let ended = match create(&call, &account()).await {
        Ok(id) => id,
        Err(failure) => failure.into_diagnostic().to_string(),
    };
    assert!(ended.contains(expected), "{expected} is not in {ended}");
}

#[tokio::test(start_paused = true)]
async fn an_account_of_a_lost_answer_is_its_own() {
    check_in_the_way("g1", "444455556666").await;
    check_in_the_way("another", "another AWS account has this e-mail").await;
}
