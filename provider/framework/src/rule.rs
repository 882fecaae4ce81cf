//! What a value in a configuration must satisfy, checked before anything is changed.

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex::Regex;
use travel_value::{Path, Value};

use crate::diagnostic::{Diagnostic, Diagnostics};

/// A page's own condition: `Err` says what the value must be.
pub type Check = dyn Fn(&Value) -> Result<(), String> + Send + Sync;

/// A condition on one known, non-null value.
#[derive(Clone)]
pub enum Rule {
    /// The text has this many characters, or the collection this many elements.
    Length {
        /// The fewest allowed.
        minimum: usize,
        /// The most allowed.
        maximum: usize,
    },
    /// The number lies in this range, both ends included.
    Range {
        /// The least allowed.
        minimum: i64,
        /// The most allowed.
        maximum: i64,
    },
    /// The text matches this pattern; the words say what that means.
    Pattern {
        /// The pattern.
        pattern: Pattern,
        /// What a matching text is, as in "must be …".
        meaning: String,
    },
    /// The text is one of these.
    OneOf(Vec<String>),
    /// A condition of the page's own: `Err` says what the value must be.
    Custom(Arc<Check>),
}

/// A pattern, anchored by its author. It is compiled when it is first asked: hundreds of them at every
/// start would take longer than all else of it.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    compiled: Arc<OnceLock<Result<Regex, regex::Error>>>,
}

impl Pattern {
    /// A pattern in the syntax of the regex crate.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: Arc::default() }
    }

    /// Whether a text matches.
    ///
    /// # Errors
    /// Where the pattern does not compile.
    pub fn is_match(&self, text: &str) -> Result<bool, regex::Error> {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text));
        compiled.as_ref().map(|pattern| pattern.is_match(text)).map_err(Clone::clone)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.requirement())
    }
}

impl Rule {
    /// The rule of a pattern. One that does not compile refuses every value and says so; where
    /// it stands in an attribute of a model, the model does not compile.
    pub fn pattern(pattern: &str, meaning: &str) -> Self {
        Self::Pattern { pattern: Pattern::new(pattern), meaning: meaning.to_owned() }
    }

    /// The rule of a page's own condition.
    pub fn custom(check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(check))
    }

    /// What a value must be, as in "must be …"; for errors and documentation.
    pub fn requirement(&self) -> String {
        match self {
            Self::Length { minimum, maximum } if *maximum == usize::MAX => {
                format!("at least {minimum} long")
            }
            Self::Length { minimum, maximum } => format!("{minimum} to {maximum} long"),
            Self::Range { minimum, maximum } if *maximum == i64::MAX => {
                format!("at least {minimum}")
            }
            Self::Range { minimum, maximum } => format!("between {minimum} and {maximum}"),
            Self::Pattern { meaning, .. } => meaning.clone(),
            Self::OneOf(values) => format!("one of {}", values.join(", ")),
            Self::Custom(_) => "valid".to_owned(),
        }
    }

    /// Checks one value; null and unknown ones pass.
    pub fn check(&self, path: &Path, value: &Value, sensitive: bool, found: &mut Diagnostics) {
        if value.is_null() || value.is_unknown() {
            return;
        }
        let Some(requirement) = self.violation(value) else { return };
        let given = match value {
            _ if sensitive => "the value given".to_owned(),
            Value::String(text) => format!("{text:?}"),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => "the value given".to_owned(),
        };
        found.push(
            Diagnostic::error(
                format!("invalid {path}"),
                format!("{path} must be {requirement}; {given} is not."),
            )
            .at(path.clone()),
        );
    }

    fn violation(&self, value: &Value) -> Option<String> {
        let holds = match self {
            Self::Length { minimum, maximum } => {
                length(value).is_none_or(|length| (*minimum..=*maximum).contains(&length))
            }
            Self::Range { minimum, maximum } => value
                .as_number()
                .is_none_or(|number| *number >= (*minimum).into() && *number <= (*maximum).into()),
            Self::Pattern { pattern, .. } => {
                match value.as_str().map_or(Ok(true), |text| pattern.is_match(text)) {
                    Ok(matches) => matches,
                    Err(error) => return Some(format!("matched by a pattern ({error})")),
                }
            }
            Self::OneOf(values) => {
                value.as_str().is_none_or(|text| values.iter().any(|allowed| allowed == text))
            }
            Self::Custom(check) => return check(value).err(),
        };
        (!holds).then(|| self.requirement())
    }
}

fn length(value: &Value) -> Option<usize> {
    value
        .as_str()
        .map(|text| text.chars().count())
        .or_else(|| value.elements().map(<[Value]>::len))
        .or_else(|| value.entries().map(std::collections::BTreeMap::len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: Rule, value: impl Into<Value>, expected: Option<&str>) {
        let mut found = Diagnostics::new();
        rule.check(&Path::attribute("size"), &value.into(), false, &mut found);
        let detail = found.iter().next().map(|diagnostic| diagnostic.detail.as_str());
        assert_eq!(detail, expected);
    }

    #[test]
    fn says_what_a_value_must_be() {
        let range = Rule::Range { minimum: 7, maximum: 30 };
        check(range.clone(), 7, None);
        check(range.clone(), 31, Some("size must be between 7 and 30; 31 is not."));
        check(range, Value::unknown(), None);
        check(
            Rule::OneOf(vec!["a".into(), "b".into()]),
            "c",
            Some("size must be one of a, b; \"c\" is not."),
        );
        check(
            Rule::Length { minimum: 1, maximum: 2 },
            "äöü",
            Some("size must be 1 to 2 long; \"äöü\" is not."),
        );
        check(
            Rule::pattern("^[a-z]+$", "letters"),
            "7",
            Some("size must be letters; \"7\" is not."),
        );
        check(Rule::pattern("^[a-z]+$", "letters"), "a", None);
        check(Rule::custom(|_| Err("even".into())), 3, Some("size must be even; 3 is not."));
    }
}
