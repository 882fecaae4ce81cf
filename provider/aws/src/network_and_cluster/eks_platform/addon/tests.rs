use super::*;

const ARN: &str = "arn:aws:eks:eu-central-1:111122223333:addon/main/coredns/a";

fn there(status: AddonStatus) -> Found {
    Found::builder()
        .addon_name("coredns")
        .addon_arn(ARN)
        .addon_version("v1.2.0-eksbuild.1")
        .configuration_values(r#"{ "replicaCount": 2 }"#)
        .status(status)
        .build()
}

fn wanted() -> Addon {
    Addon {
        version: Some("v1.2.0-eksbuild.1".into()),
        configuration_values: Some(r#"{"replicaCount":2}"#.into()),
        ..Addon::default()
    }
}

fn nothing() -> Change {
    Change { version: None, configuration: None, role: false, identities: None, repair: false }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Addon), version: Option<&str>, expected: Option<Change>) {
    let mut addon = wanted();
    change(&mut addon);
    assert_eq!(next(&there(AddonStatus::Active), None, &addon, version), expected);
}

#[test]
fn goes_from_what_is_there_to_what_is_wanted() {
    check(|_| {}, None, None);
    check(|_| {}, Some("v1.2.0-eksbuild.1"), None);
    let version = Some("v1.3.0-eksbuild.1".to_owned());
    check(|_| {}, version.as_deref(), Some(Change { version: version.clone(), ..nothing() }));
    let configuration = |text: &str| Some(Change { configuration: Some(text.into()), ..nothing() });
    check(|it| it.configuration_values = None, None, configuration("{}"));
    let three = r#"{"replicaCount":3}"#;
    check(|it| it.configuration_values = Some(three.into()), None, configuration(three));
    let role = "arn:aws:iam::111122223333:role/a";
    let another_role = Change { role: true, ..nothing() };
    check(|it| it.role_arn = Some(role.into()), None, Some(another_role));
    let identities = BTreeMap::from([("coredns".to_owned(), role.to_owned())]);
    let with_identities = Change { identities: Some(identities.clone()), ..nothing() };
    check(|it| it.pod_identities = identities, None, Some(with_identities));
}

#[test]
fn what_failed_to_change_is_repaired() {
    let found = there(AddonStatus::UpdateFailed);
    let repair = Change { repair: true, ..nothing() };
    assert_eq!(next(&found, None, &wanted(), None), Some(repair));
}

#[test]
fn the_state_keeps_the_text_that_means_the_same() {
    let known = wanted();
    let state = |known| state(&there(AddonStatus::Active), None, known);
    assert_eq!(state(Some(&known)).configuration_values, known.configuration_values);
    let read = state(None).configuration_values;
    assert_eq!(read.as_deref(), Some(r#"{ "replicaCount": 2 }"#));
    let preserved = Addon { preserve: true, before_nodes: Some(true), ..wanted() };
    let read = state(Some(&preserved));
    assert!(read.preserve && read.before_nodes == Some(true));
}

#[test]
fn what_others_have_set_is_kept_only_where_there_is_something() {
    for (mode, creating, expected) in [
        ("OVERWRITE", true, ResolveConflicts::Overwrite),
        ("PRESERVE", true, ResolveConflicts::None),
        ("PRESERVE", false, ResolveConflicts::Preserve),
        ("NONE", false, ResolveConflicts::None),
    ] {
        assert_eq!(conflicts(mode, creating), expected, "{mode} {creating}");
    }
}

#[test]
fn only_a_whole_addon_is_of_use() {
    for (status, broken) in [
        (AddonStatus::Active, false),
        (AddonStatus::Creating, false),
        (AddonStatus::Degraded, false),
        (AddonStatus::UpdateFailed, false),
        (AddonStatus::CreateFailed, true),
        (AddonStatus::Deleting, true),
        (AddonStatus::DeleteFailed, true),
    ] {
        assert_eq!(is_broken(&there(status.clone())), broken, "{status:?}");
    }
}
