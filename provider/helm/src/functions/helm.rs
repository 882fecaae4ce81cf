//! Helm's own functions: including templates, rendering text, looking into the cluster.

use super::{Arguments, Function, Outcome, Type, handles, volatile};
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    handles("include", &[Type::Text, Type::Any], include),
    handles("tpl", &[Type::Text, Type::Any], tpl),
    volatile("lookup", &[Type::Text, Type::Text, Type::Text, Type::Text], lookup),
    handles("getHostByName", &[Type::Text], get_host_by_name),
];

fn include(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let name = arguments.text(0);
    let result = executor.include(&name.without_marks(), arguments.any(1))?;
    Ok(if name.is_tainted() { result.unknown() } else { result })
}

fn tpl(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    executor.template_text(&arguments.text(0), arguments.any(1))
}

fn lookup(executor: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let texts =
        [0, 1, 2, 3].map(|index| arguments.text(index).without_marks().as_str().into_owned());
    executor.look_up([&texts[0], &texts[1], &texts[2], &texts[3]])
}

/// Names are not resolved while rendering, unless Helm is asked to, which is not supported.
fn get_host_by_name(_: &mut Executor<'_>, _: Arguments) -> Outcome {
    Ok(Value::text(""))
}
