//! YAML as Helm reads and writes it: the semantics of version 1.1 that Go's libyaml port has, down to line numbers in
//! errors, folding and quoting. Charts can tell the difference, so no general crate stands in for it.

mod cursor;
mod directive;
mod node;
mod parser;
mod read;
mod resolve;
mod scalar;
mod scanner;
mod style;
mod write;

pub(crate) use node::{NodeId, NodeKind};
pub(crate) use parser::parse;
pub use read::{ReadError, read, read_documents};
pub(crate) use read::{coerce_text, split_documents, type_name};
pub use write::{WriteError, write, write_pretty};
pub(crate) use write::{to_pretty_yaml, to_yaml};
