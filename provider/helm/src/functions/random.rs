//! What is different every time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::RngExt;
use rand::seq::SliceRandom;

use super::{Arguments, Failure, Function, Outcome, Type, volatile};
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    volatile("randAlphaNum", &[Type::Int], alphanumeric),
    volatile("randAlpha", &[Type::Int], alphabetic),
    volatile("randAscii", &[Type::Int], ascii),
    volatile("randNumeric", &[Type::Int], numeric),
    volatile("randBytes", &[Type::Int], bytes),
    volatile("randInt", &[Type::Int, Type::Int], int),
    volatile("shuffle", &[Type::Text], shuffle),
    volatile("uuidv4", &[], uuid),
];

/// Longer random texts are refused.
const LONGEST: i64 = 1 << 20;

fn count(arguments: &Arguments) -> Result<usize, Failure> {
    match arguments.int(0) {
        count @ 0..=LONGEST => Ok(usize::try_from(count).unwrap_or(0)),
        // Sprig swallows the library's complaint.
        count if count < 0 => Ok(0),
        count => Err(Failure::new(format!("{count} random characters are too many"))),
    }
}

fn random_text(arguments: &Arguments, accepted: fn(char) -> bool) -> Outcome {
    let characters: Vec<char> = (' '..='~').filter(|character| accepted(*character)).collect();
    let mut random = rand::rng();
    let text = (0..count(arguments)?).map(|_| characters[random.random_range(0..characters.len())]);
    Ok(Value::text(text.collect::<String>()))
}

fn alphanumeric(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    random_text(&arguments, |character| character.is_ascii_alphanumeric())
}

fn alphabetic(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    random_text(&arguments, |character| character.is_ascii_alphabetic())
}

fn ascii(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    random_text(&arguments, |_| true)
}

fn numeric(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    random_text(&arguments, |character| character.is_ascii_digit())
}

fn bytes(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut bytes = vec![0_u8; count(&arguments)?];
    rand::rng().fill(&mut bytes[..]);
    Ok(Value::text(BASE64.encode(bytes)))
}

fn int(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let (least, limit) = (arguments.int(0), arguments.int(1));
    if limit <= least {
        return Err(Failure::new("invalid argument to Intn"));
    }
    Ok(Value::Int(rand::rng().random_range(least..limit)))
}

fn shuffle(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let mut characters: Vec<char> = arguments.text(0).as_str().chars().collect();
    characters.shuffle(&mut rand::rng());
    Ok(Value::text(characters.into_iter().collect::<String>()))
}

fn uuid(_: &mut Executor<'_>, _: Arguments) -> Outcome {
    Ok(Value::text(uuid::Uuid::new_v4().to_string()))
}
