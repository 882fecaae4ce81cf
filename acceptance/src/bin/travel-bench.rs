//! The command `travel-bench`: what the provider weighs and takes, beside its peers.

use anyhow::Result;
use clap::Parser;
use travel_acceptance::bench::{Arguments, run};

#[tokio::main]
async fn main() -> Result<()> {
    run(&Arguments::parse()).await
}
