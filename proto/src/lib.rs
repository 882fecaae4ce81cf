//! Terraform's plugin protocol 6 and the go-plugin services, in our own proto text.
