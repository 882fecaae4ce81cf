//! Values in MessagePack, as Terraform and its providers send them to each other.
//!
//! Numbers are integers where they fit one, floats where one holds them exactly, else decimal
//! text. An unknown value is an extension, whose body may hold what is known of it. A dynamic
//! value is a pair of its type as JSON and the value itself.

mod decode;
mod encode;
mod reader;

pub use decode::decode;
pub use encode::encode;

/// How deep values may be nested. Types sent as JSON cannot be deeper than this either.
const DEPTH_MAX: usize = 128;

/// The extension of an unknown value of which something is known.
const REFINED: i8 = 12;

/// The keys of what is known of an unknown value.
mod refinement {
    pub const NULL: u64 = 1;
    pub const PREFIX: u64 = 2;
    pub const NUMBER_MIN: u64 = 3;
    pub const NUMBER_MAX: u64 = 4;
    pub const LENGTH_MIN: u64 = 5;
    pub const LENGTH_MAX: u64 = 6;
}

#[cfg(test)]
mod tests;
