//! Planning a change: a pure function of the request.

use std::collections::BTreeMap;

use travel_value::Value;
use travel_value::json::{self, UnknownAttributes};

use super::Page;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::plan::{Computed, Plan, effective, plan_by_schema, replacements, without_secrets};
use crate::platform::{Change, Platform};
use crate::private::{Private, Purpose, Target};
use crate::resource::Resource;
use crate::server::{PlanRequest, PlanResponse};
use crate::timeouts::{INCOMPLETE, READY};

impl<R: Resource> Page<R> {
    pub(super) fn plan_change(&self, request: &PlanRequest) -> PlanResponse {
        let mut private = match Private::decode(&request.private) {
            Ok(private) => private,
            Err(error) => return refused(error.into(), request),
        };
        let mut plan = if request.proposed.is_null() {
            self.plan_destroy(request)
        } else {
            self.plan_create_or_update(request, &private)
        };
        self.note_purpose(&plan, &mut private);
        // In an account that is not known yet it may be another one than all others.
        let is_placed = !plan.planned.get("account").is_unknown();
        if plan.is_create()
            && is_placed
            && let Some(target) = &private.target
            && let Err(error) = self.shared.plan_create(R::DESCRIPTION.key, target)
        {
            plan.diagnostics.push(error);
        }
        if plan.diagnostics.has_error() {
            return refused(plan.diagnostics, request);
        }
        if let Some(said) = self.outlasted(&request.prior, &plan.planned) {
            // Whoever plans may have others apply, with credentials of their own.
            plan.diagnostics.push(Diagnostic { severity: Severity::Warning, ..said });
        }
        PlanResponse {
            identity: self.planned_identity(request, &plan),
            requires_replace: plan.replace.into_iter().collect(),
            planned: plan.planned,
            private: private.encode(),
            diagnostics: plan.diagnostics,
        }
    }

    /// Has page and platform look at what only the cloud can tell of a plan. What is planned stays as it
    /// is.
    pub(super) async fn look_ahead(&self, request: &PlanRequest, response: &mut PlanResponse) {
        let PlanRequest { prior, .. } = request;
        let PlanResponse { planned, .. } = &*response;
        let is_same = || effective(&self.block, planned) == effective(&self.block, prior);
        if response.diagnostics.has_error() || is_same() {
            return;
        }
        let type_name = R::DESCRIPTION.type_name;
        let (change, object) = match Change::between(prior, planned) {
            Change::Delete => (Change::Delete, prior),
            // Core plans the create that follows by itself.
            Change::Update if !response.requires_replace.is_empty() => (Change::Delete, prior),
            change => (change, planned),
        };
        let mut found = self.platform.foresee(type_name, change, object).await;
        if !planned.is_null() {
            found.extend(R::foresee(&self.platform, planned).await);
        }
        response.diagnostics.extend(found);
    }

    /// What is to be said of credentials that the way from one object to another may outlive.
    pub(super) fn outlasted(&self, prior: &Value, planned: &Value) -> Option<Diagnostic> {
        let timeouts = if planned.is_null() { prior } else { planned };
        let timeouts = R::TIMEOUTS.overridden(timeouts);
        let needed = match (prior.is_null(), planned.is_null()) {
            (_, true) => timeouts.delete,
            (true, _) => timeouts.create,
            _ if effective(&self.block, prior) == effective(&self.block, planned) => return None,
            _ => timeouts.update,
        };
        self.platform.outlasted(needed)
    }

    fn plan_destroy<'a>(&self, request: &'a PlanRequest) -> Plan<'a> {
        let mut plan = Plan::new(&request.config, &request.prior, Value::Null);
        R::plan_on(&self.platform, &mut plan);
        plan
    }

    /// Plans what is there and complete first as if nothing computed would change; only where
    /// something effective does change is the plan made again, now with what an apply leaves
    /// unknown.
    fn plan_create_or_update<'a>(&self, request: &'a PlanRequest, private: &Private) -> Plan<'a> {
        let resumed = request.prior.get("status").as_str() == Some(INCOMPLETE);
        if !request.prior.is_null() && !resumed {
            let kept = self.plan_once(request, private, Computed::Kept);
            let unchanged =
                effective(&self.block, &kept.planned) == effective(&self.block, &request.prior);
            if unchanged && kept.replace.is_empty() {
                return kept;
            }
        }
        self.plan_once(request, private, Computed::Applied { resumed })
    }

    pub(super) fn plan_once<'a>(
        &self,
        request: &'a PlanRequest,
        private: &Private,
        computed: Computed,
    ) -> Plan<'a> {
        let PlanRequest { prior, config, .. } = request;
        let planned = plan_by_schema(&self.block, prior, config, computed);
        let mut plan = Plan::new(config, prior, planned);
        // A create may be planned with what an object that it replaces has left, and again
        // without that: it must come out the same.
        if !prior.is_null() {
            plan.remembered = private.page.clone();
        }
        if computed != Computed::Kept && !prior.is_null() {
            plan.set("status", READY.into());
            if prior.get("generation").is_null() {
                plan.set("generation", Value::unknown());
            }
        }
        self.platform.plan(&mut plan);
        // Replacements by the schema come before the page's own view, which may turn on them.
        plan.replace.extend(replacements(&self.block, prior, &plan.planned));
        R::plan_on(&self.platform, &mut plan);
        plan.replace.extend(replacements(&self.block, prior, &plan.planned));
        plan
    }

    fn note_purpose(&self, plan: &Plan<'_>, private: &mut Private) {
        private.target = None;
        if plan.is_destroy() {
            private.purpose = Some(Purpose::Destroy);
        } else if plan.is_create() {
            private.purpose = Some(Purpose::Create);
            private.target = self.target(plan);
        } else {
            private.purpose = Some(Purpose::Update);
        }
    }

    /// What a create is for, once its name is known.
    fn target(&self, plan: &Plan<'_>) -> Option<Target> {
        let mut target = self.named(&plan.planned)?;
        let shown = without_secrets(&self.block, &plan.planned);
        for attribute in self.block.attributes.iter().filter(|it| it.may_replace()) {
            if !plan.config.get(&attribute.name).is_wholly_known() {
                return None;
            }
            // What the provider itself decides cannot be encoded, and is whatever an object has.
            if let Ok(text) = json::encode(shown.get(&attribute.name), &attribute.value_type()) {
                target.fixed.insert(attribute.name.clone(), text);
            }
        }
        Some(target)
    }

    /// Whether an object is the one that a create of this target would go on with.
    pub(super) fn is_target(&self, object: &Value, target: &Target) -> bool {
        let named = Target { fixed: BTreeMap::new(), ..target.clone() };
        let object = without_secrets(&self.block, object);
        let mut wanted = object.clone();
        for attribute in &self.block.attributes {
            let Some(text) = target.fixed.get(&attribute.name) else { continue };
            let kind = attribute.value_type();
            match json::decode(text.as_bytes(), &kind, UnknownAttributes::Ignore) {
                Ok(value) => wanted.set_attribute(&attribute.name, value),
                Err(_) => return false,
            }
        }
        self.named(&object) == Some(named) && replacements(&self.block, &object, &wanted).is_empty()
    }

    /// The key and the place of an object.
    fn named(&self, object: &Value) -> Option<Target> {
        let place = |name: &str| object.get(name).as_str().map(str::to_owned);
        Some(Target {
            resource: self.resource_key(object)?,
            account: place("account"),
            region: place("region"),
            fixed: BTreeMap::new(),
        })
    }

    /// An identity never changes while the object lives.
    fn planned_identity(&self, request: &PlanRequest, plan: &Plan<'_>) -> Value {
        if plan.is_destroy() || (!plan.is_create() && !request.identity.is_null()) {
            return request.identity.clone();
        }
        self.identity_of(&plan.planned)
    }
}

fn refused(diagnostics: Diagnostics, request: &PlanRequest) -> PlanResponse {
    PlanResponse {
        planned: request.prior.clone(),
        requires_replace: Vec::new(),
        private: request.private.clone(),
        identity: request.identity.clone(),
        diagnostics,
    }
}
