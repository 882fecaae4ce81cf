//! Versions.

use super::{Arguments, Failure, Function, Outcome, Type, opaque};
use crate::executor::Executor;
use crate::semver::{Constraint, SemverError, Version};
use crate::value::{Native, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("semver", &[Type::Text], semver),
    opaque("semverCompare", &[Type::Text, Type::Text], compare),
];

fn failed(error: SemverError) -> Failure {
    Failure::new(error.to_string())
}

fn semver(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let version = Version::parse(&arguments.text(0).as_str()).map_err(failed)?;
    Ok(Value::native(Native::Semver(version)))
}

fn compare(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let constraint = Constraint::parse(&arguments.text(0).as_str()).map_err(failed)?;
    let version = Version::parse(&arguments.text(1).as_str()).map_err(failed)?;
    Ok(Value::Bool(constraint.accepts(&version)))
}
