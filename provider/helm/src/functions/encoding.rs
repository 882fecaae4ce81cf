//! Base64, base32 and digests.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Arguments, Function, Outcome, Type, opaque};
use crate::bounds;
use crate::executor::Executor;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    opaque("b64enc", &[Type::Text], base64_encode),
    opaque("b64dec", &[Type::Text], base64_decode),
    opaque("b32enc", &[Type::Text], base32_encode),
    opaque("b32dec", &[Type::Text], base32_decode),
    opaque("sha1sum", &[Type::Text], sha1),
    opaque("sha256sum", &[Type::Text], sha256),
    opaque("sha512sum", &[Type::Text], sha512),
    opaque("adler32sum", &[Type::Text], adler32),
];

fn base64_encode(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(BASE64.encode(arguments.text(0).as_bytes())))
}

fn base64_decode(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(match decode(arguments.text(0).as_bytes()) {
        Ok(bytes) => Value::text(bytes),
        Err(at) => Value::text(format!("illegal base64 data at input byte {at}")),
    })
}

/// Decodes base64 with line breaks in it, or says at which byte it is none.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    // What is refused tells its places, which take more than the text.
    if !bounds::allow(text.len().saturating_mul(size_of::<(usize, u8)>())) {
        return Err(0);
    }
    let kept: Vec<(usize, u8)> = text
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let compact: Vec<u8> = kept.iter().map(|(_, byte)| *byte).collect();
    BASE64.decode(&compact).map_err(|_| first_illegal(&kept, text.len()))
}

/// Where Go's decoder gives up.
fn first_illegal(bytes: &[(usize, u8)], length: usize) -> usize {
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    for (index, (position, byte)) in bytes.iter().enumerate() {
        if in_alphabet(*byte) {
            continue;
        }
        // Padding is legal in the last two places of a group of four, and nothing may follow it.
        let padding = |at: usize| bytes.get(at).is_some_and(|(_, byte)| *byte == b'=');
        return match (index % 4, *byte) {
            (2, b'=') if padding(index + 1) => {
                bytes.get(index + 2).map_or(length, |(position, _)| *position)
            }
            (2, b'=') => bytes.get(index + 1).map_or(length, |(position, _)| *position),
            (3, b'=') => bytes.get(index + 1).map_or(length, |(position, _)| *position),
            _ => *position,
        };
    }
    // The text ends within a group.
    length - bytes.len() % 4
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32_encode(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(0);
    let mut output = String::new();
    for chunk in text.as_bytes().chunks(5) {
        let mut group = [0_u8; 5];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digits = (chunk.len() * 8).div_ceil(5);
        for digit in 0..8 {
            let index = usize::try_from(bits >> (35 - 5 * digit) & 31).unwrap_or(0);
            output.push(if digit < digits { char::from(BASE32[index]) } else { '=' });
        }
    }
    Ok(Value::text(output))
}

fn base32_decode(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(0);
    let bytes: Vec<u8> =
        text.as_bytes().iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let mut output = Vec::new();
    for (group, chunk) in bytes.chunks(8).enumerate() {
        let last = (group + 1) * 8 >= bytes.len();
        match base32_group(chunk, last) {
            Ok(decoded) => output.extend(decoded),
            Err(Base32Error::At(index)) => return Ok(base32_error(group * 8 + index)),
            Err(Base32Error::Short) => return Ok(base32_error(bytes.len())),
        }
        if last || chunk.contains(&b'=') {
            break;
        }
    }
    Ok(Value::text(output))
}

fn base32_error(position: usize) -> Value {
    Value::text(format!("illegal base32 data at input byte {position}"))
}

/// Where a group is wrong.
enum Base32Error {
    /// At a byte of the group.
    At(usize),
    /// The padding is not complete.
    Short,
}

/// Decodes eight digits or, in the last group, fewer with padding.
fn base32_group(chunk: &[u8], last: bool) -> Result<Vec<u8>, Base32Error> {
    let mut bits = 0_u64;
    let mut digits = 0;
    for (index, byte) in chunk.iter().enumerate() {
        if *byte == b'=' && index >= 2 && last {
            if chunk.len() < 8 {
                return Err(Base32Error::Short);
            }
            if let Some(wrong) = chunk[index + 1..].iter().position(|byte| *byte != b'=') {
                return Err(Base32Error::At(index + wrong));
            }
            if matches!(digits, 3 | 6) {
                return Err(Base32Error::At(index));
            }
            break;
        }
        let value = BASE32.iter().position(|digit| digit == byte).ok_or(Base32Error::At(index))?;
        bits |= (value as u64) << (35 - 5 * index);
        digits += 1;
    }
    // A group that ends early is reported at its start.
    if chunk.len() < 8 {
        return Err(Base32Error::At(0));
    }
    Ok(bits.to_be_bytes()[3..3 + digits * 5 / 8].to_vec())
}

fn hexadecimal(bytes: &[u8]) -> Value {
    Value::text(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn sha1(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let sum = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, arguments.text(0).as_bytes());
    Ok(hexadecimal(sum.as_ref()))
}

fn sha256(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(hexadecimal(digest::digest(&digest::SHA256, arguments.text(0).as_bytes()).as_ref()))
}

fn sha512(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(hexadecimal(digest::digest(&digest::SHA512, arguments.text(0).as_bytes()).as_ref()))
}

fn adler32(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    const MODULUS: u32 = 65_521;
    let (low, high) = arguments.text(0).as_bytes().iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    Ok(Value::text((high << 16 | low).to_string()))
}
