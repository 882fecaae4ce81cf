//! Statements of several policies in one list.

use serde_json::Value as Json;
use travel_framework::Diagnostic;
use travel_value::Path;

/// Statements in their order.
#[derive(Debug, Default)]
pub struct Statements(Vec<Json>);

impl Statements {
    /// Adds those of policies of which no two have a statement of the same name.
    ///
    /// # Errors
    /// Where two have, or one is no policy.
    pub fn add_sources(&mut self, documents: &[String]) -> Result<(), Diagnostic> {
        let name = "source_documents";
        for (index, document) in documents.iter().enumerate() {
            let path = Path::attribute(name).index(index);
            for statement in statements_of(document, &path)? {
                if let Some(sid) = self.position(&statement).and_then(|_| sid(&statement)) {
                    let summary = format!("statement {sid:?} is there twice");
                    let detail = "Two source documents have a statement of that Sid. Rename one, or \
                                  give one of them as an override document.";
                    return Err(Diagnostic::error(summary, detail).at(path));
                }
                self.0.push(statement);
            }
        }
        Ok(())
    }

    /// Adds the policy's own, in the place of those of the same name.
    ///
    /// # Errors
    /// Where two of them have the same name.
    pub fn add_own(&mut self, own: impl Iterator<Item = Json>) -> Result<(), Diagnostic> {
        let mut seen = Self::default();
        for (index, statement) in own.enumerate() {
            if let Some(sid) = seen.position(&statement).and_then(|_| sid(&statement)) {
                let summary = format!("statement {sid:?} is there twice");
                let path = Path::attribute("statements").index(index).field("sid");
                return Err(Diagnostic::error(summary, "Give each its own sid.").at(path));
            }
            seen.0.push(statement.clone());
            self.put(statement);
        }
        Ok(())
    }

    /// Adds those of policies, in the place of those of the same name.
    ///
    /// # Errors
    /// Where one is no policy.
    pub fn add_overrides(&mut self, documents: &[String]) -> Result<(), Diagnostic> {
        for (index, document) in documents.iter().enumerate() {
            let path = Path::attribute("override_documents").index(index);
            for statement in statements_of(document, &path)? {
                self.put(statement);
            }
        }
        Ok(())
    }

    /// The list.
    pub fn into_json(self) -> Json {
        Json::Array(self.0)
    }

    fn put(&mut self, statement: Json) {
        match self.position(&statement) {
            Some(position) => self.0[position] = statement,
            None => self.0.push(statement),
        }
    }

    fn position(&self, statement: &Json) -> Option<usize> {
        let wanted = sid(statement)?;
        self.0.iter().position(|other| sid(other) == Some(wanted))
    }
}

fn sid(statement: &Json) -> Option<&str> {
    statement["Sid"].as_str().filter(|sid| !sid.is_empty())
}

fn statements_of(document: &str, path: &Path) -> Result<Vec<Json>, Diagnostic> {
    let refused = |why: String| Diagnostic::error(format!("invalid {path}"), why).at(path.clone());
    let parsed: Json = serde_json::from_str(document)
        .map_err(|error| refused(format!("It is no JSON: {error}.")))?;
    let Json::Object(mut document) = parsed else {
        return Err(refused("It is no policy: a JSON object with a Statement.".to_owned()));
    };
    match document.remove("Statement") {
        Some(Json::Array(statements)) => Ok(statements),
        Some(statement) => Ok(vec![statement]),
        None => Err(refused("It has no Statement.".to_owned())),
    }
}
