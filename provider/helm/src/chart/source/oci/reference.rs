//! References to charts in registries: `oci://HOST[:PORT]/PATH[:TAG][@DIGEST]`.

use std::fmt;

use super::super::digest::Digest;
use super::RegistryError;

const SCHEME: &str = "oci://";

/// Where a chart is in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Reference {
    /// Host and port, as written.
    pub(super) registry: String,
    /// The path.
    pub(super) repository: String,
    /// The tag, with `_` for `+`.
    pub(super) tag: Option<String>,
    /// The digest of the manifest.
    pub(super) digest: Option<Digest>,
}

/// Whether a text is meant to be a reference into a registry.
pub(in super::super) fn is_reference(text: &str) -> bool {
    text.starts_with(SCHEME)
}

impl Reference {
    pub(in super::super) fn parse(text: &str) -> Result<Self, RegistryError> {
        let wrong = |problem| {
            let text = text.split_once('@').map_or(text, |(before, _)| before).to_owned();
            RegistryError::Reference { text, problem }
        };
        let rest = text.strip_prefix(SCHEME).unwrap_or(text);
        let Some((registry, path)) = rest.split_once('/') else {
            return Err(wrong("there is no path after the host"));
        };
        if registry.contains('@') {
            let text = format!("{SCHEME}…@{}", registry.rsplit('@').next().unwrap_or_default());
            let problem = "name and password do not belong in it, but beside it";
            return Err(RegistryError::Reference { text, problem });
        }
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        if registry.is_empty() || !registry.bytes().all(is_host) {
            return Err(wrong("its host is none"));
        }
        let (path, digest) = match path.split_once('@') {
            None => (path, None),
            Some((path, digest)) => {
                let digest = digest.contains(':').then(|| Digest::parse(digest)).flatten();
                let problem =
                    "after @ there must be a digest, as in sha256: and 64 hexadecimal digits";
                (path, Some(digest.ok_or_else(|| wrong(problem))?))
            }
        };
        let (repository, tag) = match path.rsplit_once(':') {
            None => (path, None),
            Some((repository, tag)) => (repository, Some(tag.replace('+', "_"))),
        };
        if !tag.as_deref().is_none_or(is_tag) {
            return Err(wrong(
                "its tag is none: letters, digits, and . _ - after the first, up to 128",
            ));
        }
        if !is_repository(repository) {
            return Err(wrong(
                "its path must be of lower-case letters and digits, with . _ - between them and / \
                 between its parts",
            ));
        }
        let (registry, repository) = (registry.to_owned(), repository.to_owned());
        Ok(Reference { registry, repository, tag, digest })
    }

    /// Whether it names a tag or a digest.
    pub(in super::super) fn is_complete(&self) -> bool {
        self.tag.is_some() || self.digest.is_some()
    }

    /// The name of the chart, as its path has it.
    pub(super) fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }

    /// The host that answers for the registry, with the port.
    pub(super) fn host(&self) -> &str {
        match self.registry.as_str() {
            "docker.io" | "index.docker.io" => "registry-1.docker.io",
            registry => registry,
        }
    }
}

/// Without tag and digest.
impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{SCHEME}{}/{}", self.registry, self.repository)
    }
}

/// Whether a text is a tag, by the distribution specification.
pub(super) fn is_tag(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=128).contains(&text.len()) && !text.starts_with(['.', '-']) && text.bytes().all(is_inner)
}

/// Whether a text is a repository's name, by the distribution specification.
fn is_repository(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.split('/').all(|part| {
        let ends =
            part.bytes().next().is_some_and(is_word) && part.bytes().last().is_some_and(is_word);
        let mut separators = part.split(|letter: char| letter.is_ascii() && is_word(letter as u8));
        ends && separators.all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<[&str; 4], &str>) {
        let found = Reference::parse(text);
        match (found, expected) {
            (Ok(found), Ok([registry, repository, tag, digest])) => {
                assert_eq!(found.registry, registry, "{text}");
                assert_eq!(found.repository, repository, "{text}");
                assert_eq!(found.tag.unwrap_or_default(), tag, "{text}");
                let found = found.digest.map(|it| it.to_string()).unwrap_or_default();
                assert_eq!(found, digest, "{text}");
            }
            (Err(error), Err(expected)) => {
                let error = error.to_string();
                assert!(error.contains(expected), "{text}: {error}");
                assert!(!error.contains("sesame"), "{error}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn references_are_read() {
        let digest = format!("sha256:{}", "a".repeat(64));
        check("oci://a.example/shop/cart", Ok(["a.example", "shop/cart", "", ""]));
        check("oci://localhost:5000/cart:1.2.3", Ok(["localhost:5000", "cart", "1.2.3", ""]));
        check("oci://[::1]:5000/a__b/c-d--e.f", Ok(["[::1]:5000", "a__b/c-d--e.f", "", ""]));
        check("oci://a.example/cart:1.2.3+x.1", Ok(["a.example", "cart", "1.2.3_x.1", ""]));
        check(&format!("oci://a.example/cart@{digest}"), Ok(["a.example", "cart", "", &digest]));
        check(&format!("oci://a.example/cart:1@{digest}"), Ok(["a.example", "cart", "1", &digest]));
        check("oci://a.example", Err("no path after the host"));
        check("oci:///cart", Err("its host is none"));
        check("oci://a b/cart", Err("its host is none"));
        check("oci://me:sesame@a.example/cart", Err("oci://…@a.example"));
        check("oci://a.example/Cart", Err("lower-case"));
        check("oci://a.example/a//b", Err("lower-case"));
        check("oci://a.example/../b", Err("lower-case"));
        check("oci://a.example/a_-b", Err("lower-case"));
        check("oci://a.example/a?x=y", Err("lower-case"));
        check("oci://a.example/cart:", Err("its tag is none"));
        check("oci://a.example/cart:.x", Err("its tag is none"));
        check("oci://a.example/cart@sha256:abc", Err("there must be a digest"));
        check("oci://a.example/cart@latest", Err("there must be a digest"));
    }

    #[test]
    fn the_hub_answers_elsewhere() {
        let host = |text| Reference::parse(text).unwrap().host().to_owned();
        assert_eq!(host("oci://docker.io/shop/cart"), "registry-1.docker.io");
        assert_eq!(host("oci://a.example:1/shop/cart"), "a.example:1");
    }
}
