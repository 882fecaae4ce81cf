//! The command `travel`: what people ask of the provider beside plans and applies. Takes its
//! credentials and endpoints from the same environment.

mod doctor;
mod orphans;
mod states;
mod table;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use travel_aws::survey::Area;
use travel_framework::server::{ConfigureRequest, Server};
use travel_framework::value::Value;
use travel_framework::{Diagnostic, Provider};
use travel_kubernetes::clusters::{ClusterReference, Kubeconfig};
use travel_kubernetes::survey::Wanted;

use crate::registry::{self, Platforms};

const NAME: &str = "travel";
/// What the provider itself is started with by a person.
const OF_PROVIDER: [&str; 4] = ["--debug", "-debug", "--version", "-version"];
/// The futures of composite resources are large.
const THREAD_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Looks after what the travel provider makes.
#[derive(Debug, Parser)]
#[command(name = NAME, version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Orphans(orphans::Arguments),
    Doctor(doctor::Arguments),
}

/// Where to look; shared by all subcommands.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Place {
    /// An account, by its id or name; any number of them. By default all that can be reached
    #[arg(long = "account", value_name = "NAME|ID")]
    accounts: Vec<String>,
    /// A region; any number of them. By default, orphans are looked for in all that are enabled, and
    /// the doctor looks at that of the environment
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// A cluster of EKS to look into: its name, REGION/NAME or ACCOUNT/REGION/NAME
    #[arg(long = "cluster", value_name = "CLUSTER")]
    clusters: Vec<String>,
    /// A kubeconfig file that leads to a cluster to look into
    #[arg(long = "kubeconfig", value_name = "FILE")]
    kubeconfigs: Vec<String>,
}

/// What the subcommands work with: the provider as its registry makes it, configured by the
/// environment alone.
pub struct Session {
    provider: Arc<Provider>,
    platforms: Platforms,
}

/// Whether the process was started as the command, and not as the provider.
pub fn is_meant(arguments: &[OsString]) -> bool {
    let program = arguments.first().and_then(|path| Path::new(path).file_stem());
    let first = arguments.get(1).and_then(|first| first.to_str());
    program.is_some_and(|name| name == NAME)
        || (arguments.len() > 1 && !first.is_some_and(|it| OF_PROVIDER.contains(&it)))
}

/// Carries out the command; what goes wrong is told on standard error.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let cli = Cli::parse_from(arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(THREAD_STACK_BYTES)
        .enable_all()
        .build();
    let outcome = match runtime {
        // Boxed, since it is large.
        Ok(runtime) => runtime.block_on(Box::pin(carry_out(cli))),
        Err(error) => Err(anyhow::Error::new(error).context("failed to start threads")),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn carry_out(cli: Cli) -> anyhow::Result<ExitCode> {
    let session = Session::new().await?;
    match cli.command {
        Command::Orphans(arguments) => orphans::run(&session, &arguments).await,
        Command::Doctor(arguments) => doctor::run(&session, &arguments).await,
    }
}

impl Session {
    async fn new() -> anyhow::Result<Self> {
        let platforms = Platforms::default();
        let provider = Arc::new(registry::provider_on(&platforms));
        let nothing = Value::object::<String>([]);
        let request = ConfigureRequest { config: nothing, core_version: String::new() };
        match provider.configure(request).await.into_iter().find(Diagnostic::is_error) {
            Some(error) => Err(error.into()),
            None => Ok(Self { provider, platforms }),
        }
    }
}

impl Place {
    /// The accounts and regions.
    fn area(&self) -> Area {
        Area { accounts: self.accounts.clone(), regions: self.regions.clone() }
    }

    /// The clusters. One without a place is looked for in each that is named, or else in that of
    /// the environment.
    fn wanted_clusters(&self) -> Vec<(String, Wanted)> {
        let reference = |name: &str, account: Option<&String>, region: Option<&String>| {
            Wanted::Reference(ClusterReference {
                name: name.to_owned(),
                account: account.cloned(),
                region: region.cloned(),
                ..ClusterReference::default()
            })
        };
        let or_default = |named: &[String]| match named {
            [] => vec![None],
            named => named.iter().cloned().map(Some).collect(),
        };
        let mut wanted = Vec::new();
        for cluster in &self.clusters {
            let parts: Vec<String> = cluster.split('/').map(str::to_owned).collect();
            let (name, accounts, regions) = match parts.as_slice() {
                [account, region, name] => {
                    (name, vec![Some(account.clone())], vec![Some(region.clone())])
                }
                [region, name] => (name, or_default(&self.accounts), vec![Some(region.clone())]),
                _ => (cluster, or_default(&self.accounts), or_default(&self.regions)),
            };
            for account in &accounts {
                for region in &regions {
                    let reference = reference(name, account.as_ref(), region.as_ref());
                    wanted.push((cluster.clone(), reference));
                }
            }
        }
        wanted.extend(self.kubeconfigs.iter().map(|path| {
            let kubeconfig = Kubeconfig { path: Some(path.clone()), ..Kubeconfig::default() };
            (path.clone(), Wanted::Kubeconfig(kubeconfig))
        }));
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_and_the_arguments_tell_the_command_from_the_provider() {
        for (arguments, expected) in [
            (&["/p/terraform-provider-travel_v0.1.0"][..], false),
            (&["/p/terraform-provider-travel_v0.1.0", "--debug"], false),
            (&["/p/terraform-provider-travel_v0.1.0", "--version"], false),
            (&["/p/terraform-provider-travel_v0.1.0", "orphans"], true),
            (&["travel"], true),
            (&["/b/travel", "--version"], true),
            (&[], false),
        ] {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(is_meant(&arguments), expected, "{arguments:?}");
        }
    }

    #[test]
    fn the_arguments_fit_together() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_cluster_is_looked_for_where_it_may_be() {
        let check = |cluster: &str, accounts: &[&str], regions: &[&str], expected: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
            let place = Place {
                accounts: owned(accounts),
                regions: owned(regions),
                clusters: owned(&[cluster]),
                kubeconfigs: Vec::new(),
            };
            let found = place.wanted_clusters().into_iter().map(|(_, wanted)| match wanted {
                Wanted::Reference(it) => {
                    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                    format!("{} {} {}", or_none(it.account), or_none(it.region), it.name)
                }
                Wanted::Kubeconfig(_) => "kubeconfig".to_owned(),
            });
            assert_eq!(found.collect::<Vec<String>>(), expected, "{cluster}");
        };
        check("dev", &[], &[], &["- - dev"]);
        check("dev", &["a", "b"], &["r"], &["a r dev", "b r dev"]);
        check("q/dev", &["a"], &["r"], &["a q dev"]);
        check("c/q/dev", &["a"], &["r"], &["c q dev"]);
    }
}
