//! The removal of orphans, by the pages that have made them: what uses others goes before those,
//! and where something fails, only what depends on it is left out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use travel_aws::survey::Area;
use travel_framework::Diagnostic;
use travel_framework::orphan::{Marked, Orphan};
use travel_framework::server::Server;
use travel_kubernetes::survey::Wanted;

use super::super::Session;
use super::look;

/// How long a service may list what was removed.
const SETTLING: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(2);

/// How the removal of one orphan ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is gone.
    Destroyed,
    /// It is still there, for a reason that no other attempt changes.
    Left(String),
    /// It could not be removed, for this reason.
    Failed(String),
}

/// What became of one orphan so far.
#[derive(Clone, Debug)]
enum Attempt {
    /// Its page has removed what it found; with what it said.
    Removed {
        found: bool,
        told: Vec<String>,
    },
    Failed(String),
}

/// Removes orphans, and tells how each ended, by its generation.
pub async fn remove(
    session: &Session,
    orphans: Vec<Orphan>,
    clusters: &[(String, Wanted)],
) -> BTreeMap<String, Outcome> {
    let provider = Arc::clone(&session.provider);
    let interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            provider.stop();
        }
    });
    let mut attempts: BTreeMap<String, Attempt> = BTreeMap::new();
    for same in by_rank(session.provider.order(), &orphans) {
        remove_all(session, same, &orphans, &mut attempts).await;
    }
    interrupt.abort();
    let left = left(session, &orphans, &attempts, clusters).await;
    let mut outcomes = BTreeMap::new();
    for orphan in &orphans {
        let generation = &orphan.mark.generation;
        let Some(attempt) = attempts.get(generation) else { continue };
        outcomes.insert(generation.clone(), outcome(attempt, left.get(generation)));
    }
    outcomes
}

/// Those of one type together, first those that use what comes later. The registry has them the
/// other way round; a type that is not in it goes first, since nobody knows what it uses.
fn by_rank<'a>(order: &[&str], orphans: &'a [Orphan]) -> Vec<Vec<&'a Orphan>> {
    let rank = |orphan: &Orphan| {
        let remover = orphan.objects.first().map(|it| it.remover.as_str());
        let place = order.iter().position(|type_name| Some(*type_name) == remover);
        Reverse(place.unwrap_or(usize::MAX))
    };
    let mut ranks: BTreeMap<_, Vec<&Orphan>> = BTreeMap::new();
    for orphan in orphans {
        ranks.entry(rank(orphan)).or_default().push(orphan);
    }
    ranks.into_values().collect()
}

/// Removes orphans of one type, of which one may stand in another: again as long as any goes.
async fn remove_all(
    session: &Session,
    mut pending: Vec<&Orphan>,
    all: &[Orphan],
    attempts: &mut BTreeMap<String, Attempt>,
) {
    loop {
        let before = pending.len();
        let mut failed = Vec::new();
        for orphan in pending {
            let attempt = match obstacle(orphan, all, attempts) {
                Some(obstacle) => Attempt::Failed(obstacle),
                None => attempt(session, orphan).await,
            };
            if matches!(attempt, Attempt::Failed(_)) {
                failed.push(orphan);
            }
            attempts.insert(orphan.mark.generation.clone(), attempt);
        }
        if failed.is_empty() || failed.len() == before {
            return;
        }
        pending = failed;
    }
}

/// What an orphan has to wait for and that has failed: what stands in the cluster that it is.
fn obstacle(
    orphan: &Orphan,
    all: &[Orphan],
    attempts: &BTreeMap<String, Attempt>,
) -> Option<String> {
    let (_, name) = orphan.mark.resource.split_once('/')?;
    let stands_in = |it: &Marked| {
        let known =
            ["cluster.name", "cluster.account", "cluster.region"].map(|path| it.known(path));
        let is_here =
            |object: &Marked| [name, object.known("account_id"), object.known("region")] == known;
        orphan.objects.iter().any(is_here)
    };
    let has_failed =
        |it: &Orphan| matches!(attempts.get(&it.mark.generation), Some(Attempt::Failed(_)));
    let inside = |it: &&Orphan| has_failed(it) && it.objects.iter().any(stands_in);
    let inside = all.iter().find(inside)?;
    Some(format!("{} in it could not be removed", inside.mark.resource))
}

/// Removes one orphan, by each way to it that is known.
async fn attempt(session: &Session, orphan: &Orphan) -> Attempt {
    eprintln!("removing {} of {}", orphan.mark.resource, orphan.mark.deployment);
    let (mut found, mut told, mut errors) = (false, Vec::new(), Vec::new());
    let mut ways: BTreeSet<(&str, &BTreeMap<String, String>)> = BTreeSet::new();
    let objects = match orphan.objects.iter().all(is_placeless) {
        true => in_regions(session, &orphan.objects).await,
        false => orphan.objects.clone(),
    };
    for object in &objects {
        if !ways.insert((&object.remover, &object.known)) {
            continue;
        }
        match session.provider.remove_orphan(object).await {
            Ok(removal) => {
                found |= removal.found;
                told.extend(removal.warnings.iter().map(in_words));
            }
            Err(failure) => errors.push(in_words(&failure.into_diagnostic())),
        }
    }
    match errors.is_empty() {
        true => Attempt::Removed { found, told },
        false => Attempt::Failed(errors.join(" ")),
    }
}

/// Whether only the account is known of something: it may be a part of an object in any region.
fn is_placeless(object: &Marked) -> bool {
    object.known.keys().all(|path| path == "account_id")
}

/// The same things, as parts of objects in each region of their accounts.
async fn in_regions(session: &Session, objects: &[Marked]) -> Vec<Marked> {
    let accounts: BTreeSet<&str> = objects.iter().map(|it| it.known("account_id")).collect();
    let accounts = accounts.into_iter().map(str::to_owned).collect();
    let (reached, _) = session.platforms.aws.reach(&Area { accounts, regions: Vec::new() }).await;
    let regions: BTreeSet<String> = reached.into_iter().flat_map(|it| it.regions).collect();
    let placed = |object: &Marked, region: &String| {
        let mut object = object.clone();
        object.known.insert("region".to_owned(), region.clone());
        object
    };
    objects.iter().flat_map(|it| regions.iter().map(|region| placed(it, region))).collect()
}

fn in_words(diagnostic: &Diagnostic) -> String {
    format!("{}: {}", diagnostic.summary, diagnostic.detail)
}

/// What is still there of those that were removed, by generation. A list may lag behind.
async fn left(
    session: &Session,
    orphans: &[Orphan],
    attempts: &BTreeMap<String, Attempt>,
    clusters: &[(String, Wanted)],
) -> BTreeMap<String, Vec<String>> {
    let is_removed = |orphan: &&Orphan| {
        matches!(attempts.get(&orphan.mark.generation), Some(Attempt::Removed { .. }))
    };
    let removed: Vec<&Orphan> = orphans.iter().filter(is_removed).collect();
    let objects = || removed.iter().flat_map(|orphan| &orphan.objects);
    let all = |path: &str| {
        let known: BTreeSet<&str> = objects().map(|it| it.known(path)).collect();
        known.into_iter().filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<String>>()
    };
    let mut area = Area { accounts: all("account_id"), regions: all("region") };
    if area.regions.is_empty() {
        // Nothing of it stands in a region, so that any will do.
        area.regions = vec!["us-east-1".to_owned()];
    }
    // What its page does not remove stays, however long one waits.
    let may_go = |generation: &String| {
        let attempt = attempts.get(generation);
        matches!(attempt, Some(Attempt::Removed { found: true, told }) if told.is_empty())
    };
    let until = Instant::now() + SETTLING;
    loop {
        let survey = look(session, &area, clusters).await;
        let mut left: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for object in survey.marked {
            let generation = &object.mark.generation;
            if removed.iter().any(|orphan| orphan.mark.generation == *generation) {
                left.entry(generation.clone()).or_default().push(object.id);
            }
        }
        if !left.keys().any(may_go) || Instant::now() >= until {
            return left;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn outcome(attempt: &Attempt, left: Option<&Vec<String>>) -> Outcome {
    match (attempt, left) {
        (Attempt::Failed(reason), _) => Outcome::Failed(reason.clone()),
        (Attempt::Removed { .. }, None) => Outcome::Destroyed,
        (Attempt::Removed { told, .. }, Some(_)) if !told.is_empty() => {
            Outcome::Left(told.join(" "))
        }
        (Attempt::Removed { found, .. }, Some(left)) => {
            let why = match found {
                true => "its page has removed the rest",
                false => {
                    "its page does not find it by its key; apply a resource of this name in this \
                     deployment and destroy it, or remove it by hand"
                }
            };
            Outcome::Failed(format!("{} is still there: {why}", left.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use travel_framework::ownership::Mark;

    use super::*;

    fn orphan(resource: &str, known: &[(&str, &str)]) -> Orphan {
        let mark =
            Mark { deployment: "d".into(), resource: resource.into(), generation: resource.into() };
        let known = known.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
        let object = Marked::new(mark.clone(), "", resource, known.collect());
        Orphan { mark, objects: vec![object], is_deployment_known: true }
    }

    #[test]
    fn what_uses_others_goes_first() {
        let order = crate::registry::provider();
        let names = [
            "travel_organizational_unit/a",
            "travel_kms_key/a",
            "travel_network/a",
            "travel_helm_release/a",
            "travel_parameter/a",
            "travel_eks_platform/a",
            "travel_network/b",
            "travel_newer/a",
        ];
        let orphans = names.map(|name| orphan(name, &[]));
        let ranks = by_rank(order.order(), &orphans);
        let ranks: Vec<Vec<&str>> = ranks
            .iter()
            .map(|rank| rank.iter().map(|it| it.mark.resource.as_str()).collect())
            .collect();
        let expected: [&[&str]; 7] = [
            &["travel_newer/a"],
            &["travel_helm_release/a"],
            &["travel_eks_platform/a"],
            &["travel_network/a", "travel_network/b"],
            &["travel_parameter/a"],
            &["travel_kms_key/a"],
            &["travel_organizational_unit/a"],
        ];
        assert_eq!(ranks, expected);
    }

    #[test]
    fn a_cluster_stays_while_something_in_it_does() {
        let inside = [("cluster.name", "dev"), ("cluster.account", "1"), ("cluster.region", "r")];
        let all = [orphan("travel_helm_release/x", &inside)];
        let failed = BTreeMap::from([(
            "travel_helm_release/x".to_owned(),
            Attempt::Failed("no".to_owned()),
        )]);
        for (name, account, expected) in
            [("dev", "1", true), ("dev", "2", false), ("stg", "1", false)]
        {
            let cluster = orphan(
                &format!("travel_eks_platform/{name}"),
                &[("account_id", account), ("region", "r")],
            );
            let found = obstacle(&cluster, &all, &failed);
            assert_eq!(found.is_some(), expected, "{name} {account}: {found:?}");
        }
    }

    #[test]
    fn what_is_still_there_has_a_reason() {
        let removed = |found: bool, told: &[&str]| Attempt::Removed {
            found,
            told: told.iter().map(|it| (*it).to_owned()).collect(),
        };
        let left = vec!["arn".to_owned()];
        assert_eq!(outcome(&removed(true, &[]), None), Outcome::Destroyed);
        assert_eq!(outcome(&removed(true, &["it stays"]), None), Outcome::Destroyed);
        let stays = Outcome::Left("it stays".to_owned());
        assert_eq!(outcome(&removed(true, &["it stays"]), Some(&left)), stays);
        assert!(matches!(outcome(&removed(false, &[]), Some(&left)), Outcome::Failed(_)));
        assert!(matches!(outcome(&Attempt::Failed("x".into()), None), Outcome::Failed(_)));
    }
}
