use super::*;
use crate::testing::{ACCOUNT, Fake, REGION, Reply};

fn object(account: Value, account_id: Value, region: Value) -> Value {
    Value::object([("account", account), ("account_id", account_id), ("region", region)])
}

#[tokio::test]
async fn notes_where_an_object_really_is() {
    for (default, before, after) in [
        (
            Value::Null,
            object(Value::Null, Value::Null, Value::Null),
            object(Value::Null, ACCOUNT.into(), REGION.into()),
        ),
        (
            ACCOUNT.into(),
            object(Value::Null, Value::Null, "eu-west-1".into()),
            object(ACCOUNT.into(), ACCOUNT.into(), "eu-west-1".into()),
        ),
        (
            Value::Null,
            object("me".into(), ACCOUNT.into(), "eu-west-1".into()),
            object("me".into(), ACCOUNT.into(), "eu-west-1".into()),
        ),
    ] {
        let config = Value::object([("region", REGION.into()), ("account", default)]);
        let fake = Fake::new(|_| Reply::error("InternalFailure", ""));
        let session = Session::with_base(Settings::read(&config).unwrap(), fake.config());
        let aws = Aws::of(session);
        let scope = aws.scope(&before).await.unwrap();
        let mut state = before;
        aws.place(&scope, &mut state);
        assert_eq!(state, after);
    }
}

#[test]
fn configures_without_a_call_and_with_unknown_parts() {
    let aws = Aws::new();
    let config = Value::object([("region", Value::unknown()), ("account", Value::unknown())]);
    assert!(aws.validate(&config).is_empty());
    assert!(aws.configure(&config, "1.11.0").is_empty());
    assert!(aws.session().settings().region.is_unknown());
}
