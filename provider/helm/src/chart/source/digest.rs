//! Digests of content, written as registries write them: `sha256:` and hexadecimal digits.

use std::fmt;

use sha2::{Digest as _, Sha256, Sha512};

/// The digest of some content.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) struct Digest {
    algorithm: Algorithm,
    /// In lower case, as many as the algorithm has.
    digits: String,
}

/// The algorithms that the OCI image specification registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl Digest {
    /// The SHA-256 digest of content.
    pub(in super::super) fn of(data: &[u8]) -> Self {
        Digest { algorithm: Algorithm::Sha256, digits: hexadecimal(&Sha256::digest(data)) }
    }

    /// Reads `sha256:…` or `sha512:…`; digits alone are of SHA-256, as repositories' indexes have them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (algorithm, digits) = match text.split_once(':') {
            None | Some(("sha256", _)) => (Algorithm::Sha256, 64),
            Some(("sha512", _)) => (Algorithm::Sha512, 128),
            Some(_) => return None,
        };
        let written = text.split_once(':').map_or(text, |(_, written)| written);
        let is_digest =
            written.len() == digits && written.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digest.then(|| Digest { algorithm, digits: written.to_ascii_lowercase() })
    }

    /// Whether this is the digest of content.
    pub(super) fn is_of(&self, data: &[u8]) -> bool {
        *self == self.same_of(data)
    }

    /// The digest of content, by the same algorithm.
    pub(super) fn same_of(&self, data: &[u8]) -> Self {
        let digits = match self.algorithm {
            Algorithm::Sha256 => hexadecimal(&Sha256::digest(data)),
            Algorithm::Sha512 => hexadecimal(&Sha512::digest(data)),
        };
        Digest { algorithm: self.algorithm, digits }
    }

    /// The algorithm's name, and the digits.
    pub(super) fn parts(&self) -> (&'static str, &str) {
        let algorithm = match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        };
        (algorithm, &self.digits)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, digits) = self.parts();
        write!(out, "{algorithm}:{digits}")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_and_compared() {
        let digest = Digest::of(b"abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), text);
        assert_eq!(Digest::parse(text), Some(digest.clone()));
        assert_eq!(Digest::parse(&digest.parts().1.to_uppercase()), Some(digest.clone()));
        assert!(digest.is_of(b"abc") && !digest.is_of(b"abd"));
        let long = format!("sha512:{}", "0".repeat(128));
        assert!(!Digest::parse(&long).unwrap().is_of(b"abc"));
        for wrong in ["", "sha256:", "md5:abc", "sha256:../../x", &text[..70], &format!("{text}0")]
        {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }
}
