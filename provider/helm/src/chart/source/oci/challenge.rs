//! Headers in which a registry says what to ask next: how to authenticate (RFC 9110, section 11.6.1), and where a list
//! goes on (RFC 8288).

use http::HeaderMap;
use http::header::{LINK, WWW_AUTHENTICATE};

use super::super::address::redirected;

/// How a registry wants to be told who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By name and password.
    Basic,
    /// By a token that a server at `realm` gives.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

/// The best of what a registry offers: tokens before passwords.
pub(super) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let offers = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|text| text.to_str().ok());
    let offers: Vec<Challenge> = offers.flat_map(parse).collect();
    let is_bearer = |offer: &&Challenge| matches!(offer, Challenge::Bearer { .. });
    offers.iter().find(is_bearer).or(offers.first()).cloned()
}

/// The path or address of a list's next page.
pub(super) fn next_page(headers: &HeaderMap, address: &str) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|text| text.to_str().ok());
    links
        .flat_map(links_of)
        .find(|(_, parameters)| is_next(parameters))
        .map(|(target, _)| redirected(address, target))
}

/// The targets in a header, each with what is said of it.
fn links_of(text: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    let mut rest = text;
    while let Some((target, after)) =
        rest.split_once('<').and_then(|(_, link)| link.split_once('>'))
    {
        let end = after.find('<').unwrap_or(after.len());
        links.push((target, &after[..end]));
        rest = &after[end..];
    }
    links
}

fn is_next(parameters: &str) -> bool {
    parameters.split([';', ',']).any(|parameter| {
        let relation = parameter.trim().strip_prefix("rel=").map(|it| it.trim_matches('"'));
        relation.is_some_and(|it| it.split(' ').any(|it| it.eq_ignore_ascii_case("next")))
    })
}

/// Reads the offers of one header. A scheme is a word that no `=` follows.
fn parse(text: &str) -> Vec<Challenge> {
    let mut offers: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let end = rest.find([' ', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start_matches(' ');
        match after.strip_prefix('=').filter(|_| !word.is_empty()) {
            Some(after) => {
                let (value, after) = value(after.trim_start_matches(' '));
                if let Some((_, parameters)) = offers.last_mut() {
                    parameters.push((word.to_ascii_lowercase(), value));
                }
                rest = after;
            }
            None if word.is_empty() => rest = rest.get(1..).unwrap_or_default(),
            None => {
                offers.push((word.to_ascii_lowercase(), Vec::new()));
                rest = after;
            }
        }
        rest = rest.trim_start_matches([' ', ',']);
    }
    let known = |(scheme, parameters): (String, Vec<(String, String)>)| {
        let parameter = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        match scheme.as_str() {
            "basic" => Some(Challenge::Basic),
            "bearer" => Some(Challenge::Bearer {
                realm: parameter("realm")?,
                service: parameter("service"),
                scope: parameter("scope"),
            }),
            _ => None,
        }
    };
    offers.into_iter().filter_map(known).collect()
}

/// A parameter's value, quoted or not, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let (service, scope) = (service.map(str::to_owned), scope.map(str::to_owned));
        Challenge::Bearer { realm: realm.to_owned(), service, scope }
    }

    #[test]
    fn challenges_are_read() {
        let check = |texts: &[&str], expected: Option<Challenge>| {
            let headers = texts.iter().map(|text| (WWW_AUTHENTICATE, text.parse().unwrap()));
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name, value);
            }
            assert_eq!(challenge(&map), expected, "{texts:?}");
        };
        let (realm, scope) = ("https://a.example/token", "repository:a/b:pull,push");
        check(
            &[
                r#"Bearer realm="https://a.example/token",service="a.example",scope="repository:a/b:pull,push""#,
            ],
            Some(bearer(realm, Some("a.example"), Some(scope))),
        );
        check(&["bearer Realm=https://a.example/token"], Some(bearer(realm, None, None)));
        check(&[r#"Basic realm="a \"b\", c""#], Some(Challenge::Basic));
        check(&["Basic"], Some(Challenge::Basic));
        check(
            &["Basic realm=\"x\"", r#"Bearer realm="https://a.example/token""#],
            Some(bearer(realm, None, None)),
        );
        check(
            &[r#"Negotiate, Basic realm="x", Bearer realm="https://a.example/token", error="e""#],
            Some(bearer(realm, None, None)),
        );
        check(&["Negotiate"], None);
        check(&["Bearer"], None);
        check(&["=,=\"", "\"", ",,"], None);
        check(&[], None);
    }

    #[test]
    fn a_list_goes_on_where_its_link_says() {
        let check = |text: &str, expected: Option<&str>| {
            let headers = HeaderMap::from_iter([(LINK, text.parse().unwrap())]);
            let address = "https://a.example/v2/b/tags/list";
            assert_eq!(next_page(&headers, address).as_deref(), expected, "{text}");
        };
        check(
            "</v2/b/tags/list?last=c>; rel=\"next\"",
            Some("https://a.example/v2/b/tags/list?last=c"),
        );
        check("<?last=c>; rel=next", Some("https://a.example/v2/b/tags/list?last=c"));
        check("</x>; rel=prev, </y>; rel=\"last next\"", Some("https://a.example/y"));
        check("</x?a=b,c>; rel=\"next\"", Some("https://a.example/x?a=b,c"));
        check("</x>; rel=\"prev\"", None);
        check("nothing", None);
    }
}
