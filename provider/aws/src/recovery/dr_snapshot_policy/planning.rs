//! What a plan can say of a snapshot policy: what follows from other attributes, what DLM would
//! refuse, and whether the stated recovery point objective can be kept.

use std::collections::BTreeSet;

use travel_framework::model::{Field as _, Model, known_part};
use travel_framework::{Diagnostic, Plan};
use travel_value::{Path, Value};

use super::recovery_point::{COPIES_AT_ONCE, Stated, problems};
use super::wanted::{Accounts, Side, role_arn};
use super::{DrSnapshotPolicy, lock};
use crate::partition::Arn;

/// The computed attributes of a backup.
const TOLD_OF_BACKUP: [&str; 3] = ["account_id", "execution_role_arn", "policy_arn"];

/// Fills in what follows from other attributes, and refuses what DLM would refuse. `id_of` tells
/// the id of an account by its name, where the provider's configuration says it.
pub fn plan(plan: &mut Plan<'_>, id_of: impl Fn(&str) -> Option<String>) {
    if plan.is_destroy() {
        return;
    }
    check_name(plan);
    if plan.config.get("description").is_null() {
        let description = plan.known::<String>("name").map(|name| format!("Snapshots for {name}"));
        plan.set_known("description", description.as_ref());
    }
    plan_backup(plan, id_of);
    plan_role(plan);
    lock::plan(plan);
    plan.set("faults", Value::Set(Vec::new()));
    if !plan.prior.is_null() && (plan.changes("target_tags") || plan.changes("state")) {
        for name in ["volume_ids", "uncovered_volume_ids", "other_policy_ids"] {
            plan.set(name, Value::unknown());
        }
    }
    check(plan);
    check_retention_kinds(plan);
    check_recovery_point(plan);
}

fn check_name(plan: &mut Plan<'_>) {
    let (Some(before), Some(name)) = (plan.prior::<String>("name"), plan.known::<String>("name"))
    else {
        return;
    };
    if before != name {
        let detail = format!(
            "The name tells whose the policy and its parts are, and cannot become {name:?}. Leave \
             it {before:?}; or remove this resource, which deletes no snapshot, and add another."
        );
        plan.refuse("name", format!("snapshot policy {before:?} cannot be renamed"), detail);
    }
}

/// The accounts, as far as they are known.
fn accounts(plan: &Plan<'_>) -> Option<Accounts> {
    Some(Accounts {
        region: plan.known("region")?,
        source: plan.known("account_id")?,
        backup: plan.planned.get("backup").get("account_id").as_str().map(str::to_owned),
    })
}

fn plan_role(plan: &mut Plan<'_>) {
    let given = plan.planned.get("role_arn").clone();
    let arn = if given.is_null() {
        let name = plan.known::<String>("name").zip(accounts(plan));
        let arn = name.map(|(name, accounts)| role_arn(&name, Side::Source, &accounts));
        arn.map_or_else(Value::unknown, Value::String)
    } else {
        given
    };
    plan.set("execution_role_arn", arn);
}

/// Plans what a backup tells: it stays as long as the account does.
fn plan_backup(plan: &mut Plan<'_>, id_of: impl Fn(&str) -> Option<String>) {
    let mut backup = plan.planned.get("backup").clone();
    if backup.entries().is_none() {
        return;
    }
    let before = plan.prior.get("backup");
    let account = backup.get("account").clone();
    let id = match account.as_str().and_then(id_of) {
        Some(id) => Value::String(id),
        None if account == *before.get("account") => before.get("account_id").clone(),
        None => Value::Null,
    };
    let stays = !id.is_null() && id == *before.get("account_id");
    if stays {
        // Another way to name the same account changes nothing.
        backup.set_attribute("account", before.get("account").clone());
    }
    for name in TOLD_OF_BACKUP {
        let kept = Some(before.get(name).clone()).filter(|it| stays && !it.is_null());
        backup.set_attribute(name, kept.unwrap_or_else(Value::unknown));
    }
    if !id.is_null() {
        backup.set_attribute("account_id", id);
    }
    let given = backup.get("role_arn").clone();
    if !given.is_null() {
        backup.set_attribute("execution_role_arn", given);
        plan.set("backup", backup);
        return;
    }
    plan.set("backup", backup.clone());
    let known = accounts(plan).filter(|accounts| accounts.backup.is_some());
    if let Some((name, accounts)) = plan.known::<String>("name").zip(known) {
        let arn = role_arn(&name, Side::Backup, &accounts);
        backup.set_attribute("execution_role_arn", Value::String(arn));
        plan.set("backup", backup);
    }
}

/// Refuses combinations that DLM would refuse, as far as they are known.
pub fn check(plan: &mut Plan<'_>) {
    let region = plan.known::<String>("region");
    let schedules = plan.planned.get("schedules").clone();
    for (name, schedule) in schedules.entries().into_iter().flatten() {
        let path = Path::attribute("schedules").key(name);
        check_times(plan, name, schedule, &path);
        let copies = schedule.get("copies").clone();
        for (target, copy) in copies.entries().into_iter().flatten() {
            let path = path.field("copies").key(target);
            if Some(target) == region.as_ref() {
                let detail = format!(
                    "The snapshots themselves are in {target}: copies go to other regions. For \
                     copies in another account, see backup."
                );
                plan.refuse_at(path.clone(), "a copy beside its own snapshot", detail);
            }
            check_key(plan, copy, target, &path);
        }
    }
    let backup = plan.planned.get("backup").clone();
    for (target, copy) in backup.get("copies").entries().into_iter().flatten() {
        check_key(plan, copy, target, &Path::attribute("backup").field("copies").key(target));
    }
    let id = plan.known::<String>("account_id");
    if id.is_some() && backup.get("account_id").as_str() == id.as_deref() {
        plan.diagnostics.push(own_account(&id.unwrap_or_default()));
    }
    check_volume_keys(plan, region.as_deref());
    check_tags(plan);
    check_stated(plan);
}

/// The error for a backup account that is the policy's own.
pub fn own_account(id: &str) -> Diagnostic {
    Diagnostic::error(
        "the backup account is the policy's own",
        format!(
            "Account {id} holds the volumes: its loss takes backups in it along. Name another \
             account; for copies in another region of the same one, see copies of a schedule."
        ),
    )
    .at_attribute("backup")
}

fn check_times(plan: &mut Plan<'_>, name: &str, schedule: &Value, path: &Path) {
    if schedule.is_unknown() {
        return;
    }
    let (interval, cron) = (schedule.get("interval_hours"), schedule.get("cron"));
    let both = !interval.is_null() && !cron.is_null();
    if both || (interval.is_null() && cron.is_null()) {
        let what = if both { "two sets of times" } else { "no times" };
        let detail = "Give it either interval_hours (with start) or cron.";
        plan.refuse_at(path.clone(), format!("schedule {name:?} has {what}"), detail);
    }
    let start = plan.config.get("schedules").get(name).get("start");
    if !cron.is_null() && !start.is_null() {
        let detail = "The cron expression says when snapshots are taken. Leave start out.";
        plan.refuse_at(path.field("start"), "a start beside a cron expression", detail);
    }
}

fn check_key(plan: &mut Plan<'_>, copy: &Value, target: &str, path: &Path) {
    let Some(text) = copy.get("kms_key_arn").as_str() else { return };
    let path = path.field("kms_key_arn");
    if let Some(arn) = Arn::parse(text).filter(|arn| arn.region != target) {
        let detail = format!(
            "{text} is in {}. EC2 encrypts the copies in {target} with a key of that region.",
            arn.region
        );
        plan.refuse_at(path.clone(), "a key of another region", detail);
    }
    if copy.get("encrypted").as_bool() == Some(false) {
        let detail = "With a key, copies are encrypted. Leave encrypted out, or the key.";
        plan.refuse_at(path, "a key for copies that are not encrypted", detail);
    }
}

fn check_volume_keys(plan: &mut Plan<'_>, region: Option<&str>) {
    let Some(region) = region else { return };
    let keys = plan.planned.get("volume_kms_key_arns").clone();
    let keys = keys.elements().unwrap_or_default().iter().filter_map(Value::as_str);
    let other = |key: &&str| Arn::parse(key).is_some_and(|arn| arn.region != region);
    if let Some(key) = keys.into_iter().find(other) {
        let detail = format!(
            "The volumes are in {region}, and encrypted by keys of that region. {key} belongs to a \
             copy, if to anything."
        );
        plan.refuse("volume_kms_key_arns", "a key of another region", detail);
    }
}

/// DLM's tags have narrower keys than those of other services.
fn check_tags(plan: &mut Plan<'_>) {
    let fits = |key: &str| {
        key.chars().all(|it| it.is_ascii_alphabetic() || ('+'..='=').contains(&it) || it == '_')
    };
    let tags = plan.planned.get("tags_all").clone();
    if let Some((key, _)) = tags.entries().into_iter().flatten().find(|(key, _)| !fits(key)) {
        let detail = "Keys of tags of DLM's policies have letters, digits and +,-./:;<=_ only. \
                      Rename the tag, or list it in the provider's ignore_tags.";
        plan.refuse("tags", format!("DLM knows no tag {key:?}"), detail);
    }
}

/// An objective can be checked only with what it depends on.
fn check_stated(plan: &mut Plan<'_>) {
    let names = ["copy_minutes", "most_volumes"];
    let missing: Vec<&str> =
        names.into_iter().filter(|name| plan.planned.get(name).is_null()).collect();
    if !plan.planned.get("rpo_minutes").is_null() && !missing.is_empty() {
        let detail = format!(
            "Whether it can be kept depends on how long copies take and how many there are. Set \
             {}.",
            missing.join(" and ")
        );
        plan.refuse("rpo_minutes", "an objective that nothing can be said of", detail);
    }
}

/// DLM keeps to the kind of retention that a schedule was made with.
fn check_retention_kinds(plan: &mut Plan<'_>) {
    let by_count = |schedule: &Value| {
        let retain = schedule.get("retain");
        let wholly_known = retain.entries().is_some() && retain.is_wholly_known();
        wholly_known.then(|| !retain.get("count").is_null())
    };
    let (before, after) = (plan.prior.get("schedules"), plan.planned.get("schedules").clone());
    let mut changed = Vec::new();
    for (name, schedule) in after.entries().into_iter().flatten() {
        let kinds = (by_count(before.get(name)), by_count(schedule));
        if let (Some(before), Some(after)) = kinds
            && before != after
        {
            changed.push(name.clone());
        }
    }
    for name in changed {
        let detail = "DLM cannot change a schedule's retention from count to age or back. Add a \
                      schedule of another name instead; what the old one has taken stays, and is \
                      then to be deleted by hand.";
        let path = Path::attribute("schedules").key(&name).field("retain");
        plan.refuse_at(path, format!("schedule {name:?} keeps to its kind of retention"), detail);
    }
}

fn check_recovery_point(plan: &mut Plan<'_>) {
    let number = |plan: &Plan<'_>, name: &str| plan.known::<u32>(name);
    let (Some(rpo_minutes), Some(copy_minutes), Some(declared)) =
        (number(plan, "rpo_minutes"), number(plan, "copy_minutes"), number(plan, "most_volumes"))
    else {
        return;
    };
    let known = known_part(&plan.planned);
    let Ok(policy) = <DrSnapshotPolicy as Model>::from_value(&known, &Path::root()) else { return };
    let found = BTreeSet::<String>::from_value(plan.prior.get("volume_ids"), &Path::root());
    let found = found.map(|ids| u32::try_from(ids.len()).unwrap_or(u32::MAX)).unwrap_or_default();
    let region = policy.placement.region.clone().unwrap_or_else(|| "its region".to_owned());
    let stated = |volumes| Stated {
        rpo_minutes: rpo_minutes.into(),
        copy_minutes: copy_minutes.into(),
        volumes,
    };
    let problems = problems(&policy, &region, stated(declared.max(found)));
    if problems.is_empty() {
        return;
    }
    let counted = if found > declared {
        format!(" (there are {found} volumes, more than most_volumes = {declared})")
    } else {
        String::new()
    };
    let summary = format!("an objective of {rpo_minutes} minutes cannot be kept");
    let detail = format!(
        "With these schedules, {}{counted}. State a longer objective, take snapshots more often, \
         or spread the volumes over more regions or accounts: {COPIES_AT_ONCE} copies at once to a \
         region are all that an account can have.",
        problems.join("; "),
    );
    // More volumes than expected are no reason to refuse a plan that changes nothing.
    if plan.is_create() || plan.is_update() || found <= declared {
        plan.refuse("rpo_minutes", summary, detail);
    } else {
        let warning = Diagnostic::warning(summary, detail);
        plan.diagnostics.push(warning.at_attribute("rpo_minutes"));
    }
}

#[cfg(test)]
mod tests;
