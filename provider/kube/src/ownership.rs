//! Whose an object is: the marks we set, the marks of others we respect.

use std::collections::BTreeMap;

use crate::document::Document;
use crate::path::PathPattern;

/// The marks that make an object ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// Labels, by name.
    pub labels: BTreeMap<String, String>,
    /// Annotations, by name.
    pub annotations: BTreeMap<String, String>,
    /// Labels and annotations that make an object another's whatever their value ([`ARGO_CD_MARKS`]).
    pub foreign_marks: Vec<String>,
}

/// How Argo CD marks what it tracks.
pub const ARGO_CD_MARKS: [&str; 2] =
    ["argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"];

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// It bears every mark of ours.
    Ours,
    /// It bears no mark that speaks against us, but not all of ours.
    Nobody,
    /// It bears a mark of another.
    Other {
        /// The label or annotation.
        mark: String,
        /// Its value.
        value: String,
    },
}

impl Ownership {
    /// Whose a document is.
    pub fn owner(&self, document: &Document) -> Owner {
        for mark in &self.foreign_marks {
            if let Some(value) = document.annotation(mark).or_else(|| document.label(mark)) {
                return Owner::Other { mark: mark.clone(), value: value.to_owned() };
            }
        }
        let labels = self.labels.iter().map(|(mark, ours)| (mark, ours, document.label(mark)));
        let annotations =
            self.annotations.iter().map(|(mark, ours)| (mark, ours, document.annotation(mark)));
        let mut is_complete = true;
        for (mark, ours, found) in labels.chain(annotations) {
            match found {
                Some(found) if found == ours => {}
                Some(found) => return Owner::Other { mark: mark.clone(), value: found.to_owned() },
                None => is_complete = false,
            }
        }
        if is_complete { Owner::Ours } else { Owner::Nobody }
    }

    /// The paths of our marks that a document does not set itself.
    pub(crate) fn marks_beyond(&self, document: &Document) -> Vec<PathPattern> {
        let labels = self.labels.keys().filter(|mark| document.label(mark).is_none());
        let annotations =
            self.annotations.keys().filter(|mark| document.annotation(mark).is_none());
        let labels = labels.map(|mark| PathPattern::of_fields(&["metadata", "labels", mark]));
        labels
            .chain(
                annotations.map(|mark| PathPattern::of_fields(&["metadata", "annotations", mark])),
            )
            .collect()
    }

    /// Sets our marks on a document.
    pub fn mark(&self, document: &mut Document) {
        for (name, value) in &self.labels {
            document.set_label(name, value);
        }
        for (name, value) in &self.annotations {
            document.set_annotation(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ownership() -> Ownership {
        Ownership {
            labels: [("by".to_owned(), "us".to_owned())].into(),
            annotations: [("unit".to_owned(), "a".to_owned())].into(),
            foreign_marks: vec![ARGO_CD_MARKS[0].to_owned()],
        }
    }

    fn document(metadata: Value) -> Document {
        let mut value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
        value["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        Document::new(value).unwrap()
    }

    #[test]
    fn marks_say_whose_an_object_is() {
        let check = |metadata: Value, expected: Owner| {
            assert_eq!(ownership().owner(&document(metadata)), expected)
        };
        let other =
            |mark: &str, value: &str| Owner::Other { mark: mark.into(), value: value.into() };
        check(json!({}), Owner::Nobody);
        check(json!({"labels": {"by": "us"}}), Owner::Nobody);
        check(json!({"labels": {"by": "us"}, "annotations": {"unit": "a"}}), Owner::Ours);
        check(json!({"labels": {"by": "us"}, "annotations": {"unit": "b"}}), other("unit", "b"));
        check(json!({"labels": {"by": "them"}}), other("by", "them"));
        let tracked = json!({"labels": {"by": "us"}, "annotations": {"unit": "a", ARGO_CD_MARKS[0]: "root:x"}});
        check(tracked, other(ARGO_CD_MARKS[0], "root:x"));
    }

    #[test]
    fn a_marked_document_is_ours() {
        let mut marked = document(json!({"annotations": null}));
        ownership().mark(&mut marked);
        assert_eq!(ownership().owner(&marked), Owner::Ours);
        assert_eq!(Ownership::default().owner(&document(json!({}))), Owner::Ours);
    }
}
