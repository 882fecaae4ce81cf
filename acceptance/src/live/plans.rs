//! What a plan of a unit says.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::terraform::{PlanSummary, summarize};

/// What a plan of a unit says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UnitPlan {
    /// How many resources the unit has, before the plan is applied.
    pub resources: usize,
    /// What would change.
    pub summary: PlanSummary,
    /// The addresses of what has changed outside of Terraform.
    pub drifted: Vec<String>,
    /// The outputs that would change.
    pub outputs: Vec<String>,
    /// Whether it stands on made-up outputs of other units, so that it cannot be applied.
    pub mocked: bool,
}

impl UnitPlan {
    /// Reads a plan as `show -json` prints it.
    ///
    /// # Errors
    /// Where there is none, or it cannot be understood.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("failed to read the plan {}", file.display()))?;
        Self::of(&serde_json::from_str(&text).context("failed to understand a plan")?)
    }

    fn of(plan: &Value) -> Result<Self> {
        let drifted = plan["resource_drift"].as_array().into_iter().flatten();
        let outputs = plan["output_changes"].as_object().into_iter().flatten();
        Ok(Self {
            resources: resources_in(&plan["prior_state"]["values"]["root_module"]),
            summary: summarize(plan)?,
            drifted: drifted
                .filter_map(|resource| resource["address"].as_str().map(str::to_owned))
                .collect(),
            outputs: outputs
                .filter(|(_, change)| change["actions"] != serde_json::json!(["no-op"]))
                .map(|(name, _)| name.clone())
                .collect(),
            mocked: !plan["variables"]["plan_with_mocks_cannot_be_applied"].is_null()
                || !plan["configuration"]["root_module"]["variables"]
                    ["plan_with_mocks_cannot_be_applied"]
                    .is_null(),
        })
    }

    /// Whether an apply would do nothing, and nothing was changed from outside.
    pub fn is_empty(&self) -> bool {
        self.summary.is_empty() && self.drifted.is_empty() && self.outputs.is_empty()
    }

    /// What it says, in a line for each thing; nothing where it is empty.
    pub fn lines(&self) -> Vec<String> {
        let changes = self.summary.changes.iter().map(|(address, actions)| {
            match self.summary.changed_attributes.get(address) {
                Some(attributes) => format!("{actions} {address} ({})", attributes.join(", ")),
                None => format!("{actions} {address}"),
            }
        });
        let drifted = self.drifted.iter().map(|address| format!("changed outside: {address}"));
        let outputs = self.outputs.iter().map(|name| format!("output {name}"));
        changes.chain(drifted).chain(outputs).collect()
    }
}

/// The managed resources in a module and those below it.
fn resources_in(module: &Value) -> usize {
    let resources = module["resources"].as_array().into_iter().flatten();
    let own = resources.filter(|resource| resource["mode"] == "managed").count();
    let children = module["child_modules"].as_array().into_iter().flatten();
    own + children.map(resources_in).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_plans() {
        let resource = |address: &str, mode: &str| json!({ "address": address, "mode": mode });
        let settled = json!({
            "prior_state": { "values": { "root_module": {
                "resources": [resource("a.a", "managed"), resource("data.b.b", "data")],
                "child_modules": [{ "resources": [resource("module.c.d.d", "managed")] }],
            } } },
            "resource_changes": [{ "address": "a.a", "change": { "actions": ["no-op"] } }],
            "output_changes": { "id": { "actions": ["no-op"] } },
        });
        let plan = UnitPlan::of(&settled).unwrap();
        assert_eq!((plan.resources, plan.is_empty(), plan.mocked), (2, true, false));

        let changing = json!({
            "resource_changes": [{ "address": "a.a", "change": {
                "actions": ["update"], "before": { "size": 1 }, "after": { "size": 2 },
                "after_unknown": {},
            } }],
            "resource_drift": [{ "address": "a.b", "change": { "actions": ["update"] } }],
            "output_changes": { "id": { "actions": ["create"] } },
            "configuration": { "root_module": { "variables": {
                "plan_with_mocks_cannot_be_applied": {},
            } } },
        });
        let plan = UnitPlan::of(&changing).unwrap();
        assert!(plan.mocked && !plan.is_empty());
        assert_eq!(plan.lines(), ["update a.a (size)", "changed outside: a.b", "output id"]);
    }
}
