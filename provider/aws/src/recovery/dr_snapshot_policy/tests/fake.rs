//! A stand-in for what a snapshot policy needs of DLM, IAM, KMS, the Recycle Bin and EC2, in two
//! accounts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};

use crate::testing::{Fake, Reply, Request};

/// A role: trust, permissions, tags.
pub type Role = (String, Option<String>, BTreeMap<String, String>);

/// What there is, and what was done to it.
#[derive(Default)]
pub struct World {
    /// The policies by account and id, as GetLifecyclePolicy shows them.
    pub policies: BTreeMap<(String, String), Json>,
    /// The roles by account and name.
    pub roles: BTreeMap<(String, String), Role>,
    /// The grants: key, id, name, grantee, operations.
    pub grants: Vec<(String, String, String, String, Vec<String>)>,
    /// The rules of the Recycle Bin by account, region and id, as GetRule shows them, with `Tags`.
    pub rules: BTreeMap<(String, String, String), Json>,
    /// The volumes, with the value of their tag `backup`.
    pub volumes: Vec<(String, String)>,
    /// The changes, in order.
    pub changes: Vec<String>,
    /// How many more changes may be made.
    pub changes_left: usize,
    /// How often a role is not known yet.
    pub roles_unknown: usize,
    made: usize,
}

/// A handle on the stand-in.
pub struct Cloud(Mutex<World>);

/// A stand-in with nothing in it but two volumes, of which the policies of the tests cover one.
pub fn cloud() -> (Fake, Arc<Cloud>) {
    let volume = |id: &str, value: &str| (id.to_owned(), value.to_owned());
    let cloud = Arc::new(Cloud(Mutex::new(World {
        changes_left: usize::MAX,
        volumes: vec![volume("vol-1", "hourly"), volume("vol-2", "never")],
        ..World::default()
    })));
    let inner = Arc::clone(&cloud);
    (Fake::new(move |request| inner.world().answer(request)), cloud)
}

impl Cloud {
    /// What there is.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes since they were last asked for, without their service, as `ACCOUNT CHANGE`.
    pub fn take_changes(&self) -> Vec<String> {
        std::mem::take(&mut self.world().changes)
    }

    /// The only policy of an account.
    pub fn policy(&self, account: &str) -> Json {
        let world = self.world();
        let found = world.policies.iter().find(|((there, _), _)| there == account);
        found.map(|(_, policy)| policy.clone()).unwrap_or_default()
    }

    /// Changes the rules of a region in an account as somebody else would, or the end of the delay.
    pub fn change_rules(&self, account: &str, region: &str, change: impl Fn(&mut Json)) {
        let mut world = self.world();
        let there = world
            .rules
            .iter_mut()
            .filter(|((owner, place, _), _)| (owner.as_str(), place.as_str()) == (account, region));
        there.for_each(|(_, rule)| change(rule));
    }

    /// Changes the policies of an account as somebody else would.
    pub fn change_policy(&self, account: &str, change: impl Fn(&mut Json)) {
        let mut world = self.world();
        let there = world.policies.iter_mut().filter(|((there, _), _)| there == account);
        there.for_each(|(_, policy)| change(policy));
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The fields `PREFIX.member.N.Key` and `.Value` of a form.
fn form_tags(input: &Json) -> BTreeMap<String, String> {
    let field = |number: usize, name: &str| {
        input[format!("Tags.member.{number}.{name}")].as_str().map(str::to_owned)
    };
    (1..).map_while(|number| Some((field(number, "Key")?, field(number, "Value")?))).collect()
}

fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl World {
    fn answer(&mut self, request: &Request) -> Reply {
        let (service, action) = request.action.split_once(':').unwrap_or_default();
        match service {
            "dlm" => self.dlm(request, action),
            "iam" => self.iam(request, action),
            "kms" => self.kms(request, action),
            "rbin" => self.rbin(request, action),
            _ => self.ec2(action),
        }
    }

    /// Notes a change, unless no more may be made.
    fn change(&mut self, request: &Request, what: &str) -> Result<(), Reply> {
        if self.changes_left == 0 {
            return Err(Reply::error("InternalServerException", "cut off"));
        }
        self.changes_left -= 1;
        self.changes.push(format!("{} {what}", request.key));
        Ok(())
    }

    fn dlm(&mut self, request: &Request, action: &str) -> Reply {
        let (method, path) = action.split_once(' ').unwrap_or_default();
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let id = path.rsplit('/').next().unwrap_or_default().to_owned();
        let place = (request.key.clone(), id.clone());
        let input = &request.input;
        let known = self.policies.contains_key(&place);
        let changed = match (method, path) {
            ("GET", "/policies") => return self.list(&request.key),
            ("POST", "/policies") => return self.create(request),
            _ if !known => return Reply::error("ResourceNotFoundException", "no such policy"),
            ("GET", _) => return Reply::json(json!({"Policy": self.policies[&place]})),
            ("DELETE", path) if path.starts_with("/tags/") => "UntagResource",
            ("POST", _) => "TagResource",
            ("DELETE", _) => "DeleteLifecyclePolicy",
            _ => "UpdateLifecyclePolicy",
        };
        if let Err(reply) = self.change(request, changed) {
            return reply;
        }
        if changed == "DeleteLifecyclePolicy" {
            self.policies.remove(&place);
            return Reply::json(json!({}));
        }
        if let Some(policy) = self.policies.get_mut(&place) {
            let gone = query.split('&').filter_map(|it| it.strip_prefix("tagKeys="));
            if let Some(tags) = policy["Tags"].as_object_mut() {
                tags.extend(input["Tags"].as_object().cloned().unwrap_or_default());
                gone.for_each(|key| drop(tags.remove(key)));
            }
            for name in ["Description", "State", "ExecutionRoleArn", "PolicyDetails"] {
                if !input[name].is_null() {
                    policy[name] = input[name].clone();
                }
            }
        }
        Reply::json(json!({}))
    }

    fn list(&self, account: &str) -> Reply {
        let here = self.policies.iter().filter(|((there, _), _)| there == account);
        let summaries: Vec<Json> = here
            .map(|(_, policy)| {
                json!({
                    "PolicyId": policy["PolicyId"], "State": policy["State"],
                    "Tags": policy["Tags"], "PolicyType": policy["PolicyDetails"]["PolicyType"],
                })
            })
            .collect();
        Reply::json(json!({"Policies": summaries}))
    }

    fn create(&mut self, request: &Request) -> Reply {
        if self.roles_unknown > 0 {
            self.roles_unknown -= 1;
            let message = if self.roles_unknown > 1 { "The role is unknown" } else { "No" };
            return Reply::error("InvalidRequestException", message);
        }
        if let Err(reply) = self.change(request, "CreateLifecyclePolicy") {
            return reply;
        }
        self.made += 1;
        let id = format!("policy-0000000000000000{}", self.made);
        let mut policy = request.input.clone();
        policy["PolicyId"] = id.clone().into();
        let place = format!("{}:{}", request.region, request.key);
        policy["PolicyArn"] = format!("arn:aws:dlm:{place}:policy/{id}").into();
        self.policies.insert((request.key.clone(), id.clone()), policy);
        Reply::json(json!({"PolicyId": id}))
    }

    fn iam(&mut self, request: &Request, action: &str) -> Reply {
        let input = &request.input;
        let name = text(&input["RoleName"]);
        let place = (request.key.clone(), name.clone());
        let arn = format!("arn:aws:iam::{}:role/{name}", request.key);
        let gone = || Reply::query_error("NoSuchEntity", "no such role");
        let Some((trust, permissions, tags)) = self.roles.get(&place).cloned() else {
            if action != "CreateRole" {
                return gone();
            }
            if let Err(reply) = self.change(request, action) {
                return reply;
            }
            let trust = text(&input["AssumeRolePolicyDocument"]);
            self.roles.insert(place, (trust, None, form_tags(input)));
            return Reply::query(
                action,
                &format!("<Role><RoleName>{name}</RoleName><Arn>{arn}</Arn></Role>"),
            );
        };
        match action {
            "CreateRole" => return Reply::query_error("EntityAlreadyExists", "taken"),
            "GetRole" => {
                let tags: String = tags
                    .iter()
                    .map(|(key, value)| {
                        format!("<member><Key>{key}</Key><Value>{value}</Value></member>")
                    })
                    .collect();
                let role = format!(
                    "<Role><RoleName>{name}</RoleName><Arn>{arn}</Arn>\
                     <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>\
                     <Tags>{tags}</Tags></Role>",
                    escaped(&trust)
                );
                return Reply::query(action, &role);
            }
            "GetRolePolicy" => {
                let Some(document) = permissions else { return gone() };
                let document = escaped(&document);
                return Reply::query(
                    action,
                    &format!("<PolicyDocument>{document}</PolicyDocument>"),
                );
            }
            _ => {}
        }
        if let Err(reply) = self.change(request, action) {
            return reply;
        }
        let document = text(&input["PolicyDocument"]);
        let mut role = (trust, permissions, tags);
        match action {
            "PutRolePolicy" => role.1 = Some(document),
            "UpdateAssumeRolePolicy" => role.0 = document,
            "DeleteRolePolicy" => role.1 = None,
            "TagRole" => role.2.extend(form_tags(input)),
            "UntagRole" => role.2.retain(|key, _| {
                !(1..9).any(|number| input[format!("TagKeys.member.{number}")] == key.as_str())
            }),
            _ => {}
        }
        if action == "DeleteRole" {
            self.roles.remove(&place);
        } else {
            self.roles.insert(place, role);
        }
        Reply::query(action, "")
    }

    fn kms(&mut self, request: &Request, action: &str) -> Reply {
        let input = &request.input;
        let key = text(&input["KeyId"]);
        match action {
            "ListGrants" => {
                let here = self.grants.iter().filter(|grant| grant.0 == key);
                let grants: Vec<Json> = here
                    .map(|(_, id, name, grantee, operations)| {
                        json!({
                            "GrantId": id, "Name": name, "GranteePrincipal": grantee,
                            "Operations": operations,
                        })
                    })
                    .collect();
                return Reply::json(json!({"Grants": grants, "Truncated": false}));
            }
            "CreateGrant" if self.roles_unknown > 0 => {
                self.roles_unknown -= 1;
                return Reply::error("InvalidArnException", "no valid principal");
            }
            _ => {}
        }
        if let Err(reply) = self.change(request, action) {
            return reply;
        }
        if action == "RevokeGrant" {
            self.grants.retain(|grant| grant.1 != text(&input["GrantId"]));
            return Reply::json(json!({}));
        }
        self.made += 1;
        let id = format!("grant-{}", self.made);
        let operations = input["Operations"].as_array().into_iter().flatten().map(text).collect();
        let (name, grantee) = (text(&input["Name"]), text(&input["GranteePrincipal"]));
        self.grants.push((key, id.clone(), name, grantee, operations));
        Reply::json(json!({"GrantId": id}))
    }

    fn rbin(&mut self, request: &Request, action: &str) -> Reply {
        let (method, path) = action.split_once(' ').unwrap_or_default();
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let id = path.split('/').find(|part| part.starts_with("rule00")).unwrap_or_default();
        let place = (request.key.clone(), request.region.clone(), id.to_owned());
        let input = &request.input;
        let changed = match (method, path) {
            ("POST", "/list-rules") => return self.list_rules(request),
            ("POST", "/rules") => return self.create_rule(request),
            _ if !self.rules.contains_key(&place) => {
                return Reply::error("ResourceNotFoundException", "no such rule");
            }
            ("GET", path) if path.starts_with("/tags/") => {
                return Reply::json(json!({"Tags": self.rules[&place]["Tags"]}));
            }
            ("GET", _) => return Reply::json(self.rules[&place].clone()),
            ("POST", _) => "TagResource",
            ("DELETE", path) if path.starts_with("/tags/") => "UntagResource",
            ("DELETE", _) => "DeleteRule",
            (_, path) if path.ends_with("/lock") => "LockRule",
            (_, path) if path.ends_with("/unlock") => "UnlockRule",
            _ => "UpdateRule",
        };
        let is_held =
            ["locked", "pending_unlock"].contains(&text(&self.rules[&place]["LockState"]).as_str());
        if is_held && ["DeleteRule", "UpdateRule"].contains(&changed) {
            return Reply::error("ConflictException", "the rule is locked");
        }
        if let Err(reply) = self.change(request, changed) {
            return reply;
        }
        let Some(rule) = self.rules.get_mut(&place) else { return Reply::json(json!({})) };
        match changed {
            "DeleteRule" => drop(self.rules.remove(&place)),
            "UpdateRule" => rule["RetentionPeriod"] = input["RetentionPeriod"].clone(),
            "LockRule" => {
                rule["LockConfiguration"] = input["LockConfiguration"].clone();
                rule["LockState"] = "locked".into();
            }
            "UnlockRule" => {
                rule["LockState"] = "pending_unlock".into();
                rule["LockEndTime"] = 1_800_000_000.into();
            }
            _ => {
                let new: Vec<Json> = input["Tags"].as_array().cloned().unwrap_or_default();
                let gone = |key: &Json| {
                    let asked =
                        query.split('&').any(|it| it.strip_prefix("tagKeys=") == key.as_str());
                    asked || new.iter().any(|tag| tag["Key"] == *key)
                };
                if let Some(tags) = rule["Tags"].as_array_mut() {
                    tags.retain(|tag| !gone(&tag["Key"]));
                    tags.extend(new);
                }
            }
        }
        Reply::json(json!({}))
    }

    fn list_rules(&self, request: &Request) -> Reply {
        let here = |(account, region, _): &(String, String, String)| {
            (account, region) == (&request.key, &request.region)
        };
        let there = self.rules.iter().filter(|(place, _)| here(place));
        let summaries: Vec<Json> = there
            .map(
                |(_, it)| json!({"Identifier": it["Identifier"], "Description": it["Description"]}),
            )
            .collect();
        Reply::json(json!({"Rules": summaries}))
    }

    fn create_rule(&mut self, request: &Request) -> Reply {
        if let Err(reply) = self.change(request, "CreateRule") {
            return reply;
        }
        self.made += 1;
        let id = format!("rule{:07}", self.made);
        let mut rule = request.input.clone();
        rule["Identifier"] = id.clone().into();
        rule["Status"] = "available".into();
        if !rule["LockConfiguration"].is_null() {
            rule["LockState"] = "locked".into();
        }
        let place = (request.key.clone(), request.region.clone(), id.clone());
        rule["RuleArn"] = format!("arn:aws:rbin:{}:{}:rule/{id}", place.1, place.0).into();
        self.rules.insert(place, rule);
        Reply::json(json!({"Identifier": id}))
    }

    fn ec2(&self, action: &str) -> Reply {
        let volumes: String = self
            .volumes
            .iter()
            .map(|(id, value)| {
                format!(
                    "<item><volumeId>{id}</volumeId><tagSet><item><key>backup</key><value>{value}\
                     </value></item></tagSet></item>"
                )
            })
            .collect();
        Reply::ec2(action, &format!("<volumeSet>{volumes}</volumeSet>"))
    }
}
