pub(in crate::chart) mod signing;

use pgp::composed::{KeyType, SignedPublicKey, SignedSecretKey};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::packet::{Notation, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyDetails, KeyVersion, Timestamp};

use super::*;
use signing::{DAY, Manner, NAME, Publisher, ago, for_signing, for_signing_until, text};

const FILE: &str = "cart-1.0.0.tgz";
const ARCHIVE: &[u8] = b"an archive";

/// What is said of a provenance by a keyring.
fn judged(provenance: &[u8], keyring: &[u8], file: Option<&str>) -> Result<Signer, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    std::fs::write(&path, keyring).unwrap();
    let keyring = Keyring::read(&path).map_err(ProvenanceError::from);
    let found = keyring.and_then(|keyring| verify(ARCHIVE, file, provenance, &keyring));
    found.map_err(|error| {
        let report = travel_kube::error::chain(&error);
        report.replace(&folder.path().display().to_string(), "FOLDER")
    })
}

fn check(provenance: &str, keyring: &[u8], expected: Result<(), &str>) {
    match (judged(provenance.as_bytes(), keyring, Some(FILE)), expected) {
        (Ok(_), Ok(())) => {}
        (Err(report), Err(words)) => assert!(report.contains(words), "{report:?}, not {words:?}"),
        (found, expected) => panic!("{found:?} where {expected:?} was expected: {provenance}"),
    }
}

/// A message in GnuPG's own words, which each packet of its old keyrings has after it: how far it is trusted.
const TRUST: [u8; 4] = [0xb0, 2, 0, 3];

#[test]
fn what_a_known_key_has_signed_is_taken() {
    let (publisher, other) = (Publisher::new(), Publisher::new());
    let provenance = publisher.sign(FILE, ARCHIVE);
    let signer = judged(provenance.as_bytes(), &publisher.public(), Some(FILE)).unwrap();
    let fingerprint = format!("{:X}", publisher.key.fingerprint());
    assert_eq!(signer.to_string(), format!("{NAME} ({fingerprint})"));
    // Keyrings as they are found: of many keys, in armour, one after the other, and GnuPG's own.
    check(&provenance, &[other.public(), publisher.public()].concat(), Ok(()));
    check(&provenance, publisher.armored().as_bytes(), Ok(()));
    let armored = other.armored() + "\n" + &publisher.armored();
    check(&provenance, armored.as_bytes(), Ok(()));
    let packets = packets::packets(&publisher.public()).unwrap().into_iter();
    let own: Vec<u8> = packets
        .flat_map(|(_, packet)| [packet.unwrap().to_bytes().unwrap(), TRUST.to_vec()].concat())
        .collect();
    check(&provenance, &own, Ok(()));
    // Messages as they are found.
    check(&provenance.replace('\n', "\r\n"), &publisher.public(), Ok(()));
    let manner = Manner { kind: SignatureType::Binary, ..Manner::default() };
    check(&publisher.sign_text(&text(FILE, ARCHIVE), manner), &publisher.public(), Ok(()));
    // Whoever names no file wants this very archive.
    assert!(judged(provenance.as_bytes(), &publisher.public(), None).is_ok());
}

#[test]
fn keys_of_all_kinds_sign() {
    let elliptic = (KeyType::ECDSA(ECCCurve::P256), KeyVersion::V4);
    for (key_type, version) in [elliptic, (KeyType::Ed25519, KeyVersion::V6)] {
        let make = || {
            Publisher::with(|it| {
                it.key_type(key_type.clone()).version(version);
            })
        };
        let (publisher, other) = (make(), make());
        check(&publisher.sign(FILE, ARCHIVE), &publisher.public(), Ok(()));
        check(&publisher.sign(FILE, ARCHIVE), &other.public(), Err("which is not in the keyring"));
    }
    let publisher = Publisher::with_subkey(true);
    let by_subkey = || Manner { by_subkey: true, ..Manner::default() };
    let provenance = publisher.sign_text(&text(FILE, ARCHIVE), by_subkey());
    check(&provenance, &publisher.public(), Ok(()));
    // It is the main key's name that counts.
    let signer = judged(provenance.as_bytes(), &publisher.public(), Some(FILE)).unwrap();
    assert_eq!(signer.fingerprint, format!("{:X}", publisher.key.fingerprint()));
    check(&publisher.sign(FILE, ARCHIVE), &publisher.public(), Err("which is not for signing"));
    let publisher = Publisher::with_subkey(false);
    let provenance = publisher.sign_text(&text(FILE, ARCHIVE), by_subkey());
    check(&provenance, &publisher.public(), Err("which is not for signing"));
}

/// What GnuPG has signed with an RSA key and with one of curve 25519, over the archive of these tests.
#[test]
fn what_gnupg_has_signed_is_taken() {
    let keyring = include_bytes!("tests/gnupg/keyring.asc");
    let weak = "is over a hash (MD5, SHA-1, RIPEMD-160) that other texts may have, too";
    check(include_str!("tests/gnupg/sha1.prov"), keyring, Err(weak));
    for provenance in [
        include_str!("tests/gnupg/rsa.prov"),
        include_str!("tests/gnupg/ed25519.prov"),
        include_str!("tests/gnupg/subkey.prov"),
    ] {
        check(provenance, keyring, Ok(()));
        check(
            &provenance.replace("name: cart", "name: carr"),
            keyring,
            Err("does not fit the text"),
        );
    }
}

#[test]
fn what_was_not_signed_is_refused() {
    let publisher = Publisher::new();
    let (keyring, provenance) = (publisher.public(), publisher.sign(FILE, ARCHIVE));
    let sign = |text: &str| publisher.sign_text(text, Manner::default());
    let id = publisher.key.fingerprint();
    let unknown =
        format!("it is signed by the key {id:X}, which is not in the keyring FOLDER/keyring");
    check(&provenance, &Publisher::new().public(), Err(&unknown));
    let changed = provenance.replace("version: 1.0.0", "version: 1.0.1");
    let unfit = format!("by the key {id:X}, does not fit the text: one of both was changed since");
    check(&changed, &keyring, Err(&unfit));
    // Another archive, another name, and none.
    let found = Digest::of(ARCHIVE);
    let expected = Digest::of(b"another");
    let other = format!("{FILE} has the digest {found}, and {expected} was signed");
    check(&publisher.sign(FILE, b"another"), &keyring, Err(&other));
    let old = publisher.sign("cart-0.9.0.tgz", ARCHIVE);
    let name = format!("what was signed is about cart-0.9.0.tgz, and not about {FILE}");
    check(&old, &keyring, Err(&name));
    assert!(judged(old.as_bytes(), &keyring, None).is_ok());
    let report = judged(publisher.sign(FILE, b"another").as_bytes(), &keyring, None).unwrap_err();
    assert!(report.contains(&format!("about no archive with the digest {found}")), "{report}");
    check(&sign("name: cart"), &keyring, Err("it has no line of three dots"));
    check(&sign("name: cart\n...\nnone"), &keyring, Err("it lists no files"));
    check(&sign("name: cart\n...\n{"), &keyring, Err("what was signed says nothing of files: "));
    // What is no message.
    let message = "its provenance is no message that was signed in clear text: ";
    check("", &keyring, Err(&format!("{message}it does not begin as one")));
    check("<html>", &keyring, Err(message));
    let large = " ".repeat(LARGEST + 1);
    check(&large, &keyring, Err(&format!("{message}it is too large")));
    let report = judged(&[0xff], &keyring, None).unwrap_err();
    assert_eq!(report, format!("{message}it is no text"));
}

#[test]
fn a_signature_counts_only_for_what_it_says() {
    let publisher = Publisher::new();
    let keyring = publisher.public();
    let by = |manner: Manner, expected: Result<(), &str>| {
        check(&publisher.sign_text(&text(FILE, ARCHIVE), manner), &keyring, expected);
    };
    let days = |days: u32| Duration::from_secs(days * DAY);
    let says = |data: SubpacketData| vec![Subpacket::regular(data).unwrap()];
    let ending = |after: Duration| {
        let says = says(SubpacketData::SignatureExpirationTime(after));
        Manner { created: ago(3 * DAY), says, ..Manner::default() }
    };
    by(ending(days(4)), Ok(()));
    by(ending(days(0)), Ok(()));
    by(ending(days(2)), Err("has expired"));
    let future = Timestamp::from_secs(Timestamp::now().as_secs() + DAY);
    by(Manner { created: future, ..Manner::default() }, Err("is dated in the future"));
    // Of some signatures only the first byte of a text is a part.
    let forged = publisher.sign_a_byte_of(&text(FILE, ARCHIVE));
    check(&forged, &keyring, Err("is not one of a text"));
    let notation = || {
        let (name, value) = ("a@b".into(), "c".into());
        SubpacketData::Notation(Notation { readable: true, name, value })
    };
    let critical = vec![Subpacket::critical(notation()).unwrap()];
    by(Manner { says: says(notation()), ..Manner::default() }, Ok(()));
    let condition = "has a condition that is not known here";
    by(Manner { says: critical, ..Manner::default() }, Err(condition));
}

#[test]
fn a_key_counts_only_as_long_as_its_owner_says() {
    let publisher = Publisher::new();
    let provenance = publisher.sign(FILE, ARCHIVE);
    let by = |key: SignedPublicKey, expected: Result<(), &str>| {
        check(&provenance, &key.to_bytes().unwrap(), expected);
    };
    let says = |kind, says| publisher.saying(kind, says);
    let name = SignatureType::CertPositive;
    by(says(name, for_signing_until(11 * DAY)), Ok(()));
    by(says(name, for_signing_until(0)), Ok(()));
    by(says(name, for_signing_until(9 * DAY)), Err("which has expired"));
    by(says(SignatureType::Key, for_signing_until(9 * DAY)), Err("which has expired"));
    by(says(name, Vec::new()), Err("which is not for signing"));
    by(says(SignatureType::KeyRevocation, Vec::new()), Err("which was revoked"));
    by(says(SignatureType::CertRevocation, Vec::new()), Err("which was revoked"));
    // Whoever else it is by: that may be one whom the owner has asked to revoke it.
    let mut key = publisher.public_key();
    let other = Publisher::new().saying(SignatureType::KeyRevocation, Vec::new()).details;
    key.details.revocation_signatures = other.revocation_signatures;
    by(key, Err("which was revoked"));
    // The last word counts, wherever it stands.
    let before = publisher.saying_then(ago(5 * DAY), name, for_signing_until(6 * DAY));
    for at in [0, 1] {
        let mut key = publisher.public_key();
        key.details.users[0].signatures.insert(at, before.details.users[0].signatures[0].clone());
        by(key, Ok(()));
    }
    by(before, Err("which has expired"));
    let young = Publisher::with(|it| {
        it.created_at(Timestamp::from_secs(Timestamp::now().as_secs() + DAY));
    });
    check(&young.sign(FILE, ARCHIVE), &young.public(), Err("which is dated in the future"));
}

#[test]
fn what_others_say_of_a_key_does_not_count() {
    let publisher = Publisher::with(|it| {
        it.can_sign(false);
    });
    let (provenance, other) = (publisher.sign(FILE, ARCHIVE), Publisher::new());
    let by = |key: &SignedPublicKey, expected: Result<(), &str>| {
        check(&provenance, &key.to_bytes().unwrap(), expected);
    };
    let mut key = publisher.public_key();
    by(&key, Err("which is not for signing"));
    // That it may sign is said by another key.
    let foreign = other.saying(SignatureType::CertPositive, vec![for_signing()]).details;
    key.details.users[0].signatures.extend(foreign.users[0].signatures.clone());
    by(&key, Err("which is not for signing"));
    key.details.users[0].signatures.clone_from(&foreign.users[0].signatures);
    by(&key, Err("which has no valid signature of its own that says what it is for"));
    // That it does not have its name is said by another key.
    let publisher = Publisher::new();
    let mut key = publisher.public_key();
    let denied = other.saying(SignatureType::CertRevocation, Vec::new()).details;
    key.details.users[0].signatures.extend(denied.users[0].signatures.clone());
    check(&publisher.sign(FILE, ARCHIVE), &key.to_bytes().unwrap(), Ok(()));
}

#[test]
fn a_subkey_signs_for_its_main_key_only_where_both_say_so() {
    let publisher = Publisher::with_subkey(true);
    let manner = Manner { by_subkey: true, ..Manner::default() };
    let provenance = publisher.sign_text(&text(FILE, ARCHIVE), manner);
    let by = |key: &SignedPublicKey, expected: Result<(), &str>| {
        check(&provenance, &key.to_bytes().unwrap(), expected);
    };
    let says = |kind, says| publisher.saying(kind, says);
    by(&publisher.public_key(), Ok(()));
    by(&says(SignatureType::SubkeyRevocation, Vec::new()), Err("which was revoked"));
    by(&says(SignatureType::KeyRevocation, Vec::new()), Err("which was revoked"));
    let expired = for_signing_until(9 * DAY);
    by(&says(SignatureType::CertPositive, expired), Err("which has expired"));
    // The subkey is younger.
    let expired = for_signing_until(DAY / 2);
    by(&says(SignatureType::SubkeyBinding, expired), Err("which has expired"));
    // Called its own by another key, which it does not confirm.
    let thief = Publisher::with_subkey(true);
    let mut stolen = thief.public_key();
    stolen.public_subkeys[0].key = publisher.public_key().public_subkeys[0].key.clone();
    by(&stolen, Err("which has no valid signature of its own that says what it is for"));
    let public_subkeys = stolen.public_subkeys;
    let thief = Publisher { key: SignedSecretKey { public_subkeys, ..thief.key } };
    let claimed = thief.saying(SignatureType::SubkeyBinding, vec![for_signing()]);
    by(&claimed, Err("which has not itself signed that it belongs to its main key"));
}

#[test]
fn what_is_no_keyring_is_refused() {
    let publisher = Publisher::new();
    let provenance = publisher.sign(FILE, ARCHIVE);
    let check = |keyring: &[u8], expected: &str| {
        let expected = format!("there is no public key in the keyring FOLDER/keyring: {expected}");
        check(&provenance, keyring, Err(&expected));
    };
    check(b"", "it holds none that can be read");
    check(b"\x00\x00\x00\x20\x01\x01\x00\x02KBXf", "it is a keybox of GnuPG");
    check(&publisher.secret(), "its keys are secret ones");
    check(b"hello", "it holds none that can be read");
    check(&[0x7f, 0xff], "it is no keyring");
    check(&publisher.public()[..40], "it is damaged");
    check(&publisher.armored().as_bytes()[..100], "it ends within its armour");
    let absent = Keyring::read(std::path::Path::new("/nowhere/keyring")).unwrap_err();
    let report = travel_kube::error::chain(&absent);
    assert!(report.starts_with("read the keyring /nowhere/keyring: No such file"), "{report}");
}

/// Nothing here may be taken, or end the process, whatever becomes of the bytes.
#[test]
fn damage_is_never_taken() {
    let publisher = Publisher::new();
    let (keyring, provenance) = (publisher.public(), publisher.sign(FILE, ARCHIVE));
    for end in (0..provenance.trim_end().len()).step_by(7) {
        let found = judged(&provenance.as_bytes()[..end], &keyring, Some(FILE));
        assert!(found.is_err(), "{end}: {found:?}");
    }
    for end in (0..keyring.len()).step_by(7) {
        let found = judged(provenance.as_bytes(), &keyring[..end], Some(FILE));
        assert!(found.is_err(), "{end}: {found:?}");
    }
    let begin = provenance.find("apiVersion").unwrap();
    let end = provenance.find("-----BEGIN PGP SIGNATURE").unwrap() - 1;
    for at in (begin..end).step_by(5) {
        let mut changed = provenance.clone().into_bytes();
        changed[at] ^= 1;
        let found = judged(&changed, &keyring, Some(FILE));
        assert!(found.is_err(), "{at}: {found:?}");
    }
    // The head of a key, and of what it says of itself, may be anything.
    for at in 0..keyring.len().min(150) {
        let mut changed = keyring.clone();
        changed[at] ^= 0x55;
        let _ = judged(provenance.as_bytes(), &changed, Some(FILE));
    }
}
