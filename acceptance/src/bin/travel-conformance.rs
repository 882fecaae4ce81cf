//! The command `travel-conformance`: checks what every resource promises, and writes down what was
//! checked.

use std::cmp::Reverse;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use travel_acceptance::case::Case;
use travel_acceptance::conformance::page::{self, Found};
use travel_acceptance::conformance::permissions::{self, Permissions};
use travel_acceptance::conformance::{Check, Counts, Extent, is_left_out, run};

/// Checks what every resource promises.
#[derive(Debug, Parser)]
#[command(name = "travel-conformance", version)]
struct Arguments {
    /// Only this resource.
    #[arg(long)]
    resource: Option<String>,
    /// Only this check; also one that is known to fail.
    #[arg(long)]
    check: Option<Check>,
    /// Kill at every call, each from a fresh start.
    #[arg(long)]
    full: bool,
    /// The page that is written when all checks have run; of one resource, its row.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Only write down the permissions that the resources need, for their pages.
    #[arg(long)]
    write_permissions: bool,
    /// How many sandboxes there are side by side; each takes about a gigabyte, and waits a good deal.
    #[arg(long, default_value_t = 6)]
    jobs: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut cases = match &arguments.resource {
        Some(resource) => vec![Case::of(resource)?],
        None => Case::all()?,
    };
    if arguments.write_permissions {
        return write_permissions(cases, arguments.jobs).await;
    }
    // The longest first, so that none is waited for in the end.
    cases.sort_by_key(|case| Reverse(case.steps.len()));
    let extent = if arguments.full { Extent::Full } else { Extent::Chained };
    let places = Semaphore::new(arguments.jobs.max(1));
    let one = |case: Case| {
        let (only, places) = (arguments.check, &places);
        async move { (case.type_name.clone(), checked(&case, only, extent, places).await) }
    };
    let mut all: FuturesUnordered<_> = cases.into_iter().map(one).collect();
    let (mut found, mut failed) = (Found::new(), Vec::new());
    while let Some((type_name, ended)) = all.next().await {
        match ended {
            Ok(counts) => drop(found.insert(type_name, counts)),
            Err(error) => {
                println!("{type_name}: FAILED: {error:#}");
                failed.push(type_name);
            }
        }
    }
    ensure!(failed.is_empty(), "checks have failed: {}", failed.join(", "));
    if let Some(path) = arguments.page.filter(|_| arguments.check.is_none()) {
        if arguments.resource.is_some() {
            let before = std::fs::read_to_string(&path)
                .with_context(|| format!("failed to read {}", path.display()))?;
            let kept = page::found(&before).into_iter();
            found.extend(kept.filter(|(other, _)| Some(other) != arguments.resource.as_ref()));
        }
        std::fs::write(&path, page::text(&found, extent))
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

async fn write_permissions(cases: Vec<Case>, jobs: usize) -> Result<()> {
    let one = |case: Case| async move {
        let needs = permissions::gather(&case).await.with_context(|| case.type_name.clone())?;
        let needs = needs.context("this machine lacks tools that the case needs")?;
        println!("{}: {:?}", case.type_name, needs.plan);
        // Each by itself, so that one that fails does not cost the others.
        permissions::write(Permissions::from([(case.type_name, needs)]))
    };
    let all: Vec<Result<()>> =
        futures::stream::iter(cases).map(one).buffer_unordered(jobs.max(1)).collect().await;
    let failed: Vec<String> =
        all.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    ensure!(failed.is_empty(), "permissions are missing: {}", failed.join("\n"));
    Ok(())
}

async fn checked(
    case: &Case,
    only: Option<Check>,
    extent: Extent,
    places: &Semaphore,
) -> Result<Counts> {
    let is_kept = |check: &Check| !is_left_out(&case.type_name, *check);
    let checks: Vec<Check> = match only {
        Some(check) => vec![check],
        None => Check::ALL.into_iter().filter(is_kept).collect(),
    };
    let counts = run(case, &checks, extent, places).await?;
    let counts = counts.context("this machine lacks tools that the case needs")?;
    let said: Vec<String> =
        counts.iter().map(|(check, count)| format!("{} {count}", check.name())).collect();
    println!("{}: {}", case.type_name, said.join(", "));
    Ok(counts)
}
