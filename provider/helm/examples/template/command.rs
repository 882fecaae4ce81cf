//! What `helm template` does, without a cluster:
//! `NAME CHART [-f FILE]… [--namespace NS] [--kube-version V] [--api-versions LIST]… [--include-crds] [--is-upgrade]
//! [--skip-schema-validation]`.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use travel_helm::chart::Chart;
use travel_helm::{
    Capabilities, KubeVersion, ReleaseContext, RenderError, RenderOptions, Rendering, TreeMap,
    merge_values, read_values, render,
};

/// Runs the command as a program does: prints what comes of it, and exits 1 with the error on standard error.
pub fn main(arguments: &[String]) -> ExitCode {
    let outcome = rendering(arguments);
    let (printed, code) = match &outcome {
        Ok((rendering, include_definitions)) => {
            let mut parts = rendering.template_parts(*include_definitions);
            let mut output = std::io::stdout().lock();
            (parts.try_for_each(|part| output.write_all(part.as_bytes())), ExitCode::SUCCESS)
        }
        Err(message) => (std::io::stderr().write_all(message.as_bytes()), ExitCode::FAILURE),
    };
    if printed.is_err() { ExitCode::FAILURE } else { code }
}

/// What the command prints, or what it says on standard error.
///
/// # Errors
/// What Helm says where it cannot render.
pub fn run(arguments: &[String]) -> Result<String, String> {
    let (rendering, include_definitions) = rendering(arguments)?;
    Ok(rendering.template_output(include_definitions))
}

/// What the chart renders to, and whether its definitions of custom resources are printed.
fn rendering(arguments: &[String]) -> Result<(Rendering, bool), String> {
    let command = Command::parse(arguments).map_err(|problem| format!("Error: {problem}\n"))?;
    Ok((command.run()?, command.include_definitions))
}

#[derive(Default)]
struct Command {
    name: String,
    chart: String,
    values: Vec<String>,
    namespace: String,
    kube_version: String,
    api_versions: Vec<String>,
    include_definitions: bool,
    is_upgrade: bool,
    skip_schema_validation: bool,
}

impl Command {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut command = Command { namespace: "default".to_owned(), ..Command::default() };
        let mut positional = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let (flag, inline) = match argument.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            let mut value = || {
                inline
                    .clone()
                    .or_else(|| arguments.next().cloned())
                    .ok_or(format!("flag needs an argument: {flag}"))
            };
            match flag {
                "-f" | "--values" => command.values.extend(value()?.split(',').map(str::to_owned)),
                "-n" | "--namespace" => command.namespace = value()?,
                "--kube-version" => command.kube_version = value()?,
                "-a" | "--api-versions" => {
                    command.api_versions.extend(value()?.split(',').map(str::to_owned))
                }
                "--include-crds" => command.include_definitions = true,
                "--is-upgrade" => command.is_upgrade = true,
                "--skip-schema-validation" => command.skip_schema_validation = true,
                flag if flag.starts_with('-') => return Err(format!("unknown flag: {flag}")),
                positionals => positional.push(positionals.to_owned()),
            }
        }
        let [name, chart] = positional
            .try_into()
            .map_err(|_| "this command needs 2 arguments: release name, chart")?;
        Ok(Command { name, chart, ..command })
    }

    /// What the chart renders to, or what Helm says on standard error where it cannot be rendered.
    fn run(&self) -> Result<Rendering, String> {
        let error = |message: String| format!("Error: {message}\n");
        let kube_version = if self.kube_version.is_empty() {
            KubeVersion::default()
        } else {
            KubeVersion::parse(&self.kube_version).map_err(|problem| {
                error(format!("invalid kube version '{}': {problem}", self.kube_version))
            })?
        };
        self.locate_chart().map_err(error)?;
        let values = self.read_values().map_err(error)?;
        let loaded =
            Chart::load(Path::new(&self.chart)).map_err(|problem| error(problem.to_string()))?;
        let options = RenderOptions {
            release: ReleaseContext {
                name: self.name.clone(),
                namespace: self.namespace.clone(),
                revision: 1,
                is_upgrade: self.is_upgrade,
            },
            capabilities: Capabilities::declared(kube_version, self.api_versions.iter().cloned()),
            lookup: None,
            planning: false,
            skip_schema_validation: self.skip_schema_validation,
        };
        render(loaded.chart, &values, &options).map_err(|problem| report(&problem))
    }

    /// Refuses a chart that is not there, as Helm does that would look for it in a repository next.
    fn locate_chart(&self) -> Result<(), String> {
        if Path::new(&self.chart).exists() {
            return Ok(());
        }
        match self.chart.split_once('/') {
            Some((repository, _)) if !self.chart.starts_with(['.', '/']) => {
                Err(format!("repo {repository} not found"))
            }
            _ => Err(format!("path {:?} not found", self.chart)),
        }
    }

    fn read_values(&self) -> Result<TreeMap, String> {
        let mut values = TreeMap::new();
        for path in &self.values {
            let content =
                std::fs::read(path).map_err(|problem| format!("open {path}: {problem}"))?;
            let read = read_values(&String::from_utf8_lossy(&content))
                .map_err(|problem| format!("failed to parse {path}: {problem}"))?;
            merge_values(&mut values, read);
        }
        Ok(values)
    }
}

/// An error as Helm prints it.
fn report(problem: &RenderError) -> String {
    match problem {
        RenderError::ReleaseName(_) => {
            let message = problem.to_string();
            let logged = message.strip_prefix("release name check failed: ").unwrap_or(&message);
            let logged = logged.replace('\\', "\\\\").replace('"', "\\\"");
            format!(
                "level=ERROR msg=\"release name check failed\" error=\"{logged}\"\nError: {message}\n"
            )
        }
        problem if problem.is_of_templates() => {
            format!("Error: {problem}\n\nUse --debug flag to render out invalid YAML\n")
        }
        problem => format!("Error: {problem}\n"),
    }
}
