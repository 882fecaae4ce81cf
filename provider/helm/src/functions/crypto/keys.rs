//! Private keys.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};

use super::super::{Arguments, Failure, Outcome};
use super::{der, take_milliseconds};
use crate::executor::Executor;
use crate::value::Value;

const RSA_4096_MILLISECONDS: usize = 600;
const RSA_2048_MILLISECONDS: usize = 100;
const CURVE_MILLISECONDS: usize = 1;

/// `genPrivateKey`. Problems are told in the result, as Sprig does.
pub(super) fn generate(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let kind = arguments.text(0);
    let pair = match &*kind.as_str() {
        "" | "rsa" => {
            take_milliseconds(RSA_4096_MILLISECONDS)?;
            KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096)
        }
        "ecdsa" | "ed25519" => {
            take_milliseconds(CURVE_MILLISECONDS)?;
            let is_edwards = &*kind.as_str() == "ed25519";
            KeyPair::generate_for(if is_edwards { &PKCS_ED25519 } else { &PKCS_ECDSA_P256_SHA256 })
        }
        "dsa" => {
            return Ok(Value::text("failed to generate dsa params: dsa keys are not supported"));
        }
        other => return Ok(Value::text(format!("Unknown type {other}"))),
    };
    Ok(Value::text(match pair {
        Ok(pair) => private_pem(&pair),
        Err(error) => format!("failed to generate private key: {error}"),
    }))
}

/// A new RSA key of the size of certificates.
pub(super) fn certificate_key() -> Result<KeyPair, Failure> {
    take_milliseconds(RSA_2048_MILLISECONDS)?;
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
        .map_err(|error| Failure::new(format!("error generating rsa key: {error}")))
}

/// Reads a private key in PEM, with Sprig's complaints.
pub(super) fn parse(text: &str) -> Result<KeyPair, String> {
    let Some((label, _)) = der::parse_pem(text) else {
        return Err("no PEM data in input".to_owned());
    };
    match label.as_str() {
        "PRIVATE KEY" => {
            KeyPair::from_pem(text).map_err(|error| format!("decoding PEM as PKCS#8: {error}"))
        }
        "RSA PRIVATE KEY" | "EC PRIVATE KEY" => KeyPair::from_pem(text).map_err(|error| {
            format!("parsing {} private key from PEM: {error}", &label[..label.len() - 12])
        }),
        label => match label.strip_suffix(" PRIVATE KEY") {
            Some(kind) => Err(format!("invalid private key type {kind}")),
            None => Err(format!("no private key data in PEM block of type {label}")),
        },
    }
}

/// A private key in the PEM of its algorithm.
pub(super) fn private_pem(pair: &KeyPair) -> String {
    let bytes = pair.serialized_der();
    let inner = der::inner_key(bytes);
    if pair.algorithm() == &PKCS_RSA_SHA256 {
        // A key that was read may already be in its own form.
        return der::pem("RSA PRIVATE KEY", inner.unwrap_or(bytes));
    }
    if pair.algorithm() == &PKCS_ECDSA_P256_SHA256 {
        let key = inner.and_then(der::with_curve).unwrap_or_else(|| bytes.to_vec());
        return der::pem("EC PRIVATE KEY", &key);
    }
    der::pem("PRIVATE KEY", bytes)
}
