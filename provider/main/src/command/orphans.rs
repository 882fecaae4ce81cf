//! `travel orphans`: what carries our marks and stands in no state, and its removal.

mod removal;
mod report;

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use travel_aws::survey::{Area, Survey, gap};
use travel_framework::Diagnostic;
use travel_framework::orphan::{Comparison, compare};
use travel_kubernetes::survey::Wanted;

use self::report::Report;
use super::states::{self, Source, States};
use super::{Place, Session};

/// Lists what carries our marks and stands in no state
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Where all states are: a folder, or what their keys in a bucket begin with. By default the
    /// current folder
    #[arg(long = "state", value_name = "FOLDER|s3://BUCKET/PREFIX", default_value = ".")]
    states: Vec<Source>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Remove what is listed, after asking
    #[arg(long)]
    destroy: bool,
    /// Do not ask
    #[arg(long, requires = "destroy")]
    yes: bool,
}

/// Carries it out. The listing is complete, and everything to be destroyed is gone, where it ends in
/// success.
///
/// # Errors
/// Where a state cannot be read.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.destroy && !arguments.yes && (arguments.json || !std::io::stdin().is_terminal()) {
        bail!("--destroy has nobody to ask: add --yes, or run it at a terminal and without --json");
    }
    let descriptions = session.provider.descriptions();
    let keys: BTreeMap<&str, &str> = descriptions.map(|it| (it.type_name, it.key)).collect();
    let states = states::read(&arguments.states, &session.platforms.aws, &keys).await?;
    let clusters = arguments.place.wanted_clusters();
    let Survey { marked, gaps } = look(session, &arguments.place.area(), &clusters).await;
    let Comparison { orphans, duplicates } = compare(marked, &states.held);
    let mut report = Report::new(states.files.clone(), &orphans, duplicates, &gaps);
    let is_meant = arguments.destroy && !orphans.is_empty();
    if !arguments.json {
        warn(&states, &gaps);
        print!("{}", report.text());
    }
    if is_meant && (arguments.yes || confirmed(orphans.len())?) {
        let outcomes = removal::remove(session, orphans, &clusters).await;
        report.note(&outcomes);
        if !arguments.json {
            print!("\n{}", report.outcomes());
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report).context("failed to write JSON")?);
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks at accounts, regions and clusters.
async fn look(session: &Session, area: &Area, clusters: &[(String, Wanted)]) -> Survey {
    let mut survey = session.platforms.aws.survey(area).await;
    // One that is named without its place stands in one of several.
    let mut absent: BTreeMap<&str, bool> = BTreeMap::new();
    for (name, wanted) in clusters {
        let kubernetes = &session.platforms.kubernetes;
        let found = match kubernetes.reach(wanted).await {
            Ok(None) => {
                absent.entry(name).or_insert(true);
                continue;
            }
            Ok(Some(connected)) => kubernetes.survey(wanted, &connected).await,
            Err(error) => Err(error),
        };
        absent.insert(name, false);
        survey.take(&format!("cluster {name}"), found.map_err(Into::into));
    }
    for (name, _) in absent.into_iter().filter(|(_, is_absent)| *is_absent) {
        let error = Diagnostic::error(
            "there is no such cluster",
            "Name it as ACCOUNT/REGION/NAME, or name its account and region besides.",
        );
        survey.gaps.push(gap(&format!("cluster {name}"), error));
    }
    survey
}

fn warn(states: &States, gaps: &[Diagnostic]) {
    for gap in gaps {
        eprintln!("warning: {}: {}", gap.summary, gap.detail);
    }
    if states.files.is_empty() {
        eprintln!("warning: no state was found, so that everything marked counts as an orphan");
    }
}

/// Asks whether to go on.
fn confirmed(number: usize) -> Result<bool> {
    eprint!("\nDestroy these {number} for good, with all they hold? Only yes is taken for it: ");
    std::io::stderr().flush().context("failed to ask")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("failed to read the answer")?;
    Ok(answer.trim() == "yes")
}
