//! Which templates there are by name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::template::Template;

/// Templates by name. Those of a `tpl` call lie over those around it.
pub(crate) struct Scope {
    templates: RefCell<HashMap<Rc<str>, Rc<Template>>>,
    outer: Option<Rc<Scope>>,
}

/// The name Helm gives the set of all templates.
const ROOT: &str = "gotpl";

impl Scope {
    pub(crate) fn new() -> Self {
        Scope { templates: RefCell::default(), outer: None }
    }

    pub(super) fn within(outer: Rc<Scope>, templates: &[Rc<Template>]) -> Self {
        let scope = Scope { templates: RefCell::default(), outer: Some(outer) };
        for template in templates {
            scope.add(template.clone());
        }
        scope
    }

    /// Adds a template, which replaces an earlier one of its name unless it is blank.
    pub(crate) fn add(&self, template: Rc<Template>) {
        if template.root.is_blank() && self.find(&template.name).is_some() {
            return;
        }
        self.templates.borrow_mut().insert(template.name.clone(), template);
    }

    pub(super) fn find(&self, name: &str) -> Option<Rc<Template>> {
        let found = self.templates.borrow().get(name).cloned();
        found.or_else(|| self.outer.as_ref()?.find(name))
    }

    pub(super) fn name(&self) -> Rc<str> {
        ROOT.into()
    }
}
