//! Which parts of a rendered file are not known, and whether they decide what a document is.

use std::ops::Range;

use crate::value::{Piece, Text, mark, pieces};
use crate::yaml::{self, NodeId, NodeKind};

/// A text without its marks, and where they were.
#[derive(Default)]
pub(super) struct Unmarked {
    pub(super) text: String,
    /// The parts that are not known, in the order of their starts; an empty one is where there may be something.
    ranges: Vec<Range<usize>>,
    /// For each of these the furthest end of it and those before it.
    ends: Vec<usize>,
    /// Whether whole documents may stand where there is nothing now.
    pub(super) documents: bool,
}

impl Unmarked {
    pub(super) fn of(text: &Text) -> Self {
        let mut unmarked = Unmarked::default();
        let mut open: Vec<usize> = Vec::new();
        for piece in pieces(text.as_bytes()) {
            match piece {
                Piece::Text { bytes, .. } => {
                    unmarked.text.push_str(&String::from_utf8_lossy(bytes))
                }
                Piece::Mark(mark::OPEN) => open.push(unmarked.text.len()),
                Piece::Mark(mark::CLOSE) => {
                    // A mark whose counterpart was cut off still says that something here is not known.
                    let start = open.pop().unwrap_or(unmarked.text.len());
                    unmarked.ranges.push(start..unmarked.text.len());
                }
                Piece::Mark(_) => unmarked.documents = true,
            }
        }
        let end = unmarked.text.len();
        unmarked.ranges.extend(open.into_iter().map(|start| start..end));
        unmarked.ranges.sort_by_key(|range| range.start);
        let further = |furthest: &mut usize, range: &Range<usize>| {
            *furthest = range.end.max(*furthest);
            Some(*furthest)
        };
        unmarked.ends = unmarked.ranges.iter().scan(0, further).collect();
        unmarked
    }

    /// Whether something in a range, or at its edges, is not known.
    pub(super) fn touches(&self, range: &Range<usize>) -> bool {
        let before = self.ranges.partition_point(|unknown| unknown.start <= range.end);
        before.checked_sub(1).is_some_and(|last| self.ends[last] >= range.start)
    }

    /// Whether a document is certain to exist, with the API version, kind, name and namespace that it has now, and to be
    /// a hook only where it is one now.
    pub(super) fn identity_is_known(&self, range: &Range<usize>) -> bool {
        let Ok(Some(document)) = yaml::parse(&self.text[range.clone()]) else { return false };
        if !matches!(document.node(document.root).kind, NodeKind::Mapping(_)) {
            return false;
        }
        let certain = |from: NodeId, to: NodeId| {
            let start = range.start + document.node(from).start.offset;
            let end = range.start + document.node(to).end.offset;
            !self.touches(&(start..end))
        };
        let entry = |mapping: NodeId, key: &str| document.entry(mapping, key);
        let whole = |mapping: NodeId, key: &str| {
            entry(mapping, key).map(|(key, value)| certain(key, value))
        };
        if whole(document.root, "apiVersion") != Some(true)
            || whole(document.root, "kind") != Some(true)
        {
            return false;
        }
        let Some((key, metadata)) = entry(document.root, "metadata") else { return false };
        let named = whole(metadata, "name").or_else(|| whole(metadata, "generateName"));
        if !certain(key, key) || named != Some(true) || whole(metadata, "namespace") == Some(false)
        {
            return false;
        }
        let hook = entry(metadata, "annotations")
            .and_then(|(_, annotations)| whole(annotations, super::HOOK));
        hook != Some(false)
    }
}
