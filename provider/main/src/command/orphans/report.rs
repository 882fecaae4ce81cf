//! What the listing says, to people and as JSON. The JSON is a promise: see docs/command.md.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use travel_framework::Diagnostic;
use travel_framework::orphan::{Duplicate, Marked, Orphan};

use super::removal::Outcome;
use crate::command::table::table;

/// The version of the JSON's shape; it changes only where something is taken away.
const FORMAT: u32 = 1;

/// All that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    format: u32,
    complete: bool,
    states: Vec<String>,
    orphans: Vec<OrphanReport>,
    duplicates: Vec<DuplicateReport>,
    warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
struct OrphanReport {
    deployment: String,
    resource: String,
    generation: String,
    deployment_known: bool,
    objects: Vec<ObjectReport>,
    outcome: Option<&'static str>,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct ObjectReport {
    kind: String,
    id: String,
    account_id: Option<String>,
    region: Option<String>,
    cluster: Option<String>,
}

#[derive(Debug, Serialize)]
struct DuplicateReport {
    deployment: Option<String>,
    resource: String,
    account_id: String,
    region: String,
    generations: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Warning {
    summary: String,
    detail: String,
}

impl Report {
    /// The report of what was found.
    pub fn new(
        states: Vec<String>,
        orphans: &[Orphan],
        duplicates: Vec<Duplicate>,
        gaps: &[Diagnostic],
    ) -> Self {
        let warning =
            |gap: &Diagnostic| Warning { summary: gap.summary.clone(), detail: gap.detail.clone() };
        Self {
            format: FORMAT,
            complete: gaps.is_empty(),
            states,
            orphans: orphans.iter().map(OrphanReport::of).collect(),
            duplicates: duplicates.into_iter().map(DuplicateReport::of).collect(),
            warnings: gaps.iter().map(warning).collect(),
        }
    }

    /// Notes how each orphan's removal ended.
    pub fn note(&mut self, outcomes: &BTreeMap<String, Outcome>) {
        for orphan in &mut self.orphans {
            let Some(outcome) = outcomes.get(&orphan.generation) else { continue };
            let (word, reason) = match outcome {
                Outcome::Destroyed => ("destroyed", None),
                Outcome::Left(reason) => ("left", Some(reason.clone())),
                Outcome::Failed(reason) => ("failed", Some(reason.clone())),
            };
            (orphan.outcome, orphan.reason) = (Some(word), reason);
        }
    }

    /// Whether everything was looked at, and nothing failed.
    pub fn is_good(&self) -> bool {
        self.complete && !self.orphans.iter().any(|it| it.outcome == Some("failed"))
    }

    /// The listing, for people.
    pub fn text(&self) -> String {
        let mut text = match self.orphans.len() {
            0 => "No orphans.\n".to_owned(),
            _ => table(
                ["RESOURCE", "DEPLOYMENT", "ACCOUNT", "REGION", "GENERATION", "OBJECTS"],
                self.orphans.iter().map(OrphanReport::row),
            ),
        };
        let unknown: BTreeSet<&str> = self
            .orphans
            .iter()
            .filter(|it| !it.deployment_known)
            .map(|it| it.deployment.as_str())
            .collect();
        if !unknown.is_empty() {
            let unknown: Vec<&str> = unknown.into_iter().collect();
            text.push_str(&format!(
                "\nNothing of these deployments stands in the states that were read: {}. Their \
                 states are lost, or --state names too few.\n",
                unknown.join(", "),
            ));
        }
        if !self.duplicates.is_empty() {
            text.push_str(
                "\nOne key for more than one object, or one object in more than one state:\n\n",
            );
            let rows = self.duplicates.iter().flat_map(DuplicateReport::rows);
            let headings = ["RESOURCE", "DEPLOYMENT", "ACCOUNT", "REGION", "GENERATION", "STATES"];
            text.push_str(&table(headings, rows));
        }
        text
    }

    /// How the removal ended, for people.
    pub fn outcomes(&self) -> String {
        let rows = self.orphans.iter().filter_map(|it| {
            let reason = it.reason.clone().unwrap_or_default();
            Some([it.resource.clone(), it.deployment.clone(), it.outcome?.to_owned(), reason])
        });
        table(["RESOURCE", "DEPLOYMENT", "OUTCOME", "REASON"], rows)
    }
}

impl OrphanReport {
    fn of(orphan: &Orphan) -> Self {
        Self {
            deployment: orphan.mark.deployment.clone(),
            resource: orphan.mark.resource.clone(),
            generation: orphan.mark.generation.clone(),
            deployment_known: orphan.is_deployment_known,
            objects: orphan.objects.iter().map(ObjectReport::of).collect(),
            outcome: None,
            reason: None,
        }
    }

    fn row(&self) -> [String; 6] {
        let all = |pick: fn(&ObjectReport) -> &Option<String>| {
            let found: BTreeSet<&str> =
                self.objects.iter().filter_map(|it| pick(it).as_deref()).collect();
            found.into_iter().collect::<Vec<&str>>().join(",")
        };
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for object in &self.objects {
            *kinds.entry(&object.kind).or_default() += 1;
        }
        let kinds = kinds.into_iter().map(|(kind, number)| format!("{number} {kind}"));
        [
            self.resource.clone(),
            self.deployment.clone(),
            all(|it| &it.account_id),
            all(|it| &it.region),
            short(&self.generation),
            kinds.collect::<Vec<String>>().join(", "),
        ]
    }
}

impl ObjectReport {
    fn of(marked: &Marked) -> Self {
        let known = |path: &str| marked.known.get(path).cloned();
        Self {
            kind: marked.kind.clone(),
            id: marked.id.clone(),
            account_id: known("account_id"),
            region: known("region"),
            cluster: known("cluster.name").or_else(|| known("kubeconfig.path")),
        }
    }
}

impl DuplicateReport {
    fn of(duplicate: Duplicate) -> Self {
        let Duplicate { deployment, resource, account_id, region, generations } = duplicate;
        Self { deployment, resource, account_id, region, generations }
    }

    fn rows(&self) -> impl Iterator<Item = [String; 6]> {
        self.generations.iter().map(|(generation, states)| {
            let states = match states.as_slice() {
                [] => "none".to_owned(),
                states => states.join(", "),
            };
            [
                self.resource.clone(),
                self.deployment.clone().unwrap_or_default(),
                self.account_id.clone(),
                self.region.clone(),
                short(generation),
                states,
            ]
        })
    }
}

/// As much of a generation as tells it from others.
fn short(generation: &str) -> String {
    generation.chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use travel_framework::ownership::Mark;

    use super::*;

    fn orphan() -> Orphan {
        let mark = Mark {
            deployment: "dev/network".into(),
            resource: "travel_network/main".into(),
            generation: "0123456789".into(),
        };
        let object = |kind: &str, id: &str, known: &[(&str, &str)]| {
            let known = known.iter().map(|(path, it)| ((*path).to_owned(), (*it).to_owned()));
            Marked::new(mark.clone(), kind, id, known.collect())
        };
        let here = [("account_id", "111122223333"), ("region", "eu-west-1")];
        let objects = vec![
            object("ec2 subnet", "a", &here),
            object("ec2 subnet", "b", &here),
            object("iam role", "c", &here[..1]),
        ];
        Orphan { mark, objects, is_deployment_known: false }
    }

    #[test]
    fn people_see_where_it_is_and_what() {
        let report = Report::new(vec![], &[orphan()], vec![], &[]);
        let expected = "\
            RESOURCE             DEPLOYMENT   ACCOUNT       REGION     GENERATION  OBJECTS\n\
            travel_network/main  dev/network  111122223333  eu-west-1  01234567    2 ec2 subnet, 1 iam role\n\
            \n\
            Nothing of these deployments stands in the states that were read: dev/network. Their \
            states are lost, or --state names too few.\n";
        assert_eq!(report.text(), expected);
        assert_eq!(Report::new(vec![], &[], vec![], &[]).text(), "No orphans.\n");
    }

    #[test]
    fn the_shape_of_the_json_is_a_promise() {
        let duplicate = Duplicate {
            deployment: Some("d".into()),
            resource: "t/n".into(),
            account_id: "1".into(),
            region: "r".into(),
            generations: BTreeMap::from([("g".into(), vec!["s".into()])]),
        };
        let gaps = [Diagnostic::warning("x was not looked at", "why")];
        let mut report = Report::new(vec!["s".into()], &[orphan()], vec![duplicate], &gaps);
        report.note(&BTreeMap::from([("0123456789".into(), Outcome::Failed("in use".into()))]));
        let object = |kind: &str, id: &str, region: Option<&str>| {
            serde_json::json!({
                "kind": kind, "id": id, "account_id": "111122223333", "region": region, "cluster": null,
            })
        };
        let expected = serde_json::json!({
            "format": 1,
            "complete": false,
            "states": ["s"],
            "orphans": [{
                "deployment": "dev/network",
                "resource": "travel_network/main",
                "generation": "0123456789",
                "deployment_known": false,
                "objects": [
                    object("ec2 subnet", "a", Some("eu-west-1")),
                    object("ec2 subnet", "b", Some("eu-west-1")),
                    object("iam role", "c", None),
                ],
                "outcome": "failed",
                "reason": "in use",
            }],
            "duplicates": [{
                "deployment": "d",
                "resource": "t/n",
                "account_id": "1",
                "region": "r",
                "generations": {"g": ["s"]},
            }],
            "warnings": [{"summary": "x was not looked at", "detail": "why"}],
        });
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
        assert!(!report.is_good());
    }
}
