use chrono::TimeDelta;

use super::*;

/// The service with one account and region in it, at a time of its own.
struct Ground {
    state: State,
    place: Place,
    now: DateTime<Utc>,
}

impl Ground {
    fn new() -> Self {
        Self {
            state: State::default(),
            place: Place::new("111122223333", "eu-central-1"),
            now: DateTime::UNIX_EPOCH,
        }
    }

    fn ask(&mut self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        let Value::Object(members) = input else { panic!("no object: {input}") };
        self.state.perform(&self.place, operation, &Input::new(members), self.now)
    }

    /// Makes a rule and returns its id.
    fn rule(&mut self, change: Value) -> String {
        let made = self.ask("CreateRule", request(change)).unwrap();
        made["Identifier"].as_str().unwrap().to_owned()
    }

    /// Asks for something of a rule; an answer must have the expected members, an error the expected words.
    fn check(&mut self, operation: &str, id: &str, input: Value, expected: Result<Value, &str>) {
        let mut input = input;
        input["Identifier"] = id.into();
        let found = self.ask(operation, input.clone());
        compare(&format!("{operation} {input}"), found, expected);
    }

    fn listed(&mut self, input: Value) -> Vec<String> {
        let answer = self.ask("ListRules", with(json!({"ResourceType": "EBS_SNAPSHOT"}), input));
        ids(&answer.unwrap())
    }
}

/// A snapshot rule of 30 days, with members changed; null takes one away.
fn request(change: Value) -> Value {
    with(json!({"ResourceType": "EBS_SNAPSHOT", "RetentionPeriod": period(30)}), change)
}

fn with(mut value: Value, change: Value) -> Value {
    crate::sandbox::fakes::patch::merge(&mut value, &change);
    value
}

fn period(days: i64) -> Value {
    json!({"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"})
}

fn lock(days: i64) -> Value {
    let delay = json!({"UnlockDelayValue": days, "UnlockDelayUnit": "DAYS"});
    json!({"LockConfiguration": {"UnlockDelay": delay}})
}

fn tags(count: usize) -> Value {
    (0..count).map(|number| json!({"Key": format!("key-{number}"), "Value": "v"})).collect()
}

fn resource_tag(value: &str) -> Value {
    json!([{"ResourceTagKey": "app", "ResourceTagValue": value}])
}

fn ids(answer: &Value) -> Vec<String> {
    let rules = answer["Rules"].as_array().unwrap().iter();
    rules.map(|rule| rule["Identifier"].as_str().unwrap().to_owned()).collect()
}

fn compare(what: &str, found: Result<Value, ServiceError>, expected: Result<Value, &str>) {
    match (found, expected) {
        (Ok(answer), Ok(expected)) => {
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(answer[name], *value, "{name} of {what}");
            }
        }
        (Err(error), Err(words)) => {
            let reason = error.members["Reason"].as_str().unwrap();
            let text = format!("{} {} {reason}: {}", error.status, error.code, error.message);
            assert!(words.split(" … ").all(|part| text.contains(part)), "{what}: {text}");
            assert_eq!(error.members["Message"], error.message);
        }
        (found, _) => panic!("{what}: {found:?}"),
    }
}

const INVALID: &str = "400 ValidationException INVALID_PARAMETER_VALUE";
const LOCKED: &str = "409 ConflictException INVALID_RULE_STATE … is locked";
const PENDING: &str = "409 ConflictException INVALID_RULE_STATE … has not expired";
const NOT_LOCKED: &str = "409 ConflictException INVALID_RULE_STATE … is not locked";

#[test]
fn rules_are_checked_when_they_are_made() {
    let check = |change: Value, expected: Result<Value, &str>| {
        let found = Ground::new().ask("CreateRule", request(change.clone()));
        compare(&format!("CreateRule with {change}"), found, expected);
    };
    check(
        json!({"Description": "all", "Tags": [{"Key": "a", "Value": "1"}]}),
        Ok(json!({
            "Description": "all",
            "ResourceType": "EBS_SNAPSHOT",
            "RetentionPeriod": period(30),
            "ResourceTags": [],
            "ExcludeResourceTags": [],
            "Tags": [{"Key": "a", "Value": "1"}],
            "Status": "pending",
            "LockConfiguration": null,
            "LockState": null,
        })),
    );
    check(lock(7), Ok(with(lock(7), json!({"LockState": "locked"}))));
    for (kind, longest) in [("EBS_SNAPSHOT", 365), ("EC2_IMAGE", 365), ("EBS_VOLUME", 7)] {
        let of = |days| json!({"ResourceType": kind, "RetentionPeriod": period(days)});
        check(of(1), Ok(json!({"RetentionPeriod": period(1)})));
        check(of(longest), Ok(json!({"ResourceType": kind})));
        check(of(longest + 1), Err(&format!("{INVALID} … between 1 and {longest} DAYS")));
        check(of(0), Err(INVALID));
    }
    let (kept, left_out) = (resource_tag("kept"), resource_tag("left out"));
    check(json!({"ResourceTags": kept}), Ok(json!({"ResourceTags": kept})));
    check(json!({"ExcludeResourceTags": left_out}), Ok(json!({"ExcludeResourceTags": left_out})));
    check(
        json!({"ResourceTags": kept, "ExcludeResourceTags": left_out}),
        Err(&format!("{INVALID} … tag-level")),
    );
    check(with(lock(7), json!({"ResourceTags": kept})), Err(&format!("{INVALID} … tag-level")));
    check(
        with(lock(7), json!({"ExcludeResourceTags": left_out})),
        Err(&format!("{INVALID} … exclusion tags")),
    );
    check(json!({"Tags": tags(50)}), Ok(json!({})));
    check(
        json!({"Tags": tags(51)}),
        Err("402 ServiceQuotaExceededException SERVICE_QUOTA_EXCEEDED … 50 tags"),
    );
    check(json!({"Tags": [{"Key": "AWS:a", "Value": "1"}]}), Err(&format!("{INVALID} … reserved")));
}

#[test]
fn rules_are_read_updated_and_deleted() {
    let mut ground = Ground::new();
    let id = ground.rule(json!({"Description": "first"}));
    let arn = format!("arn:aws:rbin:eu-central-1:111122223333:rule/{id}");
    let shown = json!({"RuleArn": arn, "Status": "available", "Description": "first"});
    ground.check("GetRule", &id, json!({}), Ok(shown));

    let change = json!({"Description": "second", "RetentionPeriod": period(365)});
    ground.check("UpdateRule", &id, change.clone(), Ok(with(change, json!({"RuleArn": arn}))));
    let tagged = json!({"ResourceTags": resource_tag("one")});
    ground.check("UpdateRule", &id, tagged.clone(), Ok(tagged.clone()));
    let kept = with(tagged, json!({"Description": "second", "RetentionPeriod": period(365)}));
    ground.check("GetRule", &id, json!({}), Ok(kept));
    for (change, words) in [
        (json!({"RetentionPeriod": period(366)}), "between 1 and 365"),
        (json!({"ResourceType": "EBS_SNAPSHOT"}), "ResourceType"),
        (json!({"ExcludeResourceTags": resource_tag("two")}), "tag-level"),
    ] {
        ground.check("UpdateRule", &id, change, Err(&format!("{INVALID} … {words}")));
    }
    ground.check("GetRule", &id, json!({}), Ok(json!({"ExcludeResourceTags": []})));
    let change = json!({"ResourceTags": [], "ExcludeResourceTags": resource_tag("two")});
    ground.check("UpdateRule", &id, change.clone(), Ok(change));

    ground.check("DeleteRule", &id, json!({}), Ok(json!({})));
    for operation in ["GetRule", "UpdateRule", "DeleteRule", "LockRule", "UnlockRule"] {
        let words = format!("404 ResourceNotFoundException RULE_NOT_FOUND … {id}");
        ground.check(operation, &id, json!({}), Err(&words));
    }
}

#[test]
fn locks_hold_until_their_delay_has_passed() {
    let mut ground = Ground::new();
    let id = ground.rule(json!({}));
    ground.check("UnlockRule", &id, json!({}), Err(NOT_LOCKED));
    let mut locked = lock(7);
    locked["LockState"] = "locked".into();
    locked["LockEndTime"] = Value::Null;
    ground.check("LockRule", &id, lock(7), Ok(locked.clone()));
    ground.check("GetRule", &id, json!({}), Ok(locked.clone()));
    ground.check("LockRule", &id, lock(7), Err("409 ConflictException … already locked"));
    ground.check("UpdateRule", &id, json!({"Description": "x"}), Err(LOCKED));
    ground.check("DeleteRule", &id, json!({}), Err(LOCKED));

    let days = 24 * 3600;
    let pending = json!({"LockState": "pending_unlock", "LockEndTime": 7 * days});
    ground.check("UnlockRule", &id, json!({}), Ok(pending));
    ground.now += TimeDelta::days(6);
    ground.check("UnlockRule", &id, json!({}), Err(NOT_LOCKED));
    ground.check("UpdateRule", &id, json!({"Description": "x"}), Err(PENDING));
    ground.check("DeleteRule", &id, json!({}), Err(PENDING));

    // Locked again meanwhile, the delay starts anew, and cannot be another.
    ground.check("LockRule", &id, lock(8), Err("409 ConflictException … cannot be changed"));
    ground.check("LockRule", &id, lock(7), Ok(locked));
    ground.now += TimeDelta::days(2);
    ground.check("DeleteRule", &id, json!({}), Err(LOCKED));
    ground.check("UnlockRule", &id, json!({}), Ok(json!({"LockEndTime": 15 * days})));
    ground.now += TimeDelta::days(7);
    let unlocked = json!({"LockState": "unlocked", "LockEndTime": null});
    ground.check("GetRule", &id, json!({}), Ok(unlocked.clone()));
    ground.check("UnlockRule", &id, json!({}), Err(NOT_LOCKED));
    ground.check("UpdateRule", &id, json!({"Description": "x"}), Ok(unlocked));
    ground.check("LockRule", &id, lock(30), Ok(with(lock(30), json!({"LockState": "locked"}))));
    ground.check("UnlockRule", &id, json!({}), Ok(json!({"LockEndTime": (15 + 30) * days})));
    ground.now += TimeDelta::days(30);
    ground.check("DeleteRule", &id, json!({}), Ok(json!({})));

    for (name, words) in [("ResourceTags", "tag-level"), ("ExcludeResourceTags", "exclusion tags")]
    {
        let id = ground.rule(json!({name: resource_tag("one")}));
        let words = format!("409 ConflictException INVALID_RULE_STATE … {words}");
        ground.check("LockRule", &id, lock(7), Err(&words));
    }
}

#[test]
fn lists_are_filtered() {
    let mut ground = Ground::new();
    let plain = ground.rule(json!({}));
    let locked = ground.rule(lock(7));
    let tag_level = ground.rule(json!({"ResourceTags": [
        {"ResourceTagKey": "app", "ResourceTagValue": "one"}, {"ResourceTagKey": "team"},
    ]}));
    let excluding = ground.rule(json!({"ExcludeResourceTags": resource_tag("two")}));
    let image = ground.rule(json!({"ResourceType": "EC2_IMAGE"}));
    let unlocking = ground.rule(lock(7));
    ground.check("UnlockRule", &unlocking, json!({}), Ok(json!({})));

    let mut check = |input: Value, expected: &[&String]| {
        let mut expected: Vec<String> = expected.iter().map(|id| (*id).clone()).collect();
        expected.sort();
        assert_eq!(ground.listed(input.clone()), expected, "{input}");
    };
    check(json!({}), &[&plain, &locked, &tag_level, &excluding, &unlocking]);
    check(json!({"ResourceType": "EC2_IMAGE"}), &[&image]);
    check(json!({"ResourceType": "EBS_VOLUME"}), &[]);
    check(json!({"LockState": "locked"}), &[&locked]);
    check(json!({"LockState": "pending_unlock"}), &[&unlocking]);
    check(json!({"LockState": "unlocked"}), &[]);
    check(json!({"ResourceTags": resource_tag("one")}), &[&tag_level]);
    check(json!({"ResourceTags": resource_tag("two")}), &[]);
    let both = json!([{"ResourceTagKey": "app"}, {"ResourceTagKey": "team"}]);
    check(json!({"ResourceTags": both}), &[&tag_level]);
    check(json!({"ResourceTags": [{"ResourceTagKey": "app"}, {"ResourceTagKey": "x"}]}), &[]);
    check(json!({"ExcludeResourceTags": [{"ResourceTagKey": "app"}]}), &[&excluding]);
    ground.now += TimeDelta::days(7);
    assert_eq!(ground.listed(json!({"LockState": "unlocked"})), [unlocking]);
    ground.place = Place::new("111122223333", "eu-west-1");
    assert_eq!(ground.listed(json!({})), Vec::<String>::new());
}

#[test]
fn lists_come_in_pages() {
    let mut ground = Ground::new();
    let mut all: Vec<String> = (0..5).map(|_| ground.rule(json!({}))).collect();
    all.sort();
    let mut page = |size: Option<u64>, token: Value| {
        let input = json!({"ResourceType": "EBS_SNAPSHOT", "MaxResults": size, "NextToken": token});
        ground.ask("ListRules", input)
    };
    let first = page(Some(3), Value::Null).unwrap();
    assert_eq!(ids(&first), all[..3]);
    let second = page(Some(2), first["NextToken"].clone()).unwrap();
    assert_eq!(ids(&second), all[3..]);
    assert_eq!(
        (&second["NextToken"], &page(Some(5), Value::Null).unwrap()["NextToken"]),
        (&Value::Null, &Value::Null)
    );
    for token in ["AAAA", "b/c", &STANDARD.encode("0123456789-")] {
        let words = "400 ValidationException INVALID_PAGE_TOKEN … is not valid";
        compare(token, page(None, token.into()), Err(words));
    }
}

#[test]
fn quotas_hold() {
    const EXCEEDED: &str = "402 ServiceQuotaExceededException SERVICE_QUOTA_EXCEEDED";
    let mut ground = Ground::new();
    let shared = json!({"ResourceTags": resource_tag("one")});
    let mut last = String::new();
    for _ in 0..MOST_RULES_OF_A_TAG {
        last = ground.rule(shared.clone());
    }
    let refused = ground.ask("CreateRule", request(shared.clone()));
    compare("a sixth rule of a tag", refused, Err(&format!("{EXCEEDED} … app=one … 5")));
    let other = ground.rule(json!({}));
    ground.check("UpdateRule", &other, shared.clone(), Err(EXCEEDED));
    ground.check("UpdateRule", &last, shared.clone(), Ok(shared));
    while ground.state.0[&ground.place].len() < MOST_RULES {
        ground.rule(json!({}));
    }
    let refused = ground.ask("CreateRule", request(json!({})));
    compare("a rule too many", refused, Err(&format!("{EXCEEDED} … 250")));
    assert_eq!(ground.listed(json!({})).len(), PAGE);
    ground.place = Place::new("111122223333", "eu-west-1");
    ground.rule(json!({}));
}

#[test]
fn rules_are_tagged() {
    let mut ground = Ground::new();
    let id = ground.rule(with(lock(7), json!({"Tags": [{"Key": "a", "Value": "1"}]})));
    let arn = format!("arn:aws:rbin:eu-central-1:111122223333:rule/{id}");
    let mut check = |operation: &str, input: Value, expected: Result<Value, &str>| {
        let found = ground.ask(operation, with(json!({"ResourceArn": arn}), input));
        compare(operation, found, expected);
    };
    check("TagResource", json!({"Tags": [{"Key": "b", "Value": ""}]}), Ok(json!({})));
    check("UntagResource", json!({"TagKeys": ["a", "none"]}), Ok(json!({})));
    let left = json!({"Tags": [{"Key": "b", "Value": ""}]});
    check("ListTagsForResource", json!({}), Ok(left.clone()));
    check("TagResource", json!({"Tags": tags(50)}), Err("402 ServiceQuotaExceededException"));
    check("ListTagsForResource", json!({}), Ok(left));
    let elsewhere = json!({"ResourceArn": arn.replace("eu-central-1", "eu-west-1")});
    let words = "404 ResourceNotFoundException RULE_NOT_FOUND … eu-west-1";
    check("ListTagsForResource", elsewhere, Err(words));
    let tags = BTreeMap::from([("b".to_owned(), String::new())]);
    assert_eq!(ground.state.tagged(&ground.place), Tagged::from([(arn, tags)]));
    assert_eq!(ground.state.tagged(&Place::new("111122223333", "eu-west-1")), Tagged::new());
}

#[test]
fn ids_and_arns_have_their_form() {
    let check = |region: &str, start: &str| {
        let mut ground = Ground::new();
        ground.place = Place::new("111122223333", region);
        let made = ground.ask("CreateRule", request(json!({}))).unwrap();
        let id = made["Identifier"].as_str().unwrap();
        assert!(id.len() == 11 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_eq!(made["RuleArn"], format!("{start}:111122223333:rule/{id}"));
    };
    check("eu-central-1", "arn:aws:rbin:eu-central-1");
    check("cn-north-1", "arn:aws-cn:rbin:cn-north-1");
    check("us-gov-west-1", "arn:aws-us-gov:rbin:us-gov-west-1");
}
