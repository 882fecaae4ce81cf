//! Walks the nodes of a template and writes what they give.

use std::rc::Rc;

use super::{DEEPEST_TEMPLATE, Executor, Flow, Frame, LARGEST_OUTPUT, Operand, Place, Run};
use crate::bounds;
use crate::functions::format;
use crate::template::{Branch, List, Node, Pipe};
use crate::value::{Native, Value};

impl Executor<'_> {
    pub(super) fn list<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        list: &'t List,
        output: &mut Vec<u8>,
    ) -> Run<Flow> {
        if bounds::is_stack_low() {
            return Err(self.error(frame, bounds::TOO_DEEP));
        }
        for node in &list.nodes {
            self.step(frame)?;
            let flow = self.node(frame, dot, node, output)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
            if output.len() > LARGEST_OUTPUT {
                return Err(self.error(frame, format!("output exceeds {LARGEST_OUTPUT} bytes")));
            }
        }
        Ok(Flow::Next)
    }

    /// Pays for a step of the run.
    fn step(&self, frame: &Frame<'_>) -> Run<()> {
        if bounds::pay(bounds::STEP) { Ok(()) } else { Err(self.error(frame, bounds::TOO_MUCH)) }
    }

    fn node<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        node: &'t Node,
        output: &mut Vec<u8>,
    ) -> Run<Flow> {
        match node {
            Node::Text(text) => output.extend_from_slice(text.as_bytes()),
            Node::Action(pipe) => {
                let operand = self.pipeline(frame, dot, Some(pipe))?;
                if pipe.variables.is_empty() {
                    print(&operand, output);
                }
            }
            Node::If(branch) => return self.condition(frame, dot, branch, false, output),
            Node::With(branch) => return self.condition(frame, dot, branch, true, output),
            Node::Range(branch) => self.range(frame, dot, branch, output)?,
            Node::Template { position, name, pipe } => {
                frame.at = Place::Template { position: *position, name, pipe: pipe.as_ref() };
                self.template(frame, dot, name, pipe.as_ref(), output)?;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn condition<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        branch: &'t Branch,
        with: bool,
        output: &mut Vec<u8>,
    ) -> Run<Flow> {
        let mark = frame.variables.len();
        let condition = self.pipeline(frame, dot, Some(&branch.pipe))?;
        let unknown = self.planning && condition.value.truth_is_unknown();
        let holds = condition.value.is_true();
        let inner = if with && holds { &condition } else { dot };
        let (taken, left) = if holds {
            (Some(&branch.list), branch.otherwise.as_ref())
        } else {
            (branch.otherwise.as_ref(), Some(&branch.list))
        };
        let flow = if unknown {
            self.uncertain_condition(frame, inner, taken, left, output)?
        } else if let Some(taken) = taken {
            self.list(frame, inner, taken, output)?
        } else {
            Flow::Next
        };
        frame.variables.truncate(mark);
        Ok(flow)
    }

    fn range<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        branch: &'t Branch,
        output: &mut Vec<u8>,
    ) -> Run<()> {
        let mark = frame.variables.len();
        let operand = self.pipeline(frame, dot, Some(&branch.pipe))?;
        if self.planning && operand.value.is_unknown() {
            self.uncertain_range(frame, dot, &operand, branch, output)?;
        } else {
            self.iterate(frame, dot, &operand, branch, output)?;
        }
        frame.variables.truncate(mark);
        Ok(())
    }

    pub(super) fn iterate<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        operand: &Operand,
        branch: &'t Branch,
        output: &mut Vec<u8>,
    ) -> Run<()> {
        let items = self.items(frame, operand.value.known(), branch.pipe.variables.len())?;
        let mut items = items.peekable();
        if items.peek().is_none() {
            if let Some(otherwise) = &branch.otherwise {
                self.list(frame, dot, otherwise, output)?;
            }
            return Ok(());
        }
        let unclosed = std::mem::take(&mut self.unclosed);
        let mark = frame.variables.len();
        for (index, element) in items {
            self.step(frame)?;
            self.set_loop_variables(frame, &branch.pipe, index, &element)?;
            let flow = self.list(frame, &element, &branch.list, output)?;
            frame.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        self.close_jumps(branch, output);
        self.unclosed = unclosed;
        Ok(())
    }

    /// What a loop runs over, with indexes or keys. A loop may change the map it runs over, so that of a map the
    /// entries are copied first.
    fn items<'v>(
        &self,
        frame: &Frame<'_>,
        value: &'v Value,
        variables: usize,
    ) -> Run<Box<dyn Iterator<Item = Entry> + 'v>> {
        let index =
            |index: usize| Operand::plain(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        let count = match value {
            Value::Int(count) | Value::Int64(count) => Some(*count),
            Value::Uint(count) => Some(i64::try_from(*count).unwrap_or(i64::MAX)),
            _ => None,
        };
        if let Some(count) = count {
            if variables > 1 {
                let message = format!("can't use {count} to iterate over more than one variable");
                return Err(self.error(frame, message));
            }
            let element = move |number: i64| match value {
                Value::Int64(_) => Value::Int64(number),
                Value::Uint(_) => Value::Uint(number.unsigned_abs()),
                _ => Value::Int(number),
            };
            if u64::try_from(count).is_ok_and(|count| count > bounds::LONGEST_SEQUENCE) {
                return Err(self.error(frame, format!("range over {count} is too long")));
            }
            return Ok(Box::new(
                (0..count).map(move |number| (Operand::default(), Operand::plain(element(number)))),
            ));
        }
        Ok(match value {
            Value::Nil => Box::new(std::iter::empty()),
            Value::List(list) => {
                let boxed = !list.is_typed();
                let element = move |value: &Value| Operand { value: value.clone(), boxed };
                Box::new(
                    list.items()
                        .iter()
                        .enumerate()
                        .map(move |(position, value)| (index(position), element(value))),
                )
            }
            Value::Bytes(bytes) => {
                let element = |byte: &u8| Operand::plain(Value::Uint(u64::from(*byte)));
                Box::new(
                    bytes
                        .as_bytes()
                        .iter()
                        .enumerate()
                        .map(move |(position, byte)| (index(position), element(byte))),
                )
            }
            Value::Map(map) => {
                if !bounds::pay(map.len().saturating_mul(bounds::STEP)) {
                    return Err(self.error(frame, bounds::TOO_MUCH));
                }
                let boxed = map.kind() != crate::value::MapKind::Texts;
                let key = |key: Rc<str>| Operand::plain(Value::text(key));
                let entries = map.entries().into_iter();
                Box::new(entries.map(move |(name, value)| (key(name), Operand { value, boxed })))
            }
            Value::Native(native) => match &**native {
                Native::Files(files) => Box::new(files.iter().map(|(name, data)| {
                    let data = Value::Bytes(data.clone());
                    (Operand::plain(Value::text(&**name)), Operand::plain(data))
                })),
                _ => return Err(self.cannot_iterate(frame, value)),
            },
            value => return Err(self.cannot_iterate(frame, value)),
        })
    }

    fn cannot_iterate(&self, frame: &Frame<'_>, value: &Value) -> super::Failure {
        let shown = format::print(value);
        self.error(frame, format!("range can't iterate over {}", String::from_utf8_lossy(&shown)))
    }

    fn set_loop_variables(
        &mut self,
        frame: &mut Frame<'_>,
        pipe: &Pipe,
        index: Operand,
        element: &Operand,
    ) -> Run<()> {
        let variables = match &pipe.variables[..] {
            [] => return Ok(()),
            [element_name] => vec![(element_name, element.clone())],
            [index_name, element_name, ..] => {
                vec![(index_name, index), (element_name, element.clone())]
            }
        };
        for (name, operand) in variables {
            if pipe.assigns {
                self.assign(frame, name, operand)?;
            } else if let Some(variable) = frame.variable(name) {
                *variable = operand;
            }
        }
        Ok(())
    }

    fn template<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        name: &str,
        pipe: Option<&'t Pipe>,
        output: &mut Vec<u8>,
    ) -> Run<()> {
        let Some(template) = self.scope.find(name) else {
            return Err(self.error(frame, format!("template {name:?} not defined")));
        };
        if frame.depth >= DEEPEST_TEMPLATE {
            return Err(
                self.error(frame, format!("exceeded maximum template depth ({DEEPEST_TEMPLATE})"))
            );
        }
        let dot = self.pipeline(frame, dot, pipe)?;
        let variables = vec![(Rc::from("$"), dot.clone())];
        let mut inner =
            Frame { template: &template, variables, at: Place::Nowhere, depth: frame.depth + 1 };
        self.list(&mut inner, &dot, &template.root, output)?;
        Ok(())
    }
}

/// An index or key with the element there.
type Entry = (Operand, Operand);

/// Writes a value as an action prints it.
fn print(operand: &Operand, output: &mut Vec<u8>) {
    match &operand.value {
        Value::Nil => output.extend_from_slice(b"<no value>"),
        Value::Text(text) => output.extend_from_slice(text.as_bytes()),
        Value::Native(native) => match &**native {
            // Reached through a pointer, the version has its own way to print.
            Native::KubeVersion(version) => {
                output.extend_from_slice(version.to_string().as_bytes())
            }
            native => output.extend_from_slice(native.print().as_bytes()),
        },
        Value::Unknown(inner) if matches!(inner.known(), Value::Nil) => {
            crate::functions::text_bytes::marked(output, |_| {});
        }
        value => output.extend(format::print(value)),
    }
}
