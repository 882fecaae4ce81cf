//! Why a template failed, with the chain of templates that led there.

/// An error of a template, in Go's words.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    /// What went wrong, where it did.
    message: String,
    /// What is said before it for each step of the way out, the innermost first. It is put together only for the
    /// report, since all that could be said from every step on is long.
    before: Vec<String>,
    /// What a chart said with `fail` or `required`.
    said: Option<String>,
    /// How long all of it is together, in bytes.
    length: usize,
}

/// A chain of errors with more text than this is told without what came first. A thousand includes have a part of it.
const LONGEST_CHAIN: usize = 1 << 20;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        let length = message.len();
        Failure(Box::new(Inner { message, before: Vec::new(), said: None, length }))
    }

    /// What a chart says with `fail` or `required`.
    pub(crate) fn said(message: impl Into<String>) -> Self {
        let mut failure = Failure::new(message);
        failure.0.said = Some(failure.0.message.clone());
        failure
    }

    /// The same error with something said before it.
    pub(crate) fn wrapped(mut self, before: impl FnOnce() -> String) -> Self {
        if self.0.length <= LONGEST_CHAIN {
            let before = before();
            self.0.length += before.len();
            self.0.before.push(before);
        }
        self
    }

    /// The error as Helm prints it: what the chart said with the place where it was rendered; for errors of the
    /// language one paragraph for each template on the way; and the bare text for errors of functions.
    pub(crate) fn report(&self) -> String {
        let text: String = self.parts(self.0.before.len()).collect();
        let mut places = text.splitn(3, ": ").skip(1);
        let (Some(location), Some(_)) = (places.next(), places.next()) else { return text };
        if let Some(said) = &self.0.said {
            return format!("execution error at ({location}): {said}");
        }
        let mut steps: Vec<String> = Vec::new();
        for before in (0..=self.0.before.len()).rev() {
            let Some(step) = describe(&self.step(before)) else { return text };
            if steps.last() != Some(&step) {
                steps.push(step);
            }
        }
        steps.concat().trim().to_owned()
    }

    /// The error with so much of what is said before it, in parts.
    fn parts(&self, before: usize) -> impl Iterator<Item = &str> {
        let before = self.0.before[..before].iter().rev();
        before.chain([&self.0.message]).map(String::as_str)
    }

    /// The same, but no further than to where the next template is told of, before which a description ends.
    fn step(&self, before: usize) -> String {
        let mut text = String::new();
        for (index, part) in self.parts(before).enumerate() {
            // The space may be the end of the part before.
            let from = text.len().saturating_sub(1);
            text.push_str(part);
            if index > 0
                && memchr::memmem::find(&text.as_bytes()[from..], NEXT.as_bytes()).is_some()
            {
                break;
            }
        }
        text
    }
}

/// How an error starts to tell of a template, after what is said before.
const NEXT: &str = " template:";

/// One step of the chain in paragraphs; none where the text is not an error of the language.
fn describe(message: &str) -> Option<String> {
    let rest = message.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{message}\n"));
    }
    let without_next = |text: &str| text.find(NEXT).map_or(text.len(), |end| end);
    if let Some((location, after)) = rest.split_once(": executing ") {
        let (name, after) = after.strip_prefix('"')?.split_once('"')?;
        let (place, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
        let message = &message[..without_next(message)];
        return Some(format!("{location}\n  executing \"{name}\" at <{place}>:\n    {message}\n"));
    }
    let (location, message) = rest.rsplit_once(": ")?;
    Some(format!("{location}\n  {}\n", &message[..without_next(message)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(failure: Failure, before: &str) -> Failure {
        failure.wrapped(|| before.to_owned())
    }

    #[test]
    fn errors_have_helms_shapes() {
        let place = r#"template: c/templates/a.yaml:6:8: executing "c/templates/a.yaml" at <include "x" .>: "#;
        let check = |failure: Failure, expected: &str| assert_eq!(failure.report(), expected);
        check(
            wrapped(wrapped(Failure::said("deep: down"), "error calling fail: "), place),
            "execution error at (c/templates/a.yaml:6:8): deep: down",
        );
        check(
            Failure::new(format!("{place}nil pointer evaluating interface {{}}.foo")),
            "c/templates/a.yaml:6:8\n  executing \"c/templates/a.yaml\" at <include \"x\" .>:\n    nil pointer evaluating interface {}.foo",
        );
        check(
            wrapped(wrapped(Failure::new("no"), "error calling eq: "), place),
            &format!("{place}error calling eq: no"),
        );
        check(
            wrapped(
                Failure::new("template: no template \"x\" associated with template \"gotpl\""),
                &format!("{place}error calling include: "),
            ),
            "c/templates/a.yaml:6:8\n  executing \"c/templates/a.yaml\" at <include \"x\" .>:\n    error calling include:\ntemplate: no template \"x\" associated with template \"gotpl\"",
        );
    }
}
