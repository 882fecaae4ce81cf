//! Whether documents fit the schemas of their kinds, said in the plan: else only
//! an apply would tell, half-way through.

use travel_framework::Diagnostic;
use travel_helm::KubeVersion;
use travel_kube::Document;
use travel_kube::schema::{KUBERNETES, Problem, Schemas};

use crate::secrets::Secrets;

/// How much is told of one document.
const MOST_TOLD: usize = 10;

/// What documents are held against.
pub struct Check<'a> {
    /// The schemas of the kinds.
    pub schemas: &'a Schemas,
    /// The version of Kubernetes; none while it is not known.
    pub kube_version: Option<&'a KubeVersion>,
    /// What is not shown.
    pub secrets: &'a Secrets,
    /// What is to be done about a document that does not fit, as a sentence.
    pub remedy: &'a str,
}

impl Check<'_> {
    /// What is wrong: one error for each document that a cluster will refuse, and one warning for
    /// each that it may.
    pub fn diagnostics<'d>(
        &self,
        documents: impl IntoIterator<Item = &'d Document>,
    ) -> Vec<Diagnostic> {
        documents.into_iter().flat_map(|document| self.of_known(document, |_| true)).collect()
    }

    /// What is wrong with those fields of a document, by their paths, that are known.
    pub fn of_known(
        &self,
        document: &Document,
        is_known: impl Fn(&str) -> bool,
    ) -> Vec<Diagnostic> {
        let knows_all = self.kube_version.is_some_and(is_known_to_us);
        let mut problems = self.schemas.problems(document);
        problems.retain(|problem| is_known(&problem.path.to_string()));
        let (doubts, errors): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(|problem| problem.may_be_newer && !knows_all);
        let error = (!errors.is_empty()).then(|| self.error(document, &errors));
        let warning = (!doubts.is_empty()).then(|| self.warning(document, &doubts));
        error.into_iter().chain(warning).collect()
    }

    fn error(&self, document: &Document, problems: &[Problem]) -> Diagnostic {
        Diagnostic::error(
            format!("{} would be refused", named(document)),
            format!(
                "{} does not fit the schema of its kind:\n{}{}",
                document.key(),
                self.listed(problems),
                self.remedy,
            ),
        )
    }

    fn warning(&self, document: &Document, problems: &[Problem]) -> Diagnostic {
        let (major, minor) = KUBERNETES;
        let version = match self.kube_version {
            Some(version) => format!("{version} may have them."),
            None => "the cluster's version is not known yet; kube_version names it.".to_owned(),
        };
        Diagnostic::warning(
            format!("{} may be refused", named(document)),
            format!(
                "{} has fields that Kubernetes up to {major}.{minor} does not have:\n{}\
                 A cluster without them refuses it, and {version}",
                document.key(),
                self.listed(problems),
            ),
        )
    }

    /// Problems line by line, without what is secret.
    fn listed(&self, problems: &[Problem]) -> String {
        let told = problems.iter().take(MOST_TOLD).map(|problem| format!("  - {problem}\n"));
        let mut text: String = told.collect();
        if let Some(more) = problems.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
            text.push_str(&format!("  - and {more} more\n"));
        }
        self.secrets.hidden_in(&text)
    }
}

fn named(document: &Document) -> String {
    format!("{} {:?}", document.kind(), document.name())
}

/// Whether all that a version of Kubernetes has is known here.
fn is_known_to_us(version: &KubeVersion) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    let version = number(&version.major).zip(number(&version.minor));
    version.is_some_and(|version| version <= KUBERNETES)
}
