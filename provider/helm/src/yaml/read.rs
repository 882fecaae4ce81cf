//! Reads YAML into trees the way `sigs.k8s.io/yaml` reads it into JSON.

use std::borrow::Cow;

use super::node::{Document, NodeId, NodeKind};
use super::parser::parse;
use super::resolve::{self, Scalar};
use crate::number;
use crate::tree::{Tree, TreeMap};

/// Why a text could not be read, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The text is not YAML, or holds something JSON cannot express.
    #[error("error converting YAML to JSON: {0}")]
    Syntax(String),
    /// The text is YAML of another shape than asked for.
    #[error("error unmarshaling JSON: while decoding JSON: {0}")]
    Shape(String),
    /// A line that starts like a separator of documents and is none.
    #[error("invalid Yaml document separator: {0}")]
    Separator(String),
}

/// Reads the first document of a text. An empty text is null.
///
/// # Errors
/// What is wrong with the text, with its line.
pub fn read(text: &str) -> Result<Tree, ReadError> {
    read_node(text).map_err(ReadError::Syntax)
}

fn read_node(text: &str) -> Result<Tree, String> {
    let document = parse(text).map_err(|problem| problem.to_string())?;
    let Some(document) = document else { return Ok(Tree::Null) };
    let mut decoder = Decoder {
        document: &document,
        open_aliases: Vec::new(),
        depth: 0,
        decoded: 0,
        decoded_by_alias: 0,
        text_by_alias: 0,
    };
    decoder.node(document.root)
}

/// Reads every document of a stream that is split at lines starting with `---`, as Kubernetes' reader splits it.
/// Empty documents are left out.
///
/// # Errors
/// What is wrong with the first document that cannot be read.
pub fn read_documents(text: &str) -> Result<Vec<Tree>, ReadError> {
    let mut trees = Vec::new();
    for document in split_documents(text)? {
        match read(document)? {
            Tree::Null => {}
            tree => trees.push(tree),
        }
    }
    Ok(trees)
}

/// The pieces between lines that start with `---`, as Kubernetes' reader splits them.
pub(crate) fn split_documents(text: &str) -> Result<Vec<&str>, ReadError> {
    let mut documents = Vec::new();
    let mut start = 0;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                return Err(ReadError::Separator(rest.to_owned()));
            }
            if offset > start {
                documents.push(&text[start..offset]);
            }
            start = offset + line.len();
        }
        offset += line.len();
    }
    if start < text.len() {
        documents.push(&text[start..]);
    }
    Ok(documents)
}

/// Collections nest no deeper than this, whatever they are made of.
const DEEPEST: usize = 1_000;
/// So much text, in bytes, may come of aliases.
const MOST_TEXT_BY_ALIAS: usize = 16 << 20;
const EXCESSIVE_ALIASING: &str = "yaml: document contains excessive aliasing";

/// Turns nodes into trees.
struct Decoder<'d, 'a> {
    document: &'d Document<'a>,
    open_aliases: Vec<NodeId>,
    depth: usize,
    decoded: usize,
    decoded_by_alias: usize,
    text_by_alias: usize,
}

impl Decoder<'_, '_> {
    fn node(&mut self, id: NodeId) -> Result<Tree, String> {
        self.count()?;
        self.descend()?;
        let tree = self.content(id)?;
        self.depth -= 1;
        Ok(tree)
    }

    /// One level deeper. Aliases put together what is not deep by itself.
    fn descend(&mut self) -> Result<(), String> {
        if self.depth > DEEPEST {
            return Err(format!("yaml: exceeded max depth of {DEEPEST}"));
        }
        self.depth += 1;
        Ok(())
    }

    fn content(&mut self, id: NodeId) -> Result<Tree, String> {
        let node = self.document.node(id);
        match &node.kind {
            NodeKind::Scalar { value, implicit } => {
                Ok(scalar_tree(self.scalar(value, *implicit, node.tag.as_deref())?))
            }
            NodeKind::Sequence(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(self.node(*item)?);
                }
                Ok(Tree::List(list))
            }
            NodeKind::Mapping(_) => {
                let mut map = TreeMap::new();
                self.mapping(id, &mut map)?;
                Ok(Tree::Map(map))
            }
            NodeKind::Alias { name, target } => {
                self.through_alias(name, *target, |decoder| decoder.node(*target))
            }
        }
    }

    /// Small documents may consist of aliases, large ones may not: a document cannot grow without bound.
    fn count(&mut self) -> Result<(), String> {
        const LOW: usize = 400_000;
        const HIGH: usize = 4_000_000;
        self.decoded += 1;
        if !self.open_aliases.is_empty() {
            self.decoded_by_alias += 1;
        }
        if self.decoded_by_alias <= 100 || self.decoded <= 1_000 {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of nodes stay far below 2^52")]
        let (decoded, by_alias) = (self.decoded as f64, self.decoded_by_alias as f64);
        #[expect(clippy::cast_precision_loss, reason = "small constants")]
        let position = ((decoded - LOW as f64) / (HIGH - LOW) as f64).clamp(0.0, 1.0);
        if by_alias / decoded > 0.99 - 0.89 * position {
            return Err(EXCESSIVE_ALIASING.to_owned());
        }
        Ok(())
    }

    /// A scalar with its type. By aliases a long text can be had many times over.
    fn scalar<'s>(
        &mut self,
        value: &'s str,
        implicit: bool,
        tag: Option<&str>,
    ) -> Result<Scalar<'s>, String> {
        if !self.open_aliases.is_empty() {
            self.text_by_alias += value.len();
        }
        if self.text_by_alias > MOST_TEXT_BY_ALIAS {
            return Err(EXCESSIVE_ALIASING.to_owned());
        }
        resolve_scalar(value, implicit, tag)
    }

    fn through_alias<T>(
        &mut self,
        name: &str,
        target: NodeId,
        decode: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if self.open_aliases.contains(&target) {
            return Err(format!("yaml: anchor '{name}' value contains itself"));
        }
        self.open_aliases.push(target);
        self.descend()?;
        let result = decode(self)?;
        self.depth -= 1;
        self.open_aliases.pop();
        Ok(result)
    }

    /// Adds the entries of a mapping in their order, so that later ones win, merged ones included.
    fn mapping(&mut self, id: NodeId, map: &mut TreeMap) -> Result<(), String> {
        let document = self.document;
        let NodeKind::Mapping(entries) = &document.node(id).kind else { return Ok(()) };
        for (key, value) in entries {
            if self.is_merge(*key) {
                self.merge(*value, map)?;
                continue;
            }
            let key = self.key(*key, *value)?;
            let value = self.node(*value)?;
            map.insert(key, value);
        }
        Ok(())
    }

    fn is_merge(&self, id: NodeId) -> bool {
        let node = self.document.node(id);
        match &node.kind {
            NodeKind::Scalar { value, implicit } => {
                value == "<<"
                    && (*implicit || node.tag.as_deref() == Some("tag:yaml.org,2002:merge"))
            }
            _ => false,
        }
    }

    fn merge(&mut self, id: NodeId, map: &mut TreeMap) -> Result<(), String> {
        const WANT_MAP: &str = "yaml: map merge requires map or sequence of maps as the value";
        self.count()?;
        match &self.document.node(id).kind {
            NodeKind::Mapping(_) => self.mapping(id, map),
            NodeKind::Alias { name, target } => {
                if !matches!(self.document.node(*target).kind, NodeKind::Mapping(_)) {
                    return Err(WANT_MAP.to_owned());
                }
                self.through_alias(name, *target, |decoder| decoder.mapping(*target, map))
            }
            NodeKind::Sequence(items) => {
                // Earlier maps win over later ones.
                for item in items.iter().rev() {
                    if matches!(
                        self.document.node(*item).kind,
                        NodeKind::Scalar { .. } | NodeKind::Sequence(_)
                    ) {
                        return Err(WANT_MAP.to_owned());
                    }
                    self.merge(*item, map)?;
                }
                Ok(())
            }
            NodeKind::Scalar { .. } => Err(WANT_MAP.to_owned()),
        }
    }

    /// A key as the text it becomes in JSON.
    fn key(&mut self, id: NodeId, value: NodeId) -> Result<String, String> {
        let document = self.document;
        let node = document.node(id);
        match &node.kind {
            NodeKind::Scalar { value: text, implicit } => {
                match self.scalar(text, *implicit, node.tag.as_deref())? {
                    Scalar::Null => {
                        let value = self.node(value)?;
                        Err(format!(
                            "unsupported map key of type: %!s(<nil>), key: <nil>, value: {}",
                            go_syntax(&value)
                        ))
                    }
                    Scalar::Bool(value) => Ok(value.to_string()),
                    Scalar::Int(value) => Ok(value.to_string()),
                    Scalar::Uint(value) => Ok(value.to_string()),
                    Scalar::Float(value) => Ok(yaml_float(number::format_general_single(value))),
                    Scalar::Timestamp(text) => Ok(text.to_owned()),
                    Scalar::Merge => Ok("<<".to_owned()),
                    Scalar::Text(text) => Ok(text.into_owned()),
                }
            }
            NodeKind::Alias { name, target } => {
                self.through_alias(name, *target, |decoder| decoder.key(*target, value))
            }
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
                Err(format!("yaml: invalid map key: {}", go_syntax(&self.node(id)?)))
            }
        }
    }
}

fn resolve_scalar<'a>(
    value: &'a str,
    implicit: bool,
    tag: Option<&str>,
) -> Result<Scalar<'a>, String> {
    match tag {
        None if implicit => Ok(resolve::resolve_plain(value)),
        None => Ok(Scalar::Text(value.into())),
        Some(tag) => {
            resolve::resolve_tagged(tag, value).map_err(|message| format!("yaml: {message}"))
        }
    }
}

fn scalar_tree(scalar: Scalar<'_>) -> Tree {
    match scalar {
        Scalar::Null => Tree::Null,
        Scalar::Bool(value) => Tree::Bool(value),
        Scalar::Int(value) => Tree::Int(value),
        Scalar::Uint(value) => Tree::Uint(value),
        Scalar::Float(value) => Tree::Float(value),
        Scalar::Timestamp(text) => Tree::Text(text.to_owned()),
        Scalar::Merge => Tree::Text("<<".to_owned()),
        Scalar::Text(text) => Tree::Text(text.into_owned()),
    }
}

/// A float in go-yaml's spelling of the special values.
pub(super) fn yaml_float(text: String) -> String {
    match text.as_str() {
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        "NaN" => ".nan".to_owned(),
        _ => text,
    }
}

/// A value in Go's syntax, as errors quote it.
fn go_syntax(tree: &Tree) -> String {
    match tree {
        Tree::Null | Tree::Unknown => "interface {}(nil)".to_owned(),
        Tree::Bool(value) => value.to_string(),
        Tree::Int(value) => value.to_string(),
        Tree::Uint(value) => format!("{value:#x}"),
        Tree::Float(value) => number::format_general(*value),
        Tree::Text(value) => format!("{value:?}"),
        Tree::List(items) => {
            let items: Vec<_> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Tree::Map(map) => {
            let entries: Vec<_> =
                map.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value))).collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
        }
    }
}

/// The name of a value's type in the errors of Go's JSON decoder.
pub(crate) fn type_name(tree: &Tree) -> &'static str {
    match tree {
        Tree::Null | Tree::Unknown => "null",
        Tree::Bool(_) => "bool",
        Tree::Int(_) | Tree::Uint(_) | Tree::Float(_) => "number",
        Tree::Text(_) => "string",
        Tree::List(_) => "array",
        Tree::Map(_) => "object",
    }
}

/// A value that is read into a field of text: numbers and booleans become text, null the empty text.
pub(crate) fn coerce_text(tree: &Tree) -> Option<Cow<'_, str>> {
    match tree {
        Tree::Null => Some("".into()),
        Tree::Text(text) => Some(text.into()),
        Tree::Bool(value) => Some(value.to_string().into()),
        Tree::Int(value) => Some(value.to_string().into()),
        Tree::Uint(value) => Some(value.to_string().into()),
        Tree::Float(value) => Some(number::format_general_single(*value).into()),
        Tree::List(_) | Tree::Map(_) | Tree::Unknown => None,
    }
}

#[cfg(test)]
mod tests;
