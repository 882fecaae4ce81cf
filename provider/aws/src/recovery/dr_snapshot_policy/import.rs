//! Snapshot policies that are brought in: by id, by what marks them, and what is left of an apply
//! that was cut off.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use travel_framework::{Diagnostic, Failure};

use super::details::Details;
use super::observed::{Observed, Policy};
use super::{Backup, DrSnapshotPolicy};
use crate::iam_role::ServiceRole;
use crate::partition::Arn;
use crate::tags;

/// The state that a read can start from, by the id given to an import.
///
/// # Errors
/// Where it has none of the forms that an id can have.
pub fn parse(id: &str) -> Result<DrSnapshotPolicy, Diagnostic> {
    let mut state = DrSnapshotPolicy::default();
    if let Some(arn) = Arn::parse(id) {
        let policy = arn.resource.strip_prefix("policy/").filter(|_| arn.service == "dlm");
        state.policy_id = Some(policy.ok_or_else(|| not_an_id(id))?.to_owned());
        state.placement.account_id = Some(arn.account_id);
        state.placement.region = Some(arn.region);
        return Ok(state);
    }
    let (region, rest) = match id.split_once('/') {
        Some((region, rest)) => (Some(region.to_owned()), rest),
        None => (None, id),
    };
    let fits = |text: &str| {
        !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it))
    };
    if !fits(rest) || region.as_deref().is_some_and(|region| !fits(region)) {
        return Err(not_an_id(id));
    }
    state.placement.region = region;
    let is_id = rest.strip_prefix("policy-").is_some_and(|digits| {
        digits.len() > 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    });
    if is_id {
        state.policy_id = Some(rest.to_owned());
    } else {
        rest.clone_into(&mut state.name);
    }
    Ok(state)
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no snapshot policy"),
        "A snapshot policy is imported by its id (policy-0abc), its ARN, or its name (of one that \
         travel has made), with its region before it (REGION/policy-0abc) where that is not the \
         provider's.",
    )
}

/// The account that a policy shares its snapshots with; of several the first.
pub fn backup_account(policy: &Policy) -> Option<String> {
    let Details::Snapshots { schedules, .. } = &policy.details else { return None };
    schedules.values().find_map(|(_, shares)| shares.accounts.first().cloned())
}

/// Refuses policies of other kinds.
///
/// # Errors
/// Where DLM's policy is one that this resource cannot be.
pub fn refuse_foreign_kinds(policy: &Policy) -> Result<(), Failure> {
    let why = match &policy.details {
        Details::Snapshots { others, .. } if others.is_empty() => return Ok(()),
        Details::Snapshots { others, .. } => {
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            format!("it has {}", others.join(", "))
        }
        Details::Copies { .. } => {
            "it copies what others share, which is part of the policy that shares it".to_owned()
        }
        Details::Else(kind) => format!("it is {kind}"),
    };
    Err(Diagnostic::error(
        format!("{} cannot be a travel_dr_snapshot_policy", policy.id),
        format!("This resource takes snapshots of volumes by their tags, and {why}."),
    )
    .into())
}

/// The state of a policy that stands in the cloud, with what its attributes do not tell as in
/// `base`.
pub fn object(base: &DrSnapshotPolicy, policy: &Policy) -> DrSnapshotPolicy {
    DrSnapshotPolicy {
        name: base.name.clone(),
        placement: base.placement.clone(),
        arn: Some(policy.arn.clone()),
        policy_id: Some(policy.id.clone()),
        lifecycle: base.lifecycle.clone(),
        ..DrSnapshotPolicy::default()
    }
}

/// The name of a policy that is brought in: the one it is marked with, else its id, which can be
/// no name of ours but tells it apart.
pub fn name_of(policy: &Policy) -> String {
    let mark = tags::mark(&policy.tags);
    let marked = mark.and_then(|mark| Some(mark.resource.split_once('/')?.1.to_owned()));
    marked.unwrap_or_else(|| policy.id.clone())
}

/// Sets which roles were given, and the keys of the volumes, to what is there. A role is given
/// where it is not the one that would be made.
pub fn fill_roles(state: &mut DrSnapshotPolicy, observed: &Observed, region: &str) {
    let given = |policy: Option<&Policy>, role: Option<&ServiceRole>| {
        let arn = policy.map(|policy| policy.role_arn.clone())?;
        (role.map(|it| &it.role.arn) != Some(&arn)).then_some(arn)
    };
    let source = &observed.source;
    state.role_arn = given(source.policy.as_ref(), source.role.as_ref());
    if let Some(backup) = &mut state.backup {
        let there = &observed.backup;
        backup.role_arn = given(there.policy.as_ref(), there.role.as_ref());
    }
    let permissions = source.role.as_ref().and_then(|role| role.permissions.as_deref());
    state.volume_kms_key_arns = permissions.map(|it| keys_in(it, region)).unwrap_or_default();
}

/// The keys of a region among the resources of a policy document of ours. Copies never go to the
/// policy's own region, so that its keys are those of the volumes.
fn keys_in(document: &str, region: &str) -> BTreeSet<String> {
    let document: Json = serde_json::from_str(document).unwrap_or_default();
    let statements = document["Statement"].as_array().cloned().unwrap_or_default();
    let resources = statements.iter().flat_map(|statement| match &statement["Resource"] {
        Json::Array(several) => several.clone(),
        one => vec![one.clone()],
    });
    let texts = resources.filter_map(|resource| resource.as_str().map(str::to_owned));
    let is_key = |text: &String| {
        Arn::parse(text).is_some_and(|arn| arn.service == "kms" && arn.region == region)
    };
    texts.filter(is_key).collect()
}

/// A backup account of which only its id is known.
pub fn backup(account_id: String) -> Backup {
    Backup { account: Some(account_id), ..Backup::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::dr_snapshot_policy::permissions::documents;
    use crate::recovery::dr_snapshot_policy::tests::{accounts, with_backup};
    use crate::recovery::dr_snapshot_policy::wanted::Side;

    #[test]
    fn ids_have_several_forms() {
        let arn = "arn:aws:dlm:eu-west-1:111122223333:policy/policy-0123456789abcdef0";
        for (id, region, policy_id, name) in [
            ("policy-0123456789abcdef0", None, Some("policy-0123456789abcdef0"), ""),
            (
                "eu-west-1/policy-0123456789abcdef0",
                Some("eu-west-1"),
                Some("policy-0123456789abcdef0"),
                "",
            ),
            ("claims", None, None, "claims"),
            ("eu-west-1/claims", Some("eu-west-1"), None, "claims"),
            (arn, Some("eu-west-1"), Some("policy-0123456789abcdef0"), ""),
        ] {
            let state = parse(id).unwrap();
            assert_eq!(state.placement.region.as_deref(), region, "{id}");
            assert_eq!(state.policy_id.as_deref(), policy_id, "{id}");
            assert_eq!(state.name, name, "{id}");
        }
        for id in ["", "a/b/c", "a b", "arn:aws:kms:eu-west-1:111122223333:key/a"] {
            assert!(parse(id).is_err(), "{id}");
        }
    }

    #[test]
    fn the_keys_of_the_volumes_stand_in_the_role() {
        let wanted = with_backup();
        let document = documents(&wanted, Side::Source, &accounts()).permissions;
        assert_eq!(keys_in(&document, "eu-central-1"), wanted.volume_kms_key_arns);
    }
}
