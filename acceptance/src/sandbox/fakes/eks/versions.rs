//! The Kubernetes versions EKS has, and DescribeClusterVersions.
//!
//! The dates follow "Amazon EKS Kubernetes release calendar" of the EKS User Guide; those of 1.36 are the expected ones.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::{Value, json};

use super::errors;
use super::state::seconds;
use crate::sandbox::fakes::input::{Input, page};
use crate::sandbox::wire::ServiceError;

/// A minor version of Kubernetes on EKS. Dates are year, month, day.
#[derive(Debug)]
pub struct Version {
    /// `1.35`.
    pub name: &'static str,
    /// Its newest patch, `1.35.4`.
    pub patch: &'static str,
    /// The platform version of new clusters.
    pub platform: &'static str,
    release: (i32, u32, u32),
    standard_end: (i32, u32, u32),
    extended_end: (i32, u32, u32),
}

/// The version of a cluster whose creation names none.
pub const DEFAULT: &str = "1.35";

/// All versions, oldest first.
#[rustfmt::skip]
pub const ALL: &[Version] = &[
    Version { name: "1.30", patch: "1.30.14", platform: "eks.58", release: (2024, 5, 23), standard_end: (2025, 7, 23), extended_end: (2026, 7, 23) },
    Version { name: "1.31", patch: "1.31.14", platform: "eks.50", release: (2024, 9, 26), standard_end: (2025, 11, 26), extended_end: (2026, 11, 26) },
    Version { name: "1.32", patch: "1.32.11", platform: "eks.40", release: (2025, 1, 23), standard_end: (2026, 3, 23), extended_end: (2027, 3, 23) },
    Version { name: "1.33", patch: "1.33.9", platform: "eks.33", release: (2025, 5, 29), standard_end: (2026, 7, 29), extended_end: (2027, 7, 29) },
    Version { name: "1.34", patch: "1.34.7", platform: "eks.22", release: (2025, 10, 2), standard_end: (2026, 12, 2), extended_end: (2027, 12, 2) },
    Version { name: "1.35", patch: "1.35.4", platform: "eks.12", release: (2026, 1, 27), standard_end: (2027, 3, 27), extended_end: (2028, 3, 27) },
    Version { name: "1.36", patch: "1.36.3", platform: "eks.4", release: (2026, 6, 2), standard_end: (2027, 8, 2), extended_end: (2028, 8, 2) },
];

impl Version {
    /// The number after `1.`.
    pub fn minor(&self) -> u32 {
        minor(self.name)
    }

    fn support(&self, now: DateTime<Utc>) -> Support {
        if now < date(self.standard_end) {
            Support::Standard
        } else if now < date(self.extended_end) {
            Support::Extended
        } else {
            Support::Ended
        }
    }

    fn shape(&self, now: DateTime<Utc>) -> Value {
        let (old, new) = self.support(now).names();
        json!({
            "clusterVersion": self.name,
            "clusterType": "eks",
            "defaultPlatformVersion": self.platform,
            "defaultVersion": self.name == DEFAULT,
            "releaseDate": seconds(date(self.release)),
            "endOfStandardSupportDate": seconds(date(self.standard_end)),
            "endOfExtendedSupportDate": seconds(date(self.extended_end)),
            "status": old,
            "versionStatus": new,
            "kubernetesPatchVersion": self.patch,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Support {
    Standard,
    Extended,
    Ended,
}

impl Support {
    /// As the deprecated member and the one that replaces it write it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Standard => ("standard-support", "STANDARD_SUPPORT"),
            Self::Extended => ("extended-support", "EXTENDED_SUPPORT"),
            Self::Ended => ("unsupported", "UNSUPPORTED"),
        }
    }
}

/// A version that clusters may be created with or updated to.
///
/// # Errors
/// `InvalidParameterException`, when EKS does not have it, or not any more.
pub fn supported(name: &str, now: DateTime<Utc>) -> Result<&'static Version, ServiceError> {
    let found = ALL.iter().find(|version| version.name == name);
    found
        .filter(|version| version.support(now) != Support::Ended)
        .ok_or_else(|| errors::parameter(format!("unsupported Kubernetes version {name}")))
}

/// The number after `1.` of a version, 0 where it has none.
pub fn minor(name: &str) -> u32 {
    name.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default()
}

/// `DescribeClusterVersions`.
///
/// # Errors
/// `InvalidParameterException` for a token that no answer gave.
pub fn describe(input: &Input, now: DateTime<Utc>) -> Result<Value, ServiceError> {
    let named = input.texts("clusterVersions");
    let wanted = input.optional_text("versionStatus").or(input.optional_text("status"));
    let all = input.flag("includeAll") == Some(true);
    let default_only = input.flag("defaultOnly") == Some(true);
    let chosen = ALL.iter().rev().filter(|version| {
        let support = version.support(now);
        let (old, new) = support.names();
        (named.is_empty() || named.iter().any(|name| name == version.name))
            && wanted.is_none_or(|wanted| wanted == old || wanted == new)
            && (all || wanted.is_some() || !named.is_empty() || support != Support::Ended)
            && (!default_only || version.name == DEFAULT)
    });
    let shapes = chosen.map(|version| version.shape(now)).collect();
    let (shapes, next) = paged(shapes, input)?;
    let mut answer = json!({"clusterVersions": shapes});
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}

/// The page of a list that a request asks for.
///
/// # Errors
/// `InvalidParameterException` for a token that no answer gave.
pub fn paged<T>(items: Vec<T>, input: &Input) -> Result<(Vec<T>, Option<String>), ServiceError> {
    let limit = input.number("maxResults").and_then(|limit| usize::try_from(limit).ok());
    page(items, input.optional_text("nextToken"), limit.unwrap_or(100)).map_err(errors::parameter)
}

fn date((year, month, day): (i32, u32, u32)) -> DateTime<Utc> {
    let day = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    day.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn at(year: i32, month: u32, day: u32) -> DateTime<Utc> {
        date((year, month, day))
    }

    fn check(input: Value, now: DateTime<Utc>, expected: &[&str]) {
        let Value::Object(members) = input else { panic!("no object") };
        let members: Map<String, Value> = members;
        let answer = describe(&Input::new(members), now).unwrap();
        let found: Vec<&str> = answer["clusterVersions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| version["clusterVersion"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn versions_are_chosen_by_support() {
        let now = at(2026, 11, 21);
        check(json!({}), now, &["1.36", "1.35", "1.34", "1.33", "1.32", "1.31"]);
        check(json!({"versionStatus": "STANDARD_SUPPORT"}), now, &["1.36", "1.35", "1.34"]);
        check(json!({"versionStatus": "UNSUPPORTED"}), now, &["1.30"]);
        check(json!({"clusterVersions": ["1.30"]}), now, &["1.30"]);
        check(json!({"defaultOnly": true}), now, &[DEFAULT]);
        check(json!({"maxResults": 1, "nextToken": "from-1"}), now, &["1.35"]);
    }

    #[test]
    fn what_has_ended_is_refused() {
        let name = |name, now| supported(name, now).map(|version| version.name).map_err(|_| ());
        assert_eq!(name("1.30", at(2026, 7, 1)), Ok("1.30"));
        assert_eq!(name("1.30", at(2026, 8, 1)), Err(()));
        assert_eq!(name("1.99", at(2026, 8, 1)), Err(()));
    }
}
