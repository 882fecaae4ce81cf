//! URLs, taken apart and put together.

use super::{Arguments, Failure, Function, Outcome, Type, opaque};
use crate::executor::Executor;
use crate::value::{Map, Value};

pub(super) const FUNCTIONS: &[Function] =
    &[opaque("urlParse", &[Type::Text], parse), opaque("urlJoin", &[Type::Map], join)];

/// The parts of a URL as Go's `net/url` names them.
#[derive(Default)]
struct Parts {
    scheme: String,
    opaque: String,
    userinfo: String,
    host: String,
    path: String,
    query: String,
    fragment: String,
}

fn parse(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(0);
    let text = text.as_str();
    let parts = split(&text)
        .map_err(|error| Failure::new(format!("unable to parse url: parse {text:?}: {error}")))?;
    let hostname = hostname(&parts.host).to_owned();
    Ok(Value::map([
        ("scheme", Value::text(parts.scheme)),
        ("host", Value::text(parts.host)),
        ("hostname", Value::text(hostname)),
        ("path", Value::text(parts.path)),
        ("query", Value::text(parts.query)),
        ("opaque", Value::text(parts.opaque)),
        ("fragment", Value::text(parts.fragment)),
        ("userinfo", Value::text(parts.userinfo)),
    ]))
}

/// A host without its port and brackets.
fn hostname(host: &str) -> &str {
    let without_port = match host.rfind(':') {
        Some(colon)
            if host[colon + 1..].bytes().all(|byte| byte.is_ascii_digit())
                && !host[colon..].contains(']') =>
        {
            &host[..colon]
        }
        _ => host,
    };
    without_port.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(without_port)
}

fn split(text: &str) -> Result<Parts, String> {
    let mut parts = Parts::default();
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    parts.fragment = unescape(fragment)?;
    if rest.is_empty() {
        return Ok(parts);
    }
    let (scheme, rest) = split_scheme(rest)?;
    parts.scheme = scheme.to_lowercase();
    let (mut rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    parts.query = query.to_owned();
    if !rest.starts_with('/') {
        if !parts.scheme.is_empty() {
            parts.opaque = rest.to_owned();
            return Ok(parts);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    if let Some(after) =
        rest.strip_prefix("//").filter(|_| !parts.scheme.is_empty() || !rest.starts_with("///"))
    {
        let end = after.find('/').unwrap_or(after.len());
        let (authority, path) = after.split_at(end);
        let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        parts.userinfo = normalize_userinfo(userinfo)?;
        check_port(host)?;
        parts.host = unescape(host)?;
        rest = path;
    }
    parts.path = unescape(rest)?;
    Ok(parts)
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (index, character) in text.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if index > 0 => {}
            ':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..index], &text[index + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn check_port(host: &str) -> Result<(), String> {
    let port = match host.rfind(']') {
        Some(bracket) => &host[bracket + 1..],
        None => host.find(':').map_or("", |colon| &host[colon..]),
    };
    let valid = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    if valid { Ok(()) } else { Err(format!("invalid port {port:?} after host")) }
}

fn unescape(text: &str) -> Result<String, String> {
    let mut output = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            output.push(bytes[at]);
            at += 1;
            continue;
        }
        let digits =
            text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(byte) = digits else {
            let shown = text.get(at..(at + 3).min(text.len())).unwrap_or("%");
            return Err(format!("invalid URL escape {shown:?}"));
        };
        output.push(byte);
        at += 3;
    }
    Ok(String::from_utf8_lossy(&output).into_owned())
}

fn normalize_userinfo(userinfo: &str) -> Result<String, String> {
    let (user, password) = match userinfo.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (userinfo, None),
    };
    let user = escape(&unescape(user)?, USER);
    Ok(match password {
        Some(password) => format!("{user}:{}", escape(&unescape(password)?, USER)),
        None => user,
    })
}

/// What stays as it is in each part, besides letters, digits and `-_.~`.
const USER: &str = "$&+,;=";
const PATH: &str = "$&+,/:;=@";
const FRAGMENT: &str = "$&+,/:;=?@!()*";

fn escape(text: &str, kept: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric()
            || "-_.~".contains(character)
            || (byte.is_ascii() && kept.contains(character))
        {
            output.push(character);
        } else {
            output.push_str(&format!("%{byte:02X}"));
        }
    }
    output
}

fn join(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let map = arguments.map(0);
    let part = |name: &str| part(&map, name);
    let (scheme, opaque, host) = (part("scheme")?, part("opaque")?, part("host")?);
    let userinfo = normalize_userinfo(&part("userinfo")?)
        .map_err(|error| Failure::new(format!("unable to parse userinfo in dict: {error}")))?;
    let (path, query, fragment) = (part("path")?, part("query")?, part("fragment")?);
    let mut output = String::new();
    if !scheme.is_empty() {
        output.push_str(&format!("{scheme}:"));
    }
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            if !host.is_empty() || !path.is_empty() || !userinfo.is_empty() {
                output.push_str("//");
            }
            if !userinfo.is_empty() {
                output.push_str(&format!("{userinfo}@"));
            }
            output.push_str(&escape(&host, "!$&'()*+,;=:[]<>\""));
        }
        let path = escape(&path, PATH);
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            output.push('/');
        }
        // Without a scheme a colon in the first segment would be taken for one.
        if output.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':'))
        {
            output.push_str("./");
        }
        output.push_str(&path);
    } else {
        output.push_str(&opaque);
    }
    if !query.is_empty() {
        output.push_str(&format!("?{query}"));
    }
    if !fragment.is_empty() {
        output.push_str(&format!("#{}", escape(&fragment, FRAGMENT)));
    }
    Ok(Value::text(output))
}

fn part(map: &Map, name: &str) -> Result<String, Failure> {
    match map.get(name) {
        None => Ok(String::new()),
        Some(Value::Text(text)) => Ok(text.as_str().into_owned()),
        Some(value) => Err(Failure::new(format!(
            "unable to parse {name} key, must be of type string, but {} found",
            value.kind_name()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_gos_parts() {
        let check = |text: &str, expected: [&str; 7]| {
            let parts = split(text).unwrap();
            let found = [
                parts.scheme,
                parts.opaque,
                parts.userinfo,
                parts.host,
                parts.path,
                parts.query,
                parts.fragment,
            ];
            assert_eq!(found, expected, "{text}");
        };
        check(
            "https://u:p@h.example:8080/a%20b?q=1#f",
            ["https", "", "u:p", "h.example:8080", "/a b", "q=1", "f"],
        );
        check("mailto:a@b", ["mailto", "a@b", "", "", "", "", ""]);
        check("/just/path", ["", "", "", "", "/just/path", "", ""]);
        check("//host/path", ["", "", "", "host", "/path", "", ""]);
        assert!(split("a:b:c/%zz").is_ok());
        assert!(split("http://h:port/").is_err());
        assert_eq!(hostname("[::1]:80"), "::1");
        assert_eq!(hostname("h:80"), "h");
    }
}
