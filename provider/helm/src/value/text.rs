//! Text of a template: any bytes, cheap to copy and to cut.
//!
//! In a plan, what is not known is marked inside the text itself: it stands between two marks, characters that Unicode
//! reserves for such inner use. So the marks survive being indented, quoted and joined, and tell in the end which part
//! of which document is not known.

use std::borrow::Cow;

use bytes::Bytes;

use super::mark::{CLOSE, DOCUMENTS, OPEN};
use crate::bounds;
use crate::functions::text_bytes;

/// The first two bytes of every mark in UTF-8; the third one tells them apart.
const MARK_PREFIX: [u8; 2] = [0xef, 0xb7];
const MARK_LAST: [u8; 3] = [0x90, 0x91, 0x92];
const MARK_LENGTH: usize = 3;

/// Text, in the sense of Go's strings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Text(Bytes);

impl Text {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text with what is not UTF-8 replaced.
    pub(crate) fn as_str(&self) -> Cow<'_, str> {
        // To check is much faster than to look for what has to be replaced, of which there hardly ever is any.
        match std::str::from_utf8(&self.0) {
            Ok(text) => text.into(),
            Err(_) => String::from_utf8_lossy(&self.0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A part of the text, without copying it.
    pub(crate) fn slice(&self, range: impl std::ops::RangeBounds<usize>) -> Text {
        Text(self.0.slice(range))
    }

    /// The part of this text that a slice of its own bytes covers, without copying it.
    pub(crate) fn part(&self, part: &[u8]) -> Text {
        Text(self.0.slice_ref(part))
    }

    /// Whether any part is marked as not known.
    pub(crate) fn is_tainted(&self) -> bool {
        find_mark(&self.0).is_some()
    }

    /// The same text, marked as not known as a whole.
    pub(crate) fn tainted(&self) -> Text {
        bounds::pay(self.len());
        let mut bytes = Vec::with_capacity(self.0.len() + 2 * MARK_LENGTH);
        text_bytes::marked(&mut bytes, |bytes| bytes.extend_from_slice(&self.0));
        Text(bytes.into())
    }

    /// The text without marks.
    pub(crate) fn without_marks(&self) -> Text {
        if !self.is_tainted() {
            return self.clone();
        }
        bounds::pay(self.len());
        let mut bytes = Vec::with_capacity(self.0.len());
        for piece in pieces(&self.0) {
            if let Piece::Text { bytes: text, .. } = piece {
                bytes.extend_from_slice(text);
            }
        }
        Text(bytes.into())
    }

    /// Whether some of the text is known for certain.
    pub(crate) fn has_known_part(&self) -> bool {
        pieces(&self.0).any(
            |piece| matches!(piece, Piece::Text { bytes, tainted: false } if !bytes.is_empty()),
        )
    }
}

/// A part of marked text.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    Text {
        bytes: &'a [u8],
        tainted: bool,
    },
    /// A mark; where no text lies between an opening and a closing one, it is not known whether there is any.
    Mark(char),
}

/// The parts of a marked text in order.
pub(crate) fn pieces(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = bytes;
    let mut open = 0_usize;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match find_mark(rest) {
            Some(0) => {
                let mark = match rest[2] {
                    0x90 => OPEN,
                    0x91 => CLOSE,
                    _ => DOCUMENTS,
                };
                match mark {
                    OPEN => open += 1,
                    CLOSE => open = open.saturating_sub(1),
                    _ => {}
                }
                rest = &rest[MARK_LENGTH..];
                Some(Piece::Mark(mark))
            }
            position => {
                let (text, after) = rest.split_at(position.unwrap_or(rest.len()));
                rest = after;
                Some(Piece::Text { bytes: text, tainted: open > 0 })
            }
        }
    })
}

/// Where the first mark stands.
fn find_mark(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + memchr::memchr(MARK_PREFIX[0], &bytes[from..])?;
        if let Some([_, second, third]) = bytes.get(found..found + MARK_LENGTH)
            && *second == MARK_PREFIX[1]
            && MARK_LAST.contains(third)
        {
            return Some(found);
        }
        from = found + 1;
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}", self.as_str())
    }
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Text(Bytes::copy_from_slice(value.as_bytes()))
    }
}

impl From<String> for Text {
    fn from(value: String) -> Self {
        Text(value.into())
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(value: Cow<'_, str>) -> Self {
        Text(value.into_owned().into())
    }
}

impl From<Vec<u8>> for Text {
    fn from(value: Vec<u8>) -> Self {
        Text(value.into())
    }
}

impl From<Bytes> for Text {
    fn from(value: Bytes) -> Self {
        Text(value)
    }
}

impl From<std::rc::Rc<str>> for Text {
    fn from(value: std::rc::Rc<str>) -> Self {
        Text::from(&*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_and_removed() {
        let inner = Text::from("inner").tainted();
        let text = Text::from(format!("before {} after", inner.as_str()));
        assert!(text.is_tainted());
        assert!(text.has_known_part());
        assert!(!inner.has_known_part());
        assert_eq!(text.without_marks(), Text::from("before inner after"));
        assert!(!Text::from("plain \u{fde3} text").is_tainted());
        let parts: Vec<_> = pieces(text.as_bytes()).collect();
        assert_eq!(
            parts,
            [
                Piece::Text { bytes: b"before ", tainted: false },
                Piece::Mark(OPEN),
                Piece::Text { bytes: b"inner", tainted: true },
                Piece::Mark(CLOSE),
                Piece::Text { bytes: b" after", tainted: false },
            ]
        );
    }
}
