//! Conditions and loops of which a plan does not know where they lead.
//!
//! The run follows the stand-in, between marks, and notes what the other way could have done: variables it would have
//! set, maps it would have changed, documents it would have written.

use std::collections::HashSet;
use std::rc::Rc;

use super::pipeline::literal_text;
use super::{Executor, Flow, Frame, Operand, Run};
use crate::bounds;
use crate::functions::text_bytes;
use crate::template::{Argument, Branch, Command, List, Node, Pipe, Template};
use crate::value::{Value, mark};

/// The functions that change a map in place.
const CHANGING: [&str; 6] =
    ["set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"];

impl Executor<'_> {
    pub(super) fn uncertain_condition<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        taken: Option<&'t List>,
        left: Option<&'t List>,
        output: &mut Vec<u8>,
    ) -> Run<Flow> {
        text_bytes::push(output, mark::OPEN);
        self.uncertain += 1;
        let mut flow = Flow::Next;
        if let Some(taken) = taken {
            flow = self.attempt(frame, dot, taken, output);
        }
        if let Some(left) = left {
            self.note_effects(frame, dot, left, output);
        }
        // Where the way decides whether a loop goes on, the rest of the loop is as uncertain as the way.
        if flow != Flow::Next || taken.is_some_and(jumps) || left.is_some_and(jumps) {
            self.unclosed += 1;
        } else {
            self.uncertain -= 1;
            text_bytes::push(output, mark::CLOSE);
        }
        Ok(flow)
    }

    pub(super) fn uncertain_range<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        operand: &Operand,
        branch: &'t Branch,
        output: &mut Vec<u8>,
    ) -> Run<()> {
        text_bytes::push(output, mark::OPEN);
        self.uncertain += 1;
        // The error of a way that may not be taken is no error yet.
        self.guarded(frame, output, |executor, frame, output| {
            executor.iterate(frame, dot, operand, branch, output).map(|()| Flow::Next)
        });
        self.note_effects(frame, dot, &branch.list, output);
        if let Some(otherwise) = &branch.otherwise {
            self.note_effects(frame, dot, otherwise, output);
        }
        self.uncertain -= 1;
        text_bytes::push(output, mark::CLOSE);
        Ok(())
    }

    /// Closes what jumps of a loop left open.
    pub(super) fn close_jumps(&mut self, branch: &Branch, output: &mut Vec<u8>) {
        if self.unclosed > 0 && self.writes_documents(&branch.list, &mut HashSet::new()) {
            text_bytes::push(output, mark::DOCUMENTS);
        }
        for _ in 0..std::mem::take(&mut self.unclosed) {
            self.uncertain -= 1;
            text_bytes::push(output, mark::CLOSE);
        }
    }

    /// Walks a list that may not be walked in an apply. Where it fails, what it would have done is noted.
    fn attempt<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        list: &'t List,
        output: &mut Vec<u8>,
    ) -> Flow {
        match self.guarded(frame, output, |executor, frame, output| {
            executor.list(frame, dot, list, output)
        }) {
            Some(flow) => flow,
            None => {
                self.note_effects(frame, dot, list, output);
                Flow::Next
            }
        }
    }

    /// Runs something that may fail, and where it does, leaves everything but the output as it was.
    fn guarded<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        output: &mut Vec<u8>,
        run: impl FnOnce(&mut Self, &mut Frame<'t>, &mut Vec<u8>) -> Run<Flow>,
    ) -> Option<Flow> {
        let (variables, uncertain, unclosed) =
            (frame.variables.len(), self.uncertain, self.unclosed);
        if let Ok(flow) = run(self, frame, output) {
            return Some(flow);
        }
        frame.variables.truncate(variables);
        for _ in uncertain..self.uncertain {
            text_bytes::push(output, mark::CLOSE);
        }
        (self.uncertain, self.unclosed) = (uncertain, unclosed);
        None
    }

    /// Notes what a list would do that is not walked.
    fn note_effects<'t>(
        &mut self,
        frame: &mut Frame<'t>,
        dot: &Operand,
        list: &'t List,
        output: &mut Vec<u8>,
    ) {
        if self.writes_documents(list, &mut HashSet::new()) {
            text_bytes::push(output, mark::DOCUMENTS);
        }
        let mut pipes = Vec::new();
        collect_pipes(list, &mut pipes);
        for pipe in &pipes {
            for name in pipe.variables.iter().filter(|_| pipe.assigns) {
                if let Some(variable) = frame.variable(name) {
                    *variable = Operand::plain(std::mem::take(&mut variable.value).unknown());
                }
            }
        }
        let mut commands = Vec::new();
        pipes.iter().for_each(|pipe| collect_commands(pipe, &mut commands));
        for command in commands {
            let Some(changed) = self.changed_argument(command) else { continue };
            let simple = matches!(
                changed,
                Argument::Field { .. } | Argument::Variable { .. } | Argument::Dot { .. }
            );
            if !simple {
                continue;
            }
            if let Ok(operand) = self.operand(frame, dot, changed)
                && let Value::Map(map) = operand.value.known()
            {
                map.make_uncertain();
            }
        }
    }

    /// The argument whose map a command changes, itself or in a template that it includes.
    fn changed_argument<'t>(&self, command: &'t Command) -> Option<&'t Argument> {
        let [Argument::Identifier { function, .. }, first, rest @ ..] = &command.arguments[..]
        else {
            return None;
        };
        if CHANGING.contains(&function.name) {
            return Some(first);
        }
        if function.name != "include" {
            return None;
        }
        let name = literal_text(first)?;
        let changes = self.changes_maps(&name.as_str(), &mut HashSet::new());
        rest.first().filter(|_| changes)
    }

    /// Whether a template, or one that it includes, changes a map.
    fn changes_maps(&self, name: &str, seen: &mut HashSet<Rc<str>>) -> bool {
        if bounds::is_stack_low() {
            return true;
        }
        let Some(template) = self.unseen(name, seen) else { return false };
        let mut pipes = Vec::new();
        collect_pipes(&template.root, &mut pipes);
        let mut commands = Vec::new();
        pipes.iter().for_each(|pipe| collect_commands(pipe, &mut commands));
        let direct = commands.iter().any(|command| match command.arguments.first() {
            Some(Argument::Identifier { function, .. }) => CHANGING.contains(&function.name),
            _ => false,
        });
        direct || included(&template.root).iter().any(|name| self.changes_maps(name, seen))
    }

    /// Whether a list may write a whole document: its text separates documents or names a kind.
    fn writes_documents(&self, list: &List, seen: &mut HashSet<Rc<str>>) -> bool {
        if bounds::is_stack_low() {
            return true;
        }
        let text = |text: &str| {
            bounds::pay(text.len() / 4);
            text.lines().any(|line| line.starts_with("---") || line.starts_with("kind:"))
        };
        let own = list.nodes.iter().any(|node| match node {
            Node::Text(bytes) => text(&bytes.as_str()),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                self.writes_documents(&branch.list, seen)
                    || branch
                        .otherwise
                        .as_ref()
                        .is_some_and(|list| self.writes_documents(list, seen))
            }
            _ => false,
        });
        own || included(list).iter().any(|name| match self.unseen(name, seen) {
            Some(template) => self.writes_documents(&template.root, seen),
            None => false,
        })
    }

    fn unseen(&self, name: &str, seen: &mut HashSet<Rc<str>>) -> Option<Rc<Template>> {
        let template = self.scope.find(name)?;
        seen.insert(template.name.clone()).then_some(template)
    }
}

/// Whether a list leaves or continues the loop around it.
fn jumps(list: &List) -> bool {
    list.nodes.iter().any(|node| match node {
        Node::Break | Node::Continue => true,
        Node::If(branch) | Node::With(branch) => {
            jumps(&branch.list) || branch.otherwise.as_ref().is_some_and(jumps)
        }
        _ => false,
    })
}

/// All pipelines of a list that are no part of another one.
fn collect_pipes<'t>(list: &'t List, pipes: &mut Vec<&'t Pipe>) {
    if !bounds::pay(bounds::PART * list.nodes.len()) {
        return;
    }
    for node in &list.nodes {
        match node {
            Node::Action(pipe) => pipes.push(pipe),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                pipes.push(&branch.pipe);
                collect_pipes(&branch.list, pipes);
                if let Some(otherwise) = &branch.otherwise {
                    collect_pipes(otherwise, pipes);
                }
            }
            Node::Template { pipe, .. } => pipes.extend(pipe),
            Node::Text(_) | Node::Break | Node::Continue => {}
        }
    }
}

/// All commands of a pipeline, those in parentheses included.
fn collect_commands<'t>(pipe: &'t Pipe, commands: &mut Vec<&'t Command>) {
    for command in &pipe.commands {
        if !bounds::pay(bounds::PART * command.arguments.len()) {
            return;
        }
        commands.push(command);
        for argument in &command.arguments {
            let inner = match argument {
                Argument::Pipe(pipe) => Some(pipe),
                Argument::Chain { of, .. } => match &**of {
                    Argument::Pipe(pipe) => Some(pipe),
                    _ => None,
                },
                _ => None,
            };
            if let Some(pipe) = inner {
                collect_commands(pipe, commands);
            }
        }
    }
}

/// The names of the templates a list includes by a literal.
fn included(list: &List) -> Vec<Rc<str>> {
    let mut names = Vec::new();
    let mut pipes = Vec::new();
    collect_pipes(list, &mut pipes);
    let mut commands = Vec::new();
    pipes.iter().for_each(|pipe| collect_commands(pipe, &mut commands));
    for command in commands {
        if let [Argument::Identifier { function, .. }, first, ..] = &command.arguments[..]
            && function.name == "include"
            && let Some(name) = literal_text(first)
        {
            names.push(Rc::from(&*name.as_str()));
        }
    }
    collect_template_calls(list, &mut names);
    names
}

fn collect_template_calls(list: &List, names: &mut Vec<Rc<str>>) {
    for node in &list.nodes {
        match node {
            Node::Template { name, .. } => names.push(name.clone()),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                collect_template_calls(&branch.list, names);
                if let Some(otherwise) = &branch.otherwise {
                    collect_template_calls(otherwise, names);
                }
            }
            _ => {}
        }
    }
}
