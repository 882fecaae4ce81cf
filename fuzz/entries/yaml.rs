//! YAML of any content: it is read or refused, and what is written of it is read again as the same.

use travel_helm::{Tree, read_values, yaml};

/// Reads an input in every way there is, and says in how many it can be read.
pub fn run(input: &[u8]) -> usize {
    let text = String::from_utf8_lossy(input);
    let stream = usize::from(yaml::read_documents(&text).is_ok());
    let values = usize::from(read_values(&text).is_ok());
    let Ok(tree) = yaml::read(&text) else { return stream + values };
    for write in [yaml::write, yaml::write_pretty] {
        // What JSON cannot hold is refused.
        let Ok(written) = write(&tree) else { continue };
        let again = yaml::read(&written);
        let is_same = again.as_ref().is_ok_and(|again| same(again, &tree));
        assert!(is_same, "{tree:?} is written as\n{written}\nand read as {again:?}");
    }
    1 + stream + values
}

/// Whether two trees are the same to a template, for which all numbers are floats.
fn same(left: &Tree, right: &Tree) -> bool {
    match (left, right) {
        (Tree::List(left), Tree::List(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Tree::Map(left), Tree::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && same(left.1, right.1))
        }
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => left == right || (left.is_nan() && right.is_nan()),
            _ => left == right,
        },
    }
}

fn number(tree: &Tree) -> Option<f64> {
    match tree {
        Tree::Int(value) => Some(*value as f64),
        Tree::Uint(value) => Some(*value as f64),
        Tree::Float(value) => Some(*value),
        _ => None,
    }
}
