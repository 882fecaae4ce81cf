//! The plugin server: handshake, mutual TLS and the services Terraform calls.
