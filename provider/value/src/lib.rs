//! Terraform's types and values, and their msgpack and JSON codec.
