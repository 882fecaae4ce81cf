//! What Recycle Bin checks of a rule beyond its model, and the errors it answers with.
//!
//! Follows the Recycle Bin API Reference, and the quotas and retention periods of the Amazon EBS User Guide.

use std::collections::BTreeMap;

use super::rules::Rule;
use crate::sandbox::fakes::shapes::Misfit;
use crate::sandbox::wire::ServiceError;

/// How many tags a rule may have.
const MOST_TAGS: usize = 50;

/// The longest retention period in days, by resource type. The model allows more.
const LONGEST_DAYS: [(&str, i64); 3] =
    [("EBS_SNAPSHOT", 365), ("EC2_IMAGE", 365), ("EBS_VOLUME", 7)];

/// Checks a rule as it is to be after it is created or updated.
///
/// # Errors
/// `ValidationException`.
pub fn check(rule: &Rule) -> Result<(), ServiceError> {
    let kind = rule.resource_type.as_str();
    if let Some((_, longest)) = LONGEST_DAYS.iter().find(|(name, _)| *name == kind)
        && !(1..=*longest).contains(&rule.retention_days)
    {
        let days = rule.retention_days;
        let message = format!(
            "RetentionPeriodValue must be between 1 and {longest} DAYS for {kind}, not {days}"
        );
        return Err(invalid(message));
    }
    if !rule.resource_tags.is_empty() && !rule.exclude_resource_tags.is_empty() {
        return Err(invalid("ExcludeResourceTags cannot be given for a tag-level retention rule"));
    }
    Ok(())
}

/// Checks the tags of a rule itself.
///
/// # Errors
/// `ValidationException`, `ServiceQuotaExceededException`.
pub fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    if let Some(key) = tags.keys().find(|key| key.to_lowercase().starts_with("aws:")) {
        return Err(invalid(format!("the tag key {key} starts with aws:, which is reserved")));
    }
    if tags.len() > MOST_TAGS {
        return Err(exceeded(format!("a retention rule can have {MOST_TAGS} tags at most")));
    }
    Ok(())
}

/// `ValidationException` for a value that is not valid.
pub fn invalid(message: impl Into<String>) -> ServiceError {
    error("ValidationException", 400, "INVALID_PARAMETER_VALUE", message)
}

/// `ValidationException` for a token that no list has given.
pub fn invalid_token(token: &str) -> ServiceError {
    let message = format!("the NextToken {token:?} is not valid");
    error("ValidationException", 400, "INVALID_PAGE_TOKEN", message)
}

/// `ValidationException` for what does not fit the model.
pub fn misfit(misfit: &Misfit) -> ServiceError {
    let reason = match misfit.path.as_str() {
        "NextToken" => "INVALID_PAGE_TOKEN",
        _ => "INVALID_PARAMETER_VALUE",
    };
    let message = format!("{} {}", misfit.path, misfit.problem);
    error("ValidationException", 400, reason, message)
}

/// `ConflictException` for what the state of a rule does not allow.
pub fn conflict(message: impl Into<String>) -> ServiceError {
    error("ConflictException", 409, "INVALID_RULE_STATE", message)
}

/// `ResourceNotFoundException` for a rule, by its id or ARN.
pub fn missing(rule: &str) -> ServiceError {
    let message = format!("the retention rule {rule} does not exist");
    error("ResourceNotFoundException", 404, "RULE_NOT_FOUND", message)
}

/// `ServiceQuotaExceededException`.
pub fn exceeded(message: impl Into<String>) -> ServiceError {
    error("ServiceQuotaExceededException", 402, "SERVICE_QUOTA_EXCEEDED", message)
}

/// An error with the members of the model, whose `Message` is written with a capital.
fn error(code: &str, status: u16, reason: &str, message: impl Into<String>) -> ServiceError {
    let message = message.into();
    ServiceError::new(code, message.clone())
        .with_status(status)
        .with_member("Message", message)
        .with_member("Reason", reason)
}
