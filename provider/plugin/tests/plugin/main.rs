//! The plugin as Terraform meets it: a process of its own, spoken to over its socket.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod core;
mod load;
mod pages;
mod process;
mod protocol;
