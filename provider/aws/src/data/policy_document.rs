//! `travel_policy_document`: a policy put together from statements and other policies.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language".

mod merging;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use travel_framework::data::DataSource;
use travel_framework::{Call, Diagnostic, Failure, Model};

use self::merging::Statements;
use crate::platform::Aws;
use crate::policy::grammar::{Kind, faults, refusal};

/// A policy put together from statements and from other policies, checked, and written in JSON without
/// spaces.
///
/// Statements of `source_documents` come first, then `statements`, then those of
/// `override_documents`; a later statement takes the place of an earlier one with the same `sid`.
#[derive(Clone, Debug, Default, Model)]
pub struct PolicyDocumentData {
    /// The version of the grammar.
    #[model(optional, default = "2012-10-17", one_of("2012-10-17", "2008-10-17"))]
    pub version: String,
    /// The id of the policy, which some services want.
    #[model(optional, length(1, 256))]
    pub policy_id: Option<String>,
    /// What it is for, which decides what it can say: `managed` or `inline` (permissions of a role),
    /// `trust` (who may assume one), or `other` (a policy of a bucket, a key and the like).
    #[model(optional, default = "other", one_of("managed", "inline", "trust", "other"))]
    pub kind: String,
    /// The statements.
    #[model(optional)]
    pub statements: Option<Vec<Statement>>,
    /// Policies in JSON whose statements come before. Two of them cannot have the same `sid`.
    #[model(optional)]
    pub source_documents: Option<Vec<String>>,
    /// Policies in JSON whose statements come after, and take the place of those with the same `sid`.
    #[model(optional)]
    pub override_documents: Option<Vec<String>>,
    /// The policy in JSON.
    #[model(computed)]
    pub json: Option<String>,
}

/// A statement of a policy.
#[derive(Clone, Debug, Default, Model)]
pub struct Statement {
    /// The name of the statement within the policy.
    #[model(optional)]
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    #[model(optional, default = "Allow", one_of("Allow", "Deny"))]
    pub effect: String,
    /// The actions, such as `s3:GetObject`; patterns can stand in them.
    #[model(optional)]
    pub actions: Option<BTreeSet<String>>,
    /// All actions but these.
    #[model(optional)]
    pub not_actions: Option<BTreeSet<String>>,
    /// The ARNs of what it is about, or `*`.
    #[model(optional)]
    pub resources: Option<BTreeSet<String>>,
    /// All but these.
    #[model(optional)]
    pub not_resources: Option<BTreeSet<String>>,
    /// Whom it is about, by kind (`AWS`, `Service`, `Federated`, `CanonicalUser`); everybody is
    /// `{ "*" = ["*"] }`.
    #[model(optional)]
    pub principals: Option<BTreeMap<String, BTreeSet<String>>>,
    /// All but these.
    #[model(optional)]
    pub not_principals: Option<BTreeMap<String, BTreeSet<String>>>,
    /// When it counts: by operator (`StringEquals`), by key (`aws:PrincipalOrgID`), the values.
    #[model(optional)]
    pub conditions: Option<BTreeMap<String, BTreeMap<String, Vec<String>>>>,
}

#[async_trait]
impl DataSource for PolicyDocumentData {
    type Platform = Aws;

    const TYPE_NAME: &'static str = "travel_policy_document";

    async fn read(&mut self, _call: &Call<Aws>) -> Result<(), Failure> {
        let text = self.document()?.to_string();
        let kind = match self.kind.as_str() {
            "managed" => Kind::Managed,
            "inline" => Kind::Inline,
            "trust" => Kind::Trust,
            _ => Kind::Other,
        };
        let faults = faults(kind, &text.as_str().into());
        if !faults.is_empty() {
            return Err(refusal(&faults.join(" ")).at_attribute("statements").into());
        }
        self.json = Some(text);
        Ok(())
    }
}

impl PolicyDocumentData {
    fn document(&self) -> Result<Json, Diagnostic> {
        let mut all = Statements::default();
        all.add_sources(self.source_documents.as_deref().unwrap_or_default())?;
        all.add_own(self.statements.iter().flatten().map(Statement::json))?;
        all.add_overrides(self.override_documents.as_deref().unwrap_or_default())?;
        let mut document = json!({"Version": self.version, "Statement": all.into_json()});
        if let Some(id) = &self.policy_id {
            document["Id"] = json!(id);
        }
        Ok(document)
    }
}

impl Statement {
    fn json(&self) -> Json {
        let mut parts = Map::new();
        let mut set = |name: &str, value: Option<Json>| {
            if let Some(value) = value {
                parts.insert(name.to_owned(), value);
            }
        };
        set("Sid", self.sid.as_ref().map(|sid| json!(sid)));
        set("Effect", Some(json!(self.effect)));
        set("Action", self.actions.as_ref().map(some));
        set("NotAction", self.not_actions.as_ref().map(some));
        set("Resource", self.resources.as_ref().map(some));
        set("NotResource", self.not_resources.as_ref().map(some));
        set("Principal", self.principals.as_ref().map(principals));
        set("NotPrincipal", self.not_principals.as_ref().map(principals));
        set(
            "Condition",
            self.conditions.as_ref().map(|operators| {
                let operators = operators.iter().map(|(operator, keys)| {
                    let keys = keys.iter().map(|(key, values)| (key.clone(), some(values)));
                    (operator.clone(), Json::Object(keys.collect()))
                });
                Json::Object(operators.collect())
            }),
        );
        Json::Object(parts)
    }
}

fn principals(kinds: &BTreeMap<String, BTreeSet<String>>) -> Json {
    // Everybody, and nobody beside them; what else stands under that name is for the grammar to refuse.
    let everybody = kinds.get("*").filter(|_| kinds.len() == 1);
    if everybody.is_some_and(|values| values.iter().eq(["*"])) {
        return json!("*");
    }
    Json::Object(kinds.iter().map(|(kind, values)| (kind.clone(), some(values))).collect())
}

/// A list, or its only element.
fn some<'a>(values: impl IntoIterator<Item = &'a String>) -> Json {
    let values: Vec<&String> = values.into_iter().collect();
    match values[..] {
        [one] => json!(one),
        _ => json!(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, Reply, call};

    fn statement(sid: &str, action: &str) -> Statement {
        Statement {
            sid: (!sid.is_empty()).then(|| sid.to_owned()),
            effect: "Allow".into(),
            actions: Some([action.to_owned()].into()),
            resources: Some(["*".to_owned()].into()),
            ..Statement::default()
        }
    }

    fn text(sid: &str, action: &str) -> String {
        json!({"Version": "2012-10-17", "Statement": statement(sid, action).json()}).to_string()
    }

    async fn read(mut data: PolicyDocumentData) -> Result<String, String> {
        data.version = "2012-10-17".into();
        let fake = Fake::new(|_| Reply::error("NotImplemented", ""));
        let result = data.read(&call(&fake).await).await;
        result.map_err(|failure| failure.into_diagnostic().to_string())?;
        Ok(data.json.unwrap())
    }

    #[tokio::test]
    async fn statements_come_in_order_and_take_each_others_place() {
        let data = PolicyDocumentData {
            kind: "managed".into(),
            statements: Some(vec![statement("", "s3:*"), statement("A", "kms:*")]),
            source_documents: Some(vec![text("A", "ec2:*"), text("B", "sqs:*")]),
            override_documents: Some(vec![text("B", "sns:*"), text("C", "sts:*")]),
            ..PolicyDocumentData::default()
        };
        let document: Json = serde_json::from_str(&read(data).await.unwrap()).unwrap();
        let actions: Vec<&str> = document["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|statement| statement["Action"].as_str().unwrap())
            .collect();
        assert_eq!(actions, ["kms:*", "sns:*", "s3:*", "sts:*"]);
    }

    #[tokio::test]
    async fn what_breaks_the_grammar_is_refused() {
        let with = |kind: &str, statement: Statement| PolicyDocumentData {
            kind: kind.into(),
            statements: Some(vec![statement]),
            ..PolicyDocumentData::default()
        };
        let everybody = BTreeMap::from([("*".to_owned(), ["*".to_owned()].into())]);
        let open = Statement { principals: Some(everybody), ..statement("", "s3:*") };
        assert!(read(with("other", open.clone())).await.unwrap().contains("\"Principal\":\"*\""));
        assert!(read(with("inline", open)).await.unwrap_err().contains("has Principal"));
        // None under that name, one, or others beside it are not everybody.
        for (name, values) in
            [("*", &[][..]), ("*", &["arn:aws:iam::111122223333:root"]), ("AWS", &["*"])]
        {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            let mut kinds = BTreeMap::from([(name.to_owned(), values)]);
            if name == "AWS" {
                kinds.insert("*".to_owned(), ["*".to_owned()].into());
            }
            let statement = Statement { principals: Some(kinds), ..statement("", "s3:*") };
            let refused = read(with("other", statement)).await.unwrap_err();
            assert!(refused.contains("has \"*\" in its Principal"), "{refused}");
        }
        assert!(read(with("other", statement("", "s3"))).await.unwrap_err().contains("\"s3\""));
        let twice = PolicyDocumentData {
            source_documents: Some(vec![text("A", "ec2:*"), text("A", "sqs:*")]),
            ..PolicyDocumentData::default()
        };
        assert!(read(twice).await.unwrap_err().contains("\"A\""));
        let broken = PolicyDocumentData {
            override_documents: Some(vec!["{".into()]),
            ..PolicyDocumentData::default()
        };
        assert!(read(broken).await.unwrap_err().contains("override_documents"));
    }
}
