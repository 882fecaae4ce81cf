//! One analyzer, with its archive rules.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{conflict, missing, paged, refused};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// How many archive rules an analyzer can have.
const MOST_RULES: usize = 100;
/// How many tags it can have.
const MOST_TAGS: usize = 50;
/// For how many looks a new one is not done yet.
const MAKING: u32 = 2;
/// When everything was made: nothing depends on it.
const WHEN: &str = "2026-01-01T00:00:00Z";

/// An analyzer.
#[derive(Debug)]
pub struct Analyzer {
    /// Its ARN.
    pub arn: String,
    /// Its type.
    pub kind: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    token: String,
    configuration: Value,
    rules: BTreeMap<String, Value>,
    looks_left: u32,
}

impl Analyzer {
    /// The one that a request makes.
    ///
    /// # Errors
    /// What the service refuses of it.
    pub fn new(arn: String, input: &Input) -> Result<Self, ServiceError> {
        let kind = input.text("type").to_owned();
        let configuration = match input.value("configuration") {
            Value::Null if kind.ends_with("_UNUSED_ACCESS") => {
                json!({"unusedAccess": {"unusedAccessAge": 90}})
            }
            given => given.clone(),
        };
        check_configuration(&kind, &configuration)?;
        let mut analyzer = Self {
            arn,
            kind,
            tags: BTreeMap::new(),
            token: input.text("clientToken").to_owned(),
            configuration,
            rules: BTreeMap::new(),
            looks_left: MAKING,
        };
        analyzer.add_tags(&input.object("tags"))?;
        for rule in input.value("archiveRules").as_array().into_iter().flatten() {
            analyzer.add_rule(rule["ruleName"].as_str().unwrap_or_default(), &rule["filter"])?;
        }
        Ok(analyzer)
    }

    /// Whether it was made by this token.
    pub fn is_of(&self, token: &str) -> bool {
        !token.is_empty() && self.token == token
    }

    /// It comes into being while it is looked at.
    pub fn looked_at(&mut self) {
        self.looks_left = self.looks_left.saturating_sub(1);
    }

    /// As the service tells it.
    pub fn shown(&self, name: &str) -> Value {
        let mut shown = json!({
            "arn": self.arn,
            "name": name,
            "type": self.kind,
            "createdAt": WHEN,
            "tags": self.tags,
            "status": if self.looks_left > 0 { "CREATING" } else { "ACTIVE" },
        });
        if !self.configuration.is_null() {
            shown["configuration"] = self.configuration.clone();
        }
        shown
    }

    /// Carries out an operation that names it.
    ///
    /// # Errors
    /// What the service refuses of it.
    pub fn perform(&mut self, operation: &str, input: &Input) -> Result<Value, ServiceError> {
        let rule = input.text("ruleName");
        match operation {
            "UpdateAnalyzer" => {
                let configuration = input.value("configuration");
                if !self.kind.contains('_') {
                    return Err(refused("an analyzer of external access has no configuration"));
                }
                check_configuration(&self.kind, configuration)?;
                let age = |of: &Value| of["unusedAccess"]["unusedAccessAge"].clone();
                let (before, after) = (age(&self.configuration), age(configuration));
                if !after.is_null() && after != before {
                    return Err(refused("the unused access age cannot be changed"));
                }
                self.configuration = configuration.clone();
                if !before.is_null() {
                    self.configuration["unusedAccess"]["unusedAccessAge"] = before;
                }
                Ok(json!({"configuration": self.configuration}))
            }
            "CreateArchiveRule" => {
                if self.rules.contains_key(rule) {
                    return Err(conflict(format!("archive rule {rule} exists already")));
                }
                self.add_rule(rule, input.value("filter"))?;
                Ok(json!({}))
            }
            "UpdateArchiveRule" => {
                check_filter(input.value("filter"))?;
                let known = self.rules.get_mut(rule).ok_or_else(|| missing("archive rule"))?;
                *known = input.value("filter").clone();
                Ok(json!({}))
            }
            "DeleteArchiveRule" => {
                self.rules.remove(rule).ok_or_else(|| missing("archive rule"))?;
                Ok(json!({}))
            }
            "GetArchiveRule" => {
                let filter = self.rules.get(rule).ok_or_else(|| missing("archive rule"))?;
                Ok(json!({"archiveRule": shown_rule(rule, filter)}))
            }
            "ListArchiveRules" => {
                let all = self.rules.iter().map(|(name, filter)| shown_rule(name, filter));
                paged("archiveRules", all.collect(), input)
            }
            other => {
                let message = format!("the sandbox does not know {other} of Access Analyzer");
                Err(ServiceError::new("SandboxNotImplemented", message).with_status(501))
            }
        }
    }

    /// Carries out an operation that names it by its ARN.
    ///
    /// # Errors
    /// What the service refuses of it.
    pub fn perform_by_arn(
        &mut self,
        operation: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        match operation {
            "TagResource" => self.add_tags(&input.object("tags"))?,
            "UntagResource" => {
                let removed = input.texts("tagKeys");
                self.tags.retain(|key, _| !removed.contains(key));
            }
            "ListTagsForResource" => return Ok(json!({"tags": self.tags})),
            // Nothing was found that it could archive.
            _ => drop(
                self.rules.get(input.text("ruleName")).ok_or_else(|| missing("archive rule"))?,
            ),
        }
        Ok(json!({}))
    }

    fn add_rule(&mut self, name: &str, filter: &Value) -> Result<(), ServiceError> {
        check_filter(filter)?;
        if self.rules.len() >= MOST_RULES {
            let message = format!("an analyzer can have {MOST_RULES} archive rules");
            return Err(ServiceError::new("ServiceQuotaExceededException", message)
                .with_status(402)
                .with_member("resourceId", name)
                .with_member("resourceType", "AWS::AccessAnalyzer::ArchiveRule"));
        }
        self.rules.insert(name.to_owned(), filter.clone());
        Ok(())
    }

    fn add_tags(&mut self, tags: &Map<String, Value>) -> Result<(), ServiceError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.tags.extend(tags.iter().map(|(key, value)| (key.clone(), text(value))));
        match self.tags.len() > MOST_TAGS {
            true => Err(refused(format!("an analyzer can have {MOST_TAGS} tags"))),
            false => Ok(()),
        }
    }
}

fn shown_rule(name: &str, filter: &Value) -> Value {
    json!({"ruleName": name, "filter": filter, "createdAt": WHEN, "updatedAt": WHEN})
}

/// The configuration is that of the analyzer's type, and an organization's alone knows accounts.
fn check_configuration(kind: &str, configuration: &Value) -> Result<(), ServiceError> {
    let is_unused = kind.ends_with("_UNUSED_ACCESS");
    let is_internal = kind.ends_with("_INTERNAL_ACCESS");
    if (configuration["unusedAccess"].is_object() && !is_unused)
        || (configuration["internalAccess"].is_object() && !is_internal)
    {
        return Err(refused(format!("the configuration is not one of an analyzer of type {kind}")));
    }
    let age = configuration["unusedAccess"]["unusedAccessAge"].as_i64();
    if age.is_some_and(|age| !(1..=365).contains(&age)) {
        return Err(refused("the unused access age is 1 to 365 days"));
    }
    let criteria = [
        &configuration["unusedAccess"]["analysisRule"]["exclusions"],
        &configuration["internalAccess"]["analysisRule"]["inclusions"],
    ];
    for criterion in criteria.into_iter().filter_map(Value::as_array).flatten() {
        let has_accounts = criterion["accountIds"].as_array().is_some_and(|all| !all.is_empty());
        if has_accounts && !kind.starts_with("ORGANIZATION") {
            return Err(refused("an analyzer of an account has no criteria of accounts"));
        }
    }
    Ok(())
}

fn check_filter(filter: &Value) -> Result<(), ServiceError> {
    let criteria = filter.as_object();
    if criteria.is_none_or(Map::is_empty) {
        return Err(refused("an archive rule has at least one criterion"));
    }
    for (name, criterion) in criteria.into_iter().flatten() {
        let says = ["eq", "neq", "contains", "exists"].into_iter();
        if says.filter(|it| !criterion[*it].is_null()).count() == 0 {
            return Err(refused(format!("the criterion {name} says nothing")));
        }
    }
    Ok(())
}
