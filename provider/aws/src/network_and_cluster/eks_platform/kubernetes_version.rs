//! Minor versions of Kubernetes, and which way a cluster can go from one to another.

use std::fmt;

/// How far nodes may be behind their cluster (Kubernetes, "Version Skew Policy").
const MOST_SKEW: u32 = 3;

/// A minor version, such as 1.35.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor(u32);

impl Minor {
    /// Reads `1.35`; none for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix("1.")?.parse().ok().map(Self)
    }

    /// The next one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.0)
    }
}

/// Why a cluster cannot go from one version to another, and what to do instead; none where it can.
pub fn refusal(from: Minor, to: Minor) -> Option<(String, String)> {
    if to < from {
        return Some((
            format!("the cluster is at {from} already"),
            format!(
                "A cluster cannot go back from {from} to {to}. Write version = \"{from}\". (EKS \
                 itself updates a cluster whose version has come to the end of its support.)"
            ),
        ));
    }
    if to <= from.next() {
        return None;
    }
    let steps: Vec<String> = ((from.0 + 1)..=to.0).map(|minor| Minor(minor).to_string()).collect();
    Some((
        format!("{to} is more than one minor version away from {from}"),
        format!(
            "A cluster goes from one minor version to the next. Apply version = \"{}\" first, and \
             so on: {}.",
            from.next(),
            steps.join(", "),
        ),
    ))
}

/// Why nodes cannot be at a version beside a cluster's; none where they can.
pub fn skew_refusal(cluster: Minor, nodes: Minor) -> Option<String> {
    if nodes > cluster {
        return Some(format!(
            "Nodes cannot be at {nodes}, ahead of their cluster at {cluster}. Leave version out, \
             and they follow it."
        ));
    }
    (cluster.0 - nodes.0 > MOST_SKEW).then(|| {
        format!(
            "Nodes can be at most {MOST_SKEW} minor versions behind their cluster, and {nodes} is \
             further behind {cluster}. Leave version out, and they follow it."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Minor {
        Minor::parse(text).unwrap()
    }

    #[test]
    fn reads_minor_versions() {
        for (text, is) in
            [("1.35", true), ("1.9", true), ("2.0", false), ("1.35.1", false), ("", false)]
        {
            assert_eq!(Minor::parse(text).is_some(), is, "{text}");
        }
    }

    #[test]
    fn a_cluster_takes_one_step_forward() {
        for (from, to, words) in [
            ("1.34", "1.34", None),
            ("1.34", "1.35", None),
            ("1.9", "1.10", None),
            ("1.33", "1.36", Some("1.34, 1.35, 1.36")),
            ("1.35", "1.34", Some("Write version = \"1.35\"")),
        ] {
            let found = refusal(minor(from), minor(to));
            match words {
                None => assert_eq!(found, None, "{from} {to}"),
                Some(words) => assert!(found.unwrap().1.contains(words), "{from} {to}"),
            }
        }
    }

    #[test]
    fn nodes_follow_their_cluster() {
        for (cluster, nodes, fits) in [
            ("1.35", "1.35", true),
            ("1.35", "1.32", true),
            ("1.35", "1.31", false),
            ("1.35", "1.36", false),
        ] {
            assert_eq!(
                skew_refusal(minor(cluster), minor(nodes)).is_none(),
                fits,
                "{cluster} {nodes}"
            );
        }
    }
}
