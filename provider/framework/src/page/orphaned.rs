//! Removing what a create has left and no state holds: found by its key, known by its generation.

use std::collections::BTreeMap;

use travel_value::Value;

use super::{Page, identity};
use crate::call::{Call, Failure};
use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::orphan::{Marked, Removal};
use crate::ownership::Claim;
use crate::resource::Resource;

impl<R: Resource> Page<R> {
    /// Removes the object that something marked is, or is a part of, as its page would by a state.
    pub(super) async fn remove_marked(&self, marked: &Marked) -> Result<Removal, Failure> {
        // What names no object alone, such as a role, goes with the object that it is a part of.
        let Some(id) = import_id(R::DESCRIPTION.identity, R::DESCRIPTION.key, marked) else {
            return Ok(Removal::default());
        };
        let mut state = self.state_of_id(&id)?;
        place(&mut state, &marked.known);
        state.set_attribute("generation", marked.mark.generation.as_str().into());
        let call = self.call_for(&state, marked).await?;
        let objects = self.objects(&call, &state).await?;
        let mut removal = Removal { found: !objects.is_empty(), ..Removal::default() };
        for mut object in objects {
            object.set_attribute("generation", call.claim.generation.as_str().into());
            R::delete(&call, &self.model(&object)?).await?;
        }
        removal.warnings = call.take_warnings();
        Ok(removal)
    }

    /// What stands under the key in the generation that is meant.
    async fn objects(
        &self,
        call: &Call<R::Platform>,
        state: &Value,
    ) -> Result<Vec<Value>, Failure> {
        let wanted = self.model(state)?;
        let found = R::find(call, &wanted).await?.into_iter();
        let is_meant = |generation: &str| generation == call.claim.generation;
        let meant = found.filter(|it| it.mark.as_ref().is_some_and(|it| is_meant(&it.generation)));
        let objects: Vec<Value> = meant.map(|it| <R as Model>::to_value(&it.object)).collect();
        if !objects.is_empty() {
            return Ok(objects);
        }
        // What was made before all that a page finds an object by still has the mark.
        let mark = R::mark(call, &wanted).await?;
        Ok(mark.filter(|it| is_meant(&it.generation)).map(|_| state.clone()).into_iter().collect())
    }

    async fn call_for(&self, state: &Value, marked: &Marked) -> Result<Call<R::Platform>, Failure> {
        let claim = Claim {
            deployment: marked.mark.deployment.clone(),
            previous_deployments: Vec::new(),
            resource: marked.mark.resource.clone(),
            generation: marked.mark.generation.clone(),
        };
        self.call_as(state, claim, Self::timeouts(state).delete).await
    }
}

/// The id that an import of the object takes; none where it takes more than is known.
fn import_id(names: &[&str], key: &str, marked: &Marked) -> Option<String> {
    let (_, name) = marked.mark.resource.split_once('/')?;
    let mut identity = Vec::new();
    for path in names {
        match marked.known.get(*path) {
            Some(known) => identity.push((identity::called(path), known.as_str().into())),
            None if *path == key => identity.push((identity::called(path), name.into())),
            None if path.contains('.') => {}
            None => return None,
        }
    }
    Some(identity::id(names, &Value::object(identity)))
}

/// Sets what is known of an object wherever an import by its id left it open.
fn place(state: &mut Value, known: &BTreeMap<String, String>) {
    for (path, value) in known {
        match path.split_once('.') {
            None => set_open(state, path, value),
            Some((outer, inner)) => {
                let mut object = state.get(outer).clone();
                set_open(&mut object, inner, value);
                if !object.is_null() {
                    state.set_attribute(outer, object);
                }
            }
        }
    }
}

fn set_open(object: &mut Value, name: &str, value: &str) {
    let attribute = object.entries().and_then(|attributes| attributes.get(name));
    if attribute.is_some_and(Value::is_null) {
        object.set_attribute(name, value.into());
    }
}

/// The error for a type that this provider does not have.
pub(crate) fn unknown_type(type_name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("there is no {type_name} in this version"),
        "Another version of the provider has made it. Use that, or a later one, to remove it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::Mark;

    fn marked(resource: &str, known: &[(&str, &str)]) -> Marked {
        let mark = Mark {
            deployment: "dev".to_owned(),
            resource: resource.to_owned(),
            generation: "1".to_owned(),
        };
        let known = known.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
        Marked::new(mark, "", "", known.collect())
    }

    #[test]
    fn what_is_known_names_the_object() {
        let check = |names: &[&str], resource: &str, known: &[(&str, &str)], expected| {
            let found = import_id(names, "name", &marked(resource, known));
            assert_eq!(found.as_deref(), expected, "{names:?} {resource} {known:?}");
        };
        let region = ("region", "eu-central-1");
        check(&["region", "name"], "t//shop/url", &[region], Some("eu-central-1//shop/url"));
        check(&["region", "name"], "t/main", &[("account_id", "1")], None);
        check(&["id"], "t/workloads", &[("id", "ou-1")], Some("ou-1"));
        check(&["id"], "t/workloads", &[], None);
        let release = [("cluster.name", "dev"), ("namespace", "shop"), ("name", "cart")];
        let names = ["cluster.name", "namespace", "name"];
        check(&names, "t/whatever", &release, Some("dev/shop/cart"));
        check(&names, "t/whatever", &release[1..], Some("shop/cart"));
    }

    #[test]
    fn only_what_is_open_is_set() {
        let mut state = Value::object([
            ("region", Value::Null),
            ("account_id", "1".into()),
            ("cluster", Value::object([("name", "dev".into()), ("region", Value::Null)])),
            ("kubeconfig", Value::Null),
        ]);
        let known = [
            ("region", "r"),
            ("account_id", "2"),
            ("cluster.region", "q"),
            ("kubeconfig.path", "p"),
            ("other", "x"),
        ];
        place(&mut state, &known.map(|(path, value)| (path.to_owned(), value.to_owned())).into());
        let expected = Value::object([
            ("region", "r".into()),
            ("account_id", "1".into()),
            ("cluster", Value::object([("name", "dev".into()), ("region", "q".into())])),
            ("kubeconfig", Value::Null),
        ]);
        assert_eq!(state, expected);
    }
}
