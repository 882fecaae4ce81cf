//! The parts of an http(s) address, which may hold a name and a password.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;

/// Whether a text is an http(s) address.
pub(super) fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Scheme, host and port.
pub(super) fn origin(address: &str) -> &str {
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find(['/', '?', '#']).map_or(address.len(), |at| start + at);
    &address[..end]
}

/// Host and port.
pub(super) fn authority(address: &str) -> &str {
    let origin = origin(address);
    origin.split_once("://").map_or(origin, |(_, authority)| authority)
}

/// Whether a host, with or without a port, is this machine. Names are not looked up.
pub(super) fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Where a redirect or a link leads.
pub(super) fn redirected(from: &str, to: &str) -> String {
    if is_address(to) {
        return without_credentials(to);
    }
    if to.starts_with("//") {
        let scheme = from.split("//").next().unwrap_or("https:");
        return without_credentials(&format!("{scheme}{to}"));
    }
    if to.starts_with('/') {
        return format!("{}{to}", origin(from));
    }
    let path = from.split(['?', '#']).next().unwrap_or(from);
    if to.starts_with('?') {
        return format!("{path}{to}");
    }
    let folder = path.rfind('/').filter(|at| *at >= origin(from).len());
    match folder {
        Some(at) => format!("{}/{to}", &path[..at]),
        None => format!("{path}/{to}"),
    }
}

/// The name and password in an address, decoded.
pub(super) fn credentials(address: &str) -> Option<Vec<u8>> {
    let authority = origin(address).split_once("://")?.1;
    let (user, _) = authority.rsplit_once('@')?;
    Some(percent_decode_str(user).collect())
}

/// An address without name and password.
pub(super) fn without_credentials(address: &str) -> String {
    let origin = origin(address);
    match origin.split_once("://").zip(origin.rsplit_once('@')) {
        Some(((scheme, _), (_, host))) => format!("{scheme}://{host}{}", &address[origin.len()..]),
        None => address.to_owned(),
    }
}

/// An address for people: also without its query, which may be signed, and so be worth as much as credentials.
pub(super) fn shown(address: &str) -> String {
    without_credentials(address.split(['?', '#']).next().unwrap_or(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_followed_like_links() {
        let check = |to: &str, expected: &str| {
            assert_eq!(redirected("https://a.example/c/b.tgz?x=/y", to), expected);
        };
        check("https://b.example/z", "https://b.example/z");
        check("//b.example/z", "https://b.example/z");
        check("/z", "https://a.example/z");
        check("z", "https://a.example/c/z");
        check("?last=z", "https://a.example/c/b.tgz?last=z");
        assert_eq!(redirected("https://a.example", "z"), "https://a.example/z");
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        assert_eq!(credentials("https://me:p%40ss@a.example/x").unwrap(), b"me:p@ss");
        assert_eq!(credentials("https://a.example/x@y"), None);
        assert_eq!(shown("https://me:pass@a.example/x?signature=y#z"), "https://a.example/x");
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for loopback in ["localhost", "localhost:5000", "127.0.0.1:1", "127.1.2.3", "[::1]:5000"] {
            assert!(is_loopback(loopback), "{loopback}");
        }
        for other in ["localhost.example", "10.0.0.1:5000", "[fe80::1]:5000", "a.example"] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
