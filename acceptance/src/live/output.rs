//! A line of what Terragrunt prints: which unit it is of, and what it says.

use std::fmt;

/// A line that Terragrunt has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `STDOUT`, `STDERR`, `INFO`, `WARN`, `ERROR`. A line that goes on from another has that one's; the first may have
    /// none.
    pub level: String,
    /// The unit by its path from live/; nothing where it is of none.
    pub unit: String,
    /// What it says.
    pub text: String,
}

/// What in Terraform's output tells that something is begun, goes on, or is done.
const STEPS: [&str; 9] = [
    ": Creating...",
    ": Creation complete",
    ": Still creating...",
    ": Modifying...",
    ": Modifications complete",
    ": Destroying...",
    ": Still destroying...",
    ": Destruction complete",
    ": Still modifying...",
];

/// Reads lines one after the other.
#[derive(Debug, Default)]
pub struct Reader {
    level: String,
    unit: String,
}

impl Reader {
    /// Reads `08:47:53.093 STDOUT [unit] terraform: text`, or a line that goes on from the one before.
    pub fn read(&mut self, line: &str) -> Line {
        let text = match header(line) {
            Some((level, unit, text)) => {
                (self.level, self.unit) = (level.to_owned(), unit.to_owned());
                text
            }
            None => line,
        };
        Line { level: self.level.clone(), unit: self.unit.clone(), text: text.to_owned() }
    }
}

/// Level, unit and text of a line that has them.
fn header(line: &str) -> Option<(&str, &str, &str)> {
    let (time, rest) = line.split_once(' ')?;
    if time.len() != 12 || time.bytes().filter(|byte| *byte == b':').count() != 2 {
        return None;
    }
    let (level, rest) = rest.split_once(' ')?;
    let rest = rest.trim_start();
    let (unit, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((unit, rest)) => (unit, rest),
        None => ("", rest),
    };
    let printed_by = ["terraform: ", "tofu: "];
    let text = printed_by.iter().find_map(|name| rest.strip_prefix(name)).unwrap_or(rest);
    Some((level, unit, text))
}

impl Line {
    /// Whether it tells of a step of an apply or destroy.
    pub fn is_step(&self) -> bool {
        STEPS.iter().any(|step| self.text.contains(step))
            || self.text.starts_with("Apply complete!")
            || self.text.starts_with("Destroy complete!")
    }

    /// Whether it is of an error.
    pub fn is_error(&self) -> bool {
        matches!(self.level.as_str(), "STDERR" | "ERROR")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unit.is_empty() {
            return self.text.fmt(formatter);
        }
        write!(formatter, "{}: {}", self.unit, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_lines_apart() {
        let mut reader = Reader::default();
        for (line, unit, text, step, error) in [
            ("before all", "", "before all", false, false),
            (
                "08:45:00.012 STDOUT [dev/eu/network] terraform: travel_network.this: Creation complete after 0s",
                "dev/eu/network",
                "travel_network.this: Creation complete after 0s",
                true,
                false,
            ),
            ("08:45:00.012 STDERR [a/b] tofu: Error: no", "a/b", "Error: no", false, true),
            ("  more of it", "a/b", "  more of it", false, true),
            ("08:45:00.012 STDERR terraform: Error: no", "", "Error: no", false, true),
            (
                "08:45:00.012 INFO   [a/b] Executing hook: x",
                "a/b",
                "Executing hook: x",
                false,
                false,
            ),
            ("", "a/b", "", false, false),
            ("08:45:00.012 ERROR  error occurred:", "", "error occurred:", false, true),
            ("* Failed to execute", "", "* Failed to execute", false, true),
        ] {
            let read = reader.read(line);
            let found = (read.unit.as_str(), read.text.as_str(), read.is_step(), read.is_error());
            assert_eq!(found, (unit, text, step, error), "{line}");
        }
    }
}
