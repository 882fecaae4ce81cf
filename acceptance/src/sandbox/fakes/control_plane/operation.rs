//! What a Kubernetes request does, in the words of the call record: `apply deployments.apps`, `list pods`.
//!
//! Follows "Kubernetes API Concepts", resource URIs and verbs.

use http::{HeaderMap, Method, Uri, header};

use crate::sandbox::form::Form;

/// The operation of a request: its verb, and resource with group and subresource, or path.
pub fn name(method: &Method, uri: &Uri, headers: &HeaderMap) -> String {
    let parts: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let Some((group, mut rest)) = split_group(&parts) else {
        return format!("{} {}", method.as_str().to_lowercase(), uri.path());
    };
    // A namespace before a resource is its place; alone it is the resource.
    if let ["namespaces", _, resource @ ..] = rest
        && !resource.is_empty()
        && !matches!(resource, ["finalize" | "status"])
    {
        rest = resource;
    }
    let Some((resource, below)) = rest.split_first() else {
        return format!("get {}", uri.path());
    };
    let query = Form::parse(uri.query().unwrap_or_default());
    let verb = verb(method, !below.is_empty(), &query, headers);
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    let subresource = match below {
        [_, subresource, ..] => format!("/{subresource}"),
        _ => String::new(),
    };
    format!("{verb} {resource}{group}{subresource}")
}

fn split_group<'a, 'b>(parts: &'b [&'a str]) -> Option<(&'a str, &'b [&'a str])> {
    match parts {
        ["api", _, rest @ ..] => Some(("", rest)),
        ["apis", group, _, rest @ ..] => Some((group, rest)),
        _ => None,
    }
}

fn verb(method: &Method, named: bool, query: &Form, headers: &HeaderMap) -> &'static str {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    match (method.as_str(), named) {
        ("GET" | "HEAD", _) if matches!(query.get("watch"), Some("true" | "1")) => "watch",
        ("GET" | "HEAD", true) => "get",
        ("GET" | "HEAD", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) if kind.is_some_and(|kind| kind.starts_with("application/apply-patch")) => {
            "apply"
        }
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(method: Method, uri: &'static str, expected: &str) {
        let mut headers = HeaderMap::new();
        if method == Method::PATCH {
            let kind = HeaderValue::from_static("application/apply-patch+yaml");
            headers.insert(header::CONTENT_TYPE, kind);
        }
        assert_eq!(name(&method, &Uri::from_static(uri), &headers), expected);
    }

    #[test]
    fn requests_are_named_by_verb_and_resource() {
        check(Method::GET, "/api/v1/namespaces/x/pods/p", "get pods");
        check(Method::GET, "/api/v1/namespaces/x/pods?limit=500", "list pods");
        check(Method::GET, "/api/v1/pods?watch=true", "watch pods");
        check(Method::GET, "/api/v1/namespaces/x", "get namespaces");
        check(Method::PUT, "/api/v1/namespaces/x/finalize", "update namespaces/finalize");
        check(Method::GET, "/apis/apps/v1/deployments", "list deployments.apps");
        check(
            Method::PATCH,
            "/apis/apps/v1/namespaces/x/deployments/d?fieldManager=f",
            "apply deployments.apps",
        );
        check(Method::POST, "/api/v1/namespaces/x/pods/p/eviction", "create pods/eviction");
        check(Method::DELETE, "/api/v1/namespaces/x/configmaps", "deletecollection configmaps");
        check(Method::DELETE, "/api/v1/nodes/n", "delete nodes");
        check(Method::GET, "/apis/apps/v1", "get /apis/apps/v1");
        check(Method::GET, "/version", "get /version");
        check(Method::GET, "/apis", "get /apis");
    }
}
