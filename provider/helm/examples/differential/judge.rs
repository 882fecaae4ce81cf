//! Compares what two programs printed. Where Helm prints something else from one run to the next (a random password,
//! a certificate, the time), that is masked, and nothing else.

use std::fmt;

use travel_helm::Tree;
use travel_helm::yaml;

use crate::program::Outcome;

/// How often Helm is asked at most. What differs seldom is found in more runs than two.
const MOST_RUNS: usize = 6;

/// How our output stands to Helm's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// To the byte, or refused in the same words.
    Identical {
        /// Whether both refuse.
        refused: bool,
        /// How many lines were compared without what Helm makes differently each time.
        masked: usize,
    },
    /// The same documents, written differently: where first.
    EqualAsYaml(String),
    /// Something else, or refused in other words: where first.
    Different(String),
    /// One of both did not render, and why.
    Failed(String),
}

impl Verdict {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Identical { .. } => "identical",
            Verdict::EqualAsYaml(_) => "equal as YAML",
            Verdict::Different(_) => "different",
            Verdict::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for Verdict {
    /// What there is to say beyond the word.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Identical { refused: true, .. } => formatter.write_str(" (refused by both)"),
            Verdict::Identical { masked: 0, .. } => Ok(()),
            Verdict::Identical { masked, .. } => write!(formatter, " ({masked} lines masked)"),
            Verdict::EqualAsYaml(what) | Verdict::Different(what) | Verdict::Failed(what) => {
                what.lines().try_for_each(|line| write!(formatter, "\n    {line}"))
            }
        }
    }
}

/// Judges our outcome against Helm's, which is asked again only where the first answer differs from ours.
pub fn judge(ours: &Outcome, mut ask_helm: impl FnMut() -> Outcome) -> Verdict {
    let mut runs: Vec<String> = Vec::new();
    let mut verdict = None;
    while runs.len() < MOST_RUNS {
        let (our_text, helm_text, refused) = match (ours, ask_helm()) {
            (Outcome::Rendered(ours), Outcome::Rendered(helm)) => (ours, helm, false),
            (Outcome::Refused(ours), Outcome::Refused(helm)) => (ours, complaint(&helm), true),
            (ours, helm) => return Verdict::Failed(mismatch(ours, &helm)),
        };
        if *our_text == helm_text {
            return Verdict::Identical { refused, masked: 0 };
        }
        verdict.get_or_insert_with(|| difference(our_text, &helm_text, refused));
        runs.push(helm_text);
        // Two runs that are alike leave nothing to mask. More would find what differs less often still.
        let varies = runs.iter().any(|run| *run != runs[0]);
        if runs.len() >= 2 && !varies {
            break;
        }
        if let Some(masked) = equal_when_masked(our_text, &runs) {
            return Verdict::Identical { refused, masked };
        }
    }
    verdict.unwrap_or_else(|| Verdict::Failed("Helm was not asked".to_owned()))
}

/// What Helm says when it refuses, without what it warns of before.
fn complaint(errors: &str) -> String {
    let is_warning = |line: &&str| line.starts_with("level=WARN") || line.starts_with("level=INFO");
    errors.split_inclusive('\n').filter(|line| !is_warning(line)).collect()
}

fn mismatch(ours: &Outcome, helm: &Outcome) -> String {
    let tell = |outcome: &Outcome| match outcome {
        Outcome::Rendered(text) => format!("renders {} lines", text.lines().count()),
        Outcome::Refused(problem) => format!("refuses: {}", problem.trim_end()),
        Outcome::Broken(problem) => format!("is broken: {problem}"),
    };
    format!("Helm {}\nthis engine {}", tell(helm), tell(ours))
}

fn difference(ours: &str, helm: &str, refused: bool) -> Verdict {
    let first = first_difference(ours, helm);
    let documents = |text: &str| -> Option<Vec<Tree>> { yaml::read_documents(text).ok() };
    match (documents(ours), documents(helm)) {
        (Some(ours), Some(helm)) if !refused && ours == helm => Verdict::EqualAsYaml(first),
        _ => Verdict::Different(first),
    }
}

/// The first line that is not the same, with the template it comes from.
fn first_difference(ours: &str, helm: &str) -> String {
    let (mut our_lines, mut helm_lines) = (ours.split('\n'), helm.split('\n'));
    let mut source = "";
    let mut number = 0;
    loop {
        number += 1;
        match (helm_lines.next(), our_lines.next()) {
            (None, None) => return "nothing".to_owned(),
            (helm, ours) if helm == ours => {
                let line = helm.unwrap_or_default();
                source = line.strip_prefix("# Source: ").unwrap_or(source);
            }
            (helm, ours) => {
                let show = |line: Option<&str>| match line {
                    Some(line) => format!("{line:?}"),
                    None => "nothing".to_owned(),
                };
                let (helm, ours) = (show(helm), show(ours));
                return format!("line {number} {source}\nHelm: {helm}\nours: {ours}");
            }
        }
    }
}

/// How many lines have to be masked so that ours is equal to Helm's, if that makes it equal.
fn equal_when_masked(ours: &str, runs: &[String]) -> Option<usize> {
    let ours: Vec<&str> = ours.split('\n').collect();
    let runs: Vec<Vec<&str>> = runs
        .iter()
        .map(|run| run.split('\n').collect::<Vec<_>>())
        .filter(|run| run.len() == ours.len())
        .collect();
    let (first, others) = runs.split_first()?;
    let mut masked = 0;
    for (index, (our_line, line)) in ours.iter().zip(first).enumerate() {
        let mut pattern = Pattern::of(line);
        let varies = others.iter().filter(|other| other[index] != *line);
        let varying = varies.map(|other| pattern.widen(other[index])).count();
        if varying == 0 && our_line == line {
            continue;
        }
        if varying == 0 || !pattern.fits(our_line) {
            return None;
        }
        masked += 1;
    }
    Some(masked)
}

/// A line that varies: its words, some of which may be any.
struct Pattern<'l> {
    /// The words and what stands between them, in turn. Nothing stands for any word.
    pieces: Vec<Option<&'l str>>,
    /// Whether anything may follow.
    open: bool,
}

impl<'l> Pattern<'l> {
    fn of(line: &'l str) -> Self {
        Pattern { pieces: pieces(line).into_iter().map(Some).collect(), open: false }
    }

    /// Lets the pattern fit another line as well.
    fn widen(&mut self, line: &str) {
        let words = pieces(line);
        let is_between = |piece: &str| !piece.starts_with(is_of_word);
        let differs = |(mine, word): (&Option<&str>, &&str)| match mine {
            Some(mine) => mine != word && (is_between(mine) || is_between(word)),
            None => is_between(word),
        };
        if let Some(end) = self.pieces.iter().zip(&words).position(differs) {
            self.pieces.truncate(end);
            self.open = true;
        } else if self.pieces.len() != words.len() {
            self.pieces.truncate(words.len());
            self.open = true;
        }
        for (mine, word) in self.pieces.iter_mut().zip(&words) {
            if *mine != Some(word) {
                *mine = None;
            }
        }
    }

    fn fits(&self, line: &str) -> bool {
        let words = pieces(line);
        let fits = |(mine, word): (&Option<&str>, &&str)| match mine {
            Some(mine) => mine == word,
            None => word.starts_with(is_of_word),
        };
        words.len() >= self.pieces.len()
            && (self.open || words.len() == self.pieces.len())
            && self.pieces.iter().zip(&words).all(fits)
    }
}

/// A line cut into words (Base64 among them) and what stands between them.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let of_word = is_of_word(first);
        let end = rest.find(|letter| is_of_word(letter) != of_word).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '+' | '/' | '=')
}
