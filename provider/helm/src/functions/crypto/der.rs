//! The little DER it takes to turn one form of a private key into another, and PEM around it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const SEQUENCE: u8 = 0x30;
const OBJECT: u8 = 0x06;
/// The tag of an optional first part.
const PART_0: u8 = 0xa0;

/// The object identifier of the curve P-256.
const P_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// The content of the element at the start of some bytes, if it has that tag, and what follows it.
pub(super) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (
                digits.iter().try_fold(0_usize, |value, digit| {
                    value.checked_mul(256)?.checked_add((*digit).into())
                })?,
                rest,
            )
        }
    };
    if *found != tag {
        return None;
    }
    rest.split_at_checked(length)
}

fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut output = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => output.push(length),
        _ => {
            let digits: Vec<u8> =
                content.len().to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
            output.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
            output.extend(digits);
        }
    }
    output.extend_from_slice(content);
    output
}

/// The key inside PKCS #8, in the form of its own algorithm.
pub(super) fn inner_key(pkcs8: &[u8]) -> Option<&[u8]> {
    let (body, _) = element(pkcs8, SEQUENCE)?;
    let (_, body) = element(body, INTEGER)?;
    let (_, body) = element(body, SEQUENCE)?;
    Some(element(body, OCTETS)?.0)
}

/// An elliptic key with the name of its curve, which PKCS #8 keeps outside of it.
pub(super) fn with_curve(key: &[u8]) -> Option<Vec<u8>> {
    let (body, _) = element(key, SEQUENCE)?;
    let (version, rest) = element(body, INTEGER)?;
    let (secret, public) = element(rest, OCTETS)?;
    let curve = write(PART_0, &write(OBJECT, P_256));
    Some(write(
        SEQUENCE,
        &[write(INTEGER, version), write(OCTETS, secret), curve, public.to_vec()].concat(),
    ))
}

/// Bytes in PEM.
pub(super) fn pem(label: &str, bytes: &[u8]) -> String {
    let encoded = BASE64.encode(bytes);
    let mut output = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(64) {
        output.extend(line.iter().copied().map(char::from));
        output.push('\n');
    }
    output.push_str(&format!("-----END {label}-----\n"));
    output
}

/// The label and content of the first block of PEM in a text.
pub(super) fn parse_pem(text: &str) -> Option<(String, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    // Headers, such as of old encrypted keys, stand before an empty line.
    let body = body.rsplit("\n\n").next().unwrap_or(body);
    let compact: String = body.chars().filter(|character| !character.is_whitespace()).collect();
    Some((label.to_owned(), BASE64.decode(compact).ok()?))
}
