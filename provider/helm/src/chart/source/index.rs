//! The index of a mirror: which charts it has, in which versions, and where.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{SourceError, accepts};
use crate::semver::Version;
use crate::tree::Tree;
use crate::yaml;

/// Errors name no more than this many charts or versions.
const SHOWN: usize = 20;

/// What a mirror has.
pub(super) struct Index {
    entries: BTreeMap<String, Vec<Entry>>,
}

/// One version of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) version: String,
    /// A path in the mirror, or an address.
    pub(super) url: String,
    /// The SHA-256 of the archive, in hexadecimal digits, where the index says it.
    pub(super) digest: Option<String>,
}

impl Index {
    /// Reads an index. Versions that are none, and those without an address, are left out, as Helm leaves them out.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(text);
        let tree = match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(json) => Tree::from(&json),
            Err(_) => yaml::read(&text).map_err(|error| error.to_string())?,
        };
        if tree.get("apiVersion").and_then(Tree::as_text).is_none_or(str::is_empty) {
            return Err("it has no apiVersion".to_owned());
        }
        let mut entries = BTreeMap::new();
        for (name, versions) in tree.get("entries").and_then(Tree::as_map).into_iter().flatten() {
            let versions = versions.as_list().unwrap_or_default();
            let mut versions: Vec<Entry> =
                versions.iter().filter_map(|version| Entry::read(name, version)).collect();
            versions.sort_by(|left, right| newest_first(&left.version, &right.version));
            entries.insert(name.clone(), versions);
        }
        Ok(Index { entries })
    }

    /// The names of its charts.
    pub(super) fn names(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// The version asked for, or the newest that fits.
    pub(super) fn choose(
        &self,
        mirror: &str,
        chart: &str,
        wanted: Option<&str>,
    ) -> Result<Entry, SourceError> {
        let Some(versions) = self.entries.get(chart) else {
            return Err(SourceError::NoChart {
                mirror: mirror.to_owned(),
                chart: chart.to_owned(),
                known: listed(self.entries.keys()),
            });
        };
        let constraint = wanted.unwrap_or("*");
        let mut fitting = versions.iter().find(|entry| entry.version == constraint);
        for entry in versions {
            if fitting.is_none() && accepts(constraint, &entry.version)? {
                fitting = Some(entry);
            }
        }
        fitting.cloned().ok_or_else(|| SourceError::NoVersion {
            place: mirror.to_owned(),
            chart: chart.to_owned(),
            wanted: constraint.to_owned(),
            known: listed(versions.iter().map(|entry| &entry.version)),
        })
    }
}

impl Entry {
    fn read(name: &str, tree: &Tree) -> Option<Self> {
        let text = |field: &str| tree.get(field).and_then(Tree::as_text).map(str::to_owned);
        let version = text("version")?;
        Version::parse(&version).ok()?;
        let url = tree.get("urls")?.as_list()?.iter().find_map(Tree::as_text)?.to_owned();
        let digest = text("digest").filter(|digest| !digest.is_empty());
        let digest = digest.map(|digest| digest.trim_start_matches("sha256:").to_owned());
        Some(Entry { name: text("name").unwrap_or_else(|| name.to_owned()), version, url, digest })
    }
}

fn newest_first(left: &str, right: &str) -> Ordering {
    match (Version::parse(left), Version::parse(right)) {
        (Ok(left), Ok(right)) => right.cmp(&left),
        _ => Ordering::Equal,
    }
}

pub(super) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n String>) -> String {
    let count = names.len();
    if count == 0 {
        return "none".to_owned();
    }
    let mut shown: Vec<String> = names.take(SHOWN).cloned().collect();
    if count > SHOWN {
        shown.push(format!("and {} more", count - SHOWN));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "
apiVersion: v1
entries:
  shop:
    - {version: 1.2.0, urls: [shop-1.2.0.tgz], digest: 'sha256:AB'}
    - {version: 1.10.0, urls: [shop-1.10.0.tgz]}
    - {version: 2.0.0-rc.1, urls: [shop-2.tgz]}
    - {version: latest, urls: [x.tgz]}
    - {version: 3.0.0, urls: []}
  empty: []
";

    #[test]
    fn the_newest_that_fits_is_chosen() {
        let index = Index::read(INDEX.as_bytes()).unwrap();
        let check = |chart: &str, wanted: Option<&str>, expected: Result<&str, &str>| {
            let chosen = index.choose("m", chart, wanted).map(|entry| entry.url);
            let chosen = chosen.map_err(|error| error.to_string());
            assert_eq!(chosen.as_deref().map_err(String::as_str), expected, "{chart} {wanted:?}");
        };
        check("shop", None, Ok("shop-1.10.0.tgz"));
        check("shop", Some("1.2.0"), Ok("shop-1.2.0.tgz"));
        check("shop", Some("v1.2"), Ok("shop-1.2.0.tgz"));
        check("shop", Some("~1"), Ok("shop-1.10.0.tgz"));
        check("shop", Some("2.0.0-rc.1"), Ok("shop-2.tgz"));
        check("shop", Some(">=2.0.0-0"), Ok("shop-2.tgz"));
        let known = "m has no version 3.0.0 of the chart shop; it has: 2.0.0-rc.1, 1.10.0, 1.2.0";
        check("shop", Some("3.0.0"), Err(known));
        check(
            "shop",
            Some("new"),
            Err("\"new\" is neither a version nor a constraint of versions"),
        );
        check("empty", None, Err("m has no version * of the chart empty; it has: none"));
        check("cart", None, Err("the mirror m has no chart \"cart\"; it has: empty, shop"));
    }

    #[test]
    fn what_is_no_index_is_refused() {
        let check = |text: &str, expected: &str| {
            let problem = Index::read(text.as_bytes()).err().unwrap();
            assert!(problem.contains(expected), "{problem}");
        };
        check("entries: {}", "it has no apiVersion");
        check("<html>\n<p>a: b: c</p>", "");
        assert!(Index::read(br#"{"apiVersion": "v1", "entries": {}}"#).is_ok());
    }

    #[test]
    fn lists_are_cut() {
        let names: Vec<String> = (0..23).map(|number| number.to_string()).collect();
        assert!(listed(names.iter()).ends_with("18, 19, and 3 more"));
    }
}
