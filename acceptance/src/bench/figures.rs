//! What was measured: said at once, and in the end the page with all of it.

use std::path::Path;

use anyhow::{Context, Result};

/// How the page begins.
const PAGE: &str = "\
# Performance

Written by `make bench`, which builds the provider as it is released and measures it beside a terraform \
without a provider and one with a provider of nothing, and in sandboxes of its own. Seconds are those of \
one machine; bytes and calls mean the same on all. Memory is the most that the provider's process was \
ever resident with. Plans are empty ones, of what was applied just before; calls are those to AWS and \
Kubernetes; those of live/dev include what reads the state, those of its units are the provider's alone.

Charts are rendered beside the real Helm, as `helm template` and as the engine's example `template`, one after \
the other and several times, of which the median counts. The aim is a quarter of its time and a third of its memory. \
`CHARTS=path/to/charts make bench` names the charts; each is rendered as [the comparison with Helm](helm-differential.md) \
renders it.

Releases and manifests are applied, planned and destroyed in a cluster of a sandbox, several times, of which the median \
counts. The aim is a third of the apply, and a tenth of the empty plan, that the peer takes: the Helm provider for the \
same releases, the Kubernetes provider for the same manifests. *Elsewhere* are figures of the peer that were measured \
on another machine.

Parameters that are read at the same time share all calls but that for their tags. Where a service \
throttles, a plan starts knowing nothing of its limit, learns it from what is refused, and keeps to it in \
all it does there.

| what | figure | more |
|---|--:|---|
";

/// What was measured.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<[String; 3]>);

impl Figures {
    /// Takes a figure in, and says it: what it is of, the figure with its unit, and what else there is to say.
    pub(super) fn add(
        &mut self,
        what: impl Into<String>,
        figure: impl Into<String>,
        more: impl Into<String>,
    ) {
        let (what, figure, more) = (what.into(), figure.into(), more.into());
        println!("{what:<52} {figure:>12}   {more}");
        self.0.push([what, figure, more]);
    }

    /// Says that something is not measured, and why.
    pub(super) fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.add(what, "left out", why);
    }

    /// Writes the page with all of them.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let rows =
            self.0.iter().map(|[what, figure, more]| format!("| {what} | {figure} | {more} |\n"));
        let page: String = std::iter::once(PAGE.to_owned()).chain(rows).collect();
        std::fs::write(path, page).with_context(|| format!("failed to write {}", path.display()))
    }
}

pub(super) fn in_megabytes(bytes: u64) -> String {
    format!("{:.1} MB", in_float(bytes) / 1e6)
}

/// How many times as much one is as another.
pub(super) fn share(bytes: u64, of: u64) -> f64 {
    in_float(bytes) / in_float(of)
}

#[expect(clippy::cast_precision_loss, reason = "for people, to a few digits")]
fn in_float(bytes: u64) -> f64 {
    bytes as f64
}

/// The one in the middle. There must be one.
pub(super) fn median<T: Copy>(
    mut values: Vec<T>,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Option<T> {
    values.sort_by(compare);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_middle() {
        let check = |values: &[f64], expected| {
            assert_eq!(median(values.to_vec(), f64::total_cmp), expected, "{values:?}");
        };
        check(&[3.0, 1.0, 2.0], Some(2.0));
        check(&[2.0, 1.0], Some(2.0));
        check(&[], None);
    }

    #[test]
    fn every_figure_is_a_row_of_the_page() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        let mut figures = Figures::default();
        figures.add("binary", in_megabytes(50_649_000), "all of it");
        figures.leave_out("rendering", "no charts");
        figures.write(&page).unwrap();
        let written = std::fs::read_to_string(&page).unwrap();
        let rows = "| binary | 50.6 MB | all of it |\n| rendering | left out | no charts |\n";
        assert!(written.starts_with("# Performance\n") && written.ends_with(rows), "{written}");
    }
}
