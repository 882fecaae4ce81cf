//! Certificates, keys, passwords and encryption.

mod certificates;
mod der;
mod keys;
mod passwords;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Arguments, Failure, Function, Outcome, Type, opaque, volatile};
use crate::bounds;
use crate::executor::Executor;
use crate::value::{Certificate, Native, Text, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    volatile("bcrypt", &[Type::Text], passwords::bcrypt),
    volatile("htpasswd", &[Type::Text, Type::Text], passwords::htpasswd),
    opaque(
        "derivePassword",
        &[Type::Uint, Type::Text, Type::Text, Type::Text, Type::Text],
        passwords::derive,
    ),
    volatile("genPrivateKey", &[Type::Text], keys::generate),
    opaque("buildCustomCert", &[Type::Text, Type::Text], certificates::build),
    volatile("genCA", &[Type::Text, Type::Int], certificates::authority),
    volatile("genCAWithKey", &[Type::Text, Type::Int, Type::Text], certificates::authority),
    volatile(
        "genSelfSignedCert",
        &[Type::Text, Type::List, Type::List, Type::Int],
        certificates::self_signed,
    ),
    volatile(
        "genSelfSignedCertWithKey",
        &[Type::Text, Type::List, Type::List, Type::Int, Type::Text],
        certificates::self_signed,
    ),
    volatile(
        "genSignedCert",
        &[Type::Text, Type::List, Type::List, Type::Int, Type::Certificate],
        certificates::signed,
    ),
    volatile(
        "genSignedCertWithKey",
        &[Type::Text, Type::List, Type::List, Type::Int, Type::Certificate, Type::Text],
        certificates::signed,
    ),
    volatile("encryptAES", &[Type::Text, Type::Text], encrypt),
    opaque("decryptAES", &[Type::Text, Type::Text], decrypt),
];

/// Pays for what keeps a usual machine busy for so long, before it is done.
fn take_milliseconds(count: usize) -> Result<(), Failure> {
    if bounds::pay(count.saturating_mul(bounds::MILLISECOND)) {
        Ok(())
    } else {
        Err(Failure::new(bounds::TOO_MUCH))
    }
}

/// What stands in for the result of a slow function in a plan.
pub(super) fn stand_in(name: &str) -> Option<Value> {
    match name {
        "bcrypt" | "htpasswd" | "genPrivateKey" | "encryptAES" => Some(Value::text("unknown")),
        name if name.starts_with("gen") => {
            let text = Text::from("unknown");
            Some(Value::native(Native::Certificate(Certificate {
                certificate: text.clone(),
                key: text,
            })))
        }
        _ => None,
    }
}

/// A password as a key: its first 32 bytes, filled up with zeros.
fn cipher_key(password: &Text) -> Result<UnboundCipherKey, Failure> {
    let mut key = [0_u8; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password.as_bytes()[..length]);
    UnboundCipherKey::new(&AES_256, &key).map_err(|_| Failure::new("crypto/aes: invalid key"))
}

fn encrypt(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(1);
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    let failed = |_| Failure::new("encryption failed");
    let key =
        PaddedBlockEncryptingKey::cbc_pkcs7(cipher_key(&arguments.text(0))?).map_err(failed)?;
    let mut content = text.as_bytes().to_vec();
    let context = key.encrypt(&mut content).map_err(failed)?;
    let DecryptionContext::Iv128(vector) = context else {
        return Err(Failure::new("encryption failed"));
    };
    let mut output = AsRef::<[u8; 16]>::as_ref(&vector).to_vec();
    output.extend(content);
    Ok(Value::text(BASE64.encode(output)))
}

fn decrypt(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let text = arguments.text(1);
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    let bytes = super::encoding::decode(text.as_bytes())
        .map_err(|at| Failure::new(format!("illegal base64 data at input byte {at}")))?;
    let Some((vector, content)) = bytes.split_first_chunk::<16>() else {
        return Err(Failure::new("crypto/cipher: input not full blocks"));
    };
    let failed = |_| Failure::new("crypto/cipher: decryption failed");
    let key =
        PaddedBlockDecryptingKey::cbc_pkcs7(cipher_key(&arguments.text(0))?).map_err(failed)?;
    let mut content = content.to_vec();
    let context = DecryptionContext::Iv128(FixedLength::from(*vector));
    let plain = key.decrypt(&mut content, context).map_err(failed)?;
    Ok(Value::text(plain.to_vec()))
}
