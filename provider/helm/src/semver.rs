//! Versions and constraints with the rules Helm's charts are written for: `v` prefixes, missing parts, `x`, `~`, `^`,
//! ranges, and pre-releases that only match where a constraint names one.

use std::cmp::Ordering;
use std::fmt;

/// Longer versions are refused.
const LONGEST_VERSION: usize = 256;
/// Longer constraints are refused.
const LONGEST_CONSTRAINT: usize = 512;
/// A constraint has no more alternatives than this.
const MOST_ALTERNATIVES: usize = 32;

/// Why a text is no version or no constraint, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SemverError {
    /// Not of the form of a version.
    #[error("invalid semantic version")]
    InvalidVersion,
    /// A part with digits only starts with zero, or holds what it must not.
    #[error("invalid prerelease string")]
    InvalidPrerelease,
    /// A numeric part of a pre-release starts with zero.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// A number that does not fit.
    #[error("error parsing version segment: strconv.ParseUint: parsing {0:?}: value out of range")]
    OutOfRange(String),
    /// Too long a version.
    #[error("version string is too long (max {LONGEST_VERSION} bytes)")]
    VersionTooLong,
    /// Not of the form of a constraint.
    #[error("improper constraint: {0:?}")]
    ImproperConstraint(String),
    /// The version in a constraint cannot be read.
    #[error("constraint parser error")]
    ConstraintVersion,
    /// Too long a constraint.
    #[error("constraint string is too long (max {LONGEST_CONSTRAINT} bytes)")]
    ConstraintTooLong,
    /// Too many alternatives in a constraint.
    #[error("too many constraint groups (max {MOST_ALTERNATIVES})")]
    TooManyAlternatives,
}

/// A version. Its order leaves build metadata out.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number, zero where it is missing.
    pub minor: u64,
    /// The third number, zero where it is missing.
    pub patch: u64,
    /// What follows `-`.
    pub prerelease: String,
    /// What follows `+`.
    pub metadata: String,
    /// The version as it was written.
    pub original: String,
}

impl Version {
    /// Reads a version, which may start with `v` and lack its last parts.
    ///
    /// # Errors
    /// Why the text is no version.
    pub fn parse(text: &str) -> Result<Self, SemverError> {
        if text.len() > LONGEST_VERSION {
            return Err(SemverError::VersionTooLong);
        }
        let body = text.strip_prefix('v').unwrap_or(text);
        let (body, metadata) = match body.split_once('+') {
            Some((body, metadata)) => (body, Some(metadata)),
            None => (body, None),
        };
        let (numbers, prerelease) = match body.split_once('-') {
            Some((numbers, prerelease)) => (numbers, Some(prerelease)),
            None => (body, None),
        };
        if !metadata.is_none_or(is_identifiers) || !prerelease.is_none_or(is_identifiers) {
            return Err(SemverError::InvalidVersion);
        }
        let parts: Vec<&str> = numbers.split('.').collect();
        let digits =
            |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if parts.len() > 3 || !parts.iter().all(digits) {
            return Err(SemverError::InvalidVersion);
        }
        let number = |index: usize| match parts.get(index) {
            Some(part) => part.parse().map_err(|_| SemverError::OutOfRange((*part).to_owned())),
            None => Ok(0),
        };
        let version = Version {
            major: number(0)?,
            minor: number(1)?,
            patch: number(2)?,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        };
        let leading_zero = |part: &str| {
            part.len() > 1
                && part.starts_with('0')
                && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if prerelease.is_some_and(|prerelease| prerelease.split('.').any(leading_zero)) {
            return Err(SemverError::LeadingZero);
        }
        Ok(version)
    }
}

/// Letters, digits and dashes in parts between dots, none of them empty.
fn is_identifiers(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(formatter, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(formatter, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Version| (version.major, version.minor, version.patch);
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| compare_prerelease(&self.prerelease, &other.prerelease))
    }
}

/// A release comes after its pre-releases; numbers come before words.
fn compare_prerelease(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Which versions are accepted: alternatives of conditions that hold together.
#[derive(Debug, Clone)]
pub struct Constraint {
    alternatives: Vec<Vec<Condition>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// How much of a version a condition names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Nothing,
    Major,
    Minor,
    All,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    version: Version,
    named: Named,
}

impl Constraint {
    /// Reads a constraint such as `>=1.2 <3 || ~4.1`.
    ///
    /// # Errors
    /// Why the text is no constraint.
    pub fn parse(text: &str) -> Result<Self, SemverError> {
        if text.len() > LONGEST_CONSTRAINT {
            return Err(SemverError::ConstraintTooLong);
        }
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > MOST_ALTERNATIVES {
            return Err(SemverError::TooManyAlternatives);
        }
        let alternatives =
            alternatives.into_iter().map(parse_alternative).collect::<Result<_, _>>()?;
        Ok(Constraint { alternatives })
    }

    /// Whether a version is accepted. A pre-release is, only where its alternative names one.
    #[must_use]
    pub fn accepts(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|conditions| {
            let names_prerelease =
                conditions.iter().any(|condition| !condition.version.prerelease.is_empty());
            (version.prerelease.is_empty() || names_prerelease)
                && conditions.iter().all(|condition| condition.accepts(version))
        })
    }
}

/// Whether a version satisfies a constraint; a text that is none satisfies nothing and is satisfied by nothing.
#[must_use]
pub fn is_compatible(constraint: &str, version: &str) -> bool {
    match (Constraint::parse(constraint), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.accepts(&version),
        _ => false,
    }
}

fn parse_alternative(text: &str) -> Result<Vec<Condition>, SemverError> {
    let improper = || SemverError::ImproperConstraint(text.to_owned());
    let mut conditions = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (operator, after) = split_operator(rest);
        let (mut condition, after) =
            split_condition(operator, after.trim_start()).ok_or_else(improper)??;
        rest = after;
        // `1.2 - 1.4` means from the one to the other.
        if let Some(upper) = range_end(rest)
            && operator == Operator::Equal
        {
            let (upper, after) =
                split_condition(Operator::LessOrEqual, upper).ok_or_else(improper)??;
            condition.operator = Operator::GreaterOrEqual;
            conditions.extend([condition, upper]);
            rest = after;
        } else {
            conditions.push(condition);
        }
        let trimmed = rest.trim_start();
        if trimmed.is_empty() {
            return Ok(conditions);
        }
        match trimmed.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if trimmed.len() < rest.len() => rest = trimmed,
            None => return Err(improper()),
        }
    }
}

/// What follows a dash that stands between blanks.
fn range_end(rest: &str) -> Option<&str> {
    let trimmed = rest.trim_start();
    let after = trimmed.strip_prefix('-')?;
    let upper = after.trim_start();
    (trimmed.len() < rest.len() && upper.len() < after.len()).then_some(upper)
}

fn split_operator(text: &str) -> (Operator, &str) {
    const OPERATORS: [(&str, Operator); 11] = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        ("=>", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("=<", Operator::LessOrEqual),
        ("~>", Operator::Tilde),
        ("=", Operator::Equal),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("~", Operator::Tilde),
        ("^", Operator::Caret),
    ];
    OPERATORS
        .iter()
        .find_map(|(symbol, operator)| text.strip_prefix(symbol).map(|rest| (*operator, rest)))
        .unwrap_or((Operator::Equal, text))
}

/// The condition at the start of a text, and what follows it. None where no version starts there.
fn split_condition(
    operator: Operator,
    text: &str,
) -> Option<Result<(Condition, &str), SemverError>> {
    let in_version = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '*' | '-' | '+')
    };
    let end = text.find(|character| !in_version(character)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let body = word.strip_prefix('v').unwrap_or(word);
    let numbers_end = body.find(['-', '+']).unwrap_or(body.len());
    let (numbers, suffix) = body.split_at(numbers_end);
    let parts: Vec<&str> = numbers.split('.').collect();
    let part_is_valid = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'*'))
    };
    if parts.len() > 3 || !parts.iter().all(part_is_valid) {
        return None;
    }
    let prerelease = suffix.split_once('+').map_or(suffix, |(prerelease, _)| prerelease);
    let wild = |index: usize| parts.get(index).is_none_or(|part| matches!(*part, "x" | "X" | "*"));
    let (named, written) = if wild(0) {
        (Named::Nothing, format!("0.0.0{prerelease}"))
    } else if wild(1) {
        (Named::Major, format!("{}.0.0{prerelease}", parts[0]))
    } else if wild(2) {
        (Named::Minor, format!("{}.{}.0{prerelease}", parts[0], parts[1]))
    } else {
        (Named::All, word.to_owned())
    };
    Some(match Version::parse(&written) {
        Ok(version) => Ok((Condition { operator, version, named }, rest)),
        Err(_) => Err(SemverError::ConstraintVersion),
    })
}

impl Condition {
    fn accepts(&self, version: &Version) -> bool {
        let bound = &self.version;
        let complete = self.named == Named::All;
        match self.operator {
            Operator::Equal if complete => version == bound,
            Operator::Equal | Operator::Tilde => self.accepts_tilde(version),
            Operator::NotEqual => self.accepts_not_equal(version),
            Operator::Less => version < bound,
            Operator::GreaterOrEqual => version >= bound,
            Operator::Greater => match self.named {
                Named::Major => version.major > bound.major,
                Named::Minor => (version.major, version.minor) > (bound.major, bound.minor),
                Named::Nothing | Named::All => version > bound,
            },
            Operator::LessOrEqual => match self.named {
                Named::Major => version.major <= bound.major,
                Named::Minor | Named::Nothing => {
                    (version.major, version.minor) <= (bound.major, bound.minor)
                }
                Named::All => version <= bound,
            },
            Operator::Caret => self.accepts_caret(version),
        }
    }

    fn accepts_tilde(&self, version: &Version) -> bool {
        let bound = &self.version;
        if version < bound {
            return false;
        }
        let everything = (bound.major, bound.minor, bound.patch) == (0, 0, 0)
            && matches!(self.named, Named::Nothing | Named::All);
        everything
            || (version.major == bound.major
                && (version.minor == bound.minor || self.named == Named::Major))
    }

    fn accepts_not_equal(&self, version: &Version) -> bool {
        let bound = &self.version;
        match self.named {
            Named::All => version != bound,
            _ if version.major != bound.major => true,
            Named::Major => false,
            _ if version.minor != bound.minor => true,
            Named::Nothing => version.patch != bound.patch || version != bound,
            Named::Minor => {
                let prereleases = !version.prerelease.is_empty() || !bound.prerelease.is_empty();
                prereleases && version.prerelease != bound.prerelease
            }
        }
    }

    fn accepts_caret(&self, version: &Version) -> bool {
        let bound = &self.version;
        if version < bound || version.major != bound.major {
            return false;
        }
        if bound.major > 0 || self.named == Named::Major {
            return true;
        }
        if version.minor != bound.minor {
            return false;
        }
        bound.minor > 0 || self.named == Named::Minor || version.patch == bound.patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: [&str; 19] = [
        "1.33.0",
        "v1.20.0-gke.1",
        "0.2.9",
        "0.3.0",
        "0.0.3",
        "0.0.4",
        "1.2.3",
        "1.2.4",
        "1.2.3-beta.10",
        "2.0.0",
        "3",
        "1.4.5",
        "1.4.6",
        "0.0.0",
        "0.5.0",
        "1.2.0-alpha",
        "1.2.3+meta",
        "1.0.0",
        "1.1",
    ];

    /// Each constraint with one digit for each version: 1 where Helm's library accepts it.
    const ACCEPTED: &[(&str, &str)] = &[
        (">=1.19-0", "1100000001100000000"),
        (">=1.19", "1000000001100000000"),
        ("^1.2", "1000001100011000100"),
        ("^0.2.3", "0010000000000000000"),
        ("^0.0.3", "0000100000000000000"),
        ("^0", "0011110000000110000"),
        ("^0.0", "0000110000000100000"),
        ("~1.2", "0000001100000000100"),
        ("~1", "1000001100011000111"),
        ("~0", "0011110000000110000"),
        ("~0.0.0", "1011111101111110111"),
        ("1.x", "1000001100011000111"),
        ("1.2.x", "0000001100000000100"),
        ("*", "1011111101111110111"),
        ("x", "1011111101111110111"),
        (">1", "0000000001100000000"),
        (">1.2", "1000000001111000000"),
        (">1.2.x", "1000000001111000000"),
        ("<=1", "1011111100011110111"),
        ("<=1.2", "0011111100000110111"),
        ("<=0", "0011110000000110000"),
        ("<1.2", "0011110000000110011"),
        ("<1", "0011110000000110000"),
        ("1.2 - 1.4.5", "0000001100010000100"),
        (">=1.0, <2", "1000001100011000111"),
        (">=1.0 <2", "1000001100011000111"),
        ("<1 || >2.0.0", "0011110000100110000"),
        ("!=1.2.3", "1011110101111110011"),
        ("!=1.2", "1011110001111110011"),
        ("!=1", "0011110001100110000"),
        ("!=x", "1011111101111010111"),
        ("!=*", "1011111101111010111"),
        ("=1.2.3+build", "0000001000000000100"),
        ("", "none"),
        (">=1.0<2", "none"),
        ("1.2.3", "0000001000000000100"),
        ("v1.2.3", "0000001000000000100"),
        (">= 1.2.3-beta.2", "1100001111111000100"),
        ("=>1.0", "1000001101111000111"),
        ("=<1.0", "0011110000000110010"),
        ("~>1.2", "0000001100000000100"),
        ("^x", "0000000000000100000"),
        ("<=x", "0000110000000100000"),
        (">x", "1011111101111010111"),
        ("<x", "0000000000000000000"),
        (">=x", "1011111101111110111"),
        ("!=1.2.x-alpha", "1111111111111110111"),
        ("1.2.3-alpha", "0000000000000000000"),
        ("^1.2.3-alpha", "1100001110011000100"),
        ("~1.2.3-0", "0000001110000000100"),
        ("1.0 || ", "none"),
        (">=1.2.3, ", "none"),
        ("1.2.3 1.2.3", "0000001000000000100"),
        (">=  1.0 , <  3", "1000001101011000111"),
        ("01.2", "0000001100000000100"),
        ("1.2.3.4", "none"),
        (">=1.19.0-0 <1.30.0-0", "0100000000000000000"),
        ("<2-0", "1111111110011111111"),
        ("0.x", "0011110000000110000"),
    ];

    #[test]
    fn constraints_accept_what_helm_accepts() {
        for (text, expected) in ACCEPTED {
            let actual = match Constraint::parse(text) {
                Err(_) => "none".to_owned(),
                Ok(constraint) => VERSIONS
                    .iter()
                    .map(|version| {
                        if constraint.accepts(&Version::parse(version).unwrap()) {
                            '1'
                        } else {
                            '0'
                        }
                    })
                    .collect(),
            };
            assert_eq!(actual, *expected, "{text:?}");
        }
    }

    #[test]
    fn versions_are_read_and_refused() {
        let check = |text: &str, expected: &str| {
            let actual = Version::parse(text)
                .map_or_else(|error| error.to_string(), |version| version.to_string());
            assert_eq!(actual, expected, "{text:?}");
        };
        check("1", "1.0.0");
        check("v1.2", "1.2.0");
        check("1.2.3-a.1+b.02", "1.2.3-a.1+b.02");
        check("1.2.3-01", "version segment starts with 0");
        for text in ["1.2.3-", "1..2", "", "1.2.3+", "a", "1.2.3 ", "-1", "1.2.3-a..b", "1.2.3.4"] {
            check(text, "invalid semantic version");
        }
    }
}
