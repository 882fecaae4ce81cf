//! What a plan can say of a grant: what KMS would refuse, and what an import id means.
//!
//! Limits are those of CreateGrant in the AWS KMS API reference; which keys can do what is in "Key
//! type reference" of its developer guide.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_kms::types::{GrantConstraints, GrantOperation};
use travel_framework::{Diagnostic, Model, Plan};
use travel_value::Value;

use super::KmsGrant;
use crate::partition::Arn;

/// How many pairs of an encryption context a constraint can have.
const MOST_PAIRS: usize = 8;
/// How long a value among them can be, in characters.
const LONGEST_VALUE: usize = 384;

/// The constraints of an encryption context, which exclude each other.
const CONTEXTS: [&str; 2] = ["encryption_context_equals", "encryption_context_subset"];

/// What every kind of key can do.
const OF_ALL: [&str; 3] = ["CreateGrant", "DescribeKey", "RetireGrant"];
/// What symmetric keys can do beyond that, all of it with an encryption context.
const SYMMETRIC: [&str; 8] = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
];
/// What each other kind of key can do beyond that: pairs that encrypt, sign, agree on a secret or
/// encapsulate one, and HMAC keys.
const OTHERS: [&[&str]; 5] = [
    &["Decrypt", "Encrypt", "GetPublicKey", "ReEncryptFrom", "ReEncryptTo"],
    &["GetPublicKey", "Sign", "Verify"],
    &["DeriveSharedSecret", "GetPublicKey"],
    &["Decapsulate", "Encapsulate", "GetPublicKey"],
    &["GenerateMac", "VerifyMac"],
];

/// What a request must be like for a grant to allow it. An encryption context is only there with
/// symmetric keys, and is written to logs in plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Constraints {
    /// The request's encryption context is just this. Not together with
    /// `encryption_context_subset`.
    #[model(optional, rule = is_context)]
    pub encryption_context_equals: Option<BTreeMap<String, String>>,
    /// The request's encryption context has these pairs, and maybe others.
    #[model(optional, rule = is_context)]
    pub encryption_context_subset: Option<BTreeMap<String, String>>,
    /// The ARN of the resource on whose behalf the request is made.
    #[model(
        optional,
        length(20, 512),
        pattern(
            "^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
            "the ARN of a resource, with its account"
        )
    )]
    pub source_arn: Option<String>,
}

impl Constraints {
    /// Those that KMS lists; none where they constrain nothing.
    pub fn read(listed: GrantConstraints) -> Option<Self> {
        let context = |pairs: Option<HashMap<String, String>>| {
            pairs.filter(|pairs| !pairs.is_empty()).map(|pairs| pairs.into_iter().collect())
        };
        let read = Self {
            encryption_context_equals: context(listed.encryption_context_equals),
            encryption_context_subset: context(listed.encryption_context_subset),
            source_arn: listed.source_arn,
        };
        (read != Self::default()).then_some(read)
    }

    /// As KMS takes them.
    pub fn write(&self) -> GrantConstraints {
        let context = |pairs: &Option<BTreeMap<String, String>>| {
            pairs.clone().map(|pairs| pairs.into_iter().collect())
        };
        GrantConstraints::builder()
            .set_encryption_context_equals(context(&self.encryption_context_equals))
            .set_encryption_context_subset(context(&self.encryption_context_subset))
            .set_source_arn(self.source_arn.clone())
            .build()
    }
}

/// The rule of the key.
pub fn is_key(value: &Value) -> Result<(), String> {
    match value.as_str().is_none_or(is_key_arn) {
        true => Ok(()),
        false => Err("the ARN of a key, not its id or alias, as in \
                      arn:aws:kms:eu-central-1:111122223333:key/KEY_ID"
            .to_owned()),
    }
}

fn is_key_arn(text: &str) -> bool {
    let is_id = |resource: &str| {
        let id = resource.strip_prefix("key/");
        id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
    };
    Arn::parse(text)
        .is_some_and(|arn| arn.service == "kms" && !arn.region.is_empty() && is_id(&arn.resource))
}

/// The rule of a principal.
pub fn is_principal(value: &Value) -> Result<(), String> {
    const KINDS: [(&str, &[&str]); 2] =
        [("iam", &["role/", "user/"]), ("sts", &["assumed-role/", "federated-user/"])];
    let Some(text) = value.as_str() else { return Ok(()) };
    let is_one = match Arn::parse(text) {
        Some(arn) if arn.service == "iam" && arn.resource == "root" => true,
        Some(arn) => KINDS.iter().any(|(service, kinds)| {
            let names =
                |kind: &str| arn.resource.strip_prefix(kind).is_some_and(|name| !name.is_empty());
            arn.service == *service && kinds.iter().any(|kind| names(kind))
        }),
        None => is_service(text),
    };
    match is_one {
        true => Ok(()),
        false => Err("the ARN of a role, a user, a session or an account's root (as in \
                      arn:aws:iam::111122223333:root), or the principal of a service, such as \
                      dynamodb.amazonaws.com"
            .to_owned()),
    }
}

/// Whether a principal is a service.
pub fn is_service(principal: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    let host = principal.strip_suffix(".cn").unwrap_or(principal);
    host.strip_suffix(".amazonaws.com").is_some_and(|name| name.split('.').all(is_part))
}

/// The rule of the operations.
pub fn are_operations(value: &Value) -> Result<(), String> {
    let names: Vec<&str> =
        value.elements().into_iter().flatten().filter_map(Value::as_str).collect();
    let known = GrantOperation::values();
    if let Some(other) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!(
            "operations that a grant can allow, which {other:?} is not; those are {}",
            known.join(", "),
        ));
    }
    let can_all =
        |kind: &[&str]| names.iter().all(|name| kind.contains(name) || OF_ALL.contains(name));
    match can_all(&SYMMETRIC) || OTHERS.iter().any(|kind| can_all(kind)) {
        true => Ok(()),
        false => {
            Err("operations that one key can do: no kind of key can do all of them".to_owned())
        }
    }
}

/// The rule of the constraints.
pub fn is_constraint(value: &Value) -> Result<(), String> {
    if CONTEXTS.iter().all(|name| is_set(value.get(name))) {
        return Err(
            "without encryption_context_subset where it has encryption_context_equals, which \
                    says more"
                .to_owned(),
        );
    }
    let mut names = CONTEXTS.iter().chain(&["source_arn"]);
    match names.all(|name| value.get(name).is_null()) {
        true => Err("left out, or have an encryption context or a source_arn".to_owned()),
        false => Ok(()),
    }
}

/// Whether a value is there for certain: what is not known yet may come to nothing.
fn is_set(value: &Value) -> bool {
    !value.is_null() && !value.is_unknown()
}

/// The rule of an encryption context.
pub fn is_context(value: &Value) -> Result<(), String> {
    let pairs: Vec<_> = value.entries().into_iter().flatten().collect();
    if pairs.is_empty() || pairs.len() > MOST_PAIRS {
        return Err(format!("1 to {MOST_PAIRS} pairs"));
    }
    let is_long =
        |value: &Value| value.as_str().is_some_and(|text| text.chars().count() > LONGEST_VALUE);
    match pairs.iter().find(|(key, value)| key.is_empty() || is_long(value)) {
        Some((key, _)) => Err(format!(
            "pairs with a name and a value of at most {LONGEST_VALUE} characters, which that of \
             {key:?} is not"
        )),
        None => Ok(()),
    }
}

/// Refuses combinations that KMS would refuse, as far as they are known.
pub fn check(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    let constraints = plan.planned.get("constraints").clone();
    let has_context = CONTEXTS.iter().any(|name| is_set(constraints.get(name)));
    let operations = plan.known::<BTreeSet<String>>("operations").unwrap_or_default();
    let allowed =
        |name: &&String| SYMMETRIC.contains(&name.as_str()) || OF_ALL.contains(&name.as_str());
    if let Some(other) = operations.iter().find(|name| !allowed(name))
        && has_context
    {
        let detail = format!(
            "Only a symmetric key takes an encryption context, and it cannot do {other}. Remove the \
             encryption context, or the operation."
        );
        plan.refuse("constraints", "no encryption context with these operations", detail);
    }
    let grantee = plan.known::<String>("grantee_principal");
    if !grantee.is_some_and(|grantee| is_service(&grantee)) {
        return;
    }
    if !constraints.is_unknown() && constraints.get("source_arn").is_null() {
        let detail = "A grant to a service says for which resource the service uses the key. Give \
                      the constraints a source_arn.";
        plan.refuse("grantee_principal", "a service needs a source_arn", detail);
    }
    if plan.planned.get("retiring_principal").is_null() {
        let detail = "A grant to a service says who may retire it. Give it a retiring_principal.";
        plan.refuse("grantee_principal", "a service needs a retiring_principal", detail);
    }
}

/// Plans where the grant is, and that a new one has another id.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    let (key, region) = (plan.known::<String>("key_arn"), plan.known::<String>("region"));
    let misplaced = key.zip(region).and_then(|(key, region)| misplaced(&key, &region));
    plan.diagnostics.extend(misplaced);
    if plan.is_replacement() {
        plan.set("grant_id", Value::unknown());
        plan.set("id", Value::unknown());
    }
}

/// What is wrong with a grant in a region that is not the key's.
pub fn misplaced(key_arn: &str, region: &str) -> Option<Diagnostic> {
    let key = Arn::parse(key_arn).filter(|key| key.region != region)?;
    let detail = format!(
        "The key is in {}, and the grant would be in {region}. Set region = {:?} here, or name the \
         key's replica in {region}, if it has one.",
        key.region, key.region,
    );
    Some(Diagnostic::error("the key is in another region", detail).at_attribute("key_arn"))
}

/// The state that a read can start from.
pub fn import(id: &str) -> Result<KmsGrant, Diagnostic> {
    let parts = id.rsplit_once('/').filter(|(key, grant)| is_key_arn(key) && !grant.is_empty());
    let (key_arn, grant_id) = parts.ok_or_else(|| {
        Diagnostic::error(
            format!("{id:?} names no grant"),
            "Grants are imported by KEY_ARN/GRANT_ID, as in \
             arn:aws:kms:eu-central-1:111122223333:key/KEY_ID/GRANT_ID, where GRANT_ID is what \
             aws kms list-grants shows.",
        )
    })?;
    let mut state = KmsGrant { key_arn: key_arn.to_owned(), ..KmsGrant::default() };
    state.note_id(grant_id.to_owned());
    state.placement.region = Arn::parse(key_arn).map(|arn| arn.region);
    Ok(state)
}
