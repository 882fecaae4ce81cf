//! Reading a cluster's refusals: the `Status` object of the Kubernetes API, or whatever a proxy in between says.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::error::{ErrorKind, FieldConflict, FieldConflicts, InvalidField};

/// What an unsuccessful answer means.
pub(super) fn error_kind(status: StatusCode, body: &[u8], attempts: u32) -> ErrorKind {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    let (reason, mut message) = (text("reason"), text("message"));
    if message.is_empty() {
        message = foreign_message(status, body);
    }
    let code = status.as_u16();
    match (code, reason.as_str()) {
        (401, _) => ErrorKind::Unauthorized { message },
        (403, _) => ErrorKind::Forbidden { message },
        (404, _) => ErrorKind::NotFound { message },
        (409, "AlreadyExists") => ErrorKind::AlreadyExists { message },
        (409, _) => {
            let fields = field_conflicts(&answer);
            if fields.is_empty() {
                ErrorKind::Modified { message }
            } else {
                ErrorKind::FieldConflict(FieldConflicts { fields })
            }
        }
        (410, _) => ErrorKind::Expired { message },
        (400 | 422, _) => ErrorKind::Invalid { message, fields: invalid_fields(&answer) },
        (500, _) if is_unmergeable(&message) => {
            let fields = unmergeable_fields(&message);
            ErrorKind::Invalid { message, fields }
        }
        (429 | 500 | 502 | 503 | 504, _) => ErrorKind::Busy { status: code, attempts, message },
        _ => ErrorKind::Refused { status: code, reason, message },
    }
}

/// Whether a conflict is one between writers that another attempt gets past: the API server itself gave up merging.
pub(super) fn is_passing_conflict(status: StatusCode, body: &[u8]) -> bool {
    if status != StatusCode::CONFLICT {
        return false;
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = answer["message"].as_str().unwrap_or_default();
    // A precondition that fails fails again, and so does a write that names the version it expects.
    answer["reason"] == "Conflict"
        && field_conflicts(&answer).is_empty()
        && message.contains("please apply your changes to the latest version")
        && message.contains("Operation cannot be fulfilled")
        && !message.contains("StorageError")
        && !message.contains("recondition")
}

/// Whether a server error is a verdict on the document, which no other attempt changes.
pub(super) fn is_verdict(status: StatusCode, body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    status == StatusCode::INTERNAL_SERVER_ERROR
        && is_unmergeable(answer["message"].as_str().unwrap_or_default())
}

/// What the API server's merge says, by a 500, of a document with fields its schema does not have, or with two items of
/// one key.
fn is_unmergeable(message: &str) -> bool {
    message.starts_with("failed to create typed")
}

/// The fields the merge complains of: "failed to create typed patch object (…): .spec.x: why", or a line for each.
fn unmergeable_fields(message: &str) -> Vec<InvalidField> {
    let complaints = message.split_once("): ").map_or(message, |(_, complaints)| complaints);
    let pairs = complaints.lines().filter_map(|line| line.trim().split_once(": "));
    let fields = pairs.filter(|(field, _)| field.starts_with('.')).map(|(field, why)| {
        InvalidField { field: field.to_owned(), reason: String::new(), message: why.to_owned() }
    });
    fields.collect()
}

/// The texts of the Warning headers (RFC 7234, 299 "-" "text"), each once.
pub(super) fn warnings(headers: &HeaderMap) -> Vec<String> {
    let mut warnings = Vec::new();
    for header in headers.get_all(http::header::WARNING) {
        let Ok(text) = header.to_str() else { continue };
        let quoted = text.splitn(3, ' ').nth(2).unwrap_or(text).trim();
        let inner =
            quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
        let plain = inner.replace("\\\"", "\"").replace("\\\\", "\\");
        if !warnings.contains(&plain) {
            warnings.push(plain);
        }
    }
    warnings
}

fn field_conflicts(answer: &Value) -> Vec<FieldConflict> {
    let causes = answer["details"]["causes"].as_array().into_iter().flatten();
    let conflicts = causes.filter(|cause| cause["reason"] == "FieldManagerConflict").map(|cause| {
        let message = cause["message"].as_str().unwrap_or_default();
        // The message is: conflict with "manager" [with subresource "s"] using v1 [at time].
        let manager = message.split('"').nth(1).unwrap_or(message).to_owned();
        FieldConflict { manager, field: cause["field"].as_str().unwrap_or_default().to_owned() }
    });
    conflicts.collect()
}

fn invalid_fields(answer: &Value) -> Vec<InvalidField> {
    let causes = answer["details"]["causes"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = causes.map(|cause| InvalidField {
        field: text(&cause["field"]),
        reason: text(&cause["reason"]),
        message: text(&cause["message"]),
    });
    fields.collect()
}

/// What to say of an answer that is no Status: its first line, as a proxy or load balancer writes it.
fn foreign_message(status: StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line: String = line.chars().take(200).collect();
    if line.is_empty() || line.starts_with('<') || line.starts_with('{') {
        return status.canonical_reason().unwrap_or("no reason given").to_lowercase();
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(status: u16, body: &Value, expected: &str) {
        let kind =
            error_kind(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes(), 3);
        assert_eq!(kind.to_string(), expected);
    }

    #[test]
    fn refusals_are_told_apart() {
        let status = |reason: &str, message: &str| json!({"kind": "Status", "reason": reason, "message": message});
        check(
            401,
            &status("Unauthorized", "Unauthorized"),
            "the cluster does not accept the credentials (401): Unauthorized",
        );
        check(403, &status("Forbidden", "no"), "forbidden (403): no");
        check(404, &status("NotFound", "no x"), "not found (404): no x");
        check(409, &status("AlreadyExists", "there"), "it exists already (409): there");
        check(
            409,
            &status("Conflict", "late"),
            "the object was changed by someone else meanwhile (409): late",
        );
        check(410, &status("Expired", "old"), "the list's place is no longer known (410): old");
        check(422, &status("Invalid", "bad"), "the cluster finds the document invalid: bad");
        check(
            503,
            &status("ServiceUnavailable", "down"),
            "the cluster answered 503 to each of 3 attempts: down",
        );
        check(
            405,
            &status("MethodNotAllowed", "no"),
            "the cluster refused (405 MethodNotAllowed): no",
        );
    }

    #[test]
    fn conflicts_name_field_and_manager() {
        let cause = |manager: &str, field: &str| {
            let message =
                format!("conflict with {manager:?} using apps/v1 at 2026-01-01T00:00:00Z");
            json!({"reason": "FieldManagerConflict", "message": message, "field": field})
        };
        let causes = json!([cause("kubectl-edit", ".spec.replicas"), cause("hpa", ".spec.paused")]);
        check(
            409,
            &json!({"reason": "Conflict", "message": "m", "details": {"causes": causes}}),
            "other field managers own fields with other values: .spec.replicas by \"kubectl-edit\", .spec.paused by \
             \"hpa\"; leave these fields out, or force the apply to take them over",
        );
    }

    #[test]
    fn answers_of_others_are_shown_shortly() {
        let check = |status: u16, body: &str, expected: &str| {
            let kind = error_kind(StatusCode::from_u16(status).unwrap(), body.as_bytes(), 1);
            assert_eq!(kind.to_string(), expected);
        };
        check(403, "<html><body>denied</body></html>", "forbidden (403): forbidden");
        check(404, "404 page not found\n", "not found (404): 404 page not found");
        check(404, "", "not found (404): not found");
    }

    #[test]
    fn only_conflicts_between_writers_pass() {
        let check = |status: u16, body: Value, expected: bool| {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                is_passing_conflict(status, body.to_string().as_bytes()),
                expected,
                "{body}"
            );
        };
        let words = "Operation cannot be fulfilled on deployments.apps \"a\": the object has been modified; please apply \
                     your changes to the latest version and try again";
        check(409, json!({"reason": "Conflict", "message": words}), true);
        check(409, json!({"reason": "AlreadyExists", "message": "x already exists"}), false);
        check(
            409,
            json!({"reason": "Conflict", "message": "Precondition failed: UID in precondition: a"}),
            false,
        );
        check(200, json!({"reason": "Conflict", "message": words}), false);
    }

    #[test]
    fn warnings_are_unquoted_and_unique() {
        let mut headers = HeaderMap::new();
        headers.append("warning", r#"299 - "unknown field \"spec.x\"""#.parse().unwrap());
        headers.append("warning", r#"299 - "unknown field \"spec.x\"""#.parse().unwrap());
        headers.append("warning", r#"299 - "policy/v1beta1 is deprecated""#.parse().unwrap());
        assert_eq!(
            warnings(&headers),
            ["unknown field \"spec.x\"", "policy/v1beta1 is deprecated"]
        );
    }
}
