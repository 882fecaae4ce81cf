//! Messages that are signed in clear text (RFC 9580, section 7).

use pgp::packet::{Packet, Signature};
use pgp::types::Tag;

use super::error::ProvenanceError;
use super::{LARGEST, armor, key, packets};

const FIRST_LINE: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const MOST_SIGNATURES: usize = 16;

/// A text, and the signatures on it, none of which has been checked.
pub(super) struct Message {
    text: String,
    signatures: Vec<Signature>,
}

impl Message {
    pub(super) fn read(data: &[u8]) -> Result<Self, ProvenanceError> {
        Self::parse(data).map_err(ProvenanceError::Message)
    }

    /// The text, with `\n` between its lines.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text as it was signed.
    pub(super) fn signed(&self) -> String {
        self.text.replace('\n', "\r\n")
    }

    pub(super) fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    fn parse(data: &[u8]) -> Result<Self, &'static str> {
        if data.len() > LARGEST {
            return Err("it is too large");
        }
        let all = std::str::from_utf8(data).map_err(|_| "it is no text")?;
        let (text, rest) = split(all)?;
        Ok(Message { text, signatures: signatures(rest)? })
    }
}

/// The text, and what begins with the armour of its signatures.
fn split(all: &str) -> Result<(String, &str), &'static str> {
    let mut rest = all;
    if next_line(&mut rest).is_none_or(|line| line.trim_end() != FIRST_LINE) {
        return Err("it does not begin as one");
    }
    // The headers only tell which hashes are used, which the signatures say themselves.
    while let Some(line) = next_line(&mut rest).filter(|line| !line.trim_end().is_empty()) {
        if !line.starts_with("Hash: ") {
            return Err("it has another header than that of its hash");
        }
    }
    let mut text = Vec::new();
    loop {
        let signatures = rest;
        let line = next_line(&mut rest).ok_or("it has no signature")?;
        if line.trim_end() == SIGNATURE {
            return Ok((text.join("\n"), signatures));
        }
        // Space at the ends of lines is not signed.
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line).trim_end_matches([' ', '\t']);
        text.push(match line.strip_prefix("- ") {
            Some(escaped) => escaped,
            None if line.starts_with('-') => return Err("a line of it begins with a dash"),
            None => line,
        });
    }
}

/// The next line of a text, with its end; what follows is left.
fn next_line<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let (line, after) = rest.split_at(end);
    *rest = after;
    Some(line).filter(|line| !line.is_empty())
}

fn signatures(armored: &str) -> Result<Vec<Signature>, &'static str> {
    let blocks = armor::blocks(armored, "SIGNATURE")?;
    let [block] = blocks.as_slice() else { return Err("it has more than one block of signatures") };
    let found = packets::packets(block).ok_or("its signature is damaged")?;
    if found.len() > MOST_SIGNATURES || found.iter().any(|(tag, _)| *tag != Tag::Signature) {
        return Err("there is something else than a few signatures in its signature");
    }
    // One that cannot be read is of a kind that nobody here knows; there may be another beside it. One that names
    // nobody is for nobody to check.
    let signatures: Vec<Signature> = found
        .into_iter()
        .filter_map(|(_, packet)| match packet {
            Some(Packet::Signature(it)) if !key::names_nobody(&it) => Some(it),
            _ => None,
        })
        .collect();
    match signatures.is_empty() {
        true => Err("its signature cannot be read, or does not say who has made it"),
        false => Ok(signatures),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let found = split(text);
        let found = found.as_ref().map(|(text, rest)| {
            assert!(rest.starts_with(SIGNATURE), "{rest:?}");
            text.as_str()
        });
        assert_eq!(found.map_err(|problem| *problem), expected, "{text:?}");
    }

    #[test]
    fn the_text_is_what_was_signed_of_it() {
        let message = |head: &str, text: &str| format!("{FIRST_LINE}\n{head}\n{text}{SIGNATURE}\n");
        let hash = "Hash: SHA512\n";
        check(&message(hash, "a: b\n\n...\nc\n"), Ok("a: b\n\n...\nc"));
        check(&message(hash, "a\n").replace('\n', "\r\n"), Ok("a"));
        check(&message("", "- - a\n- -----BEGIN x\n"), Ok("- a\n-----BEGIN x"));
        check(&message(hash, "a \t\n b\n"), Ok("a\n b"));
        check(&message(hash, ""), Ok(""));
        check(&message(hash, "a\n---\n"), Err("a line of it begins with a dash"));
        check(&message("Comment: x\n", "a\n"), Err("it has another header than that of its hash"));
        check(&format!("a\n{}", message(hash, "a\n")), Err("it does not begin as one"));
        check("", Err("it does not begin as one"));
        check(&format!("{FIRST_LINE}\n{hash}\na\n"), Err("it has no signature"));
        check(FIRST_LINE, Err("it has no signature"));
    }

    #[test]
    fn signatures_are_read_or_refused() {
        let check = |armored: &str, expected: &str| {
            assert_eq!(signatures(armored).err(), Some(expected), "{armored:?}");
        };
        let block =
            |digits: &str| format!("{SIGNATURE}\n\n{digits}\n-----END PGP SIGNATURE-----\n");
        let unreadable = "its signature cannot be read, or does not say who has made it";
        check(SIGNATURE, "it ends within its armour");
        check(&block("????"), "its armour is not base64");
        check(&(block("") + &block("")), "it has more than one block of signatures");
        check(&block(""), unreadable);
        // A packet that says that it is longer than it is; one of a user's name; one without content.
        check(&block("wgUE"), "its signature is damaged");
        check(&block("zQFh"), "there is something else than a few signatures in its signature");
        check(&block("wgA="), unreadable);
    }
}
