//! The identity store of IAM Identity Center: users, groups, and who is in which group.
//!
//! Follows the Identity Store API Reference, version 2020-06-15; requests and answers are checked by the service's
//! model. Objects are kept as the service shows them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

use super::identity_center::{authorize, store_id};
use super::input::{Input, page};
use super::shapes::Shapes;
use crate::sandbox::backend::Backend;
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

/// How many items a page has where the caller does not say.
const PAGE: usize = 50;

/// The backend of the identity store.
pub fn backend() -> Box<dyn Backend> {
    Box::<IdentityStore>::default()
}

/// What lives as long as the sandbox.
#[derive(Default)]
struct IdentityStore {
    shapes: OnceCell<Shapes>,
    state: Mutex<State>,
}

/// Objects by id.
type Objects = BTreeMap<String, Value>;

/// All that the service knows.
#[derive(Debug, Default)]
struct State {
    users: Objects,
    groups: Objects,
    memberships: Objects,
}

/// What the model calls a kind of object.
struct Kind {
    /// As in `GroupId`.
    name: &'static str,
    /// The member that no two may share.
    unique: &'static str,
    /// The same as a path.
    unique_path: &'static str,
}

const USER: Kind = Kind { name: "User", unique: "UserName", unique_path: "userName" };
const GROUP: Kind = Kind { name: "Group", unique: "DisplayName", unique_path: "displayName" };

#[async_trait]
impl Backend for IdentityStore {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load = || async {
            Shapes::load(&world.models, "identitystore").map_err(ServiceError::internal)
        };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes
            .input(&call)
            .map_err(|misfit| invalid(format!("{} {}", misfit.path, misfit.problem)))?;
        authorize(&call, world).await?;
        let store = store_id(world.accounts.management());
        if call.region != world.region || input.text("IdentityStoreId") != store {
            return Err(missing("the identity store does not exist"));
        }
        let output = self.state.lock().await.perform(&call.operation, &input)?;
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        *self.state.lock().await = State::default();
        Ok(())
    }
}

impl State {
    fn perform(&mut self, operation: &str, input: &Input) -> Result<Value, ServiceError> {
        match operation {
            "CreateUser" => create(&mut self.users, &USER, input),
            "CreateGroup" => create(&mut self.groups, &GROUP, input),
            "DescribeUser" => Ok(object(&mut self.users, &USER, input)?.clone()),
            "DescribeGroup" => Ok(object(&mut self.groups, &GROUP, input)?.clone()),
            "UpdateUser" => update(&mut self.users, &USER, input),
            "UpdateGroup" => update(&mut self.groups, &GROUP, input),
            "GetUserId" => by_attribute(&self.users, &USER, input),
            "GetGroupId" => by_attribute(&self.groups, &GROUP, input),
            "ListUsers" => list(&self.users, "Users", input),
            "ListGroups" => list(&self.groups, "Groups", input),
            "DeleteUser" => {
                object(&mut self.users, &USER, input)?;
                let id = input.text("UserId");
                self.users.remove(id);
                self.memberships.retain(|_, it| it["MemberId"]["UserId"] != id);
                Ok(json!({}))
            }
            "DeleteGroup" => {
                object(&mut self.groups, &GROUP, input)?;
                let id = input.text("GroupId");
                self.groups.remove(id);
                self.memberships.retain(|_, it| it["GroupId"] != id);
                Ok(json!({}))
            }
            _ => self.perform_on_membership(operation, input),
        }
    }

    fn perform_on_membership(
        &mut self,
        operation: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        let group = input.text("GroupId");
        let member = input.inner("MemberId");
        let user = member.text("UserId");
        let there = self
            .memberships
            .iter()
            .find(|(_, it)| it["GroupId"] == group && it["MemberId"]["UserId"] == user)
            .map(|(id, _)| id.clone());
        match operation {
            "CreateGroupMembership" => {
                if !self.groups.contains_key(group) || !self.users.contains_key(user) {
                    return Err(missing("the group or the user does not exist"));
                }
                if there.is_some() {
                    return Err(conflict("the user is a member of the group already"));
                }
                let id = Uuid::new_v4().to_string();
                let made = json!({
                    "IdentityStoreId": input.text("IdentityStoreId"),
                    "MembershipId": id,
                    "MembershipArn": format!("arn:aws:identitystore:::membership/{id}"),
                    "GroupId": group,
                    "MemberId": {"UserId": user},
                });
                let shown = only(&made, &["IdentityStoreId", "MembershipId", "MembershipArn"]);
                self.memberships.insert(id, made);
                Ok(shown)
            }
            "GetGroupMembershipId" => {
                let id = there.ok_or_else(|| missing("the user is not a member of the group"))?;
                let names = ["IdentityStoreId", "MembershipId", "MembershipArn"];
                Ok(only(&self.memberships[&id], &names))
            }
            "DeleteGroupMembership" => {
                let removed = self.memberships.remove(input.text("MembershipId"));
                removed.map(|_| json!({})).ok_or_else(|| missing("there is no such membership"))
            }
            "ListGroupMemberships" => {
                if !self.groups.contains_key(group) {
                    return Err(missing("the group does not exist"));
                }
                let of_group = self.memberships.iter().filter(|(_, it)| it["GroupId"] == group);
                let of_group = of_group.map(|(id, it)| (id.clone(), it.clone())).collect();
                list(&of_group, "GroupMemberships", input)
            }
            other => Err(ServiceError::internal(format!("the sandbox has no operation {other}"))),
        }
    }
}

fn create(objects: &mut Objects, kind: &Kind, input: &Input) -> Result<Value, ServiceError> {
    let name = input.text(kind.unique);
    if name.is_empty() {
        return Err(invalid(format!("{} is required", kind.unique)));
    }
    must_be_free(objects, kind, name, "")?;
    let id = Uuid::new_v4().to_string();
    let mut made = json!(input);
    made[format!("{}Id", kind.name)] = id.as_str().into();
    let path = kind.name.to_lowercase();
    made[format!("{}Arn", kind.name)] = format!("arn:aws:identitystore:::{path}/{id}").into();
    made["Revision"] = "1".into();
    let shown = reference(&made, kind);
    objects.insert(id, made);
    Ok(shown)
}

fn update(objects: &mut Objects, kind: &Kind, input: &Input) -> Result<Value, ServiceError> {
    let id = input.text(&format!("{}Id", kind.name)).to_owned();
    let mut changed = object(objects, kind, input)?.clone();
    for operation in input.value("Operations").as_array().into_iter().flatten() {
        let path = operation["AttributePath"].as_str().unwrap_or_default();
        let value = named_as_shown(&operation["AttributeValue"]);
        if path == kind.unique_path {
            must_be_free(objects, kind, value.as_str().unwrap_or_default(), &id)?;
        }
        let mut place = &mut changed;
        for word in path.split('.') {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[capitalized(word)];
        }
        *place = value;
    }
    if let Value::Object(members) = &mut changed {
        members.retain(|_, value| !value.is_null());
    }
    let shown = reference(&changed, kind);
    objects.insert(id, changed);
    Ok(shown)
}

fn object<'a>(
    objects: &'a mut Objects,
    kind: &Kind,
    input: &Input,
) -> Result<&'a mut Value, ServiceError> {
    let id = input.text(&format!("{}Id", kind.name));
    objects.get_mut(id).ok_or_else(|| missing(format!("the {} {id} does not exist", kind.name)))
}

fn by_attribute(objects: &Objects, kind: &Kind, input: &Input) -> Result<Value, ServiceError> {
    let attribute = input.inner("AlternateIdentifier").inner("UniqueAttribute");
    if attribute.text("AttributePath") != kind.unique_path {
        return Err(invalid(format!("the sandbox looks for {} only", kind.unique_path)));
    }
    let is_it = |it: &&Value| is_same(it[kind.unique].as_str(), attribute.text("AttributeValue"));
    let found = objects.values().find(is_it);
    let found = found.ok_or_else(|| missing(format!("there is no such {}", kind.name)))?;
    Ok(only(found, &["IdentityStoreId", &format!("{}Id", kind.name), &format!("{}Arn", kind.name)]))
}

fn list(objects: &Objects, name: &str, input: &Input) -> Result<Value, ServiceError> {
    let limit = input.number("MaxResults").and_then(|it| usize::try_from(it).ok()).unwrap_or(PAGE);
    let all = objects.values().cloned().collect();
    let (items, next) = page(all, input.optional_text("NextToken"), limit).map_err(invalid)?;
    Ok(json!({name: items, "NextToken": next}))
}

/// Names differ by more than the case of their letters.
fn is_same(one: Option<&str>, other: &str) -> bool {
    one.is_some_and(|one| one.to_lowercase() == other.to_lowercase())
}

fn must_be_free(objects: &Objects, kind: &Kind, name: &str, own: &str) -> Result<(), ServiceError> {
    let others = objects.iter().filter(|(id, _)| *id != own);
    let mut taken = others.filter(|(_, it)| is_same(it[kind.unique].as_str(), name));
    match taken.next() {
        Some(_) => Err(conflict(format!("a {} {name} exists already", kind.name))),
        None => Ok(()),
    }
}

fn reference(object: &Value, kind: &Kind) -> Value {
    let (id, arn) = (format!("{}Id", kind.name), format!("{}Arn", kind.name));
    only(object, &["IdentityStoreId", &id, &arn, "Revision"])
}

/// An object's members of these names.
fn only(object: &Value, names: &[&str]) -> Value {
    let members: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), object[*name].clone())).collect();
    Value::Object(members)
}

/// A value of an update as it is shown: its members begin with capitals.
fn named_as_shown(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(named_as_shown).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, it)| (capitalized(name), named_as_shown(it))).collect(),
        ),
        plain => plain.clone(),
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationException", message)
}

fn missing(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", message)
}

fn conflict(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ConflictException", message)
        .with_member("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn perform(state: &mut State, operation: &str, input: Value) -> Result<Value, String> {
        let Value::Object(members) = input else { panic!("no object") };
        state.perform(operation, &Input::new(members)).map_err(|error| error.code)
    }

    #[test]
    fn attributes_are_updated_by_path() {
        let mut state = State::default();
        let name = json!({"FamilyName": "Doe", "GivenName": "Jo"});
        let user = json!({"UserName": "jo", "Name": name, "Title": "x"});
        let made = perform(&mut state, "CreateUser", user.clone()).unwrap();
        assert_eq!(perform(&mut state, "CreateUser", user).unwrap_err(), "ConflictException");
        let id = made["UserId"].clone();
        let operations = json!([
            {"AttributePath": "name.familyName", "AttributeValue": "Roe"},
            {"AttributePath": "title"},
            {"AttributePath": "emails", "AttributeValue": [{"value": "jo@example.com"}]},
        ]);
        let input = json!({"UserId": id, "Operations": operations});
        perform(&mut state, "UpdateUser", input).unwrap();
        let shown = perform(&mut state, "DescribeUser", json!({"UserId": id})).unwrap();
        assert_eq!(shown["Name"], json!({"FamilyName": "Roe", "GivenName": "Jo"}));
        assert_eq!(shown["Emails"], json!([{"Value": "jo@example.com"}]));
        assert_eq!(shown.get("Title"), None);
    }

    #[test]
    fn who_is_gone_is_no_member() {
        let mut state = State::default();
        let user = perform(&mut state, "CreateUser", json!({"UserName": "jo"})).unwrap();
        let group = perform(&mut state, "CreateGroup", json!({"DisplayName": "a"})).unwrap();
        let (user, group) = (&user["UserId"], &group["GroupId"]);
        let membership = json!({"GroupId": group, "MemberId": {"UserId": user}});
        perform(&mut state, "CreateGroupMembership", membership.clone()).unwrap();
        let again = perform(&mut state, "CreateGroupMembership", membership);
        assert_eq!(again.unwrap_err(), "ConflictException");
        perform(&mut state, "DeleteUser", json!({"UserId": user})).unwrap();
        let members = perform(&mut state, "ListGroupMemberships", json!({"GroupId": group}));
        assert_eq!(members.unwrap()["GroupMemberships"], json!([]));
    }
}
