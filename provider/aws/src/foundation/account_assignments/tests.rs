use super::planning::{are_accounts, import};
use super::*;

#[test]
fn assignments_are_the_product() {
    let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
    let mut assignments = AccountAssignments {
        accounts: texts(&["1", "2"]),
        permission_sets: texts(&["a", "b"]),
        ..AccountAssignments::default()
    };
    let wanted = assignments.wanted();
    assert_eq!(wanted.len(), 4);
    assignments.note(&wanted);
    assert_eq!(assignments.there(), wanted);
}

#[test]
fn an_import_names_instance_and_principal() {
    let instance = "arn:aws:sso:::instance/ssoins-1";
    for (region, prefix) in [(None, ""), (Some("eu-west-1"), "eu-west-1/")] {
        let one = import(&format!("{prefix}{instance}/GROUP/g")).unwrap();
        assert_eq!(one.placement.region.as_deref(), region);
        assert_eq!(one.instance_arn.as_deref(), Some(instance));
        assert_eq!((one.principal_type.as_str(), one.principal_id.as_str()), ("GROUP", "g"));
    }
    for id in ["x", "arn:aws:sso:::instance/ssoins-1/ROLE/g", "ssoins-1/GROUP/g"] {
        assert!(import(id).is_err(), "{id}");
    }
}

#[test]
fn accounts_are_named_by_id() {
    let accounts = |id: &str| are_accounts(&travel_value::Value::set([id.into()]));
    assert!(accounts("111122223333").is_ok());
    assert!(accounts("dev").is_err());
}
