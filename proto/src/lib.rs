//! Terraform's plugin protocol 6 and the go-plugin services, in our own proto text.
//!
//! The Rust in `gen/` is made from the `.proto` files beside this crate's manifest by
//! `cargo run -p travel-proto --example generate`; a test fails when it is stale.

/// Terraform's plugin protocol 6, up to minor 10.
#[expect(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "the generator writes as it likes"
)]
pub mod tfplugin6 {
    include!("gen/tfplugin6.rs");
}

/// What go-plugin expects of every plugin: shutdown, standard streams, further connections.
#[expect(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "the generator writes as it likes"
)]
pub mod plugin {
    include!("gen/plugin.rs");
}

/// The health check that gRPC clients have in common.
#[expect(
    missing_docs,
    clippy::allow_attributes_without_reason,
    reason = "the generator writes as it likes"
)]
pub mod health {
    include!("gen/grpc.health.v1.rs");
}

/// All three protocols as an encoded `FileDescriptorSet`, for servers that answer reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!("gen/descriptors.bin");
