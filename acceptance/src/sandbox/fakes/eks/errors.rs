//! The errors of EKS, with the members its model gives them.

use crate::sandbox::fakes::shapes::Misfit;
use crate::sandbox::wire::ServiceError;

/// `ResourceNotFoundException`.
pub fn not_found(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", message).with_status(404)
}

/// The error for a cluster that is not there.
pub fn no_cluster(name: &str) -> ServiceError {
    not_found(format!("No cluster found for name: {name}.")).with_member("clusterName", name)
}

/// `ResourceInUseException`.
pub fn in_use(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceInUseException", message).with_status(409)
}

/// `InvalidParameterException`.
pub fn parameter(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}

/// `InvalidRequestException`.
pub fn request(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidRequestException", message)
}

/// `InvalidStateException`.
pub fn state(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidStateException", message)
}

/// `ResourceLimitExceededException`.
pub fn limit(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceLimitExceededException", message)
}

/// What does not fit the model.
pub fn misfit(misfit: &Misfit) -> ServiceError {
    parameter(format!("{} {}", misfit.path, misfit.problem))
}
