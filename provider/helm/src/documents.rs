//! The documents that templates render to: split, read, told apart from hooks, and put in the order of their kinds.

mod certainty;
mod kinds;

use std::collections::BTreeMap;

use crate::bounds;
use crate::functions::path_base;
use crate::tree::Tree;
use crate::value::Text;
use crate::yaml::{self, ReadError, coerce_text};

pub use kinds::{compare_for_install, compare_for_uninstall};

/// A document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("YAML parse error on {path}: {source}")]
pub struct DocumentError {
    /// The template it was rendered from.
    pub path: String,
    /// What is wrong with it.
    pub source: ReadError,
}

/// A rendered document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The template it was rendered from, such as `chart/templates/service.yaml`.
    pub path: String,
    /// The text, with its last line break.
    pub content: String,
    /// What is asked of it most. The whole tree is read when it is needed: kept, the trees of a chart would take many
    /// times the memory of its text.
    head: Head,
    /// Whether what it says is not known before an apply. What it is, by kind and name, is known.
    pub unknown: bool,
}

/// What every object has, as far as a document says it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Head {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
    annotations: BTreeMap<String, String>,
}

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookEvent {
    /// Before anything of a first release is made.
    PreInstall,
    /// After everything of a first release is made.
    PostInstall,
    /// Before a release is deleted.
    PreDelete,
    /// After a release is deleted.
    PostDelete,
    /// Before anything is changed by an upgrade.
    PreUpgrade,
    /// After everything is changed by an upgrade.
    PostUpgrade,
    /// Before anything is changed by a rollback.
    PreRollback,
    /// After everything is changed by a rollback.
    PostRollback,
    /// When tests are asked for.
    Test,
}

/// When a hook's objects are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookDeletePolicy {
    /// Once it has succeeded.
    Succeeded,
    /// Once it has failed.
    Failed,
    /// Before it is made again.
    BeforeCreation,
}

/// A document that is applied at a certain time instead of with the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// What is applied.
    pub document: Document,
    /// When it is applied.
    pub events: Vec<HookEvent>,
    /// Hooks run in the order of their weights.
    pub weight: i64,
    /// When its objects are deleted, as written.
    pub delete_policies: Vec<String>,
    /// When its logs are shown, as written.
    pub output_log_policies: Vec<String>,
}

/// Everything the templates of a chart render to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Documents {
    pub(crate) manifests: Vec<Document>,
    pub(crate) hooks: Vec<Hook>,
    /// Why it is not known which documents there are, if it is not.
    pub(crate) unknown: Option<String>,
}

const HOOK: &str = "helm.sh/hook";
const HOOK_WEIGHT: &str = "helm.sh/hook-weight";
const HOOK_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
const HOOK_OUTPUT_LOG_POLICY: &str = "helm.sh/hook-output-log-policy";

impl HookEvent {
    const ALL: [(&str, HookEvent); 10] = [
        ("pre-install", HookEvent::PreInstall),
        ("post-install", HookEvent::PostInstall),
        ("pre-delete", HookEvent::PreDelete),
        ("post-delete", HookEvent::PostDelete),
        ("pre-upgrade", HookEvent::PreUpgrade),
        ("post-upgrade", HookEvent::PostUpgrade),
        ("pre-rollback", HookEvent::PreRollback),
        ("post-rollback", HookEvent::PostRollback),
        ("test", HookEvent::Test),
        ("test-success", HookEvent::Test),
    ];

    /// The event of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        HookEvent::ALL.iter().find(|(known, _)| *known == name).map(|(_, event)| *event)
    }

    /// The name of the event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        HookEvent::ALL.iter().find(|(_, event)| *event == self).map_or("", |(name, _)| name)
    }
}

impl HookDeletePolicy {
    /// The policy of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "hook-succeeded" => Some(HookDeletePolicy::Succeeded),
            "hook-failed" => Some(HookDeletePolicy::Failed),
            "before-hook-creation" => Some(HookDeletePolicy::BeforeCreation),
            _ => None,
        }
    }
}

impl Document {
    fn read(path: &str, content: String, unknown: bool) -> Result<Self, ReadError> {
        let head = Head::of(&read_tree(&content)?);
        Ok(Self { path: path.to_owned(), content, head, unknown })
    }

    /// The document as a tree; null where there are only comments.
    ///
    /// # Errors
    /// Where it cannot be read, which is found out before, or where to read it is more work than is left to do.
    pub fn tree(&self) -> Result<Tree, ReadError> {
        read_tree(&self.content)
    }

    /// The API version, empty where the document names none.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.head.api_version
    }

    /// The kind, empty where the document names none.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.head.kind
    }

    /// The name of the object, empty where the document names none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// The namespace the document names, empty where it names none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.head.namespace
    }

    /// The value of an annotation of the object.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.head.annotations.get(name).map(String::as_str)
    }
}

impl Head {
    fn of(tree: &Tree) -> Self {
        let text =
            |path: &[&str]| tree.path(path).and_then(coerce_text).unwrap_or_default().into_owned();
        let annotations = tree.path(&["metadata", "annotations"]).and_then(Tree::as_map);
        let annotation = |(name, value): (&String, &Tree)| {
            Some((name.clone(), coerce_text(value)?.into_owned()))
        };
        Self {
            api_version: text(&["apiVersion"]),
            kind: text(&["kind"]),
            name: text(&["metadata", "name"]),
            namespace: text(&["metadata", "namespace"]),
            annotations: annotations.into_iter().flatten().filter_map(annotation).collect(),
        }
    }
}

impl Documents {
    /// Reads what templates rendered to, each with the path of its template, and lets go of each text once it is read.
    pub(crate) fn read(
        mut rendered: Vec<(String, Text)>,
        planning: bool,
    ) -> Result<Self, DocumentError> {
        let mut documents = Documents::default();
        rendered.sort_by(|(left, _), (right, _)| left.cmp(right));
        for (path, text) in rendered {
            if !path_base(&path).starts_with('_') {
                documents.file(&path, &text, planning)?;
            }
        }
        documents
            .manifests
            .sort_by(|left, right| kinds::compare_for_install(left.kind(), right.kind()));
        documents.hooks.sort_by(|left, right| {
            kinds::compare_for_install(left.document.kind(), right.document.kind())
        });
        Ok(documents)
    }

    fn file(&mut self, path: &str, text: &Text, planning: bool) -> Result<(), DocumentError> {
        if planning && text.is_tainted() {
            return self.uncertain_file(path, text);
        }
        let text = text.as_str();
        for range in split(&text).0 {
            let content = text[range].to_owned();
            let document = Document::read(path, content, false)
                .map_err(|source| DocumentError { path: path.to_owned(), source })?;
            self.add(document);
        }
        Ok(())
    }

    /// A file of which parts are not known.
    fn uncertain_file(&mut self, path: &str, text: &Text) -> Result<(), DocumentError> {
        let unmarked = certainty::Unmarked::of(text);
        if unmarked.documents {
            self.not_known(path, "whether it renders further documents");
        }
        let (ranges, separators) = split(&unmarked.text);
        if separators.iter().any(|separator| unmarked.touches(separator)) {
            self.not_known(path, "where one document ends and the next one starts");
        }
        for range in ranges {
            let content = unmarked.text[range.clone()].to_owned();
            let unknown = unmarked.touches(&range);
            if unknown && !unmarked.identity_is_known(&range) {
                self.not_known(path, "what a document is called, or whether there is one");
                continue;
            }
            let document = match Document::read(path, content, unknown) {
                Ok(document) => document,
                Err(_) if unknown => {
                    self.not_known(path, "what it renders to");
                    continue;
                }
                Err(source) => return Err(DocumentError { path: path.to_owned(), source }),
            };
            self.add(document);
        }
        Ok(())
    }

    fn not_known(&mut self, path: &str, what: &str) {
        self.unknown.get_or_insert_with(|| format!("{path}: it is not known {what}"));
    }

    fn add(&mut self, document: Document) {
        let Some(events) = document.annotation(HOOK) else {
            self.manifests.push(document);
            return;
        };
        let words =
            |text: &str| text.split(',').map(|word| word.trim().to_lowercase()).collect::<Vec<_>>();
        // A document with an event nobody knows is left out, as Helm leaves it out.
        let Some(events) = words(events).iter().map(|name| HookEvent::parse(name)).collect() else {
            return;
        };
        let weight =
            document.annotation(HOOK_WEIGHT).and_then(|weight| weight.parse().ok()).unwrap_or(0);
        let policies = |name: &str| document.annotation(name).map(words).unwrap_or_default();
        let (delete_policies, output_log_policies) =
            (policies(HOOK_DELETE_POLICY), policies(HOOK_OUTPUT_LOG_POLICY));
        self.hooks.push(Hook { document, events, weight, delete_policies, output_log_policies });
    }
}

/// The tree of a document. Helm records one with a line break after it, and applies what it has recorded: a text at its
/// end may be longer by that. A hook is applied as it is.
fn read_tree(content: &str) -> Result<Tree, ReadError> {
    let tree = yaml::read(content)?;
    check_head(&tree)?;
    let annotations = tree.path(&["metadata", "annotations"]);
    let is_hook = annotations.is_some_and(|it| it.get(HOOK).is_some());
    // Only a text that ends without its line break, or keeps all of them (`|+`), is another with one more.
    let keeps = |plus: usize| {
        let before = content[..plus].trim_end_matches(|it: char| it.is_ascii_digit());
        before.ends_with(['|', '>'])
    };
    let may_differ =
        !content.ends_with('\n') || content.match_indices('+').any(|(plus, _)| keeps(plus));
    if is_hook || !may_differ { Ok(tree) } else { yaml::read(&format!("{content}\n")) }
}

type Range = std::ops::Range<usize>;

/// The documents of a text without leading blanks, and the separators between them. Text may follow a separator on its
/// line.
fn split(text: &str) -> (Vec<Range>, Vec<Range>) {
    let start = text.len() - text.trim_start().len();
    let mut documents = Vec::new();
    let mut separators = Vec::new();
    let mut from = start;
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            if !bounds::pay(bounds::STEP) {
                break;
            }
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            documents.push(from..at);
            separators.push(at..at + 3 + blanks);
            from = at + 3 + blanks;
        }
        at += line.len();
    }
    documents.push(from..text.len());
    let trimmed = |range: Range| {
        let document = &text[range.clone()];
        let leading = document.len() - document.trim_start().len();
        (leading < document.len()).then_some(range.start + leading..range.end)
    };
    (documents.into_iter().filter_map(trimmed).collect(), separators)
}

/// The documents of a text, without what separates them.
pub(crate) fn split_text(text: &str) -> impl Iterator<Item = &str> {
    split(text).0.into_iter().map(|range| &text[range])
}

/// Refuses a document whose head has another shape than every object's.
fn check_head(tree: &Tree) -> Result<(), ReadError> {
    let wrong = |found: &Tree, field: &str, wanted: &str| {
        let found = yaml::type_name(found);
        Err(ReadError::Shape(format!(
            "json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"
        )))
    };
    match tree {
        Tree::Null => return Ok(()),
        Tree::Map(_) => {}
        other => {
            let found = yaml::type_name(other);
            return Err(ReadError::Shape(format!(
                "json: cannot unmarshal {found} into Go value of type util.SimpleHead"
            )));
        }
    }
    for field in ["apiVersion", "kind"] {
        if let Some(value) = tree.get(field).filter(|value| coerce_text(value).is_none()) {
            return wrong(value, &format!("SimpleHead.{field}"), "string");
        }
    }
    let metadata = match tree.get("metadata") {
        None | Some(Tree::Null) => return Ok(()),
        Some(metadata @ Tree::Map(_)) => metadata,
        Some(other) => {
            const METADATA: &str = r#"struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#;
            return wrong(other, "SimpleHead.metadata", METADATA);
        }
    };
    if let Some(name) = metadata.get("name").filter(|name| coerce_text(name).is_none()) {
        return wrong(name, "SimpleHead.metadata.name", "string");
    }
    match metadata.get("annotations") {
        None | Some(Tree::Null) => Ok(()),
        Some(Tree::Map(annotations)) => {
            match annotations.values().find(|value| coerce_text(value).is_none()) {
                Some(value) => wrong(value, "SimpleHead.metadata.annotations", "string"),
                None => Ok(()),
            }
        }
        Some(other) => wrong(other, "SimpleHead.metadata.annotations", "map[string]string"),
    }
}

#[cfg(test)]
mod tests;
