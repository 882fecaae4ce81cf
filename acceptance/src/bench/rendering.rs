//! Charts, rendered with our engine beside the real Helm: some that are known to be large, and all of a folder.

#[path = "../../../provider/helm/examples/differential/find.rs"]
mod find;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Arguments;
use super::figures::{Figures, in_megabytes, median, share};
use super::meter::{Meter, Run};
use find::Case;

/// The charts that have a row of their own, by name.
const KNOWN: [&str; 5] = ["kube-prometheus-stack", "argo-cd", "istiod", "cert-manager", "kyverno"];
/// How often each of them is rendered.
const RUNS: usize = 7;
/// How often each of all is rendered.
const RUNS_OF_ALL: usize = 3;
/// At most this much of Helm's time and of its memory is aimed at.
const AIM_OF_TIME: f64 = 0.25;
const AIM_OF_MEMORY: f64 = 1.0 / 3.0;

pub(super) async fn measure(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let (Some(charts), Some(helm)) = (&arguments.charts, &arguments.helm) else {
        figures.leave_out("rendering beside Helm", "no folder with charts is named: `CHARTS=`");
        return Ok(());
    };
    let cases = find::cases(charts)
        .with_context(|| format!("failed to look through {}", charts.display()))?;
    ensure!(!cases.is_empty(), "there is no chart under {}", charts.display());
    let home = tempfile::tempdir().context("failed to make a folder")?;
    let pair = Pair {
        meter: Meter::beside_this()?,
        helm: helm.clone(),
        engine: arguments.engine.clone(),
        home: home.path().to_owned(),
    };
    for name in KNOWN {
        known(name, &cases, &pair, figures).await?;
    }
    all(&cases, &pair, figures).await
}

/// The two programs that render.
struct Pair {
    meter: Meter,
    helm: PathBuf,
    engine: PathBuf,
    /// Where Helm keeps what it keeps.
    home: PathBuf,
}

/// What both took for the same.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Both {
    helm: Run,
    ours: Run,
}

impl Pair {
    /// Renders a case so many times with each in turn, and gives the median of each.
    async fn render(&self, case: &Case, runs: usize) -> Result<Both> {
        let (mut helm, mut ours) = (Vec::new(), Vec::new());
        let arguments = case.arguments();
        let template = std::iter::once("template".to_owned()).chain(arguments.clone());
        let template: Vec<String> = template.collect();
        for _ in 0..runs {
            helm.push(self.run(&self.helm, &template).await?);
            ours.push(self.run(&self.engine, &arguments).await?);
        }
        Ok(Both { helm: middle(&helm)?, ours: middle(&ours)? })
    }

    async fn run(&self, program: &Path, arguments: &[String]) -> Result<Run> {
        let nowhere = self.home.join("none");
        let home = self.home.as_path();
        let environment = [
            ("HELM_CACHE_HOME", home),
            ("HELM_CONFIG_HOME", home),
            ("HELM_DATA_HOME", home),
            ("KUBECONFIG", &nowhere),
        ];
        self.meter.run(program, arguments, environment).await
    }
}

impl Both {
    fn share_of_time(&self) -> f64 {
        self.ours.seconds / self.helm.seconds
    }

    fn share_of_memory(&self) -> f64 {
        share(self.ours.peak_bytes, self.helm.peak_bytes)
    }

    /// How ours stands to Helm.
    fn compared(&self) -> String {
        format!(
            "{:.2} of Helm's {:.3} s; {}, {:.2} of Helm's {}",
            self.share_of_time(),
            self.helm.seconds,
            in_megabytes(self.ours.peak_bytes),
            self.share_of_memory(),
            in_megabytes(self.helm.peak_bytes),
        )
    }
}

/// The medians of time and memory.
fn middle(runs: &[Run]) -> Result<Run> {
    let succeeded = runs.iter().all(|run| run.succeeded);
    let seconds = runs.iter().map(|run| run.seconds).collect();
    let peaks = runs.iter().map(|run| run.peak_bytes).collect();
    let seconds = median(seconds, f64::total_cmp).context("nothing was rendered")?;
    let peak_bytes = median(peaks, u64::cmp).context("nothing was rendered")?;
    Ok(Run { succeeded, seconds, peak_bytes })
}

/// Renders the charts of a name with their own values.
async fn known(name: &str, cases: &[Case], pair: &Pair, figures: &mut Figures) -> Result<()> {
    let mut found = false;
    for case in cases.iter().filter(|case| case.values.is_none()) {
        let file = case.chart.join("Chart.yaml");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("failed to read {}", file.display()))?;
        if field(&text, "name") != Some(name) {
            continue;
        }
        found = true;
        let both = pair.render(case, RUNS).await?;
        let what = format!("rendering {name} {}", field(&text, "version").unwrap_or_default());
        if both.helm.succeeded && both.ours.succeeded {
            figures.add(what, format!("{:.3} s", both.ours.seconds), both.compared());
        } else {
            figures.leave_out(what, "it is refused with its own values");
        }
    }
    if !found {
        figures.leave_out(format!("rendering {name}"), "no chart of this name is there");
    }
    Ok(())
}

/// A field of Chart.yaml that is a plain text.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))?;
    let value = value.split(" #").next().unwrap_or(value);
    Some(value.trim().trim_matches(['"', '\'']))
}

/// Renders every case there is.
async fn all(cases: &[Case], pair: &Pair, figures: &mut Figures) -> Result<()> {
    eprintln!("bench: rendering {} charts and values files", cases.len());
    let mut total = Total::default();
    for case in cases {
        total.add(pair.render(case, RUNS_OF_ALL).await?);
    }
    total.tell(figures);
    Ok(())
}

/// What all of them took.
#[derive(Default)]
struct Total {
    rendered: Vec<Both>,
    /// How many both refuse.
    refused: usize,
    /// How many only one of both renders.
    unlike: usize,
}

impl Total {
    fn add(&mut self, both: Both) {
        match (both.helm.succeeded, both.ours.succeeded) {
            (true, true) => self.rendered.push(both),
            (false, false) => self.refused += 1,
            _ => self.unlike += 1,
        }
    }

    fn tell(&self, figures: &mut Figures) {
        let what = format!("rendering {} charts and values files", self.rendered.len());
        let Some(sum) = self.sum() else {
            figures.leave_out(what, "Helm and this engine render none of them");
            return;
        };
        let over = |aim: f64, share: fn(&Both) -> f64| {
            self.rendered.iter().filter(|both| share(both) > aim).count()
        };
        let (slow, large) =
            (over(AIM_OF_TIME, Both::share_of_time), over(AIM_OF_MEMORY, Both::share_of_memory));
        let most = |run: fn(&Both) -> Run| {
            let peaks = self.rendered.iter().map(|both| run(both).peak_bytes);
            in_megabytes(peaks.max().unwrap_or_default())
        };
        figures.add(
            what,
            format!("{:.1} s", sum.ours.seconds),
            format!(
                "{:.2} of Helm's {:.1} s, more than a quarter for {slow}; on average {}, {:.2} of Helm's {}, more than \
                 a third for {large}; at most {}, Helm {}; not counted are {} that both refuse and {} that only one \
                 renders",
                sum.share_of_time(),
                sum.helm.seconds,
                in_megabytes(sum.ours.peak_bytes),
                sum.share_of_memory(),
                in_megabytes(sum.helm.peak_bytes),
                most(|both| both.ours),
                most(|both| both.helm),
                self.refused,
                self.unlike,
            ),
        );
    }

    /// All times together, with the memory on average.
    fn sum(&self) -> Option<Both> {
        let count = u64::try_from(self.rendered.len()).ok().filter(|count| *count > 0)?;
        let sum = |run: fn(&Both) -> Run| Run {
            succeeded: true,
            seconds: self.rendered.iter().map(|both| run(both).seconds).sum(),
            peak_bytes: self.rendered.iter().map(|both| run(both).peak_bytes).sum::<u64>() / count,
        };
        Some(Both { helm: sum(|both| both.helm), ours: sum(|both| both.ours) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: f64, peak_bytes: u64) -> Run {
        Run { succeeded: true, seconds, peak_bytes }
    }

    #[test]
    fn fields_of_a_chart_are_plain() {
        let check = |line: &str, expected: Option<&str>| {
            let text = format!("apiVersion: v2\nname-of: x\n{line}\n  name: inner\n");
            assert_eq!(field(&text, "name"), expected, "{line}");
        };
        check("name: cert-manager", Some("cert-manager"));
        check("name: \"cert-manager\"  # as upstream", Some("cert-manager"));
        check("name : 'a'", Some("a"));
        check("names: a", None);
    }

    #[test]
    fn what_only_one_renders_is_not_counted() {
        let mut total = Total::default();
        assert_eq!(total.sum(), None);
        let refused = Run { succeeded: false, ..run(9.0, 9) };
        total.add(Both { helm: run(1.0, 100), ours: run(0.5, 10) });
        total.add(Both { helm: run(3.0, 300), ours: run(0.5, 30) });
        total.add(Both { helm: refused, ours: run(9.0, 9) });
        total.add(Both { helm: refused, ours: refused });
        assert_eq!((total.unlike, total.refused), (1, 1));
        let sum = total.sum().unwrap();
        assert_eq!(sum, Both { helm: run(4.0, 200), ours: run(1.0, 20) });
        assert!((sum.share_of_time() - 0.25).abs() < f64::EPSILON);
        assert!((sum.share_of_memory() - 0.1).abs() < f64::EPSILON);
    }

    #[test]
    fn time_and_memory_have_medians_of_their_own() {
        let runs = [run(3.0, 10), run(1.0, 30), run(2.0, 20)];
        assert_eq!(middle(&runs).unwrap(), run(2.0, 20));
        assert!(middle(&[]).is_err());
    }
}
