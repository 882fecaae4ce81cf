use super::planning::{are_accounts, are_sets, import};
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
fn an_import_names_the_product() {
    let one = import("ssoins-1/GROUP/g/111122223333,444455556666/ps-1,ps-2").unwrap();
    assert_eq!(one.wanted().len(), 4);
    assert!(are_sets(&travel_framework::model::Field::to_value(&one.permission_sets)).is_ok());
    for id in ["x", "ssoins-1/ROLE/g/111122223333/ps-1", "ssoins-1/GROUP/g/1/ps-1"] {
        assert!(import(id).is_err(), "{id}");
    }
}

#[test]
fn accounts_are_named_by_id() {
    let accounts = |id: &str| are_accounts(&travel_value::Value::set([id.into()]));
    assert!(accounts("111122223333").is_ok());
    assert!(accounts("dev").is_err());
}
