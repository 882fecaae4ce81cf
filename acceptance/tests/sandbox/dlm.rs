//! DLM: policies as its API shows them, and the snapshots that they take, copy, share and delete.

use http::Method;
use serde_json::{Value, json};
use travel_acceptance::sandbox::Sandbox;
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::settings::Settings;

use crate::{account, ask, own, run, run_script, shared};

const HOUR_SECONDS: u32 = 3600;
const DAY_SECONDS: u32 = 24 * HOUR_SECONDS;

/// What AWS has the role for DLM be allowed.
const SERVICE_ROLE_POLICY: [(&str, &str); 2] = [
    ("RoleName", "dlm"),
    ("PolicyArn", "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"),
];

/// An account with a role for DLM.
struct Ground {
    client: Client,
    account: String,
    role: String,
}

impl Ground {
    async fn new(sandbox: &Sandbox, name: &str) -> Self {
        let client = account(sandbox, name).await;
        let identity = client.query("sts", "GetCallerIdentity", &[]).await.unwrap();
        let trust = json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "dlm.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }]});
        let trust = trust.to_string();
        let parameters = [("RoleName", "dlm"), ("AssumeRolePolicyDocument", trust.as_str())];
        let made = client.query("iam", "CreateRole", &parameters).await.unwrap();
        client.query("iam", "AttachRolePolicy", &SERVICE_ROLE_POLICY).await.unwrap();
        Self {
            account: identity.find("Account").unwrap().content.clone(),
            role: made.find("Arn").unwrap().content.clone(),
            client,
        }
    }

    fn request(&self, details: &Value) -> Value {
        json!({
            "ExecutionRoleArn": self.role,
            "Description": "Daily backups",
            "State": "ENABLED",
            "PolicyDetails": details,
        })
    }

    /// Makes a policy and returns its id.
    async fn policy(&self, details: Value) -> String {
        let request = self.request(&details);
        let made = self.client.rest_json("dlm", Method::POST, "/policies", Some(&request)).await;
        made.unwrap()["PolicyId"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, method: Method, path: &str, input: Option<Value>) -> Result<Value, String> {
        let asked = self.client.rest_json("dlm", method, path, input.as_ref()).await;
        asked.map_err(|error| error.to_string())
    }

    /// A volume of 1 GiB with a tag.
    async fn volume(&self, zone: &str, tag: (&str, &str), more: &[(&str, &str)]) -> String {
        let mut parameters = vec![
            ("AvailabilityZone", zone),
            ("Size", "1"),
            ("TagSpecification.1.ResourceType", "volume"),
            ("TagSpecification.1.Tag.1.Key", tag.0),
            ("TagSpecification.1.Tag.1.Value", tag.1),
            ("TagSpecification.1.Tag.2.Key", "claim"),
            ("TagSpecification.1.Tag.2.Value", "data-0"),
        ];
        parameters.extend(more);
        ask(&self.client, "CreateVolume", &parameters, "volumeId").await
    }

    /// A key that nobody but its account may use, or, with a policy, others too.
    async fn key(&self, client: &Client, policy: Option<&Value>) -> String {
        let input =
            policy.map_or_else(|| json!({}), |policy| json!({"Policy": policy.to_string()}));
        let made = client.json("kms", "CreateKey", &input).await.unwrap();
        made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }
}

fn daily(change: &Value) -> Value {
    let mut schedule = json!({
        "Name": "daily",
        "CreateRule": {"CronExpression": "cron(0 5 * * ? *)"},
        "RetainRule": {"Count": 3},
    });
    for (name, value) in change.as_object().unwrap() {
        schedule[name] = value.clone();
    }
    json!({
        "ResourceTypes": ["VOLUME"],
        "TargetTags": [{"Key": "backup", "Value": "daily"}],
        "Schedules": [schedule],
    })
}

#[test]
fn policies_are_made_read_changed_and_deleted() {
    run(async {
        let ground = Ground::new(shared().await, "dlm-api").await;
        let check = async |change: Value, part: &str| {
            let request = ground.request(&daily(&change));
            let error = ground.ask(Method::POST, "/policies", Some(request)).await.unwrap_err();
            assert!(
                error.starts_with("InvalidRequestException") && error.contains(part),
                "{error}"
            );
        };
        check(json!({"RetainRule": {"Count": 1001}}), "Count must be at most 1000").await;
        check(json!({"CreateRule": {"CronExpression": "cron(0 5 * * * *)"}}), "must be ?").await;
        check(json!({"CrossRegionCopyRules": [{"Target": "eu-west-1"}]}), "Encrypted is required")
            .await;
        let mut request = ground.request(&daily(&json!({})));
        request["Description"] = "no/slash".into();
        let error = ground.ask(Method::POST, "/policies", Some(request.clone())).await.unwrap_err();
        assert!(error.contains("Description must match"), "{error}");

        request["Description"] = "fine".into();
        request["Tags"] = json!({"a": "1"});
        let made = ground.ask(Method::POST, "/policies", Some(request)).await.unwrap();
        let id = made["PolicyId"].as_str().unwrap().to_owned();
        let path = format!("/policies/{id}");
        let policy = ground.ask(Method::GET, &path, None).await.unwrap()["Policy"].clone();
        assert_eq!((&policy["State"], &policy["Tags"]), (&json!("ENABLED"), &json!({"a": "1"})));
        assert_eq!(policy["PolicyDetails"]["PolicyType"], "EBS_SNAPSHOT_MANAGEMENT");
        let arn = format!("arn:aws:dlm:eu-central-1:{}:policy/{id}", ground.account);
        assert_eq!(policy["PolicyArn"], arn);

        let listed = async |query: &str| {
            let listed =
                ground.ask(Method::GET, &format!("/policies?{query}"), None).await.unwrap();
            listed["Policies"].as_array().unwrap().len()
        };
        assert_eq!(listed("").await, 1);
        assert_eq!(listed("targetTags=backup%3Ddaily").await, 1);
        assert_eq!(listed("targetTags=backup%3Dweekly").await, 0);
        assert_eq!(listed("state=DISABLED").await, 0);
        assert_eq!(listed("resourceTypes=VOLUME").await, 1);
        let error =
            ground.ask(Method::GET, "/policies?policyIds=policy-0123", None).await.unwrap_err();
        assert!(error.starts_with("ResourceNotFoundException"), "{error}");

        let kind = json!({"PolicyDetails": {"PolicyType": "EVENT_BASED_POLICY"}});
        let error = ground.ask(Method::PATCH, &path, Some(kind)).await.unwrap_err();
        assert!(error.contains("PolicyType of a policy cannot be changed"), "{error}");
        let change = json!({"State": "DISABLED", "PolicyDetails": daily(&json!({"RetainRule": {"Count": 9}}))});
        ground.ask(Method::PATCH, &path, Some(change)).await.unwrap();
        let policy = ground.ask(Method::GET, &path, None).await.unwrap()["Policy"].clone();
        assert_eq!(policy["PolicyDetails"]["Schedules"][0]["RetainRule"]["Count"], 9);
        assert_eq!(policy["State"], "DISABLED");

        let tags = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
        ground.ask(Method::POST, &tags, Some(json!({"Tags": {"b": "2"}}))).await.unwrap();
        ground.ask(Method::DELETE, &format!("{tags}?tagKeys=a"), None).await.unwrap();
        assert_eq!(
            ground.ask(Method::GET, &tags, None).await.unwrap(),
            json!({"Tags": {"b": "2"}})
        );
        ground.ask(Method::DELETE, &path, None).await.unwrap();
        let error = ground.ask(Method::GET, &path, None).await.unwrap_err();
        assert!(error.starts_with("ResourceNotFoundException"), "{error}");
    });
}

#[test]
fn botocore_understands_dlm() {
    run(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "dlm-botocore").await;
        let environment = [("ROLE", ground.role.as_str())];
        run_script(sandbox, &ground.account, "dlm_operations.py", &environment).await;
    });
}

#[test]
fn snapshots_are_taken_and_deleted_on_schedule() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let ground = Ground::new(&sandbox, "dlm-schedule").await;
        let volume = ground.volume("eu-central-1a", ("backup", "daily"), &[]).await;
        ground.volume("eu-central-1a", ("backup", "never"), &[]).await;
        let change = json!({"CopyTags": true, "TagsToAdd": [{"Key": "by", "Value": "dlm"}]});
        let id = ground.policy(daily(&change)).await;
        assert_eq!(ground.client.dlm_snapshots().await.unwrap().len(), 0);

        sandbox.run_dlm(DAY_SECONDS).await.unwrap();
        let taken = ground.client.dlm_snapshots().await.unwrap();
        assert_eq!(taken.len(), 1);
        let first = taken[0].text_at("snapshotId").to_owned();
        assert_eq!(taken[0].text_at("volumeId"), volume);
        for (key, value) in [
            ("aws:dlm:lifecycle-policy-id", id.as_str()),
            ("aws:dlm:lifecycle-schedule-name", "daily"),
            ("dlm:managed", "true"),
            ("claim", "data-0"),
            ("by", "dlm"),
        ] {
            assert_eq!(taken[0].tag(key), Some(value), "{key}");
        }
        // Days at once: as many as there were days are taken, and the count is kept.
        let done = sandbox.run_dlm(4 * DAY_SECONDS).await.unwrap();
        assert_eq!(done.iter().filter(|entry| entry["volume"].is_string()).count(), 4);
        let kept = ground.client.dlm_snapshots().await.unwrap();
        assert_eq!(kept.len(), 3);
        assert!(kept.iter().all(|item| item.text_at("snapshotId") != first));

        // Nothing is done while it is disabled, nor made up for.
        let path = format!("/policies/{id}");
        ground.ask(Method::PATCH, &path, Some(json!({"State": "DISABLED"}))).await.unwrap();
        sandbox.run_dlm(3 * DAY_SECONDS).await.unwrap();
        ground.ask(Method::PATCH, &path, Some(json!({"State": "ENABLED"}))).await.unwrap();
        assert_eq!(sandbox.run_dlm(0).await.unwrap().len(), 0);
        // A policy that is gone leaves its snapshots.
        ground.ask(Method::DELETE, &path, None).await.unwrap();
        sandbox.run_dlm(400 * DAY_SECONDS).await.unwrap();
        assert_eq!(ground.client.dlm_snapshots().await.unwrap().len(), 3);
        for item in ground.client.dlm_snapshots().await.unwrap() {
            let parameters = [("SnapshotId", item.text_at("snapshotId"))];
            ground.client.query("ec2", "DeleteSnapshot", &parameters).await.unwrap();
        }

        by_age(&sandbox, &ground, &volume).await;
        with_a_role_that_is_gone(&sandbox, &ground).await;
    });
}

/// Retention by age, and what becomes of it when the volume is gone.
async fn by_age(sandbox: &Sandbox, ground: &Ground, volume: &str) {
    let change = json!({
        "CreateRule": {"Interval": 12, "IntervalUnit": "HOURS", "Times": ["03:00"]},
        "RetainRule": {"Interval": 2, "IntervalUnit": "DAYS"},
    });
    let id = ground.policy(daily(&change)).await;
    sandbox.run_dlm(5 * DAY_SECONDS).await.unwrap();
    let kept = ground.client.dlm_snapshots().await.unwrap();
    assert_eq!(kept.len(), 4);
    assert!(kept[0].tag("aws:dlm:expirationTime").is_some());
    ground.client.query("ec2", "DeleteVolume", &[("VolumeId", volume)]).await.unwrap();
    sandbox.run_dlm(5 * DAY_SECONDS).await.unwrap();
    assert_eq!(
        ground.client.dlm_snapshots().await.unwrap().len(),
        1,
        "the last snapshot of a volume that is gone stays"
    );
    ground.ask(Method::DELETE, &format!("/policies/{id}"), None).await.unwrap();
}

async fn with_a_role_that_is_gone(sandbox: &Sandbox, ground: &Ground) {
    let id = ground.policy(daily(&json!({}))).await;
    ground.client.query("iam", "DetachRolePolicy", &SERVICE_ROLE_POLICY).await.unwrap();
    ground.client.query("iam", "DeleteRole", &[("RoleName", "dlm")]).await.unwrap();
    sandbox.run_dlm(DAY_SECONDS).await.unwrap();
    let policy = ground.ask(Method::GET, &format!("/policies/{id}"), None).await.unwrap();
    assert_eq!(policy["Policy"]["State"], "ERROR");
    assert!(policy["Policy"]["StatusMessage"].as_str().unwrap().contains("does not exist"));
}

#[test]
fn snapshots_are_copied_to_other_regions_and_accounts() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let ground = Ground::new(&sandbox, "dlm-source").await;
        let vault = Ground::new(&sandbox, "dlm-vault").await;
        let west = ground.client.clone().in_region("eu-west-1");
        let (key, west_key) =
            (ground.key(&ground.client, None).await, ground.key(&west, None).await);
        let encrypted = [("Encrypted", "true"), ("KmsKeyId", key.as_str())];
        ground.volume("eu-central-1a", ("backup", "daily"), &encrypted).await;
        let change = json!({
            "TagsToAdd": [{"Key": "claim", "Value": "data-0"}],
            "CrossRegionCopyRules": [{
                "Target": "eu-west-1",
                "Encrypted": true,
                "CmkArn": west_key,
                "CopyTags": true,
                "RetainRule": {"Interval": 2, "IntervalUnit": "DAYS"},
            }],
            "ShareRules": [{
                "TargetAccounts": [vault.account],
                "UnshareInterval": 1,
                "UnshareIntervalUnit": "DAYS",
            }],
        });
        let id = ground.policy(daily(&change)).await;
        let vault_west = vault.client.clone().in_region("eu-west-1");
        let vault_key = vault.key(&vault_west, None).await;
        let event = json!({
            "PolicyType": "EVENT_BASED_POLICY",
            "EventSource": {"Type": "MANAGED_CWE", "Parameters": {
                "EventType": "shareSnapshot",
                "SnapshotOwner": [ground.account],
                "DescriptionRegex": format!("^.*Created for policy: {id}.*$"),
            }},
            "Actions": [{"Name": "keep", "CrossRegionCopy": [{
                "Target": "eu-west-1",
                "EncryptionConfiguration": {"Encrypted": true, "CmkArn": vault_key},
                "RetainRule": {"Interval": 1, "IntervalUnit": "MONTHS"},
            }]}],
        });
        let keeper = vault.policy(event).await;

        sandbox.run_dlm(DAY_SECONDS).await.unwrap();
        let copies = west.dlm_snapshots().await.unwrap();
        assert_eq!(copies.len(), 1);
        assert_eq!(copies[0].text_at("kmsKeyId"), west_key);
        assert_eq!(copies[0].tag("claim"), Some("data-0"));
        assert_eq!(copies[0].tag("aws:dlm:lifecycle-policy-id"), Some(id.as_str()));
        let original =
            ground.client.dlm_snapshots().await.unwrap()[0].text_at("snapshotId").to_owned();
        assert!(copies[0].text_at("description").contains(&original));
        // The vault may not use the key that the source is encrypted with.
        assert_eq!(vault_west.dlm_snapshots().await.unwrap().len(), 0);

        let grant = json!({"KeyId": key, "GranteePrincipal": vault.role, "Operations": ["Decrypt", "CreateGrant"]});
        ground.client.json("kms", "CreateGrant", &grant).await.unwrap();
        let done = sandbox.run_dlm(DAY_SECONDS).await.unwrap();
        let kept = vault_west.dlm_snapshots().await.unwrap();
        assert_eq!(kept.len(), 1, "{done:?}");
        assert_eq!(kept[0].text_at("kmsKeyId"), vault_key);
        assert_eq!(kept[0].tag("aws:dlm:lifecycle-policy-id"), Some(keeper.as_str()));
        let shared_with = async |snapshot: &str| {
            let parameters = [("SnapshotId", snapshot), ("Attribute", "createVolumePermission")];
            let asked = ground.client.query("ec2", "DescribeSnapshotAttribute", &parameters).await;
            asked.unwrap().items("createVolumePermission").len()
        };
        assert_eq!(shared_with(&original).await, 0, "a share ends in its time");

        sandbox.run_dlm(4 * DAY_SECONDS).await.unwrap();
        assert_eq!(west.dlm_snapshots().await.unwrap().len(), 2);
        assert_eq!(vault_west.dlm_snapshots().await.unwrap().len(), 5);

        // A key that is not usable is told, and the snapshot is taken none the less.
        west.json("kms", "DisableKey", &json!({"KeyId": west_key})).await.unwrap();
        let done = sandbox.run_dlm(DAY_SECONDS).await.unwrap();
        let failed =
            done.iter().find(|entry| entry["copy_of"].is_string() && entry["error"].is_string());
        let error = failed.unwrap()["error"].as_str().unwrap();
        assert!(error.contains("Disabled"), "{error}");
        assert!(done.iter().any(|entry| entry["volume"].is_string()));

        // Without a rule for them it hears of no events.
        vault.client.query("iam", "DetachRolePolicy", &SERVICE_ROLE_POLICY).await.unwrap();
        sandbox.run_dlm(DAY_SECONDS).await.unwrap();
        let path = format!("/policies/{keeper}");
        let stopped = vault.ask(Method::GET, &path, None).await.unwrap();
        assert_eq!(stopped["Policy"]["State"], "ERROR");
        let message = stopped["Policy"]["StatusMessage"].as_str().unwrap();
        assert!(message.contains("is not allowed events:PutRule"), "{message}");
    });
}

#[test]
fn instances_are_covered_by_their_volumes() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let ground = Ground::new(&sandbox, "dlm-instances").await;
        let parameters = [
            ("ImageId", "ami-0123456789abcdef0"),
            ("InstanceType", "t3.micro"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "backup"),
            ("TagSpecification.1.Tag.1.Value", "daily"),
        ];
        let path = "instancesSet/item/instanceId";
        let instance = ask(&ground.client, "RunInstances", &parameters, path).await;
        let zone = "instancesSet/item/placement/availabilityZone";
        let described = ground.client.query("ec2", "DescribeInstances", &[]).await.unwrap();
        let zone = described.items("reservationSet")[0].text_at(zone).to_owned();
        let data = ground.volume(&zone, ("kind", "data"), &[]).await;
        let cache = ground.volume(&zone, ("kind", "cache"), &[]).await;
        for (device, volume) in [("/dev/sdf", &data), ("/dev/sdg", &cache)] {
            let parameters =
                [("Device", device), ("InstanceId", instance.as_str()), ("VolumeId", volume)];
            ground.client.query("ec2", "AttachVolume", &parameters).await.unwrap();
        }
        let mut details =
            daily(&json!({"VariableTags": [{"Key": "of", "Value": "$(instance-id)"}]}));
        details["ResourceTypes"] = json!(["INSTANCE"]);
        details["Parameters"] = json!({
            "ExcludeBootVolume": true,
            "ExcludeDataVolumeTags": [{"Key": "kind", "Value": "cache"}],
        });
        ground.policy(details).await;
        sandbox.run_dlm(DAY_SECONDS).await.unwrap();
        let taken = ground.client.dlm_snapshots().await.unwrap();
        let volumes: Vec<&str> = taken.iter().map(|item| item.text_at("volumeId")).collect();
        assert_eq!(volumes, [data.as_str()]);
        assert_eq!(taken[0].tag("of"), Some(instance.as_str()));
    });
}
