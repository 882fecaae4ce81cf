//! Passwords: hashed, and derived.

use aws_lc_rs::hmac;

use super::super::{Arguments, Failure, Outcome};
use super::take_milliseconds;
use crate::executor::Executor;
use crate::value::{Text, Value};

const BCRYPT_COST: u32 = 10;
const BCRYPT_MILLISECONDS: usize = 50;

fn hash(password: &Text) -> Result<String, Failure> {
    take_milliseconds(BCRYPT_MILLISECONDS)?;
    Ok(match bcrypt::hash_with_result(password.as_bytes(), BCRYPT_COST) {
        // Go's library writes the older name of the same version.
        Ok(hash) => hash.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    })
}

pub(super) fn bcrypt(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    hash(&arguments.text(0)).map(Value::text)
}

pub(super) fn htpasswd(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let user = arguments.text(0);
    if user.as_bytes().contains(&b':') {
        return Ok(Value::text(format!("invalid username: {}", user.as_str())));
    }
    Ok(Value::text(format!("{}:{}", user.as_str(), hash(&arguments.text(1))?)))
}

const SEED: &[u8] = b"com.lyndir.masterpassword";
const SCRYPT_MILLISECONDS: usize = 150;

/// The forms of a password of a kind, each letter standing for a class of characters.
fn forms(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

/// The characters of a class.
fn class(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// A length in front of a text, as the algorithm salts with it.
fn sized(text: &Text) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length, text.as_bytes()].concat()
}

/// `derivePassword`: the Master Password algorithm. Problems are told in the result, as Sprig does.
pub(super) fn derive(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let counter = match arguments.any(0) {
        Value::Uint(counter) => u32::try_from(*counter).unwrap_or(u32::MAX),
        _ => 0,
    };
    let kind = arguments.text(1);
    let Some(forms) = forms(&kind.as_str()) else {
        return Ok(Value::text(format!("cannot find password template {}", kind.as_str())));
    };
    take_milliseconds(SCRYPT_MILLISECONDS)?;
    let salt = [SEED, &sized(&arguments.text(3))].concat();
    let mut key = [0_u8; 64];
    let derived =
        scrypt::Params::new(15, 8, 2).map_err(|error| error.to_string()).and_then(|parameters| {
            scrypt::scrypt(arguments.text(2).as_bytes(), &salt, &parameters, &mut key)
                .map_err(|error| error.to_string())
        });
    if let Err(error) = derived {
        return Ok(Value::text(format!("failed to derive password: {error}")));
    }
    let message = [SEED, &sized(&arguments.text(4)), &counter.to_be_bytes()].concat();
    let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &message);
    let seed = seed.as_ref();
    let form = forms[usize::from(seed[0]) % forms.len()];
    let pick = |(index, letter): (usize, u8)| {
        let class = class(letter);
        char::from(class[usize::from(seed[index + 1]) % class.len()])
    };
    Ok(Value::text(form.bytes().enumerate().map(pick).collect::<String>()))
}
