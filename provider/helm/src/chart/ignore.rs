//! .helmignore: which files of a folder are no part of the chart.

/// The rules of one .helmignore.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: Vec<char>,
    negative: bool,
    folders_only: bool,
    /// Whether the whole path must match, and not only its last part.
    whole_path: bool,
}

/// Why a rule cannot be used, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// `**` means nothing here.
    #[error("double-star (**) syntax is not supported")]
    DoubleStar,
    /// A set without end, or a backslash at the end.
    #[error("syntax error in pattern")]
    Pattern,
}

impl Rules {
    /// Reads rules, one for each line, and adds Helm's own.
    pub(super) fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Rules::default();
        for line in text.lines() {
            rules.add(line)?;
        }
        rules.add("templates/.?*")?;
        Ok(rules)
    }

    fn add(&mut self, line: &str) -> Result<(), IgnoreError> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if line.contains("**") {
            return Err(IgnoreError::DoubleStar);
        }
        let (negative, rest) = strip(line, |line| line.strip_prefix('!'));
        let (folders_only, rest) = strip(rest, |rest| rest.strip_suffix('/'));
        let (rooted, rest) = strip(rest, |rest| rest.strip_prefix('/'));
        let pattern: Vec<char> = rest.chars().collect();
        check(&pattern)?;
        self.0.push(Rule {
            pattern,
            negative,
            folders_only,
            whole_path: rooted || rest.contains('/'),
        });
        Ok(())
    }

    /// Whether a path from the chart's folder is ignored.
    pub(super) fn ignores(&self, path: &str, is_folder: bool) -> bool {
        self.0.iter().any(|rule| {
            let candidate =
                if rule.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
            let candidate: Vec<char> = candidate.chars().collect();
            let found = || matches(&rule.pattern, &candidate);
            match (rule.negative, rule.folders_only && !is_folder) {
                (true, true) => true,
                (true, false) => !found(),
                (false, true) => false,
                (false, false) => found(),
            }
        })
    }
}

fn strip(text: &str, strip: impl Fn(&str) -> Option<&str>) -> (bool, &str) {
    match strip(text) {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

fn check(pattern: &[char]) -> Result<(), IgnoreError> {
    let mut rest = pattern;
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            '[' => set(after).ok_or(IgnoreError::Pattern)?.1,
            '\\' => after.split_first().ok_or(IgnoreError::Pattern)?.1,
            _ => after,
        };
    }
    Ok(())
}

/// Whether a set is negative, and its ranges.
type Set = (bool, Vec<(char, char)>);

/// The ranges of a set after its opening bracket, whether it is negative, and what follows its closing bracket.
fn set(pattern: &[char]) -> Option<(Set, &[char])> {
    let (negative, mut rest) = match pattern.split_first()? {
        ('^', rest) => (true, rest),
        _ => (false, pattern),
    };
    let mut ranges = Vec::new();
    let character = |rest: &mut &[char]| {
        let (mut first, mut after) = rest.split_first().map(|(first, after)| (*first, after))?;
        if first == '\\' {
            (first, after) = after.split_first().map(|(first, after)| (*first, after))?;
        } else if matches!(first, '-' | ']') {
            return None;
        }
        *rest = after;
        Some(first)
    };
    loop {
        if rest.first() == Some(&']') && !ranges.is_empty() {
            return Some(((negative, ranges), &rest[1..]));
        }
        let low = character(&mut rest)?;
        let high = match rest.split_first() {
            Some(('-', after)) => {
                rest = after;
                character(&mut rest)?
            }
            _ => low,
        };
        ranges.push((low, high));
    }
}

/// Go's `filepath.Match`: neither `*` nor `?` matches a slash.
fn matches(pattern: &[char], path: &[char]) -> bool {
    // After each part of the pattern, which starts of the path it matches, by their lengths.
    let mut matched = vec![false; path.len() + 1];
    matched[0] = true;
    let mut rest = pattern;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == '*' {
            for (index, next) in path.iter().enumerate() {
                matched[index + 1] |= matched[index] && *next != '/';
            }
            continue;
        }
        let accepted: Vec<bool> = match first {
            '?' => path.iter().map(|next| *next != '/').collect(),
            '[' => {
                let Some(((negative, ranges), after)) = set(rest) else { return false };
                rest = after;
                let found = |next| ranges.iter().any(|(low, high)| (low..=high).contains(&next));
                path.iter().map(|next| found(next) != negative).collect()
            }
            '\\' => {
                let Some((literal, after)) = rest.split_first() else { return false };
                rest = after;
                path.iter().map(|next| next == literal).collect()
            }
            literal => path.iter().map(|next| next == literal).collect(),
        };
        for index in (0..path.len()).rev() {
            matched[index + 1] = matched[index] && accepted[index];
        }
        matched[0] = false;
    }
    matched[path.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_ignore_what_helm_ignores() {
        let check = |rules: &str, path: &str, is_folder: bool, expected: bool| {
            assert_eq!(
                Rules::parse(rules).unwrap().ignores(path, is_folder),
                expected,
                "{rules:?} {path}"
            );
        };
        check("*.txt", "a/b.txt", false, true);
        check("/*.txt", "a/b.txt", false, false);
        check("/*.txt", "b.txt", false, true);
        check("a/*.txt", "a/b.txt", false, true);
        check("ci/", "ci", true, true);
        check("ci/", "ci", false, false);
        check("a*b*c/*.txt", "aabbc/x.txt", false, true);
        check("a*b*c/*.txt", "aab/c/x.txt", false, false);
        check(&"*a".repeat(40), &"a".repeat(80), false, true);
        check(&"*a".repeat(40), &"ab".repeat(40), false, false);
        check("# a comment\n\n.git", ".git", true, true);
        check("a[bc]d", "acd", false, true);
        check("a[^bc]d", "acd", false, false);
        check("", "templates/.hidden", false, true);
        check("", "templates/shown", false, false);
        check("!keep.txt", "keep.txt", false, false);
        check("!keep.txt", "other.txt", false, true);
        assert_eq!(Rules::parse("a/**").unwrap_err(), IgnoreError::DoubleStar);
        assert_eq!(Rules::parse("a[").unwrap_err(), IgnoreError::Pattern);
    }
}
