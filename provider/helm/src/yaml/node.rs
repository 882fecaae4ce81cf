//! The nodes of a parsed document, in one arena so that aliases can share them.

use std::borrow::Cow;

/// A position in the text. Lines and columns count from zero, columns and characters in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) offset: usize,
    pub(crate) characters: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The place of a node in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(pub(crate) usize);

/// A node with where it stands.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) kind: NodeKind<'a>,
    /// The full tag, if one is written.
    pub(crate) tag: Option<Cow<'a, str>>,
    pub(crate) start: Mark,
    /// The end of a scalar; of a collection, the end of its last part.
    pub(crate) end: Mark,
}

/// What a node holds.
#[derive(Debug)]
pub(crate) enum NodeKind<'a> {
    /// A scalar; `implicit` says that its text decides its type.
    Scalar {
        value: Cow<'a, str>,
        implicit: bool,
    },
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias {
        name: &'a str,
        target: NodeId,
    },
}

/// One document.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    pub(crate) root: NodeId,
}

impl<'a> Document<'a> {
    pub(crate) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0]
    }

    /// The key and value nodes of an entry of a mapping, by the text of its key. The last one wins, as in a map.
    pub(crate) fn entry(&self, mapping: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let NodeKind::Mapping(entries) = &self.node(mapping).kind else { return None };
        entries.iter().rev().copied().find(|(candidate, _)| self.text(*candidate) == Some(key))
    }

    /// The text of a scalar.
    pub(crate) fn text(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).kind {
            NodeKind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }
}
