//! Functions of the provider: pure, so that no cluster and no registry is asked.

pub mod render;
