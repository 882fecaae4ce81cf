//! The command `travel-sandbox`.

fn main() {}
