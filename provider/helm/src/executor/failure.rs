//! Why a template failed, with the chain of templates that led there.

/// An error of a template, in Go's words.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    message: String,
    /// What a chart said with `fail` or `required`.
    said: Option<String>,
    /// The error this one was made of.
    cause: Option<Failure>,
    /// How long all messages on the way are together, in bytes.
    total: usize,
}

/// A chain of errors with more text than this is told without what came first. A thousand includes have a part of it.
const LONGEST_CHAIN: usize = 256 << 20;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        let total = message.len();
        Failure(Box::new(Inner { message, said: None, cause: None, total }))
    }

    /// What a chart says with `fail` or `required`.
    pub(crate) fn said(message: impl Into<String>) -> Self {
        let message = message.into();
        let total = message.len();
        Failure(Box::new(Inner {
            message: message.clone(),
            said: Some(message),
            cause: None,
            total,
        }))
    }

    /// The same error with something said before it.
    pub(crate) fn wrapped(self, before: impl AsRef<str>) -> Self {
        if self.0.total > LONGEST_CHAIN {
            return self;
        }
        let message = format!("{}{}", before.as_ref(), self.0.message);
        let said = self.0.said.clone();
        let total = self.0.total + message.len();
        Failure(Box::new(Inner { message, said, cause: Some(self), total }))
    }

    /// The error as Helm prints it: what the chart said with the place where it was rendered; for errors of the
    /// language one paragraph for each template on the way; and the bare text for errors of functions.
    pub(crate) fn report(&self) -> String {
        let parts: Vec<&str> = self.0.message.splitn(3, ": ").collect();
        let [_, location, _] = parts[..] else { return self.0.message.clone() };
        if let Some(said) = &self.0.said {
            return format!("execution error at ({location}): {said}");
        }
        let mut steps: Vec<String> = Vec::new();
        let mut current = Some(self);
        while let Some(failure) = current {
            let Some(step) = describe(&failure.0.message) else { return self.0.message.clone() };
            if steps.last() != Some(&step) {
                steps.push(step);
            }
            current = failure.0.cause.as_ref();
        }
        steps.concat().trim().to_owned()
    }
}

/// One step of the chain in paragraphs; none where the text is not an error of the language.
fn describe(message: &str) -> Option<String> {
    let rest = message.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{message}\n"));
    }
    let without_next = |text: &str| text.find(" template:").map_or(text.len(), |end| end);
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

    #[test]
    fn errors_have_helms_shapes() {
        let place = r#"template: c/templates/a.yaml:6:8: executing "c/templates/a.yaml" at <include "x" .>: "#;
        let check = |failure: Failure, expected: &str| assert_eq!(failure.report(), expected);
        check(
            Failure::said("deep: down").wrapped("error calling fail: ").wrapped(place),
            "execution error at (c/templates/a.yaml:6:8): deep: down",
        );
        check(
            Failure::new(format!("{place}nil pointer evaluating interface {{}}.foo")),
            "c/templates/a.yaml:6:8\n  executing \"c/templates/a.yaml\" at <include \"x\" .>:\n    nil pointer evaluating interface {}.foo",
        );
        check(
            Failure::new("no").wrapped("error calling eq: ").wrapped(place),
            &format!("{place}error calling eq: no"),
        );
        check(
            Failure::new("template: no template \"x\" associated with template \"gotpl\"")
                .wrapped(format!("{place}error calling include: ")),
            "c/templates/a.yaml:6:8\n  executing \"c/templates/a.yaml\" at <include \"x\" .>:\n    error calling include:\ntemplate: no template \"x\" associated with template \"gotpl\"",
        );
    }
}
