//! Certificates, for servers and for authorities that sign them.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};

use super::super::{Arguments, Failure, Outcome, encoding, format};
use super::{der, keys, take_milliseconds};
use crate::bounds;
use crate::executor::Executor;
use crate::value::{Certificate, List, Native, Text, Value};

const NANOSECONDS_PER_DAY: i64 = 86_400_000_000_000;
/// What it takes to read the keys and certificates that are given, and to sign with them.
const SIGNING_MILLISECONDS: usize = 3;

/// `genCA` and `genCAWithKey`: a certificate that signs others.
pub(super) fn authority(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let key = key(&arguments, 2)?;
    let mut parameters = parameters(&arguments.text(0), None, None, arguments.int(1))?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages.push(KeyUsagePurpose::KeyCertSign);
    certificate(parameters.self_signed(&key), &key)
}

/// `genSelfSignedCert` and `genSelfSignedCertWithKey`.
pub(super) fn self_signed(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let key = key(&arguments, 4)?;
    let parameters = server_parameters(&arguments)?;
    certificate(parameters.self_signed(&key), &key)
}

/// `genSignedCert` and `genSignedCertWithKey`: signed by an authority of `genCA`.
pub(super) fn signed(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    let key = key(&arguments, 5)?;
    let Some(authority) = arguments.certificate(4) else {
        return Err(Failure::new("unable to decode certificate"));
    };
    bounds::pay(authority.certificate.len() + authority.key.len());
    let signer_key = keys::parse(&authority.key.as_str())
        .map_err(|error| Failure::new(format!("error parsing private key: {error}")))?;
    let issuer =
        Issuer::from_ca_cert_pem(&authority.certificate.as_str(), signer_key).map_err(|error| {
            Failure::new(format!("error parsing certificate: decodedSignerCert.Bytes: {error}"))
        })?;
    let parameters = server_parameters(&arguments)?;
    certificate(parameters.signed_by(&key, &issuer), &key)
}

/// `buildCustomCert`: a certificate and its key from base64.
pub(super) fn build(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    take_milliseconds(SIGNING_MILLISECONDS)?;
    let decode = |index: usize, what: &str| {
        encoding::decode(arguments.text(index).as_bytes())
            .map_err(|_| Failure::new(format!("unable to decode base64 {what}")))
    };
    let (certificate, key) = (decode(0, "certificate")?, decode(1, "private key")?);
    if der::parse_pem(&String::from_utf8_lossy(&certificate)).is_none() {
        return Err(Failure::new("unable to decode certificate"));
    }
    keys::parse(&String::from_utf8_lossy(&key))
        .map_err(|error| Failure::new(format!("error parsing private key: {error}")))?;
    Ok(Value::native(Native::Certificate(Certificate {
        certificate: certificate.into(),
        key: key.into(),
    })))
}

/// The key at that place of the arguments, or a new one where there is none.
fn key(arguments: &Arguments, index: usize) -> Result<KeyPair, Failure> {
    if arguments.len() <= index {
        return keys::certificate_key();
    }
    keys::parse(&arguments.text(index).as_str())
        .map_err(|error| Failure::new(format!("parsing private key: {error}")))
}

fn certificate(signed: Result<rcgen::Certificate, rcgen::Error>, key: &KeyPair) -> Outcome {
    let certificate =
        signed.map_err(|error| Failure::new(format!("error creating certificate: {error}")))?;
    let certificate = der::pem("CERTIFICATE", certificate.der()).into();
    let key = keys::private_pem(key).into();
    Ok(Value::native(Native::Certificate(Certificate { certificate, key })))
}

fn server_parameters(arguments: &Arguments) -> Result<CertificateParams, Failure> {
    parameters(&arguments.text(0), arguments.list(1), arguments.list(2), arguments.int(3))
}

fn parameters(
    common_name: &Text,
    addresses: Option<List>,
    names: Option<List>,
    days: i64,
) -> Result<CertificateParams, Failure> {
    let now = SystemTime::now();
    // Go counts a span of time in nanoseconds, which wrap around after 292 years.
    let nanoseconds = days.wrapping_mul(NANOSECONDS_PER_DAY);
    let validity = Duration::from_nanos(nanoseconds.unsigned_abs());
    let end = if nanoseconds < 0 { now.checked_sub(validity) } else { now.checked_add(validity) };
    take_milliseconds(SIGNING_MILLISECONDS)?;
    let mut distinguished_name = DistinguishedName::new();
    distinguished_name.push(DnType::CommonName, common_name.as_str().into_owned());
    let mut subject_alt_names = Vec::new();
    for name in names.iter().flat_map(List::items) {
        let name = text(name, "error processing alternate dns name")?;
        let name = name
            .as_str()
            .try_into()
            .map_err(|error| Failure::new(format!("error creating certificate: {error}")))?;
        subject_alt_names.push(SanType::DnsName(name));
    }
    for address in addresses.iter().flat_map(List::items) {
        let address = text(address, "error parsing ip")?;
        let parsed: IpAddr =
            address.parse().map_err(|_| Failure::new(format!("error parsing ip: {address}")))?;
        subject_alt_names.push(SanType::IpAddress(parsed));
    }
    let mut parameters = CertificateParams::default();
    parameters.not_before = now.into();
    parameters.not_after = end.unwrap_or(now).into();
    parameters.subject_alt_names = subject_alt_names;
    parameters.distinguished_name = distinguished_name;
    parameters.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn text(value: &Value, problem: &str) -> Result<String, Failure> {
    match value {
        Value::Text(text) => Ok(text.as_str().into_owned()),
        value => {
            let shown = String::from_utf8_lossy(&format::print(value)).into_owned();
            Err(Failure::new(format!("{problem}: {shown} is not a string")))
        }
    }
}
