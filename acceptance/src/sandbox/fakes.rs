//! The services that the sandbox plays itself because neither emulator has them to the depth that is needed.

pub mod control_plane;
pub mod eks;
pub mod input;
pub mod shapes;
