//! A key's policy, written from who is to do what with it.
//!
//! Source: "Key policies in AWS KMS" and "Condition keys for AWS KMS" of its developer guide; "Encrypt
//! log data in CloudWatch Logs" of that of CloudWatch Logs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use travel_framework::{Model, Plan};
use travel_value::{Path, Value};

use super::KmsKey;
use super::replicas::Replica;
use crate::Scope;
use crate::partition::{Arn, Partition, is_account_id};
use crate::policy;

/// What an administrator does: everything but to use the key.
const ADMINISTER: [&str; 16] = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
];

/// What each usage of a key takes.
const USES: [(&str, &[&str]); 5] = [
    (
        "ENCRYPT_DECRYPT",
        &[
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
        ],
    ),
    ("SIGN_VERIFY", &["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"]),
    ("GENERATE_VERIFY_MAC", &["kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"]),
    ("KEY_AGREEMENT", &["kms:DeriveSharedSecret", "kms:DescribeKey", "kms:GetPublicKey"]),
    (
        "ENCAPSULATE_DECAPSULATE",
        &["kms:Decapsulate", "kms:DescribeKey", "kms:Encapsulate", "kms:GetPublicKey"],
    ),
];

/// How volumes, databases and the like come to use a key on behalf of whoever made them.
const GRANT: [&str; 3] = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"];

/// Who may do what with a key, and with its replicas. The provider writes the `policy` from it.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct Access {
    /// Whether IAM policies of the account count as well. Without them, only who is named here gets at
    /// the key, and only `administrators` can change that.
    #[model(optional, default = true)]
    pub iam_policies: bool,
    /// Who manages the key without using it: ARNs of roles and users, which must exist.
    #[model(optional, rule = are_principals)]
    pub administrators: Option<BTreeSet<String>>,
    /// Who uses it, and lets AWS resources use it: ARNs of roles and users, which must exist; or ids of
    /// accounts, whose own policies then say who.
    #[model(optional, rule = are_principals_or_accounts)]
    pub users: Option<BTreeSet<String>>,
    /// As `users`, but compared by ARN, with `*` and `?`: they need not exist yet, and one that is made
    /// again under its name is let in again. `role/NAME` and `user/NAME` are those of the account.
    #[model(optional, rule = are_patterns)]
    pub users_like: Option<BTreeSet<String>>,
    /// Services that use the key by themselves, by principal, such as `cloudtrail.amazonaws.com`.
    #[model(optional, rule = are_services)]
    pub services: Option<BTreeMap<String, ServiceAccess>>,
    /// Services through which everybody in the account uses the key who may use the service, by the
    /// name that their addresses begin with, such as `s3` or `secretsmanager`.
    #[model(optional, rule = are_names)]
    pub via_services: Option<BTreeSet<String>>,
    /// Whether CloudWatch Logs encrypts log groups of the account with the key.
    #[model(optional, default = false)]
    pub log_groups: bool,
    /// What else is to be: a policy document in JSON, whose statements follow.
    #[model(optional, rule = policy::is_document, same = policy::same_values, length(1, 32768))]
    pub statements: Option<String>,
}

/// For what a service may use a key. Where nothing is said, for its own account's resources.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct ServiceAccess {
    /// For resources of these ARNs, with `*` and `?` (`aws:SourceArn`).
    #[model(optional, length(1, 100))]
    pub source_arns: Option<BTreeSet<String>>,
    /// For resources of these accounts, by id (`aws:SourceAccount`).
    #[model(optional, length(1, 100), rule = are_accounts)]
    pub source_accounts: Option<BTreeSet<String>>,
    /// For resources of this organization (`aws:SourceOrgID`).
    #[model(
        optional,
        pattern("^o-[a-z0-9]{10,32}$", "the id of an organization, such as o-a1b2c3d4e5")
    )]
    pub source_organization: Option<String>,
    /// Only with these values in the encryption context, with `*` and `?`, by name.
    #[model(optional, length(1, 100))]
    pub encryption_context: Option<BTreeMap<String, BTreeSet<String>>>,
}

/// What the policy of a key depends on beside its `access`.
#[derive(Clone, Debug)]
pub struct Place {
    /// The account of the key.
    pub account_id: String,
    /// The region of the key, and those of its replicas.
    pub regions: BTreeSet<String>,
    /// What the key can do.
    pub key_usage: String,
}

impl Place {
    /// Where a planned key is to be.
    pub fn of(scope: &Scope, plan: &KmsKey) -> Self {
        let replicas = plan.replicas.iter().flatten().map(|(region, _)| region.clone());
        Self {
            account_id: scope.account_id().to_owned(),
            regions: replicas.chain([scope.region().to_owned()]).collect(),
            key_usage: plan.key_usage.clone(),
        }
    }

    /// Where a key is planned, once that is known.
    fn planned(plan: &Plan<'_>) -> Option<Self> {
        let replicas = match plan.planned.get("replicas") {
            Value::Null => BTreeMap::new(),
            _ => plan.known::<BTreeMap<String, Replica>>("replicas")?,
        };
        let region = plan.known::<String>("region")?;
        Some(Self {
            account_id: plan.known("account_id")?,
            regions: replicas.into_keys().chain([region]).collect(),
            key_usage: plan.known("key_usage")?,
        })
    }

    fn partition(&self) -> Partition {
        Partition::of_region(self.regions.first().map_or("", String::as_str))
    }
}

/// Plans the policy, where the key's `access` says what is to stand in it.
pub fn plan_policy(plan: &mut Plan<'_>) {
    if !plan.config.get("policy").is_null() {
        return;
    }
    if plan.planned.get("access").is_null() {
        plan.set("policy", Value::Null);
        return;
    }
    let written = plan.known::<Access>("access").zip(Place::planned(plan));
    let written = written.map(|(access, place)| access.policy(&place));
    let before = plan.prior::<String>("policy");
    let same = |one: &String, other: &String| policy::same(one, other);
    match (before, written) {
        (Some(before), Some(written)) if same(&before, &written) => {
            plan.set("policy", before.into());
        }
        (_, written) => plan.set_known("policy", written.as_ref()),
    }
}

/// Refuses an `access` that cannot be, or that nobody could ever change.
pub fn check(plan: &mut Plan<'_>) {
    let access = plan.planned.get("access").clone();
    if access.is_null() {
        return;
    }
    let policy = plan.config.get("policy");
    if !policy.is_null() && !policy.is_unknown() {
        let detail = "The policy is written from the access. Leave one of them out; what access \
                      cannot say belongs into its statements.";
        plan.refuse("policy", "a policy beside access", detail);
    }
    let Some(access) = plan.known::<Access>("access") else { return };
    let administrators = access.administrators.unwrap_or_default();
    if !access.iam_policies && administrators.is_empty() {
        let path = Path::attribute("access").field("administrators");
        let detail = "Without the account's IAM policies and without administrators nobody could \
                      change the key any more. Name at least one, or leave iam_policies out.";
        plan.refuse_at(path, "a key that nobody administers", detail);
    }
}

impl Access {
    /// The key policy that lets in just whom this names.
    pub fn policy(&self, place: &Place) -> String {
        let mut statements = Vec::new();
        let account = place.partition().iam_arn(&place.account_id, "root");
        if self.iam_policies {
            let aws = json!({ "AWS": account });
            statements.push(statement("Account", &aws, &["kms:*"], Map::new()));
        }
        let administrators = all(self.administrators.as_ref());
        if !administrators.is_empty() {
            let aws = json!({ "AWS": administrators });
            statements.push(statement("Administrators", &aws, &ADMINISTER, Map::new()));
        }
        self.add_users(place, &mut statements);
        if self.log_groups {
            statements.extend(place.regions.iter().map(|region| logs(place, region)));
        }
        for (service, access) in self.services.iter().flatten() {
            statements.push(access.statement(service, place));
        }
        let via = all(self.via_services.as_ref());
        if !via.is_empty() {
            statements.push(through(&via, place));
        }
        let further = self.statements.as_deref().map(serde_json::from_str);
        if let Some(Ok(Json::Object(mut further))) = further {
            match further.remove("Statement") {
                Some(Json::Array(further)) => statements.extend(further),
                one => statements.extend(one),
            }
        }
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    }

    fn add_users(&self, place: &Place, statements: &mut Vec<Json>) {
        let partition = place.partition();
        let users: Vec<String> = all(self.users.as_ref())
            .into_iter()
            .map(|user| match is_account_id(&user) {
                true => partition.iam_arn(&user, "root"),
                false => user,
            })
            .collect();
        let patterns: Vec<String> = all(self.users_like.as_ref())
            .into_iter()
            .map(|pattern| match pattern.starts_with("arn:") {
                true => pattern,
                false => partition.iam_arn(&place.account_id, &pattern),
            })
            .collect();
        let mut let_in = |sid: &str, principal: &Json, condition: &Map<String, Json>| {
            statements.push(statement(sid, principal, uses(&place.key_usage), condition.clone()));
            // A grant lets a resource decrypt; other usages know no such resources.
            if place.key_usage == "ENCRYPT_DECRYPT" {
                let mut condition = condition.clone();
                condition.insert("Bool".into(), json!({ "kms:GrantIsForAWSResource": "true" }));
                statements.push(statement(&format!("{sid}Grant"), principal, &GRANT, condition));
            }
        };
        if !users.is_empty() {
            let_in("Users", &json!({ "AWS": users }), &Map::new());
        }
        if !patterns.is_empty() {
            let like =
                Map::from_iter([("ArnLike".to_owned(), json!({ "aws:PrincipalArn": patterns }))]);
            let_in("UsersLike", &json!({ "AWS": "*" }), &like);
        }
    }
}

impl ServiceAccess {
    fn statement(&self, service: &str, place: &Place) -> Json {
        let mut condition = Map::new();
        if let Some(arns) = &self.source_arns {
            condition.insert("ArnLike".into(), json!({ "aws:SourceArn": arns }));
        }
        let mut equal = Map::new();
        if let Some(accounts) = &self.source_accounts {
            equal.insert("aws:SourceAccount".into(), json!(accounts));
        }
        if let Some(organization) = &self.source_organization {
            equal.insert("aws:SourceOrgID".into(), json!(organization));
        }
        let context = self.encryption_context.iter().flatten();
        let context: Map<String, Json> = context
            .map(|(name, values)| (format!("kms:EncryptionContext:{name}"), json!(values)))
            .collect();
        // Else another account's resources could make the service use the key.
        if condition.is_empty() && equal.is_empty() && context.is_empty() {
            equal.insert("aws:SourceAccount".into(), json!(place.account_id));
        }
        for (operator, keys) in [("StringEquals", equal), ("StringLike", context)] {
            if !keys.is_empty() {
                condition.insert(operator.into(), keys.into());
            }
        }
        let principal = json!({ "Service": service });
        statement(&sid("Service", service), &principal, uses(&place.key_usage), condition)
    }
}

/// CloudWatch Logs names the log group in the encryption context, and no source.
fn logs(place: &Place, region: &str) -> Json {
    let partition = place.partition();
    let groups = partition.arn("logs", region, &place.account_id, "log-group:*");
    let condition = json!({ "kms:EncryptionContext:aws:logs:arn": groups });
    let principal = json!({ "Service": partition.regional_service_principal("logs", region) });
    let condition = Map::from_iter([("ArnLike".to_owned(), condition)]);
    statement(&sid("Logs", region), &principal, uses(&place.key_usage), condition)
}

/// Everybody in the account, through services alone.
fn through(services: &[String], place: &Place) -> Json {
    let partition = place.partition();
    let addresses = services.iter().flat_map(|service| {
        let regions = place.regions.iter();
        regions.map(move |region| partition.regional_service_principal(service, region))
    });
    let condition = json!({
        "kms:CallerAccount": place.account_id,
        "kms:ViaService": addresses.collect::<Vec<String>>(),
    });
    let mut actions = uses(&place.key_usage).to_vec();
    if place.key_usage == "ENCRYPT_DECRYPT" {
        actions.push("kms:CreateGrant");
    }
    let condition = Map::from_iter([("StringEquals".to_owned(), condition)]);
    statement("ViaServices", &json!({ "AWS": "*" }), &actions, condition)
}

fn statement(sid: &str, principal: &Json, actions: &[&str], condition: Map<String, Json>) -> Json {
    let mut statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": actions,
        "Resource": "*",
    });
    if let (false, Some(parts)) = (condition.is_empty(), statement.as_object_mut()) {
        parts.insert("Condition".into(), condition.into());
    }
    statement
}

/// A statement's id: of letters and digits, and another for each name.
fn sid(kind: &str, name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.fold(kind.to_owned(), |sid, word| sid + &word)
}

fn uses(key_usage: &str) -> &'static [&'static str] {
    USES.iter().find(|(usage, _)| *usage == key_usage).map_or(&[], |(_, uses)| uses)
}

fn all(set: Option<&BTreeSet<String>>) -> Vec<String> {
    set.into_iter().flatten().cloned().collect()
}

/// A rule for each text of a set, as far as they are known.
fn each(value: &Value, is: impl Fn(&str) -> bool, wanted: &str) -> Result<(), String> {
    let texts = value.elements().into_iter().flatten().filter_map(Value::as_str);
    match texts.filter(|text| !is(text)).collect::<Vec<_>>().first() {
        Some(other) => Err(format!("{wanted}, which {other:?} is not")),
        None => Ok(()),
    }
}

fn is_principal(text: &str) -> bool {
    Arn::parse(text).is_some_and(|arn| {
        let kinds = ["role/", "user/"];
        arn.service == "iam"
            && is_account_id(&arn.account_id)
            && kinds.iter().any(|kind| arn.resource.starts_with(kind))
            && !text.contains(['*', '?'])
    })
}

fn are_principals(value: &Value) -> Result<(), String> {
    each(value, is_principal, "ARNs of roles and users of IAM")
}

fn are_principals_or_accounts(value: &Value) -> Result<(), String> {
    let is = |text: &str| is_principal(text) || is_account_id(text);
    each(
        value,
        is,
        "ARNs of roles and users of IAM, or ids of accounts (use users_like for patterns)",
    )
}

fn are_patterns(value: &Value) -> Result<(), String> {
    let kinds = ["role/", "user/", "arn:"];
    let is =
        |text: &str| kinds.iter().any(|kind| text.starts_with(kind) && text.len() > kind.len());
    each(value, is, "ARNs of roles and users, or role/NAME or user/NAME")
}

fn are_accounts(value: &Value) -> Result<(), String> {
    each(value, is_account_id, "ids of accounts, of twelve digits")
}

fn are_names(value: &Value) -> Result<(), String> {
    let is = |text: &str| {
        let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !text.is_empty() && text.bytes().all(of_name)
    };
    each(value, is, "names of services as their addresses begin, such as s3")
}

fn are_services(value: &Value) -> Result<(), String> {
    let services = value.entries().into_iter().flatten().map(|(service, _)| service);
    let is = |service: &str| service.contains('.') && !service.contains(['/', ':', '*', ' ']);
    match services.filter(|service| !is(service)).collect::<Vec<_>>().first() {
        Some(other) => Err(format!(
            "principals of services, such as cloudtrail.amazonaws.com, which {other:?} is not"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
