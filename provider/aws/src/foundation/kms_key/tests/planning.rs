//! What a plan says of a key.

use super::*;

#[test]
fn knows_the_forms_of_an_id() {
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let arn = format!("arn:aws:kms:eu-west-1:111122223333:key/{id}");
    for (given, key_id, alias, region, account) in [
        (id, Some(id), None, None, None),
        (arn.as_str(), Some(id), None, Some("eu-west-1"), Some("111122223333")),
        ("alias/a/b", None, Some("alias/a/b"), None, None),
        ("eu-west-1/a/b", None, Some("alias/a/b"), Some("eu-west-1"), None),
    ] {
        let state = KmsKey::import(given).unwrap();
        assert_eq!(state.key_id.as_deref(), key_id, "{given}");
        assert_eq!(state.alias.as_deref(), alias, "{given}");
        assert_eq!(state.placement.region.as_deref(), region, "{given}");
        assert_eq!(state.placement.account_id.as_deref(), account, "{given}");
    }
    for given in ["", "main", "arn:aws:s3:::bucket", "a/b"] {
        assert!(KmsKey::import(given).is_err(), "{given}");
    }
}

/// A plan of these attributes; what is left out has the schema's default, or is not there.
fn plan_of(attributes: &[(&str, Value)], prior: &Value) -> (Value, Vec<String>) {
    let block = <KmsKey as Model>::block();
    let config = Value::object(block.attributes.iter().map(|attribute| {
        let given = attributes.iter().find(|(name, _)| *name == attribute.name);
        (attribute.name.clone(), given.map_or(Value::Null, |(_, value)| value.clone()))
    }));
    let computed = travel_framework::plan::Computed::Applied { resumed: false };
    let planned = travel_framework::plan::plan_by_schema(&block, prior, &config, computed);
    let mut plan = Plan::new(&config, prior, planned);
    KmsKey::plan(&mut plan);
    let errors = plan.diagnostics.iter().map(|error| error.summary.clone()).collect();
    (plan.planned, errors)
}

#[test]
fn plans_what_follows() {
    let replicas = Value::map([("eu-west-1", Model::to_value(&Replica::default()))]);
    let (made, errors) = plan_of(
        &[("name", "main".into()), ("multi_region", true.into()), ("replicas", replicas.clone())],
        &Value::Null,
    );
    assert_eq!(errors, [""; 0]);
    assert_eq!(made.get("alias"), &"alias/main".into());
    assert_eq!(made.get("enable_key_rotation"), &true.into());
    assert_eq!(made.get("rotation_period_days"), &365.into());
    assert_eq!(made.get("replica_arns"), &Value::map([("eu-west-1", Value::unknown())]));
    let (made, _) =
        plan_of(&[("name", "main".into()), ("key_spec", "RSA_2048".into())], &Value::Null);
    assert_eq!(made.get("enable_key_rotation"), &false.into());
    assert_eq!(made.get("replica_arns"), &Value::Map(BTreeMap::new()));
    let (made, _) = plan_of(&[("name", Value::unknown())], &Value::Null);
    assert!(made.get("alias").is_unknown());
    // An update knows the ARN of a replica that is still to be made.
    let prior =
        KmsKey { arn: Some("arn:aws:kms:eu-central-1:111122223333:key/mrk-1".into()), ..planned() };
    let given = [("name", "main".into()), ("multi_region", true.into()), ("replicas", replicas)];
    let (made, _) = plan_of(&given, &Model::to_value(&prior));
    let arn = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
    assert_eq!(made.get("replica_arns"), &Value::map([("eu-west-1", arn.into())]));
}

fn place_of(region: &str) -> [(&'static str, Value); 2] {
    [("region", region.into()), ("account_id", "111122223333".into())]
}

#[test]
fn plans_the_policy_of_an_access_once_it_can_be_known() {
    let access = |access: Access| ("access", Model::to_value(&access));
    let open = access(Access { iam_policies: true, log_groups: true, ..Access::default() });
    let policy = |attributes: &[(&str, Value)], prior: &Value| {
        let named = [("name", Value::from("main"))];
        let all: Vec<_> = named.into_iter().chain(attributes.iter().cloned()).collect();
        let (made, errors) = plan_of(&all, prior);
        assert_eq!(errors, [""; 0]);
        made.get("policy").clone()
    };
    assert_eq!(policy(&[], &Value::Null), Value::Null);
    assert!(policy(std::slice::from_ref(&open), &Value::Null).is_unknown());
    let [region, account] = place_of("eu-central-1");
    let written = policy(&[open.clone(), region.clone(), account.clone()], &Value::Null);
    assert!(written.as_str().unwrap().contains("logs.eu-central-1.amazonaws.com"));
    // What means the same stays as it was read.
    let mut spelled: serde_json::Value = serde_json::from_str(written.as_str().unwrap()).unwrap();
    spelled["Statement"].as_array_mut().unwrap().reverse();
    let prior = KmsKey { policy: Some(spelled.to_string()), ..planned() };
    let kept = policy(&[open, region.clone(), account.clone()], &Model::to_value(&prior));
    assert_eq!(kept, spelled.to_string().into());
    // Without an access the policy goes.
    assert_eq!(policy(&[region, account], &Model::to_value(&prior)), Value::Null);
}

#[test]
fn refuses_an_access_that_cannot_be() {
    let access = |access: Access| ("access", Model::to_value(&access));
    let errors = |attributes: Vec<(&str, Value)>| {
        let named = [("name", Value::from("main"))];
        plan_of(&named.into_iter().chain(attributes).collect::<Vec<_>>(), &Value::Null).1
    };
    let open = Access { iam_policies: true, ..Access::default() };
    let policy = ("policy", some_policy().unwrap().into());
    assert_eq!(errors(vec![access(open), policy]), ["a policy beside access"]);
    assert_eq!(errors(vec![access(Access::default())]), ["a key that nobody administers"]);
}

#[test]
fn refuses_what_kms_would_refuse() {
    let replicas = |region: &str| Value::map([(region, Model::to_value(&Replica::default()))]);
    for (attributes, error) in [
        (vec![("key_spec", "HMAC_256".into())], "a HMAC_256 key cannot ENCRYPT_DECRYPT"),
        (
            vec![("key_spec", "RSA_2048".into()), ("enable_key_rotation", true.into())],
            "a RSA_2048 key cannot rotate",
        ),
        (
            vec![("enable_key_rotation", false.into()), ("rotation_period_days", 90.into())],
            "the key is not rotated",
        ),
        (vec![("replicas", replicas("eu-west-1"))], "only a multi-region key has replicas"),
        (
            vec![
                ("multi_region", true.into()),
                ("region", "eu-west-1".into()),
                ("replicas", replicas("eu-west-1")),
            ],
            "a replica beside its own key",
        ),
    ] {
        let attributes: Vec<_> = [("name", "main".into())].into_iter().chain(attributes).collect();
        assert_eq!(plan_of(&attributes, &Value::Null).1, [error]);
    }
    let prior = Model::to_value(&planned());
    let (_, errors) = plan_of(&[("name", "other".into())], &prior);
    assert_eq!(errors, ["key \"main\" cannot be renamed"]);
}
