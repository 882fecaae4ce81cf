//! KMS in memory, with the tagging API and what else a destroy asks, for the page's tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value as Json, json};

use crate::testing::{ACCOUNT, Fake, REGION, Reply, Request};

const IN_THE_YEAR_2100: i64 = 4_102_444_800;

/// One key in one region.
#[derive(Clone, Debug, Default)]
pub struct Key {
    pub description: String,
    pub enabled: bool,
    pub pending_deletion: bool,
    pub policy: String,
    pub rotation: Option<i64>,
    pub tags: BTreeMap<String, String>,
    spec: Json,
    usage: Json,
    multi_region: bool,
    primary: String,
}

#[derive(Default)]
struct World {
    keys: BTreeMap<(String, String), Key>,
    aliases: BTreeMap<(String, String), String>,
    uses: Vec<(String, String)>,
    changes: Vec<String>,
    changes_left: usize,
}

/// The service.
pub struct Kms(Mutex<World>);

/// A fake that answers as KMS, and KMS itself.
pub fn kms() -> (Fake, Arc<Kms>) {
    let kms = Arc::new(Kms(Mutex::new(World { changes_left: usize::MAX, ..World::default() })));
    let answering = Arc::clone(&kms);
    (Fake::new(move |request| answering.world().answer(request)), kms)
}

impl Kms {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// The changes made, in order.
    pub fn changes(&self) -> Vec<String> {
        self.world().changes.clone()
    }

    pub fn forget_changes(&self) {
        self.world().changes.clear();
    }

    /// Lets this many changes happen, and refuses all after.
    pub fn fail_from(&self, changes: usize) {
        self.world().changes_left = changes;
    }

    /// How many keys a region has.
    pub fn count(&self, region: &str) -> usize {
        self.world().keys.keys().filter(|(there, _)| there == region).count()
    }

    /// The only key of a region.
    pub fn key(&self, region: &str) -> Key {
        let world = self.world();
        world.keys.iter().find(|((there, _), _)| there == region).unwrap().1.clone()
    }

    pub fn aliases(&self, region: &str) -> Vec<String> {
        let world = self.world();
        world
            .aliases
            .keys()
            .filter(|(there, _)| there == region)
            .map(|(_, it)| it.clone())
            .collect()
    }

    pub fn remove_alias(&self, region: &str, alias: &str) {
        self.world().aliases.remove(&(region.to_owned(), alias.to_owned()));
    }

    /// Changes the only key of a region, as somebody else would.
    pub fn change(&self, region: &str, change: impl Fn(&mut Key)) {
        let mut world = self.world();
        world
            .keys
            .iter_mut()
            .filter(|((there, _), _)| there == region)
            .for_each(|(_, key)| change(key));
    }

    /// Makes a replica that carries no mark.
    pub fn replicate_by_hand(&self, region: &str) {
        let mut world = self.world();
        let ((_, id), key) = world.keys.iter().next().unwrap();
        let (id, key) = (id.clone(), Key { tags: BTreeMap::new(), ..key.clone() });
        world.keys.insert((region.to_owned(), id), key);
    }

    /// Has something use the key of a region.
    pub fn use_key(&self, region: &str, name: &str) {
        self.world().uses.push((region.to_owned(), name.to_owned()));
    }
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}")
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn tag_map(value: &Json) -> BTreeMap<String, String> {
    let tags = value.as_array().into_iter().flatten();
    tags.map(|tag| (text(&tag["TagKey"]), text(&tag["TagValue"]))).collect()
}

fn default_policy() -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions", "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
            "Action": "kms:*", "Resource": "*",
        }],
    })
    .to_string()
}

impl World {
    fn answer(&mut self, request: &Request) -> Reply {
        let (region, input) = (request.region.as_str(), &request.input);
        match request.action.as_str() {
            "kms:CreateKey" => self.changed(request, |world| world.create(region, input)),
            "kms:CreateAlias" | "kms:UpdateAlias" => {
                let alias = (region.to_owned(), text(&input["AliasName"]));
                if request.action == "kms:CreateAlias" && self.aliases.contains_key(&alias) {
                    return Reply::error("AlreadyExistsException", "taken");
                }
                self.changed(request, |world| {
                    world.aliases.insert(alias, text(&input["TargetKeyId"]));
                    json!({})
                })
            }
            "kms:DeleteAlias" => {
                let alias = (region.to_owned(), text(&input["AliasName"]));
                self.changed(request, |world| {
                    world.aliases.remove(&alias);
                    json!({})
                })
            }
            "tagging:GetResources" => self.tagged(region, input),
            "ec2:DescribeVolumes" | "ec2:DescribeSnapshots" => self.storage(request),
            "logs:DescribeLogGroups" => Reply::json(json!({"logGroups": []})),
            action if action.starts_with("kms:") => self.on_key(request),
            other => Reply::error("NotImplemented", other),
        }
    }

    /// Makes a change, unless no more may be made.
    fn changed(&mut self, request: &Request, change: impl FnOnce(&mut Self) -> Json) -> Reply {
        if self.changes_left == 0 {
            return Reply::error("KMSInternalException", "cut off");
        }
        self.changes_left -= 1;
        self.changes.push(request.action.clone());
        Reply::json(change(self))
    }

    fn create(&mut self, region: &str, input: &Json) -> Json {
        let multi_region = input["MultiRegion"] == json!(true);
        let number = self.keys.len();
        let id = if multi_region {
            format!("mrk-{number:032x}")
        } else {
            format!("{number:08x}-0000-0000-0000-000000000000")
        };
        let policy = text(&input["Policy"]);
        let key = Key {
            description: text(&input["Description"]),
            enabled: true,
            policy: if policy.is_empty() { default_policy() } else { policy },
            tags: tag_map(&input["Tags"]),
            spec: input["KeySpec"].clone(),
            usage: input["KeyUsage"].clone(),
            multi_region,
            primary: region.to_owned(),
            ..Key::default()
        };
        self.keys.insert((region.to_owned(), id.clone()), key);
        json!({"KeyMetadata": self.metadata(region, &id)})
    }

    fn metadata(&self, region: &str, id: &str) -> Json {
        let key = &self.keys[&(region.to_owned(), id.to_owned())];
        let mut metadata = json!({
            "KeyId": id, "Arn": arn(region, id), "Description": key.description,
            "Enabled": key.enabled && !key.pending_deletion, "KeySpec": key.spec,
            "KeyUsage": key.usage, "KeyManager": "CUSTOMER", "MultiRegion": key.multi_region,
            "KeyState": match (key.pending_deletion, key.enabled) {
                (true, _) => "PendingDeletion",
                (false, true) => "Enabled",
                (false, false) => "Disabled",
            },
        });
        if key.pending_deletion {
            metadata["DeletionDate"] = json!(IN_THE_YEAR_2100);
        }
        if key.multi_region {
            let regions =
                self.keys.keys().filter(|(_, other)| other == id).map(|(region, _)| region);
            let one = |region: &str| json!({"Arn": arn(region, id), "Region": region});
            metadata["MultiRegionConfiguration"] = json!({
                "MultiRegionKeyType": if key.primary == region { "PRIMARY" } else { "REPLICA" },
                "PrimaryKey": one(&key.primary),
                "ReplicaKeys": regions.filter(|region| **region != key.primary)
                    .map(|region| one(region)).collect::<Vec<_>>(),
            });
        }
        metadata
    }

    fn on_key(&mut self, request: &Request) -> Reply {
        let (region, input) = (request.region.as_str(), &request.input);
        let named = text(&input["KeyId"]);
        let id = self.aliases.get(&(region.to_owned(), named.clone())).cloned().unwrap_or(named);
        let id = id.rsplit('/').next().unwrap_or_default().to_owned();
        let place = (region.to_owned(), id.clone());
        let Some(key) = self.keys.get(&place).cloned() else {
            return Reply::error("NotFoundException", "no such key");
        };
        match request.action.as_str() {
            "kms:DescribeKey" => Reply::json(json!({"KeyMetadata": self.metadata(region, &id)})),
            "kms:GetKeyPolicy" => Reply::json(json!({"Policy": key.policy})),
            "kms:GetKeyRotationStatus" => Reply::json(json!({
                "KeyRotationEnabled": key.rotation.is_some(), "RotationPeriodInDays": key.rotation,
            })),
            "kms:ListAliases" => {
                let aliases = self
                    .aliases
                    .iter()
                    .filter(|((there, _), target)| there == region && **target == id);
                let aliases: Vec<Json> =
                    aliases.map(|((_, name), _)| json!({"AliasName": name})).collect();
                Reply::json(json!({"Aliases": aliases, "Truncated": false}))
            }
            "kms:ListResourceTags" => {
                let tags: Vec<Json> = key
                    .tags
                    .iter()
                    .map(|(key, value)| json!({"TagKey": key, "TagValue": value}))
                    .collect();
                Reply::json(json!({"Tags": tags, "Truncated": false}))
            }
            "kms:ListGrants" => {
                let used = self
                    .uses
                    .iter()
                    .any(|(there, name)| there == region && name.starts_with("grant"));
                let grant = json!({"Name": "g", "GranteePrincipal": "role"});
                Reply::json(json!({"Grants": if used { vec![grant] } else { vec![] }}))
            }
            "kms:GetKeyLastUsage" => Reply::error("UnknownOperationException", ""),
            "kms:ReplicateKey" => {
                let to = text(&input["ReplicaRegion"]);
                let policy = text(&input["Policy"]);
                let policy = if policy.is_empty() { default_policy() } else { policy };
                let replica = Key {
                    description: text(&input["Description"]),
                    policy,
                    tags: tag_map(&input["Tags"]),
                    enabled: true,
                    ..key
                };
                self.changed(request, |world| {
                    world.keys.insert((to, id), replica);
                    json!({})
                })
            }
            action => {
                let refused = match action {
                    "kms:EnableKeyRotation" | "kms:DisableKeyRotation" => !key.enabled,
                    "kms:CancelKeyDeletion" => !key.pending_deletion,
                    _ => key.pending_deletion,
                };
                if refused {
                    return Reply::error("KMSInvalidStateException", action);
                }
                let mut key = key;
                change(&mut key, action, input);
                self.changed(request, |world| {
                    world.keys.insert(place, key);
                    json!({})
                })
            }
        }
    }

    fn tagged(&self, region: &str, input: &Json) -> Reply {
        let filters = input["TagFilters"].as_array().cloned().unwrap_or_default();
        let fits = |key: &Key| {
            filters.iter().all(|filter| {
                let values = filter["Values"].as_array().cloned().unwrap_or_default();
                let tag = key.tags.get(&text(&filter["Key"]));
                tag.is_some_and(|tag| values.contains(&json!(tag)))
            })
        };
        let found = self.keys.iter().filter(|((there, _), key)| there == region && fits(key));
        let found: Vec<Json> =
            found.map(|((region, id), _)| json!({"ResourceARN": arn(region, id)})).collect();
        Reply::json(json!({"ResourceTagMappingList": found, "PaginationToken": ""}))
    }

    fn storage(&self, request: &Request) -> Reply {
        let (set, id, action, kind) = match request.action.as_str() {
            "ec2:DescribeVolumes" => ("volumeSet", "volumeId", "DescribeVolumes", "volume "),
            _ => ("snapshotSet", "snapshotId", "DescribeSnapshots", "snapshot "),
        };
        let key = self.keys.keys().next().map(|(_, id)| arn(&request.region, id));
        let items: String = self
            .uses
            .iter()
            .filter(|(region, _)| *region == request.region)
            .filter_map(|(_, name)| name.strip_prefix(kind))
            .map(|name| {
                let key = key.clone().unwrap_or_default();
                format!("<item><{id}>{name}</{id}><kmsKeyId>{key}</kmsKeyId></item>")
            })
            .collect();
        Reply::ec2(action, &format!("<{set}>{items}</{set}>"))
    }
}

fn change(key: &mut Key, action: &str, input: &Json) {
    match action {
        "kms:EnableKey" => key.enabled = true,
        "kms:DisableKey" => key.enabled = false,
        "kms:UpdateKeyDescription" => key.description = text(&input["Description"]),
        "kms:PutKeyPolicy" => key.policy = text(&input["Policy"]),
        "kms:EnableKeyRotation" => key.rotation = input["RotationPeriodInDays"].as_i64(),
        "kms:DisableKeyRotation" => key.rotation = None,
        "kms:TagResource" => key.tags.extend(tag_map(&input["Tags"])),
        "kms:UntagResource" => {
            let gone: Vec<String> =
                input["TagKeys"].as_array().into_iter().flatten().map(text).collect();
            key.tags.retain(|key, _| !gone.contains(key));
        }
        "kms:ScheduleKeyDeletion" => {
            (key.pending_deletion, key.enabled) = (true, false);
        }
        "kms:CancelKeyDeletion" => key.pending_deletion = false,
        other => panic!("{other} is not known in {REGION}"),
    }
}
