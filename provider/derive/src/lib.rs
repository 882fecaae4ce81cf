//! The derive macro that turns a struct into a Terraform schema and its conversion.
