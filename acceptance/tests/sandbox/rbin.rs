//! Recycle Bin: rules as its API shows them, and locks that open as the clock goes on.

use http::Method;
use serde_json::{Value, json};
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::settings::Settings;

use crate::{account, own, run, run_script, shared};

const DAY_SECONDS: u32 = 24 * 3600;

/// Asks for something of a rule; an error is its code and words.
async fn ask(
    client: &Client,
    method: Method,
    path: &str,
    input: Option<Value>,
) -> Result<Value, String> {
    let asked = client.rest_json("rbin", method, path, input.as_ref()).await;
    asked.map_err(|error| error.to_string())
}

/// The request for a rule that keeps snapshots for a month, with members added.
fn request(more: Value) -> Value {
    let period = json!({"RetentionPeriodValue": 30, "RetentionPeriodUnit": "DAYS"});
    let mut request = json!({"ResourceType": "EBS_SNAPSHOT", "RetentionPeriod": period});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn lock(days: u32) -> Value {
    let delay = json!({"UnlockDelayValue": days, "UnlockDelayUnit": "DAYS"});
    json!({"LockConfiguration": {"UnlockDelay": delay}})
}

/// The path of a new rule.
async fn rule(client: &Client, more: Value) -> String {
    let made = ask(client, Method::POST, "/rules", Some(request(more))).await.unwrap();
    format!("/rules/{}", made["Identifier"].as_str().unwrap())
}

#[test]
fn botocore_understands_recycle_bin() {
    run(async {
        let sandbox = shared().await;
        let client = account(sandbox, "rbin-botocore").await;
        let identity = client.query("sts", "GetCallerIdentity", &[]).await.unwrap();
        let id = identity.find("Account").unwrap().content.clone();
        run_script(sandbox, &id, "rbin_operations.py", &[]).await;
    });
}

#[test]
fn locks_open_as_the_clock_goes_on() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let client = sandbox.client();
        let path = rule(&client, lock(7)).await;
        let read = async || ask(&client, Method::GET, &path, None).await.unwrap();
        let refused = async |words: &str| {
            let change = Some(json!({"Description": "later"}));
            for (method, input) in [(Method::PATCH, change), (Method::DELETE, None)] {
                let error = ask(&client, method.clone(), &path, input).await.unwrap_err();
                assert!(error.starts_with("ConflictException") && error.contains(words), "{error}");
            }
        };
        assert_eq!(read().await["LockState"], "locked");
        sandbox.advance_clock(400 * DAY_SECONDS).await.unwrap();
        refused("is locked").await;

        ask(&client, Method::PATCH, &format!("{path}/unlock"), None).await.unwrap();
        sandbox.advance_clock(6 * DAY_SECONDS).await.unwrap();
        let pending = read().await;
        assert_eq!(pending["LockState"], "pending_unlock");
        assert!(pending["LockEndTime"].is_number(), "{pending}");
        refused("has not expired").await;

        // Locked again, it waits for its whole delay once more.
        let again = format!("{path}/lock");
        ask(&client, Method::PATCH, &again, Some(lock(7))).await.unwrap();
        ask(&client, Method::PATCH, &format!("{path}/unlock"), None).await.unwrap();
        sandbox.advance_clock(6 * DAY_SECONDS).await.unwrap();
        refused("has not expired").await;
        sandbox.advance_clock(DAY_SECONDS).await.unwrap();
        let open = read().await;
        assert_eq!((&open["LockState"], &open["LockEndTime"]), (&json!("unlocked"), &Value::Null));
        let change = json!({"Description": "later"});
        ask(&client, Method::PATCH, &path, Some(change)).await.unwrap();
        assert_eq!(read().await["Description"], "later");

        ask(&client, Method::PATCH, &again, Some(lock(8))).await.unwrap();
        refused("is locked").await;
        sandbox.reset().await.unwrap();
        let error = ask(&sandbox.client(), Method::GET, &path, None).await.unwrap_err();
        assert!(error.starts_with("ResourceNotFoundException"), "{error}");
    });
}

#[test]
fn rules_belong_to_their_account_and_region() {
    run(async {
        let sandbox = shared().await;
        let client = account(sandbox, "rbin-own").await;
        let tags = json!({"Tags": [{"Key": "owner", "Value": "rbin"}]});
        let path = rule(&client, tags).await;
        let of_snapshots = || Some(json!({"ResourceType": "EBS_SNAPSHOT"}));
        let count = async |client: &Client| {
            let listed = ask(client, Method::POST, "/list-rules", of_snapshots()).await.unwrap();
            listed["Rules"].as_array().unwrap().len()
        };
        let neighbour = account(sandbox, "rbin-other").await;
        let west = client.clone().in_region("eu-west-1");
        for (client, expected) in [(&client, 1), (&neighbour, 0), (&west, 0)] {
            assert_eq!(count(client).await, expected);
            assert_eq!(ask(client, Method::GET, &path, None).await.is_ok(), expected == 1);
        }
        let filter = json!({
            "TagFilters": [{"Key": "owner", "Values": ["rbin"]}],
            "ResourceTypeFilters": ["rbin:rule"],
        });
        let found = client.json("resourcegroupstaggingapi", "GetResources", &filter).await.unwrap();
        let found = found["ResourceTagMappingList"].as_array().unwrap().clone();
        let shown = ask(&client, Method::GET, &path, None).await.unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["ResourceARN"], shown["RuleArn"]);
    });
}
