//! Builds the nodes of the first document of a text from its tokens.

use std::borrow::Cow;
use std::collections::HashMap;

use super::node::{Document, Mark, Node, NodeId, NodeKind};
use super::scanner::{Problem, Scan, Scanner, Token, TokenKind};
use crate::bounds;

/// Parses the first document. A text without any has none.
pub(crate) fn parse(text: &str) -> Scan<Option<Document<'_>>> {
    check_characters(text)?;
    let parser = Parser {
        scanner: Scanner::new(text),
        nodes: Vec::new(),
        anchors: HashMap::new(),
        handles: HashMap::new(),
    };
    parser.document()
}

/// Control characters are refused wherever they stand.
fn check_characters(text: &str) -> Scan<()> {
    let is_plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    if text.as_bytes().iter().all(is_plain) {
        return Ok(());
    }
    let refused = |character: char| {
        !matches!(character,
            '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    };
    if text.chars().any(refused) {
        return Err(Problem { message: "control characters are not allowed".into(), line: None });
    }
    Ok(())
}

/// A problem of the parser: its line counts from zero, and the first one is not printed.
fn problem(message: &'static str, mark: Mark, context: Mark) -> Problem {
    let line = if mark.line != 0 { mark.line } else { context.line };
    Problem { message: message.into(), line: (line != 0).then_some(line) }
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    nodes: Vec<Node<'a>>,
    anchors: HashMap<&'a str, NodeId>,
    handles: HashMap<&'a str, String>,
}

/// What precedes the content of a node.
#[derive(Default)]
struct Properties<'a> {
    anchor: Option<&'a str>,
    tag: Option<Cow<'a, str>>,
}

/// Where a node stands, which decides what may follow.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    Block,
    BlockOrIndentlessSequence,
    Flow,
}

/// What a node turns out to be by its first token.
enum Content {
    Nothing,
    Scalar,
    IndentlessSequence,
    BlockSequence,
    BlockMapping,
    FlowSequence,
    FlowMapping,
}

impl<'a> Parser<'a> {
    fn document(mut self) -> Scan<Option<Document<'a>>> {
        let explicit = matches!(
            self.kind()?,
            TokenKind::VersionDirective { .. }
                | TokenKind::TagDirective { .. }
                | TokenKind::DocumentStart
        );
        if matches!(self.kind()?, TokenKind::StreamEnd) {
            return Ok(None);
        }
        self.directives()?;
        let root = if explicit {
            let token = self.scanner.peek()?;
            if token.kind != TokenKind::DocumentStart {
                let mark = token.start;
                return Err(problem(
                    "did not find expected <document start>",
                    mark,
                    Mark::default(),
                ));
            }
            let mark = self.scanner.take()?.end;
            if self.at_document_boundary()? {
                self.empty(mark)?
            } else {
                self.node(Context::Block)?
            }
        } else {
            self.node(Context::Block)?
        };
        // The token after the document is read, so that what it complains about is reported.
        self.kind()?;
        Ok(Some(Document { nodes: self.nodes, root }))
    }

    fn at_document_boundary(&mut self) -> Scan<bool> {
        Ok(matches!(
            self.kind()?,
            TokenKind::VersionDirective { .. }
                | TokenKind::TagDirective { .. }
                | TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
        ))
    }

    fn directives(&mut self) -> Scan<()> {
        let mut version_seen = false;
        loop {
            let token = self.scanner.peek()?.clone();
            match token.kind {
                TokenKind::VersionDirective { .. } if version_seen => {
                    return Err(problem(
                        "found duplicate %YAML directive",
                        token.start,
                        Mark::default(),
                    ));
                }
                TokenKind::VersionDirective { major: 1, minor: 1 } => version_seen = true,
                TokenKind::VersionDirective { .. } => {
                    return Err(problem(
                        "found incompatible YAML document",
                        token.start,
                        Mark::default(),
                    ));
                }
                TokenKind::TagDirective { handle, prefix } => {
                    if self.handles.insert(handle, prefix).is_some() {
                        return Err(problem(
                            "found duplicate %TAG directive",
                            token.start,
                            Mark::default(),
                        ));
                    }
                }
                _ => break,
            }
            self.scanner.take()?;
        }
        self.handles.entry("!").or_insert_with(|| "!".to_owned());
        self.handles.entry("!!").or_insert_with(|| "tag:yaml.org,2002:".to_owned());
        Ok(())
    }

    fn kind(&mut self) -> Scan<&TokenKind<'a>> {
        Ok(&self.scanner.peek()?.kind)
    }

    fn add(
        &mut self,
        kind: NodeKind<'a>,
        tag: Option<Cow<'a, str>>,
        start: Mark,
        end: Mark,
    ) -> Scan<NodeId> {
        if !bounds::pay(bounds::NEW_VALUE) {
            return Err(Problem { message: bounds::TOO_MUCH.into(), line: None });
        }
        self.nodes.push(Node { kind, tag, start, end });
        Ok(NodeId(self.nodes.len() - 1))
    }

    fn empty(&mut self, mark: Mark) -> Scan<NodeId> {
        self.add(NodeKind::Scalar { value: Cow::Borrowed(""), implicit: true }, None, mark, mark)
    }

    fn node(&mut self, context: Context) -> Scan<NodeId> {
        let start = self.scanner.peek()?.start;
        if let TokenKind::Alias(name) = *self.kind()? {
            let end = self.scanner.take()?.end;
            let Some(&target) = self.anchors.get(name) else {
                return Err(Problem {
                    message: format!("unknown anchor '{name}' referenced").into(),
                    line: None,
                });
            };
            return self.add(NodeKind::Alias { name, target }, None, start, end);
        }
        let Properties { anchor, tag } = self.properties(start)?;
        // The node gets its place before its children, so that an anchor can be referred to from within.
        let id = self.empty(start)?;
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        let no_tag = tag.is_none();
        let token = self.scanner.peek()?;
        let (opens, end) = (token.start, token.end);
        let content = match token.kind {
            TokenKind::BlockEntry if context == Context::BlockOrIndentlessSequence => {
                Content::IndentlessSequence
            }
            TokenKind::Scalar { .. } => Content::Scalar,
            TokenKind::FlowSequenceStart => Content::FlowSequence,
            TokenKind::FlowMappingStart => Content::FlowMapping,
            TokenKind::BlockSequenceStart if context != Context::Flow => Content::BlockSequence,
            TokenKind::BlockMappingStart if context != Context::Flow => Content::BlockMapping,
            _ if anchor.is_some() || tag.is_some() => Content::Nothing,
            _ => return Err(problem("did not find expected node content", opens, start)),
        };
        let kind = match content {
            Content::Scalar => self.scalar(tag.as_deref())?,
            Content::Nothing => NodeKind::Scalar { value: Cow::Borrowed(""), implicit: no_tag },
            Content::IndentlessSequence => NodeKind::Sequence(self.indentless_sequence()?),
            Content::FlowSequence => NodeKind::Sequence(self.flow_sequence(opens)?),
            Content::BlockSequence => NodeKind::Sequence(self.block_sequence(opens)?),
            Content::FlowMapping => NodeKind::Mapping(self.flow_mapping(opens)?),
            Content::BlockMapping => NodeKind::Mapping(self.block_mapping(opens)?),
        };
        let end = self.children_end(&kind).unwrap_or(end);
        self.nodes[id.0] = Node { kind, tag, start, end };
        Ok(id)
    }

    fn scalar(&mut self, tag: Option<&str>) -> Scan<NodeKind<'a>> {
        let (value, plain) = match self.scanner.take()?.kind {
            TokenKind::Scalar { value, plain } => (value, plain),
            _ => (Cow::Borrowed(""), true),
        };
        let implicit = if tag.is_none() { plain } else { tag == Some("!") };
        Ok(NodeKind::Scalar { value, implicit })
    }

    fn children_end(&self, kind: &NodeKind<'a>) -> Option<Mark> {
        let last = match kind {
            NodeKind::Sequence(items) => items.last(),
            NodeKind::Mapping(entries) => entries.last().map(|(_, value)| value),
            _ => None,
        };
        last.map(|id| self.nodes[id.0].end)
    }

    fn properties(&mut self, start: Mark) -> Scan<Properties<'a>> {
        let mut properties = Properties::default();
        loop {
            let mark = self.scanner.peek()?.start;
            match self.kind()? {
                TokenKind::Anchor(_) if properties.anchor.is_none() => {}
                TokenKind::Tag { .. } if properties.tag.is_none() => {}
                _ => return Ok(properties),
            }
            match self.scanner.take()?.kind {
                TokenKind::Anchor(name) => properties.anchor = Some(name),
                TokenKind::Tag { handle, suffix } => {
                    properties.tag = Some(self.resolve_tag(handle, suffix, mark, start)?);
                }
                _ => {}
            }
        }
    }

    fn resolve_tag(
        &self,
        handle: &str,
        suffix: String,
        mark: Mark,
        start: Mark,
    ) -> Scan<Cow<'a, str>> {
        if handle.is_empty() {
            return Ok(Cow::Owned(suffix));
        }
        match self.handles.get(handle) {
            Some(prefix) => Ok(Cow::Owned(format!("{prefix}{suffix}"))),
            None => Err(problem("found undefined tag handle", mark, start)),
        }
    }

    fn indentless_sequence(&mut self) -> Scan<Vec<NodeId>> {
        let mut items = Vec::new();
        while *self.kind()? == TokenKind::BlockEntry {
            let mark = self.scanner.take()?.end;
            let empty = matches!(
                self.kind()?,
                TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
            );
            items.push(if empty { self.empty(mark)? } else { self.node(Context::Block)? });
        }
        Ok(items)
    }

    fn block_sequence(&mut self, start: Mark) -> Scan<Vec<NodeId>> {
        self.scanner.take()?;
        let mut items = Vec::new();
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                TokenKind::BlockEntry => {
                    let mark = self.scanner.take()?.end;
                    let empty = matches!(self.kind()?, TokenKind::BlockEntry | TokenKind::BlockEnd);
                    items.push(if empty { self.empty(mark)? } else { self.node(Context::Block)? });
                }
                TokenKind::BlockEnd => {
                    self.scanner.take()?;
                    return Ok(items);
                }
                _ => {
                    return Err(problem("did not find expected '-' indicator", token.start, start));
                }
            }
        }
    }

    fn block_mapping(&mut self, start: Mark) -> Scan<Vec<(NodeId, NodeId)>> {
        self.scanner.take()?;
        let mut entries = Vec::new();
        loop {
            let Token { kind, start: mark, .. } = self.scanner.peek()?;
            let mark = *mark;
            match kind {
                TokenKind::Key => {
                    let mark = self.scanner.take()?.end;
                    let key = self.block_mapping_part(mark)?;
                    let value = self.block_mapping_value()?;
                    entries.push((key, value));
                }
                TokenKind::BlockEnd => {
                    self.scanner.take()?;
                    return Ok(entries);
                }
                _ => return Err(problem("did not find expected key", mark, start)),
            }
        }
    }

    fn block_mapping_value(&mut self) -> Scan<NodeId> {
        let token = self.scanner.peek()?;
        if token.kind != TokenKind::Value {
            let mark = token.start;
            return self.empty(mark);
        }
        let mark = self.scanner.take()?.end;
        self.block_mapping_part(mark)
    }

    fn block_mapping_part(&mut self, mark: Mark) -> Scan<NodeId> {
        if matches!(self.kind()?, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd) {
            self.empty(mark)
        } else {
            self.node(Context::BlockOrIndentlessSequence)
        }
    }

    fn flow_sequence(&mut self, start: Mark) -> Scan<Vec<NodeId>> {
        self.scanner.take()?;
        let mut items = Vec::new();
        let mut first = true;
        loop {
            if !self.continue_flow(
                first,
                TokenKind::FlowSequenceEnd,
                "did not find expected ',' or ']'",
                start,
            )? {
                return Ok(items);
            }
            first = false;
            let token = self.scanner.peek()?;
            if token.kind == TokenKind::Key {
                let (mark, end) = (token.start, token.end);
                self.scanner.take()?;
                let entry = self.flow_pair(end)?;
                items.push(self.add(NodeKind::Mapping(vec![entry]), None, mark, end)?);
            } else {
                items.push(self.node(Context::Flow)?);
            }
        }
    }

    /// A single `key: value` inside a flow sequence.
    fn flow_pair(&mut self, mark: Mark) -> Scan<(NodeId, NodeId)> {
        let ends = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowSequenceEnd];
        let key =
            if ends.contains(self.kind()?) { self.empty(mark)? } else { self.node(Context::Flow)? };
        Ok((key, self.flow_value(&TokenKind::FlowSequenceEnd)?))
    }

    fn flow_mapping(&mut self, start: Mark) -> Scan<Vec<(NodeId, NodeId)>> {
        self.scanner.take()?;
        let mut entries = Vec::new();
        let mut first = true;
        loop {
            if !self.continue_flow(
                first,
                TokenKind::FlowMappingEnd,
                "did not find expected ',' or '}'",
                start,
            )? {
                return Ok(entries);
            }
            first = false;
            let token = self.scanner.peek()?;
            if token.kind != TokenKind::Key {
                let key = self.node(Context::Flow)?;
                let mark = self.scanner.peek()?.start;
                let value = self.empty(mark)?;
                entries.push((key, value));
                continue;
            }
            self.scanner.take()?;
            let ends = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowMappingEnd];
            let token = self.scanner.peek()?;
            let mark = token.start;
            let key = if ends.contains(&token.kind) {
                self.empty(mark)?
            } else {
                self.node(Context::Flow)?
            };
            let value = self.flow_value(&TokenKind::FlowMappingEnd)?;
            entries.push((key, value));
        }
    }

    /// Steps to the next entry of a flow collection; false at its end.
    fn continue_flow(
        &mut self,
        first: bool,
        end: TokenKind<'a>,
        message: &'static str,
        start: Mark,
    ) -> Scan<bool> {
        if *self.kind()? == end {
            self.scanner.take()?;
            return Ok(false);
        }
        if !first {
            let token = self.scanner.peek()?;
            if token.kind != TokenKind::FlowEntry {
                return Err(problem(message, token.start, start));
            }
            self.scanner.take()?;
        }
        if *self.kind()? == end {
            self.scanner.take()?;
            return Ok(false);
        }
        Ok(true)
    }

    fn flow_value(&mut self, end: &TokenKind<'a>) -> Scan<NodeId> {
        if *self.kind()? == TokenKind::Value {
            self.scanner.take()?;
            let kind = self.kind()?;
            if *kind != TokenKind::FlowEntry && kind != end {
                return self.node(Context::Flow);
            }
        }
        let mark = self.scanner.peek()?.start;
        self.empty(mark)
    }
}
