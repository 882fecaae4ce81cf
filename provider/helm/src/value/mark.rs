//! The characters that mark, inside text, what is not known. Unicode reserves them for such inner use.

/// Opens a part that is not known.
pub(crate) const OPEN: char = '\u{fdd0}';
/// Closes a part that is not known.
pub(crate) const CLOSE: char = '\u{fdd1}';
/// Says that whole documents may stand here, or may not.
pub(crate) const DOCUMENTS: char = '\u{fdd2}';

/// Whether a character is one of them.
pub(crate) fn is_mark(character: char) -> bool {
    matches!(character, OPEN | CLOSE | DOCUMENTS)
}
