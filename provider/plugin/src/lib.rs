//! The plugin server: handshake, mutual TLS and the services Terraform calls.
//!
//! [`serve`] is all that a provider's `main` needs. It runs on systems with Unix sockets. What it reads
//! of its environment is in [`handshake`], [`log`] and [`tls`].

mod connection;
mod controller;
mod convert;
mod guard;
pub mod handshake;
mod listener;
pub mod log;
mod process;
mod service;
pub mod tls;

pub use process::serve;
pub use service::ProviderService;

/// What the provider is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginInfo {
    /// Its name, as resources begin with it: `travel`.
    pub name: &'static str,
    /// Its full source address, host included: `registry.terraform.io/travelsources/travel`.
    pub source: &'static str,
    /// Its version, without a `v`.
    pub version: &'static str,
}
