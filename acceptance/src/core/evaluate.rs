//! Evaluates expressions, as far as the configurations of cases use them: literals, templates,
//! objects, references, operators and [`functions`](super::functions). What is not known yet makes
//! unknown what uses it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use hcl::expr::{
    BinaryOp, BinaryOperator, ForExpr, FuncCall, ObjectKey, Operation, TraversalOperator, UnaryOp,
    UnaryOperator,
};
use hcl::template::{Element, Template};
use hcl::{Expression, Number as HclNumber};
use travel_value::{Number, Type, Value};

use super::functions;

/// What names stand for: `local`, `var`, and the resource types.
pub type Names = BTreeMap<String, Value>;

/// The value of an expression.
///
/// # Errors
/// Where it refers to what is not there, or uses what is not supported here.
pub fn evaluate(expression: &Expression, names: &Names) -> Result<Value> {
    Ok(match expression {
        Expression::Null => Value::Null,
        Expression::Bool(truth) => (*truth).into(),
        Expression::Number(it) => number(it)?,
        Expression::String(text) => text.as_str().into(),
        Expression::Array(all) => {
            let all: Result<Vec<Value>> = all.iter().map(|one| evaluate(one, names)).collect();
            Value::Tuple(all?)
        }
        Expression::Object(entries) => {
            let mut object = BTreeMap::new();
            for (key, value) in entries {
                let key = match key {
                    ObjectKey::Identifier(name) => name.to_string(),
                    ObjectKey::Expression(key) => text(&evaluate(key, names)?)?
                        .with_context(|| format!("the key {key} is not known"))?,
                    other => bail!("a key cannot be {other}"),
                };
                object.insert(key, evaluate(value, names)?);
            }
            Value::Object(object)
        }
        Expression::TemplateExpr(template) => fill(&Template::from_expr(template)?, names)?,
        Expression::Parenthesis(inner) => evaluate(inner, names)?,
        Expression::Variable(name) => names
            .get(name.as_str())
            .with_context(|| format!("there is no {}", name.as_str()))?
            .clone(),
        Expression::Traversal(path) => {
            let mut value = evaluate(&path.expr, names)?;
            for step in &path.operators {
                value =
                    follow(value, step, names).with_context(|| format!("failed at {path:?}"))?;
            }
            value
        }
        Expression::FuncCall(call) => function(call, names)?,
        Expression::Operation(operation) => operate(operation, names)?,
        Expression::ForExpr(each) => repeat(each, names)?,
        other => bail!("the harness's core evaluates no {other:?}"),
    })
}

fn operate(operation: &Operation, names: &Names) -> Result<Value> {
    use BinaryOperator::{And, Eq, Greater, GreaterEq, Less, LessEq, Minus, Mul, NotEq, Or, Plus};
    let (one, operator, other) = match operation {
        Operation::Unary(UnaryOp { operator: UnaryOperator::Not, expr }) => {
            let value = evaluate(expr, names)?;
            if value.is_unknown() {
                return Ok(value);
            }
            return Ok((!value.as_bool().context("only truths are negated")?).into());
        }
        Operation::Unary(UnaryOp { operator: UnaryOperator::Neg, expr }) => {
            (0.into(), Minus, evaluate(expr, names)?)
        }
        Operation::Binary(BinaryOp { lhs_expr, operator, rhs_expr }) => {
            (evaluate(lhs_expr, names)?, *operator, evaluate(rhs_expr, names)?)
        }
    };
    if !one.is_wholly_known() || !other.is_wholly_known() {
        return Ok(Value::unknown());
    }
    let whole = |value: &Value| value.as_number().and_then(Number::as_i64);
    let numbers = whole(&one).zip(whole(&other)).context("only whole numbers are reckoned with");
    let truths = one.as_bool().zip(other.as_bool()).context("only truths are combined");
    let fits = "a number is too large";
    Ok(match operator {
        Eq => (one == other).into(),
        NotEq => (one != other).into(),
        And => truths.map(|(one, other)| one && other)?.into(),
        Or => truths.map(|(one, other)| one || other)?.into(),
        Plus => numbers.and_then(|(one, other)| one.checked_add(other).context(fits))?.into(),
        Minus => numbers.and_then(|(one, other)| one.checked_sub(other).context(fits))?.into(),
        Mul => numbers.and_then(|(one, other)| one.checked_mul(other).context(fits))?.into(),
        Less => numbers.map(|(one, other)| one < other)?.into(),
        LessEq => numbers.map(|(one, other)| one <= other)?.into(),
        Greater => numbers.map(|(one, other)| one > other)?.into(),
        GreaterEq => numbers.map(|(one, other)| one >= other)?.into(),
        other => bail!("the harness's core does no {other:?}"),
    })
}

/// A tuple of what an expression is for each element of another.
fn repeat(each: &ForExpr, names: &Names) -> Result<Value> {
    let is_plain = each.key_var.is_none() && each.key_expr.is_none() && each.cond_expr.is_none();
    ensure!(is_plain, "the harness's core makes only tuples of elements, each of one");
    let from = evaluate(&each.collection_expr, names)?;
    if from.is_unknown() {
        return Ok(from);
    }
    let elements = from.elements().with_context(|| format!("{} has no elements", from.kind()))?;
    let one = |element: &Value| {
        let mut names = names.clone();
        names.insert(each.value_var.to_string(), element.clone());
        evaluate(&each.value_expr, &names)
    };
    Ok(Value::Tuple(elements.iter().map(one).collect::<Result<_>>()?))
}

fn number(number: &HclNumber) -> Result<Value> {
    Ok(Value::Number(number.to_string().parse::<Number>()?))
}

fn follow(value: Value, step: &TraversalOperator, names: &Names) -> Result<Value> {
    let value = match value {
        Value::Dynamic(_, inner) => *inner,
        other => other,
    };
    let key = match step {
        TraversalOperator::GetAttr(name) => Value::from(name.as_str()),
        TraversalOperator::Index(key) => evaluate(key, names)?,
        TraversalOperator::LegacyIndex(at) => Value::from(i64::try_from(*at)?),
        other => bail!("the harness's core follows no {other:?}"),
    };
    if value.is_unknown() || key.is_unknown() {
        return Ok(Value::unknown());
    }
    if let Some(elements) = value.elements() {
        let at = key.as_number().and_then(Number::as_i64).context("a place is a number")?;
        let found = elements.get(usize::try_from(at)?);
        return found.cloned().with_context(|| format!("there is no element {at}"));
    }
    let key = text(&key)?.context("a key is not known")?;
    let entries = value.entries().with_context(|| format!("{} has no {key}", value.kind()))?;
    entries.get(&key).cloned().with_context(|| format!("there is no {key}"))
}

/// The text that a value is in a template; none while it is not known.
fn text(value: &Value) -> Result<Option<String>> {
    if value.is_unknown() {
        return Ok(None);
    }
    let converted = super::convert::convert(value.clone(), &Type::String)?;
    let text = converted.as_str().context("null stands in a template")?;
    Ok(Some(text.to_owned()))
}

fn fill(template: &Template, names: &Names) -> Result<Value> {
    let elements = template.elements();
    let mut filled = String::new();
    for element in elements {
        match element {
            Element::Literal(literal) => filled.push_str(literal),
            Element::Interpolation(inner) => {
                let value = evaluate(&inner.expr, names)?;
                // A template of nothing else is the value itself.
                if elements.len() == 1 {
                    return Ok(value);
                }
                match text(&value)? {
                    Some(text) => filled.push_str(&text),
                    None => return Ok(Value::unknown()),
                }
            }
            Element::Directive(_) => bail!("the harness's core knows no directives in templates"),
        }
    }
    Ok(Value::String(filled))
}

fn function(call: &FuncCall, names: &Names) -> Result<Value> {
    let arguments: Result<Vec<Value>> = call.args.iter().map(|one| evaluate(one, names)).collect();
    functions::call(&call.name.to_string(), &arguments?)
}

/// The resources that an expression refers to, as `TYPE.NAME`, and the locals, as `local.NAME`.
pub fn references(expression: &Expression) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(expression, &mut found);
    found
}

fn collect(expression: &Expression, found: &mut BTreeSet<String>) {
    match expression {
        Expression::Array(all) => all.iter().for_each(|one| collect(one, found)),
        Expression::Object(entries) => {
            for (key, value) in entries {
                if let ObjectKey::Expression(key) = key {
                    collect(key, found);
                }
                collect(value, found);
            }
        }
        Expression::TemplateExpr(template) => {
            let elements = Template::from_expr(template);
            for element in elements.iter().flat_map(Template::elements) {
                if let Element::Interpolation(inner) = element {
                    collect(&inner.expr, found);
                }
            }
        }
        Expression::Parenthesis(inner) => collect(inner, found),
        Expression::Operation(operation) => match &**operation {
            Operation::Unary(operation) => collect(&operation.expr, found),
            Operation::Binary(operation) => {
                collect(&operation.lhs_expr, found);
                collect(&operation.rhs_expr, found);
            }
        },
        Expression::FuncCall(call) => call.args.iter().for_each(|one| collect(one, found)),
        Expression::ForExpr(each) => {
            collect(&each.collection_expr, found);
            collect(&each.value_expr, found);
        }
        Expression::Traversal(path) => {
            if let (Expression::Variable(first), Some(TraversalOperator::GetAttr(second))) =
                (&path.expr, path.operators.first())
            {
                found.insert(format!("{}.{second}", first.as_str()));
            }
            collect(&path.expr, found);
            for step in &path.operators {
                if let TraversalOperator::Index(key) = step {
                    collect(key, found);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<Value>) {
        let names = Names::from([
            ("var".to_owned(), Value::object([("charts", "/charts".into())])),
            ("a".to_owned(), Value::object([("b", Value::object([("ids", Value::unknown())]))])),
            ("local".to_owned(), Value::object([("all", Value::Tuple(vec!["x".into()]))])),
        ]);
        let body = hcl::parse(&format!("it = {text}")).unwrap();
        let expression = &body.attributes().next().unwrap().expr;
        assert_eq!(evaluate(expression, &names).ok(), expected, "{text}");
    }

    #[test]
    fn evaluates_what_cases_use() {
        check("\"${var.charts}/probe\"", Some("/charts/probe".into()));
        check("local.all[0]", Some("x".into()));
        check("local.all[1]", None);
        check("local.none", None);
        check("a.b.ids[\"private\"]", Some(Value::unknown()));
        check("\"x-${a.b.ids}\"", Some(Value::unknown()));
        check("length(local.all) + 2", Some(3.into()));
        check("-2 * 3", Some((-6).into()));
        check("length(local.all) == 1 && !(2 < 1)", Some(true.into()));
        check("a.b.ids == 1", Some(Value::unknown()));
        check("true && 1", None);
        check("[for x in range(2) : x + 1]", Some(Value::Tuple(vec![1.into(), 2.into()])));
        check("[for x in a.b.ids : x]", Some(Value::unknown()));
        check("[for x in [1] : x if true]", None);
        check("nothing(1)", None);
    }

    #[test]
    fn knows_what_is_referred_to() {
        let text = "it = { x = \"${a.b.c}-y\", z = [length(local.all)[0], d.e], f = !(g.h == i.j[k.l].m), n = [for x in o.p : q.r] }";
        let body = hcl::parse(text).unwrap();
        let found = references(&body.attributes().next().unwrap().expr);
        let expected = ["a.b", "d.e", "g.h", "i.j", "k.l", "local.all", "o.p", "q.r"];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }
}
