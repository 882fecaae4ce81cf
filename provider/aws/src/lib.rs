//! AWS resources, one page each, in folders named like the phases of the platform.
