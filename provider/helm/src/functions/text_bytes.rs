//! Small operations on text that may be any bytes.

use crate::bounds;
use crate::value::mark;

/// Appends a character.
pub(crate) fn push(output: &mut Vec<u8>, character: char) {
    output.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Writes something between marks, as not known.
pub(crate) fn marked(output: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    push(output, mark::OPEN);
    write(output);
    push(output, mark::CLOSE);
}

/// How many characters there are; a byte that belongs to none counts as one.
pub(crate) fn count_characters(text: &[u8]) -> usize {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// The first so many characters.
pub(crate) fn first_characters(text: &[u8], count: usize) -> &[u8] {
    let mut left = count;
    let mut end = 0;
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if left == 0 {
                return &text[..end];
            }
            left -= 1;
            end += character.len_utf8();
        }
        let taken = chunk.invalid().len().min(left);
        left -= taken;
        end += taken;
    }
    &text[..end]
}

/// Every occurrence replaced. An empty text to find stands before every character and at the end.
pub(crate) fn replace(text: &[u8], find: &[u8], with: &[u8]) -> Vec<u8> {
    let found = match find.len() {
        0 => text.len() + 1,
        _ => memchr::memmem::find_iter(text, find).count(),
    };
    if !bounds::allow(found.saturating_mul(with.len()).saturating_add(text.len())) {
        return Vec::new();
    }
    let mut output = Vec::with_capacity(text.len());
    if find.is_empty() {
        let text = String::from_utf8_lossy(text);
        for character in text.chars() {
            output.extend_from_slice(with);
            push(&mut output, character);
        }
        output.extend_from_slice(with);
        return output;
    }
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, find) {
        output.extend_from_slice(&rest[..at]);
        output.extend_from_slice(with);
        rest = &rest[at + find.len()..];
    }
    output.extend_from_slice(rest);
    output
}

/// The pieces between occurrences of a separator, at most so many. An empty separator splits after every character.
pub(crate) fn split<'a>(text: &'a [u8], separator: &[u8], most: Option<usize>) -> Vec<&'a [u8]> {
    let most = most.unwrap_or(usize::MAX);
    let mut pieces = Vec::new();
    let mut rest = text;
    let has_room = |pieces: &Vec<_>| {
        pieces.len() + 1 < most && bounds::allow(pieces.len() * bounds::NEW_VALUE)
    };
    if separator.is_empty() {
        while !rest.is_empty() && has_room(&pieces) {
            let (first, after) = rest.split_at(first_characters(rest, 1).len());
            pieces.push(first);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(rest);
        }
        return pieces;
    }
    while has_room(&pieces)
        && let Some(at) = memchr::memmem::find(rest, separator)
    {
        pieces.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    pieces.push(rest);
    pieces
}
