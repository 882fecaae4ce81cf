//! What somebody else changes of an object, and what a plan is to make of it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::Outside;

/// A change behind the provider's back, as a directive writes it:
///
/// | written | the plan |
/// |---|---|
/// | `ADDRESS size by CALL` | updates ADDRESS, and changes just `size` |
/// | `ADDRESS subnets(clusters,tags) by CALL` | changes just `subnets`, in which a drift of `clusters` and `tags` shows |
/// | `ADDRESS create by CALL` | makes ADDRESS again |
/// | `ADDRESS replace(tier) by CALL` | replaces ADDRESS, since nothing can change `tier` back |
/// | `ADDRESS nothing by CALL` | is empty: that is nobody's to change back |
///
/// Further calls follow behind ` then `; what a call is see [`Outside`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The object's address.
    pub address: String,
    /// What its plan is.
    pub planned: Planned,
    /// The attributes whose drift this is.
    pub covered: BTreeSet<String>,
    /// The calls, in order.
    pub calls: Vec<Outside>,
    /// As it is written.
    pub text: String,
}

/// What a plan makes of a drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Nothing.
    Nothing,
    /// The object, anew.
    Create,
    /// Another object in its place.
    Replace,
    /// An update of just these attributes, in order.
    Update(Vec<String>),
}

impl Drift {
    /// Reads a directive.
    ///
    /// # Errors
    /// Where it says no address, no outcome or no call.
    pub fn parse(text: &str) -> Result<Self> {
        let (what, calls) = text.split_once(" by ").context("a drift is ADDRESS WHAT by CALL")?;
        let mut words = what.split_whitespace();
        let address = words.next().context("a drift names no address")?.to_owned();
        let words: Vec<&str> = words.collect();
        let mut covered = BTreeSet::new();
        let planned = match words[..] {
            ["nothing"] => Planned::Nothing,
            ["create"] => Planned::Create,
            [word] if word.starts_with("replace(") => {
                covered.extend(listed(word).1);
                Planned::Replace
            }
            _ => {
                let mut changed = Vec::new();
                for word in words {
                    let (attribute, shown) = listed(word);
                    covered.extend(shown);
                    changed.push(attribute.to_owned());
                }
                changed.sort();
                Planned::Update(changed)
            }
        };
        ensure!(planned != Planned::Update(Vec::new()), "a drift says nothing of the plan");
        let calls: Result<Vec<Outside>> = calls.split(" then ").map(Outside::parse).collect();
        Ok(Self { address, planned, covered, calls: calls?, text: text.to_owned() })
    }
}

/// A word, and what stands in parentheses behind it; itself where there are none.
fn listed(word: &str) -> (&str, impl Iterator<Item = String>) {
    let (first, inner) = word.split_once('(').unwrap_or((word, word));
    let inner = inner.strip_suffix(')').unwrap_or(inner);
    (first, inner.split(',').map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_names_what_the_plan_does() {
        let check = |text: &str, planned: Planned, covered: &[&str], calls: usize| {
            let drift = Drift::parse(text).unwrap();
            assert_eq!((drift.address.as_str(), &drift.planned), ("a.b", &planned), "{text}");
            assert_eq!(drift.covered, covered.iter().map(|it| (*it).to_owned()).collect());
            assert_eq!(drift.calls.len(), calls);
        };
        let update =
            |names: &[&str]| Planned::Update(names.iter().map(|name| (*name).to_owned()).collect());
        check("a.b size by ec2 Op A=1", update(&["size"]), &["size"], 1);
        check("a.b z y(x,w) by ec2 Op then iam Op", update(&["y", "z"]), &["w", "x", "z"], 2);
        check("a.b replace(x) by ec2 Op", Planned::Replace, &["x"], 1);
        check("a.b create by kubectl c delete x y", Planned::Create, &[], 1);
        check("a.b nothing by ec2 Op", Planned::Nothing, &[], 1);
        for text in ["a.b size", "a.b by ec2 Op", " by ec2 Op", "a.b size by ec2"] {
            assert!(Drift::parse(text).is_err(), "{text}");
        }
    }
}
