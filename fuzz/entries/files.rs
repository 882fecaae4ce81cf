//! Inputs that stand for several files: a line such as `-- values.yaml --` comes before each of them.

/// The files of an input by name. What comes before the first name has none.
pub fn split(input: &str) -> Vec<(&str, &str)> {
    let mut files = Vec::new();
    let (mut name, mut start, mut at) = ("", 0, 0);
    for line in input.split_inclusive('\n') {
        let next = line.trim_end().strip_prefix("-- ").and_then(|line| line.strip_suffix(" --"));
        if let Some(next) = next {
            files.push((name, &input[start..at]));
            (name, start) = (next, at + line.len());
        }
        at += line.len();
    }
    files.push((name, &input[start..]));
    files.retain(|(name, content)| !(name.is_empty() && content.is_empty()));
    files
}
