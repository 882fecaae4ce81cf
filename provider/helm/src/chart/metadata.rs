//! Chart.yaml and Chart.lock: reading them and checking what they say.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::fields::{FieldError, Fields};
use crate::functions::quote::is_print;
use crate::semver::Version;
use crate::tree::Tree;

/// What a chart must not say of itself, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("validation: {0}")]
pub struct MetadataError(String);

/// What Chart.yaml says. Empty texts mean that nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// The name of the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The page of the project.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// Where the source code is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The version of the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// One sentence on the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Words to find the chart by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Who looks after the chart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<Maintainer>,
    /// The address of a picture.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// The version of the chart's own format: v1 or v2.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Unused by Helm in this place.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Unused by Helm in this place.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tags: String,
    /// The version of what the chart installs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// Whether the chart should no longer be used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// What other tools want to know.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Which versions of Kubernetes the chart is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// The charts this one needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// `application` or `library`.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// Someone who looks after a chart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Maintainer {
    /// Their name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Their address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Their page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// A chart that another one needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dependency {
    /// The name of the chart.
    pub name: String,
    /// Which versions will do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where the chart comes from.
    pub repository: String,
    /// Paths of values, separated by commas, of which the first that is set says whether the chart is used.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Names under `tags` in the values that say whether the chart is used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether the chart is used, once that is decided.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enabled: bool,
    /// Which of its values go to the chart that needs it.
    #[serde(rename = "import-values", skip_serializing_if = "Vec::is_empty")]
    pub import_values: Vec<Json>,
    /// Another name for the chart.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

/// What Chart.lock says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lock {
    /// When the lock was made.
    pub generated: String,
    /// The digest of the dependencies it is for.
    pub digest: String,
    /// The dependencies with their exact versions.
    pub dependencies: Vec<Dependency>,
}

impl Metadata {
    /// Takes over what a document says; what it does not say stays as it is.
    pub(super) fn update(&mut self, tree: &Tree) -> Result<(), FieldError> {
        let fields = Fields::of("Metadata", tree)?;
        let texts = [
            ("name", &mut self.name),
            ("home", &mut self.home),
            ("version", &mut self.version),
            ("description", &mut self.description),
            ("icon", &mut self.icon),
            ("apiVersion", &mut self.api_version),
            ("condition", &mut self.condition),
            ("tags", &mut self.tags),
            ("appVersion", &mut self.app_version),
            ("kubeVersion", &mut self.kube_version),
            ("type", &mut self.kind),
        ];
        for (name, field) in texts {
            replace(field, fields.text(name)?);
        }
        replace(&mut self.deprecated, fields.bool("deprecated")?);
        replace(&mut self.sources, fields.texts("sources")?);
        replace(&mut self.keywords, fields.texts("keywords")?);
        replace(&mut self.annotations, fields.text_map("annotations")?);
        if let Some(items) = fields.list("maintainers", "[]*v2.Maintainer")? {
            self.maintainers = items.iter().map(Maintainer::read).collect::<Result<_, _>>()?;
        }
        if let Some(items) = fields.list("dependencies", "[]*v2.Dependency")? {
            self.dependencies = items.iter().map(Dependency::read).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// Refuses what Helm refuses, and takes what cannot be printed out of the texts.
    pub(super) fn validate(&mut self) -> Result<(), MetadataError> {
        let error = |message: String| Err(MetadataError(message));
        let texts = [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ];
        texts.into_iter().chain(&mut self.sources).chain(&mut self.keywords).for_each(sanitize);
        if self.api_version.is_empty() {
            return error("chart.metadata.apiVersion is required".to_owned());
        }
        if self.name.is_empty() {
            return error("chart.metadata.name is required".to_owned());
        }
        if matches!(self.name.as_str(), "." | "..") {
            return error(format!("chart.metadata.name {:?} is not allowed", self.name));
        }
        if self.name.contains('/') {
            return error(format!("chart.metadata.name {:?} is invalid", self.name));
        }
        if self.version.is_empty() {
            return error("chart.metadata.version is required".to_owned());
        }
        if Version::parse(&self.version).is_err() {
            return error(format!("chart.metadata.version {:?} is invalid", self.version));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return error("chart.metadata.type must be application or library".to_owned());
        }
        for maintainer in &mut self.maintainers {
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url]
                .into_iter()
                .for_each(sanitize);
        }
        let mut names = HashSet::new();
        for dependency in &mut self.dependencies {
            dependency.validate()?;
            if !names.insert(dependency.key()) {
                return error(format!(
                    "more than one dependency with name or alias {:?}",
                    dependency.key()
                ));
            }
        }
        Ok(())
    }
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Blanks become spaces, and what cannot be printed goes.
fn sanitize(text: &mut String) {
    let kept = |character: char| {
        if character.is_whitespace() { Some(' ') } else { is_print(character).then_some(character) }
    };
    *text = text.chars().filter_map(kept).collect();
}

impl Maintainer {
    fn read(tree: &Tree) -> Result<Self, FieldError> {
        let fields = Fields::of("Maintainer", tree)?;
        let text = |name| fields.text(name).map(Option::unwrap_or_default);
        Ok(Maintainer { name: text("name")?, email: text("email")?, url: text("url")? })
    }
}

impl Dependency {
    pub(super) fn read(tree: &Tree) -> Result<Self, FieldError> {
        let fields = Fields::of("Dependency", tree)?;
        let text = |name| fields.text(name).map(Option::unwrap_or_default);
        let imports = fields.list("import-values", "[]interface {}")?.unwrap_or_default();
        Ok(Dependency {
            name: text("name")?,
            version: text("version")?,
            repository: text("repository")?,
            condition: text("condition")?,
            tags: fields.texts("tags")?.unwrap_or_default(),
            enabled: fields.bool("enabled")?.unwrap_or_default(),
            import_values: imports.iter().map(Tree::to_json).collect(),
            alias: text("alias")?,
        })
    }

    /// The name the chart goes by in the one that needs it.
    #[must_use]
    pub fn key(&self) -> String {
        if self.alias.is_empty() { self.name.clone() } else { self.alias.clone() }
    }

    fn validate(&mut self) -> Result<(), MetadataError> {
        let texts = [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition];
        texts.into_iter().chain(&mut self.tags).for_each(sanitize);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !self.alias.bytes().all(allowed) {
            return Err(MetadataError(format!(
                "dependency {:?} has disallowed characters in the alias",
                self.name
            )));
        }
        Ok(())
    }
}

impl Lock {
    pub(super) fn read(tree: &Tree) -> Result<Self, FieldError> {
        let fields = Fields::of("Lock", tree)?;
        let text = |name| fields.text(name).map(Option::unwrap_or_default);
        let dependencies = fields.list("dependencies", "[]*v2.Dependency")?.unwrap_or_default();
        Ok(Lock {
            generated: text("generated")?,
            digest: text("digest")?,
            dependencies: dependencies.iter().map(Dependency::read).collect::<Result<_, _>>()?,
        })
    }
}
