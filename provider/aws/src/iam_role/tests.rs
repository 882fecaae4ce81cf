use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::testing::{Fake, Reply as Answered, Request, call};

const POLICY: &str = "write";

fn documents() -> Documents {
    Documents { trust: "{\"a\": 1}".into(), permissions: "{\"b\": 1}".into() }
}

fn service_role() -> ServiceRole {
    let role = Role { name: "r".into(), trust: documents().trust, ..Role::default() };
    ServiceRole { role, permissions: None }
}

fn no(code: &'static str) -> Answered {
    Answered::query_error(code, "it cannot be.")
}

/// GetRole's answer for a role of this deployment, or of nobody.
fn role_of(deployment: Option<&str>) -> Answered {
    let tag = |key: &str, value: &str| {
        format!("<member><Key>travel:{key}</Key><Value>{value}</Value></member>")
    };
    let tags = deployment.map(|deployment| {
        tag("deployment", deployment)
            + &tag("resource", "travel_test/main")
            + &tag("generation", "g0")
    });
    let tags = tags.unwrap_or_default();
    Answered::query(
        "GetRole",
        &format!(
            "<Role><RoleName>r</RoleName><Arn>arn:r</Arn><AssumeRolePolicyDocument>%7B%22a%22%3A1%7D\
             </AssumeRolePolicyDocument><Tags>{tags}</Tags></Role>"
        ),
    )
}

/// Runs something against an IAM that answers to each action by the number of its attempt. `actions`
/// are what it is asked for, repetitions left out; an expected error is part of its words.
async fn check<T>(
    answer: impl Fn(&str, usize) -> Answered + Send + Sync + 'static,
    run: impl AsyncFnOnce(&Call) -> Result<T, Failure>,
    expected: Result<(), &str>,
    actions: &[&str],
) -> Option<T> {
    let (asked, last) = (AtomicUsize::new(0), std::sync::Mutex::new(String::new()));
    let fake = Fake::new(move |request: &Request| {
        let action = request.action.trim_start_matches("iam:").to_owned();
        let mut last = last.lock().unwrap();
        if *last != action {
            last.clone_from(&action);
            asked.store(0, Ordering::SeqCst);
        }
        answer(&action, asked.fetch_add(1, Ordering::SeqCst))
    });
    let call = call(&fake).await;
    let result = run(&call).await.map_err(|failure| failure.into_diagnostic().to_string());
    match expected {
        Ok(()) => assert_eq!(result.as_ref().err(), None),
        Err(words) => {
            let error = result.as_ref().err().unwrap();
            assert!(error.contains(words), "{words:?} is not in {error:?}");
        }
    }
    let mut seen = fake.actions();
    seen.retain(|action| action.starts_with("iam:"));
    seen.dedup();
    let seen: Vec<&str> = seen.iter().map(|it| it.trim_start_matches("iam:")).collect();
    assert_eq!(seen, actions);
    result.ok()
}

#[tokio::test(start_paused = true)]
async fn makes_a_role_or_goes_on_with_its_own() {
    let make = async |call: &Call| {
        let new = NewRole { name: "r".into(), trust: documents().trust, ..NewRole::default() };
        let taken = |mark: Option<&Mark>| {
            travel_framework::ownership::taken("role r", mark, "Rename it.").into()
        };
        make(call, &call.scope, new, taken).await
    };
    let made = || {
        let role = "<Role><RoleName>r</RoleName><Arn>arn:new</Arn></Role>";
        Answered::query("CreateRole", role)
    };
    let role = check(move |_, _| made(), make, Ok(()), &["CreateRole"]).await.unwrap();
    assert_eq!(role.arn, "arn:new");
    // IAM is busy with the name for a while.
    let later =
        move |_: &str, attempt| if attempt < 2 { no("ConcurrentModification") } else { made() };
    check(later, make, Ok(()), &["CreateRole"]).await;
    let existing = |there: fn(usize) -> Answered| {
        move |action: &str, attempt| match action {
            "CreateRole" => no("EntityAlreadyExists"),
            _ => there(attempt),
        }
    };
    let both = ["CreateRole", "GetRole"];
    // Our own, which IAM shows only after a while.
    let shown = existing(
        |attempt| if attempt < 3 { no("NoSuchEntity") } else { role_of(Some("dev/test")) },
    );
    let role = check(shown, make, Ok(()), &both).await.unwrap();
    assert_eq!((role.arn.as_str(), role.trust.as_str()), ("arn:r", "{\"a\":1}"));
    check(existing(|_| no("NoSuchEntity")), make, Err("NoSuchEntity"), &both).await;
    let other = "it belongs to travel_test/main of deployment \"prod\". Rename it.";
    check(existing(|_| role_of(Some("prod"))), make, Err(other), &both).await;
    check(existing(|_| role_of(None)), make, Err("nothing marks it"), &both).await;
    check(|_, _| no("LimitExceeded"), make, Err("LimitExceeded"), &["CreateRole"]).await;
}

#[tokio::test(start_paused = true)]
async fn changes_what_iam_does_not_see_yet() {
    let mend = async |call: &Call| {
        let set = [("k".to_owned(), "v".to_owned())].into();
        let changes = TagChanges { set, remove: Vec::new() };
        let mut role = service_role();
        role.mend(call, &call.scope, POLICY, &documents(), &changes).await.map(|()| role)
    };
    let both = ["PutRolePolicy", "TagRole"];
    for code in ["NoSuchEntity", "ConcurrentModification"] {
        let early = move |action: &str, attempt| match attempt {
            0..2 => no(code),
            _ => Answered::query(action, ""),
        };
        let role = check(early, mend, Ok(()), &both).await.unwrap();
        assert!(role.fits(&documents()));
        assert_eq!(role.role.tags["k"], "v");
    }
    check(|_, _| no("NoSuchEntity"), mend, Err("NoSuchEntity"), &both[..1]).await;
    // The role of a service, which nobody can ever change.
    let attempts = |_: &str, attempt| match attempt {
        0 => no("UnmodifiableEntity"),
        _ => panic!("asked again"),
    };
    check(attempts, mend, Err("UnmodifiableEntity"), &both[..1]).await;
}

/// Removes a role that IAM does not delete at first (`conflicts` times), with these inline policies
/// and attached ones. Tells how often it was asked to delete the role.
async fn check_removal(
    conflicts: usize,
    inline: &'static str,
    attached: &'static str,
    expected: Result<(), &str>,
) -> usize {
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&asked);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "iam:DeleteRole" if seen.fetch_add(1, Ordering::SeqCst) < conflicts => no("DeleteConflict"),
        "iam:ListRolePolicies" => {
            let names = format!("<PolicyNames><member>{inline}</member></PolicyNames>");
            Answered::query("ListRolePolicies", if inline.is_empty() { "" } else { &names })
        }
        "iam:ListAttachedRolePolicies" => {
            let policy = format!("<member><PolicyArn>{attached}</PolicyArn></member>");
            let policies = format!("<AttachedPolicies>{policy}</AttachedPolicies>");
            Answered::query(
                "ListAttachedRolePolicies",
                if attached.is_empty() { "" } else { &policies },
            )
        }
        other => Answered::query(other.trim_start_matches("iam:"), ""),
    });
    let call = call(&fake).await;
    // The requests are more than belongs on a thread's stack.
    let removed = Box::pin(service_role().remove(&call, &call.scope, POLICY)).await;
    let removed = removed.map_err(|failure| failure.into_diagnostic().to_string());
    match expected {
        Ok(()) => assert_eq!(removed, Ok(())),
        Err(words) => assert!(removed.as_ref().is_err_and(|it| it.contains(words)), "{removed:?}"),
    }
    asked.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn removes_a_role_that_iam_still_finds_in_use() {
    assert_eq!(check_removal(0, "", "", Ok(())).await, 1);
    // What was taken from it counts for a while, and may still be listed.
    assert_eq!(check_removal(3, "", "", Ok(())).await, 4);
    assert_eq!(check_removal(3, POLICY, "", Ok(())).await, 4);
    // An instance profile may go by itself; if not, that is told in the end.
    let never = usize::MAX;
    assert!(check_removal(never, "", "", Err("role r is still in use")).await > 10);
    // What others have given it does not go.
    assert_eq!(check_removal(never, "theirs", "", Err("It still has theirs.")).await, 1);
    assert_eq!(check_removal(never, "", "arn:theirs", Err("It still has arn:theirs.")).await, 1);
    let remove = async |call: &Call| service_role().remove(call, &call.scope, POLICY).await;
    let both = ["DeleteRolePolicy", "DeleteRole"];
    check(|_, _| no("NoSuchEntity"), remove, Ok(()), &both).await;
    check(|_, _| no("UnmodifiableEntity"), remove, Err("UnmodifiableEntity"), &both[..1]).await;
    let busy = |action: &str, attempt| match (action, attempt) {
        ("DeleteRole", 0..3) => no("ConcurrentModification"),
        _ => Answered::query(action, ""),
    };
    check(busy, remove, Ok(()), &both).await;
}
