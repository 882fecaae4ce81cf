//! The call budget: a refresh with nothing to do makes no more calls than the pages of what is there
//! declare.

use anyhow::{Context, Result, ensure};
use travel_value::{Number, Value};

use super::known::is_known;
use super::reference::page_of;
use super::{Check, Trial};
use crate::case::Step;
use crate::core::{Names, evaluate};
use crate::sandbox::faults::KILLABLE;
use crate::sandbox::record::Query;

/// What stands before the declaration on a resource's page.
const DECLARED: &str = "- A refresh makes this many API calls: ";

impl Trial<'_> {
    /// Counts the calls of a plan with nothing to do against what the pages declare, and against
    /// what the step says. Where a page declares it in words, the case must say a number.
    ///
    /// # Errors
    /// Where there are more, or nobody says how many there may be.
    pub(super) async fn check_budget(&mut self, step: &Step) -> Result<()> {
        let mut declared = Some(0);
        for (address, object) in &self.state.objects {
            if !object.type_name.starts_with("travel_") {
                continue;
            }
            let formula = formula(&object.type_name)?;
            let calls = calls(&formula, &object.value).with_context(|| address.clone())?;
            declared = declared.zip(calls).map(|(sum, calls)| sum + calls);
        }
        let is_said = self.case.steps.iter().any(|step| step.refresh.is_some());
        ensure!(
            declared.is_some() || is_said,
            "no number of calls is declared: the first step needs `# refresh: NUMBER`",
        );
        let least = declared.into_iter().chain(step.refresh).min();
        let Some(most) = least else { return Ok(()) };
        if is_known(&self.case.type_name, Check::Budget, &step.name) {
            return Ok(());
        }
        let since = self.sandbox.last_call().await?;
        self.expect_nothing(&step.text).await?;
        let query = Query { since, executable: KILLABLE.to_owned(), ..Query::default() };
        let mut made = self.sandbox.record(&query).await?;
        made.retain(|call| call.service != "sts");
        let names: Vec<String> =
            made.iter().map(|call| format!("{} {}", call.service, call.operation)).collect();
        ensure!(
            u64::try_from(made.len())? <= most,
            "a refresh makes {} calls, not {most}: {}",
            made.len(),
            names.join(", "),
        );
        self.count(Check::Budget);
        Ok(())
    }
}

/// What a resource's page declares.
fn formula(type_name: &str) -> Result<String> {
    let page = page_of(type_name)?;
    let declared = page.lines().find_map(|line| line.strip_prefix(DECLARED));
    let declared = declared.with_context(|| format!("{type_name} declares no calls"))?;
    Ok(declared.trim_end_matches('.').to_owned())
}

/// The number that a formula is for an object; none where it is words, or uses what the object does
/// not tell. An attribute in it stands for its number, or for the number of its elements.
fn calls(formula: &str, object: &Value) -> Result<Option<u64>> {
    let Ok(body) = hcl::parse(&format!("it = {formula}")) else { return Ok(None) };
    let expression = body.attributes().next().context("a formula is gone")?;
    let entries = object.entries().into_iter().flatten();
    let names: Names =
        entries.map(|(name, value)| (name.clone(), Value::from(number(value)))).collect();
    let Ok(value) = evaluate(&expression.expr, &names) else { return Ok(None) };
    let value = value.as_number().and_then(Number::as_i64).context("a formula is no number")?;
    Ok(Some(u64::try_from(value)?))
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Null => 0,
        Value::Bool(truth) => i64::from(*truth),
        Value::Number(number) => number.as_i64().unwrap_or_default(),
        Value::List(all) | Value::Set(all) | Value::Tuple(all) => all.len() as i64,
        Value::Map(all) => all.len() as i64,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_numbers_of_an_object() {
        let object = Value::object([
            ("replicas", Value::map([("a", 1.into()), ("b", 2.into())])),
            ("backup", Value::object([("account", Value::Null)])),
            ("log_group", false.into()),
            ("none", Value::Null),
        ]);
        let check = |formula: &str, expected: Option<u64>| {
            assert_eq!(calls(formula, &object).unwrap(), expected, "{formula}");
        };
        check("4", Some(4));
        check("5 + 4 * replicas", Some(13));
        check("1 + backup + backup * replicas + none + 3 * log_group", Some(4));
        check("1 + of_nobody", None);
        check("1 to EKS where the cluster is named", None);
    }
}
