//! The log's line for each attempt of a call to a cluster, and what it calls the call.

use std::time::Duration;

use http::{Method, StatusCode};
use tracing::Level;

use super::{Call, Failure, RawAnswer};
use crate::error::Unreachable;

/// Writes the line. `cluster` is what the cluster is called.
pub(super) fn write(
    call: &Call,
    cluster: &str,
    attempt: u32,
    outcome: &Result<RawAnswer, Failure>,
    duration: Duration,
) {
    let operation = operation(call);
    let (status, request_id, words) = match outcome {
        Ok((status, headers, _)) => {
            let id = headers.get("audit-id").and_then(|id| id.to_str().ok());
            let words = if status.is_success() { "succeeded" } else { "failed" };
            (Some(*status), id, words)
        }
        Err(Failure::Unreachable(Unreachable::Timeout, _)) => (None, None, "got no answer in time"),
        Err(Failure::Unreachable(..)) => (None, None, "got no answer"),
        Err(Failure::Credentials(_)) => (None, None, "was not made: no credentials"),
    };
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(
                $level,
                service = "kubernetes",
                operation,
                cluster,
                path = call.path,
                attempt,
                status = status.map(|it| it.as_u16()),
                request_id,
                duration_milliseconds = duration.as_millis(),
                "kubernetes:{operation} {words}"
            )
        };
    }
    match status {
        // Whether something is there is often found out by asking for it.
        Some(StatusCode::NOT_FOUND) => line!(Level::DEBUG),
        Some(status) if status.is_success() => line!(Level::DEBUG),
        Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        | None => line!(Level::WARN),
        Some(status) if status.is_server_error() => line!(Level::WARN),
        Some(_) => line!(Level::INFO),
    }
}

/// What a call does, as in `apply deployments.apps`: the verb and the resource with its group and
/// subresource, or the path where it is about none ("Kubernetes API Concepts", resource URIs).
fn operation(call: &Call) -> String {
    let parts: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    let (group, mut rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => ("", [].as_slice()),
    };
    // A namespace before a resource is where it is; alone it is the resource.
    if let ["namespaces", _, resource @ ..] = rest
        && !matches!(resource, [] | ["finalize" | "status"])
    {
        rest = resource;
    }
    let Some((resource, below)) = rest.split_first() else {
        return format!("get {}", call.path);
    };
    let group = if group.is_empty() { String::new() } else { format!(".{group}") };
    let subresource = below.get(1).map(|it| format!("/{it}")).unwrap_or_default();
    format!("{} {resource}{group}{subresource}", verb(call, !below.is_empty()))
}

fn verb(call: &Call, is_named: bool) -> &'static str {
    let is_applied = call.content_type.is_some_and(|it| it.starts_with("application/apply-patch"));
    let is_watched = call.query.iter().any(|(name, value)| *name == "watch" && value == "true");
    match (&call.method, is_named) {
        (&Method::GET, _) if is_watched => "watch",
        (&Method::GET, true) => "get",
        (&Method::GET, false) => "list",
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) if is_applied => "apply",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, true) => "delete",
        (&Method::DELETE, false) => "deletecollection",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_are_named_by_verb_and_resource() {
        let check = |call: Call, expected: &str| assert_eq!(operation(&call), expected);
        let get = |path: &str| Call::get("look", path);
        check(get("/version"), "get /version");
        check(get("/apis/apps/v1"), "get /apis/apps/v1");
        check(get("/api/v1/namespaces/x"), "get namespaces");
        check(get("/api/v1/namespaces/x/pods"), "list pods");
        check(get("/api/v1/pods").with_query("watch", "true"), "watch pods");
        check(get("/apis/apps/v1/namespaces/x/deployments/d"), "get deployments.apps");
        let call = |method, path: &str| Call::new("do", method, path);
        check(call(Method::PUT, "/api/v1/namespaces/x/finalize"), "update namespaces/finalize");
        check(call(Method::POST, "/api/v1/namespaces/x/pods/p/eviction"), "create pods/eviction");
        check(call(Method::DELETE, "/api/v1/nodes/n"), "delete nodes");
        let patch = call(Method::PATCH, "/apis/apps/v1/namespaces/x/deployments/d");
        check(patch.clone(), "patch deployments.apps");
        let applied = patch.with_body("application/apply-patch+yaml", &json!({}));
        check(applied, "apply deployments.apps");
    }
}
