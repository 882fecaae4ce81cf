//! Between the protocol's messages and the framework's types. Nothing outside this crate sees a
//! message.

mod answer;
mod diagnostic;
mod schema;
mod value;

pub use answer::{Answer, log};
pub use diagnostic::diagnostics;
pub use schema::{function, identity_schema, schema};
pub use value::{Values, attribute_path, raw_json};

use travel_framework::value::CodecError;
use travel_framework::{Diagnostic, Diagnostics};

/// Why a request could not be understood, or an answer not be written.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The request names something that the provider does not have.
    #[error("the provider has no {kind} {name:?}")]
    NoSuch {
        /// What it would be: a resource, a data source, a function.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A value in the request is not of the type that the schema gives it.
    #[error("failed to read the {what} that Terraform sent")]
    Decode {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: CodecError,
    },
    /// A value in the answer is not of the type that the schema gives it.
    #[error("failed to write the {what} for Terraform")]
    Encode {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: CodecError,
    },
    /// The state is of a form that no Terraform that speaks this protocol writes.
    #[error("failed to read the state: Terraform 0.11 or older wrote it")]
    Flatmap,
}

impl From<ConvertError> for Diagnostic {
    fn from(error: ConvertError) -> Self {
        let summary = error.to_string();
        match &error {
            ConvertError::NoSuch { .. } => Self::error(
                summary,
                "The configuration or state was written for another version of the provider. \
                 Check the version in the lock file and run init again.",
            ),
            ConvertError::Decode { source, .. } => Self::error(
                summary,
                format!(
                    "{source}. The state or the lock file may belong to another version of the \
                     provider; if it does not, this is a bug. Please report it."
                ),
            )
            .at(source.path()),
            ConvertError::Encode { source, .. } => Self::error(
                summary,
                format!("{source}. This is a bug in the provider. Please report it."),
            )
            .at(source.path()),
            ConvertError::Flatmap => {
                Self::error(summary, "Upgrade the state with Terraform 0.12 or newer first.")
            }
        }
    }
}

impl From<ConvertError> for Diagnostics {
    fn from(error: ConvertError) -> Self {
        Diagnostic::from(error).into()
    }
}
