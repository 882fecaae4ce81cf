//! What carries a mark of ours, compared with what states hold: what stands in no state, and what
//! stands under one key twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::ownership::Mark;

/// Something in the cloud that carries a mark: an object, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The mark.
    pub mark: Mark,
    /// The type of resource whose page removes it.
    pub remover: String,
    /// What it is, as its service calls it: `ec2 subnet`.
    pub kind: String,
    /// What its service knows it by: an ARN, or an id.
    pub id: String,
    /// The attributes of the resource that are known from it, by their paths: `region`,
    /// `cluster.name`.
    pub known: BTreeMap<String, String>,
}

impl Marked {
    /// What is marked, removed by the page of the type that stands in the mark.
    pub fn new(
        mark: Mark,
        kind: impl Into<String>,
        id: impl Into<String>,
        known: BTreeMap<String, String>,
    ) -> Self {
        let type_name = mark.resource.split_once('/').map_or("", |(type_name, _)| type_name);
        Self { remover: type_name.to_owned(), kind: kind.into(), id: id.into(), known, mark }
    }

    /// What is known of it under a path, empty where nothing is.
    pub fn known(&self, path: &str) -> &str {
        self.known.get(path).map_or("", String::as_str)
    }

    /// Whether its place tells it from others of its key. What an account has only once, such as a
    /// role, may be a part of any of several objects of one name in its regions.
    fn is_at_a_place(&self) -> bool {
        self.known.keys().any(|path| path != "account_id")
    }

    fn place(&self) -> Place {
        let all = ["account_id", "region", "cluster.name", "kubeconfig.path"];
        all.map(|path| self.known(path).to_owned())
    }
}

/// Account, region, cluster and kubeconfig.
type Place = [String; 4];

/// An object that a state holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The resource, as type/name in the words of the state.
    pub resource: String,
    /// The generation, which no other object ever has.
    pub generation: String,
    /// The file that holds it.
    pub state: String,
}

/// What one create has made, and no state holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The mark that it all carries.
    pub mark: Mark,
    /// All of it.
    pub objects: Vec<Marked>,
    /// Whether something else of its deployment stands in one of the states. Otherwise its state
    /// may be one that nobody has named.
    pub is_deployment_known: bool,
}

/// One key that stands for more than one object, or one object in more than one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The deployment; none where no object says it.
    pub deployment: Option<String>,
    /// The resource.
    pub resource: String,
    /// The account, empty where that is not known.
    pub account_id: String,
    /// The region, empty for what has none.
    pub region: String,
    /// The generations, and the states that hold each.
    pub generations: BTreeMap<String, Vec<String>>,
}

/// What a comparison of the cloud with states has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What no state holds, by deployment and resource.
    pub orphans: Vec<Orphan>,
    /// What stands there twice.
    pub duplicates: Vec<Duplicate>,
}

/// Compares what is marked with what states hold.
pub fn compare(marked: Vec<Marked>, held: &[Held]) -> Comparison {
    let mut states: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for object in held {
        states.entry(&object.generation).or_default().insert(&object.state);
    }
    let duplicates = duplicates(&marked, held, &states);
    let is_held = |mark: &Mark| states.contains_key(mark.generation.as_str());
    let held_ones = marked.iter().filter(|it| is_held(&it.mark));
    let deployments: BTreeSet<String> = held_ones.map(|it| it.mark.deployment.clone()).collect();
    let mut orphans: BTreeMap<[String; 3], Orphan> = BTreeMap::new();
    for object in marked.into_iter().filter(|it| !is_held(&it.mark)) {
        let Mark { deployment, resource, generation } = object.mark.clone();
        let orphan = orphans.entry([deployment, resource, generation]).or_insert_with(|| Orphan {
            mark: object.mark.clone(),
            objects: Vec::new(),
            is_deployment_known: deployments.contains(&object.mark.deployment),
        });
        orphan.objects.push(object);
    }
    Comparison { orphans: orphans.into_values().collect(), duplicates }
}

fn duplicates(
    marked: &[Marked],
    held: &[Held],
    states: &BTreeMap<&str, BTreeSet<&str>>,
) -> Vec<Duplicate> {
    let mut keys: BTreeMap<(&str, &str, Place), BTreeSet<&str>> = BTreeMap::new();
    for object in marked.iter().filter(|it| it.is_at_a_place()) {
        let Mark { deployment, resource, generation } = &object.mark;
        let key = (deployment.as_str(), resource.as_str(), object.place());
        keys.entry(key).or_default().insert(generation);
    }
    let holders = |generation: &str| {
        let states = states.get(generation).into_iter().flatten();
        states.map(|state| (*state).to_owned()).collect::<Vec<String>>()
    };
    let mut found = Vec::new();
    for ((deployment, resource, [account_id, region, ..]), generations) in keys {
        if generations.len() > 1 {
            let generations = generations.into_iter().map(|it| (it.to_owned(), holders(it)));
            found.push(Duplicate {
                deployment: Some(deployment.to_owned()),
                resource: resource.to_owned(),
                account_id,
                region,
                generations: generations.collect(),
            });
        }
    }
    for (generation, files) in states.iter().filter(|(_, files)| files.len() > 1) {
        let object = marked.iter().find(|it| it.mark.generation == *generation);
        let told = held.iter().find(|it| it.generation == *generation);
        let known = |path| object.map(|it| it.known(path).to_owned()).unwrap_or_default();
        found.push(Duplicate {
            deployment: object.map(|it| it.mark.deployment.clone()),
            resource: told.map(|it| it.resource.clone()).unwrap_or_default(),
            account_id: known("account_id"),
            region: known("region"),
            generations: BTreeMap::from([(
                (*generation).to_owned(),
                files.iter().map(|file| (*file).to_owned()).collect(),
            )]),
        });
    }
    found
}

/// How the removal of something that no state holds ended.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// Whether the page found anything of it by what is known of it.
    pub found: bool,
    /// What the page says besides.
    pub warnings: Vec<Diagnostic>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> Marked {
        let words: Vec<&str> = text.split(' ').collect();
        let [deployment, resource, generation, account, region] = words[..] else {
            panic!("five words, not {text:?}")
        };
        let mark = Mark {
            deployment: deployment.to_owned(),
            resource: resource.to_owned(),
            generation: generation.to_owned(),
        };
        let known = [("account_id", account), ("region", region)];
        let known = known.into_iter().filter(|(_, value)| *value != "-");
        let known = known.map(|(path, value)| (path.to_owned(), value.to_owned())).collect();
        Marked::new(mark, "kind", text, known)
    }

    /// `there` is what is marked, `held` the generations in states as `generation@state`.
    fn check(there: &[&str], held: &[&str], orphans: &[&str], duplicates: &[&str]) {
        let held: Vec<Held> = held
            .iter()
            .filter_map(|text| text.split_once('@'))
            .map(|(generation, state)| Held {
                resource: "t/n".to_owned(),
                generation: generation.to_owned(),
                state: state.to_owned(),
            })
            .collect();
        let found = compare(there.iter().map(|text| marked(text)).collect(), &held);
        let told: Vec<String> = found
            .orphans
            .iter()
            .map(|it| {
                let known = if it.is_deployment_known { "known" } else { "unknown" };
                let Mark { deployment, resource, generation } = &it.mark;
                format!("{deployment} {resource} {generation} {} {known}", it.objects.len())
            })
            .collect();
        assert_eq!(told, orphans, "{there:?}");
        let told: Vec<String> = found
            .duplicates
            .iter()
            .map(|it| format!("{} {} {:?}", it.resource, it.region, it.generations))
            .collect();
        assert_eq!(told, duplicates, "{there:?}");
    }

    #[test]
    fn what_no_state_holds_is_an_orphan() {
        check(&["d t/n 1 a r"], &["1@s"], &[], &[]);
        check(&["d t/n 1 a r", "d t/n 1 a -", "d t/m 2 a r"], &["2@s"], &["d t/n 1 2 known"], &[]);
        check(&["d t/n 1 a r", "e t/n 2 a r"], &["1@s"], &["e t/n 2 1 unknown"], &[]);
    }

    #[test]
    fn a_key_stands_for_one_object_at_a_place() {
        check(
            &["d t/n 1 a r", "d t/n 2 a r"],
            &["1@s", "2@u"],
            &[],
            &["t/n r {\"1\": [\"s\"], \"2\": [\"u\"]}"],
        );
        check(&["d t/n 1 a r", "d t/n 2 a q"], &["1@s", "2@s"], &[], &[]);
        // Roles of two networks of one name.
        check(&["d t/n 1 a -", "d t/n 2 a -"], &["1@s", "2@s"], &[], &[]);
        check(&["d t/n 1 a r"], &["1@s", "1@u"], &[], &["t/n r {\"1\": [\"s\", \"u\"]}"]);
    }

    #[test]
    fn the_type_in_the_mark_removes_it() {
        assert_eq!(marked("d travel_network/main 1 a r").remover, "travel_network");
    }
}
