//! The places in a resource's block where a value is written, down to single entries of objects and
//! lists: what each is called, and how another expression comes to stand there.

use hcl::{Body, Expression, Structure};

/// A place where a value is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What a person calls it: `schedules.hourly.retain`.
    pub label: String,
    /// Whether it is a whole attribute of the resource.
    pub is_attribute: bool,
    /// Whether it is a whole attribute, be it of the resource or of a block in it.
    pub is_written: bool,
    /// At how manieth of each level.
    path: Vec<usize>,
}

impl Place {
    /// All places in a body.
    pub fn all(body: &Body) -> Vec<Self> {
        let mut found = Vec::new();
        in_body(body, "", &[], &mut found);
        found
    }

    /// Puts another expression there, and returns what stood there; none where this is no place of
    /// the body.
    pub fn replace(&self, body: &mut Body, with: Expression) -> Option<Expression> {
        Some(std::mem::replace(at_body(body, &self.path)?, with))
    }
}

fn in_body(body: &Body, label: &str, path: &[usize], found: &mut Vec<Place>) {
    for (at, structure) in body.iter().enumerate() {
        let path = [path, &[at]].concat();
        match structure {
            Structure::Attribute(attribute) => {
                let label = joined(label, attribute.key.as_str());
                let before = found.len();
                in_expression(&attribute.expr, &label, &path, found);
                if let Some(place) = found.get_mut(before) {
                    place.is_attribute = path.len() == 1;
                    place.is_written = true;
                }
            }
            Structure::Block(block) => {
                let mut label = joined(label, block.identifier.as_str());
                for name in &block.labels {
                    label = joined(&label, name.as_str());
                }
                in_body(&block.body, &label, &path, found);
            }
        }
    }
}

fn in_expression(expression: &Expression, label: &str, path: &[usize], found: &mut Vec<Place>) {
    let (label, path) = (label.to_owned(), path.to_vec());
    found.push(Place { label, path, is_attribute: false, is_written: false });
    let Some(Place { label, path, .. }) = found.last().cloned() else { return };
    match expression {
        Expression::Object(entries) => {
            for (at, (key, value)) in entries.iter().enumerate() {
                let key = key.to_string();
                let label = joined(&label, key.trim_matches('"'));
                in_expression(value, &label, &[&path[..], &[at]].concat(), found);
            }
        }
        Expression::Array(all) => {
            for (at, value) in all.iter().enumerate() {
                let label = joined(&label, &at.to_string());
                in_expression(value, &label, &[&path[..], &[at]].concat(), found);
            }
        }
        _ => {}
    }
}

fn joined(label: &str, name: &str) -> String {
    match label {
        "" => name.to_owned(),
        label => format!("{label}.{name}"),
    }
}

fn at_body<'a>(body: &'a mut Body, path: &[usize]) -> Option<&'a mut Expression> {
    let (first, rest) = path.split_first()?;
    match body.0.get_mut(*first)? {
        Structure::Attribute(attribute) => at_expression(&mut attribute.expr, rest),
        Structure::Block(block) => at_body(&mut block.body, rest),
    }
}

fn at_expression<'a>(expression: &'a mut Expression, path: &[usize]) -> Option<&'a mut Expression> {
    let Some((first, rest)) = path.split_first() else { return Some(expression) };
    match expression {
        Expression::Object(entries) => at_expression(entries.values_mut().nth(*first)?, rest),
        Expression::Array(all) => at_expression(all.get_mut(*first)?, rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_place() {
        let text = "a = { b = [1, 2] }\nrelease \"x\" {\n  c = d.e\n}\n";
        let body = hcl::parse(text).unwrap();
        let places = Place::all(&body);
        let labels: Vec<&str> = places.iter().map(|place| place.label.as_str()).collect();
        assert_eq!(labels, ["a", "a.b", "a.b.0", "a.b.1", "release.x.c"]);
        let attributes = |is: fn(&Place) -> bool| places.iter().map(is).collect::<Vec<_>>();
        assert_eq!(attributes(|it| it.is_attribute), [true, false, false, false, false]);
        assert_eq!(attributes(|it| it.is_written), [true, false, false, false, true]);
        let mut changed = body.clone();
        let replaced = places[3].replace(&mut changed, 7.into());
        assert_eq!(replaced, Some(2.into()));
        assert_eq!(changed, hcl::parse(&text.replace('2', "7")).unwrap());
        let replaced = places[4].replace(&mut changed, true.into());
        assert!(replaced.is_some_and(|it| it.to_string().contains("d.e")));
    }
}
