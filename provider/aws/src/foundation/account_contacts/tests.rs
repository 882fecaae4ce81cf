use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{ACCOUNT, Fake, Reply, Request, call};

const MEMBER: &str = "444455556666";

fn somebody(name: &str) -> AlternateContact {
    AlternateContact {
        name: name.into(),
        title: "On call".into(),
        email: "a@example.com".into(),
        phone_number: "+1".into(),
    }
}

/// A service that knows one contact for security.
fn service(known: Option<&str>) -> Fake {
    let shown = |name: &str| {
        json!({"AlternateContact": {
            "Name": name, "Title": "On call", "EmailAddress": "a@example.com",
            "PhoneNumber": "+1", "AlternateContactType": "SECURITY",
        }})
    };
    let known: Arc<Mutex<Option<Json>>> = Arc::new(Mutex::new(known.map(shown)));
    Fake::new(move |request: &Request| {
        let mut known = known.lock().unwrap();
        let is_security = request.input["AlternateContactType"] == "SECURITY";
        match request.action.as_str() {
            "account:POST /getAlternateContact" => match known.as_ref().filter(|_| is_security) {
                Some(shown) => Reply::json(shown.clone()),
                None => Reply::error("ResourceNotFoundException", "none"),
            },
            "account:POST /putAlternateContact" => {
                *known = Some(json!({"AlternateContact": request.input}));
                Reply::json(json!({}))
            }
            "account:POST /deleteAlternateContact" => {
                *known = None;
                Reply::json(json!({}))
            }
            other => panic!("{other}"),
        }
    })
}

fn contacts(member: &str, name: &str) -> AccountContacts {
    AccountContacts {
        member_id: Some(member.into()),
        security: Some(somebody(name)),
        ..AccountContacts::default()
    }
}

#[tokio::test(start_paused = true)]
async fn another_contact_is_not_overwritten() {
    for (known, is_made) in [(None, true), (Some("ours"), true), (Some("theirs"), false)] {
        let fake = service(known);
        let plan = contacts(MEMBER, "ours");
        let mut state = plan.clone();
        let made = AccountContacts::create(&call(&fake).await, &plan, &mut state).await;
        assert_eq!(made.is_ok(), is_made, "{known:?}");
        let written = fake.actions().iter().any(|it| it.ends_with("putAlternateContact"));
        assert_eq!(written, known.is_none(), "{known:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_own_account_is_not_named() {
    for (member, named) in [(MEMBER, Some(MEMBER)), (ACCOUNT, None)] {
        let fake = service(Some("ours"));
        let state = contacts(member, "ours");
        let read = AccountContacts::read(&call(&fake).await, &state).await.unwrap().unwrap();
        assert_eq!(read.security, Some(somebody("ours")));
        // What is not managed is not asked for.
        assert_eq!(read.billing, None);
        let asked: Vec<Request> =
            fake.calls().into_iter().filter(|it| it.action.starts_with("account:")).collect();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].input["AccountId"].as_str(), named);
    }
}
