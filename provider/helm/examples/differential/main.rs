//! Renders every chart under a folder with the real Helm and with this engine, and compares what both print:
//! `differential [--helm PROGRAM] [--seconds N] [--jobs N] [--quiet] FOLDER`. docs/helm-differential.md tells what it
//! looks for and how to read it.

mod find;
mod judge;
mod program;
#[path = "../template/command.rs"]
#[allow(dead_code, reason = "what a test calls is left alone here")]
mod template;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use find::Case;
use judge::{Verdict, judge};
use program::Program;

/// The first argument that makes this program the engine. Each rendering has a process of its own, so that one that
/// hangs, aborts or takes all memory is a result and not the end of the comparison.
const RENDER: &str = "render";
/// What Helm prints with the second in it may change from one second to the next.
const CLOCK_STEP: Duration = Duration::from_millis(1100);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((RENDER, rest)) = arguments.split_first().map(|(first, rest)| (&**first, rest)) {
        return template::main(rest);
    }
    match Comparison::parse(&arguments).and_then(|comparison| comparison.run()) {
        Ok(alike) => ExitCode::from(u8::from(!alike)),
        Err(problem) => {
            eprintln!("Error: {problem}");
            ExitCode::from(2)
        }
    }
}

struct Comparison {
    folder: PathBuf,
    helm: PathBuf,
    /// How long one rendering may take.
    bound: Duration,
    jobs: usize,
    /// Whether to leave identical renderings out.
    quiet: bool,
}

/// What came of one case, and how long both took for it.
struct Compared {
    verdict: Verdict,
    helm_time: Duration,
    our_time: Duration,
}

impl Comparison {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let mut comparison = Comparison {
            folder: PathBuf::new(),
            helm: PathBuf::from("helm"),
            bound: Duration::from_secs(60),
            jobs,
            quiet: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().ok_or(format!("flag needs an argument: {argument}"));
            let number = |text: &String| {
                text.parse::<u32>()
                    .ok()
                    .filter(|number| *number > 0)
                    .ok_or(format!("{argument} takes a number from 1, not {text:?}"))
            };
            match argument.as_str() {
                "--helm" => comparison.helm = PathBuf::from(value()?),
                "--seconds" => {
                    comparison.bound = Duration::from_secs(number(value()?)?.into());
                }
                "--jobs" => comparison.jobs = number(value()?)? as usize,
                "--quiet" => comparison.quiet = true,
                flag if flag.starts_with('-') => return Err(format!("unknown flag: {flag}")),
                folder if comparison.folder.as_os_str().is_empty() => {
                    comparison.folder = std::path::absolute(folder)
                        .map_err(|problem| format!("cannot find {folder}: {problem}"))?;
                }
                other => return Err(format!("one folder is compared, {other:?} is a second")),
            }
        }
        if comparison.folder.as_os_str().is_empty() {
            return Err("name the folder with the charts".to_owned());
        }
        Ok(comparison)
    }

    /// Compares everything, and returns whether nothing is different or failed.
    fn run(&self) -> Result<bool, String> {
        let cases = find::cases(&self.folder).map_err(|problem| {
            format!("cannot look through {}: {problem}", self.folder.display())
        })?;
        if cases.is_empty() {
            return Err(format!("there is no chart under {}", self.folder.display()));
        }
        let home = tempfile::tempdir()
            .map_err(|problem| format!("cannot make a folder for Helm: {problem}"))?;
        let helm = Program::new(&self.helm, &["template"], home.path());
        let ours = std::env::current_exe()
            .map_err(|problem| format!("cannot find this program: {problem}"))?;
        let ours = Program::new(&ours, &[RENDER], home.path());
        helm.check().map_err(|problem| {
            format!("cannot run {}: {problem} (make tool-helm builds it)", self.helm.display())
        })?;

        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        let mut summary = Summary::default();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.min(cases.len()) {
                let (sender, next, cases, helm, ours) =
                    (sender.clone(), &next, &cases, &helm, &ours);
                scope.spawn(move || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(case) = cases.get(index) else { break };
                        if sender.send((index, self.compare(case, helm, ours))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            // They are told in their order, whichever is done first.
            let mut early = BTreeMap::new();
            let mut told = 0;
            for (index, compared) in receiver {
                early.insert(index, compared);
                while let Some(compared) = early.remove(&told) {
                    self.tell(&cases[told], &compared);
                    summary.add(&compared);
                    told += 1;
                }
            }
        });
        println!("\n{summary}");
        Ok(summary.different == 0 && summary.failed == 0)
    }

    fn compare(&self, case: &Case, helm: &Program, ours: &Program) -> Compared {
        let arguments = case.arguments();
        let start = Instant::now();
        let first = helm.run(&arguments, self.bound);
        let helm_time = start.elapsed();
        let our_start = Instant::now();
        let our_outcome = ours.run(&arguments, self.bound);
        let our_time = our_start.elapsed();
        let mut first = Some(first);
        let verdict = judge(&our_outcome, || {
            first.take().unwrap_or_else(|| {
                std::thread::sleep(CLOCK_STEP.saturating_sub(start.elapsed()));
                helm.run(&arguments, self.bound)
            })
        });
        Compared { verdict, helm_time, our_time }
    }

    fn tell(&self, case: &Case, compared: &Compared) {
        if self.quiet && matches!(compared.verdict, Verdict::Identical { .. }) {
            return;
        }
        let chart = relative(&case.chart, &self.folder);
        let values = case.values.as_deref().map(|values| relative(values, &case.chart));
        let values = values.unwrap_or_else(|| "default values".to_owned());
        let mut output = std::io::stdout().lock();
        // Nobody reads any longer: the comparison goes on for its exit code.
        let _ = writeln!(
            output,
            "{:<14} {chart}, {values}{}",
            compared.verdict.name(),
            compared.verdict
        );
    }
}

fn relative(path: &Path, folder: &Path) -> String {
    match path.strip_prefix(folder) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.display().to_string(),
        _ => path.display().to_string(),
    }
}

/// How many cases came out how.
#[derive(Default)]
struct Summary {
    identical: usize,
    refused: usize,
    masked: usize,
    equal: usize,
    different: usize,
    failed: usize,
    helm_time: Duration,
    our_time: Duration,
}

impl Summary {
    fn add(&mut self, compared: &Compared) {
        match &compared.verdict {
            Verdict::Identical { refused, masked } => {
                self.identical += 1;
                self.refused += usize::from(*refused);
                self.masked += usize::from(*masked > 0);
            }
            Verdict::EqualAsYaml(_) => self.equal += 1,
            Verdict::Different(_) => self.different += 1,
            Verdict::Failed(_) => self.failed += 1,
        }
        self.helm_time += compared.helm_time;
        self.our_time += compared.our_time;
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = self.identical + self.equal + self.different + self.failed;
        let row = |name: &str, count: usize| {
            #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 charts")]
            let share = count as f64 * 100.0 / all.max(1) as f64;
            format!("{name:<14} {count:>6} {share:>6.1} %\n")
        };
        for (name, count) in [
            ("identical", self.identical),
            ("equal as YAML", self.equal),
            ("different", self.different),
            ("failed", self.failed),
        ] {
            formatter.write_str(&row(name, count))?;
        }
        writeln!(formatter, "{:<14} {all:>6}", "all")?;
        write!(
            formatter,
            "Of the identical ones {} are refused by both, and {} hold values that two runs of Helm make differently.\n\
             Helm took {:.1} s for all of them, this engine {:.1} s.",
            self.refused,
            self.masked,
            self.helm_time.as_secs_f64(),
            self.our_time.as_secs_f64(),
        )
    }
}
