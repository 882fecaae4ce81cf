//! What no plan, no error and no log shows: the texts that are hidden, and the key under which the codes
//! that stand for them are made.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use travel_framework::{Diagnostic, Failure};
use travel_value::Value;

/// Texts that no plan and no error shows.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The texts, longest first.
    texts: Vec<String>,
    /// Whether every text is taken for one.
    is_everything: bool,
}

impl Secrets {
    /// The shortest text that is hidden: a shorter one would hide half of everything.
    const SHORTEST: usize = 4;

    /// The texts in a value.
    pub fn of(value: &Value) -> Self {
        let mut texts = Vec::new();
        collect_texts(value, &mut texts);
        Self::from_texts(texts)
    }

    /// These texts, but for those that are too short.
    pub fn from_texts(mut texts: Vec<String>) -> Self {
        texts.retain(|text| text.len() >= Self::SHORTEST);
        let encoded: Vec<String> = texts.iter().flat_map(|text| encodings(text)).collect();
        texts.extend(encoded);
        // What another one is a part of comes first, so that nothing of it is left.
        texts.sort_by(|one, other| (other.len(), other).cmp(&(one.len(), one)));
        texts.dedup();
        Self { texts, is_everything: false }
    }

    /// Whatever there is: no value is shown.
    pub fn everything() -> Self {
        Self { texts: Vec::new(), is_everything: true }
    }

    /// Whether one of them is in a text.
    pub fn are_in(&self, text: &str) -> bool {
        self.is_everything || self.texts.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// A text without them.
    pub fn hidden_in(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "(secret)"))
    }

    /// What a person is told, without them.
    pub fn hidden_from(&self, diagnostic: Diagnostic) -> Diagnostic {
        let detail = self.hidden_in(&diagnostic.detail);
        Diagnostic { detail, ..diagnostic }
    }

    /// A failure that tells none of them.
    pub fn hidden_from_failure(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Failed(diagnostic) => self.hidden_from(*diagnostic).into(),
            Failure::Interrupted => Failure::Interrupted,
        }
    }
}

/// How templates write a text into another: in base64, or quoted as JSON has it, in which Go also quotes what
/// HTML would take for its own.
fn encodings(text: &str) -> [String; 3] {
    let quoted = serde_json::Value::from(text).to_string();
    let quoted = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
    let of_go = quoted.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    [STANDARD.encode(text), quoted.to_owned(), of_go]
}

fn collect_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Dynamic(_, value) => collect_texts(value, texts),
        _ => {
            let elements = value.elements().unwrap_or_default().iter();
            let entries = value.entries().into_iter().flat_map(|entries| entries.values());
            elements.chain(entries).for_each(|inner| collect_texts(inner, texts));
        }
    }
}

/// A random key that no plan shows.
#[derive(Clone)]
pub struct SecretKey(Vec<u8>);

impl SecretKey {
    /// The key that is kept as a text; none where there is none yet.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// The key that is kept as a text, which is made now if there is none yet.
    pub fn read_or_make(text: &mut String) -> Self {
        Self::read(text).unwrap_or_else(|| {
            let bytes: [u8; 32] = rand::random();
            *text = STANDARD.encode(bytes);
            Self(bytes.to_vec())
        })
    }

    /// The key's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// A code of a text, which tells nothing but whether it is the same.
    pub fn code(&self, text: &str) -> String {
        travel_kube::fields::secret_code(&self.0, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_only_whether_it_is_the_same() {
        let key = SecretKey(vec![1]);
        assert_eq!(key.code("a"), key.code("a"));
        assert_ne!(key.code("a"), key.code("b"));
        assert_ne!(key.code("a"), SecretKey(vec![2]).code("a"));
    }
}
