//! A key of a keyring: which of its parts may sign, by what it says of itself.

use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    Packet, PublicKey, PublicSubkey, Signature, SignatureType, SubpacketData, UserId,
};
use pgp::types::{KeyDetails, KeyVersion, Tag};

use super::Signer;
use super::error::ProvenanceError;
use super::packets::Found;

/// The signatures of a key on one of its names.
const CERTIFICATIONS: [SignatureType; 4] = [
    SignatureType::CertGeneric,
    SignatureType::CertPersona,
    SignatureType::CertCasual,
    SignatureType::CertPositive,
];
/// The hashes that nobody can make two texts for.
const FOR_TEXTS: [HashAlgorithm; 6] = [
    HashAlgorithm::Sha224,
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
    HashAlgorithm::Sha3_256,
    HashAlgorithm::Sha3_512,
];
/// With the one of many older keys.
const FOR_KEYS: [HashAlgorithm; 7] = {
    let [a, b, c, d, e, f] = FOR_TEXTS;
    [a, b, c, d, e, f, HashAlgorithm::Sha1]
};
const REVOKED: &str = "was revoked";
const EXPIRED: &str = "has expired";
const FUTURE: &str = "is dated in the future";
const NOT_FOR_SIGNING: &str = "is not for signing";
const UNBOUND: &str = "has no valid signature of its own that says what it is for";

/// A public key with its names and subkeys.
#[derive(Debug)]
pub(super) struct Key {
    primary: PublicKey,
    /// Signatures on the key as such.
    direct: Vec<Signature>,
    users: Vec<Part<UserId>>,
    subkeys: Vec<Part<PublicSubkey>>,
    /// Whether a signature of it cannot be read, which may be its revocation.
    is_broken: bool,
}

/// What belongs to a key, and the signatures that say so or deny it.
#[derive(Debug)]
struct Part<T> {
    it: T,
    signatures: Vec<Signature>,
}

/// What the signatures that are read are on.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Key,
    User,
    Subkey,
    /// Something of no importance here.
    Else,
}

impl Key {
    /// The key that some packets are; none where it is one that Helm would not know either.
    pub(super) fn read(packets: Vec<Found>) -> Option<Self> {
        let mut packets = packets.into_iter();
        let Some((_, Some(Packet::PublicKey(primary)))) = packets.next() else { return None };
        if !matches!(primary.version(), KeyVersion::V4 | KeyVersion::V6) {
            return None;
        }
        let (direct, users, subkeys) = (Vec::new(), Vec::new(), Vec::new());
        let mut key = Key { primary, direct, users, subkeys, is_broken: false };
        let mut on = On::Key;
        for (tag, packet) in packets {
            match (tag, packet) {
                (_, Some(Packet::UserId(it))) => {
                    key.users.push(Part { it, signatures: Vec::new() });
                    on = On::User;
                }
                (_, Some(Packet::PublicSubkey(it))) => {
                    key.subkeys.push(Part { it, signatures: Vec::new() });
                    on = On::Subkey;
                }
                (_, Some(Packet::Signature(signature))) => key.add(on, signature),
                (Tag::Signature, _) => key.is_broken |= on != On::Else,
                (Tag::UserId | Tag::UserAttribute | Tag::PublicSubkey, _) => on = On::Else,
                // What GnuPG notes for itself between the others, and the like.
                _ => {}
            }
        }
        Some(key)
    }

    fn add(&mut self, on: On, signature: Signature) {
        let signatures = match on {
            // Wherever it stands, it is on the key.
            _ if signature.typ() == Some(SignatureType::KeyRevocation) => Some(&mut self.direct),
            On::Key => Some(&mut self.direct),
            On::User => self.users.last_mut().map(|part| &mut part.signatures),
            On::Subkey => self.subkeys.last_mut().map(|part| &mut part.signatures),
            On::Else => None,
        };
        if let Some(signatures) = signatures {
            signatures.push(signature);
        }
    }

    /// Who has the key.
    pub(super) fn signer(&self) -> Signer {
        let name = self.users.iter().find_map(|user| user.it.as_str()).map(str::to_owned);
        Signer { fingerprint: format!("{:X}", self.primary.fingerprint()), name }
    }

    /// Whether a signature of a text is by this key, holds, and is by a part that may sign; none where it is by another
    /// key.
    pub(super) fn judge(
        &self,
        signature: &Signature,
        text: &str,
        now: u64,
    ) -> Option<Result<(), ProvenanceError>> {
        let (made, may) = if names(signature, &self.primary) {
            (signature.verify(&self.primary, text.as_bytes()), self.primary_may_sign(now))
        } else {
            let subkey = self.subkeys.iter().find(|subkey| names(signature, &subkey.it))?;
            (signature.verify(&subkey.it, text.as_bytes()), self.subkey_may_sign(subkey, now))
        };
        let key = name_of_issuer(signature);
        let sound = is_of_text(signature).and_then(|()| is_in_force(signature, now));
        Some(match (sound, made, may) {
            (Err(reason), _, _) => Err(ProvenanceError::Signature { key, reason }),
            (_, Err(error), _) => {
                tracing::debug!("a signature by {key} does not hold: {error}");
                let reason = "does not fit the text: one of both was changed since";
                Err(ProvenanceError::Signature { key, reason })
            }
            (_, _, Err(reason)) => Err(ProvenanceError::UnusableKey { key, reason }),
            (Ok(()), Ok(()), Ok(())) => Ok(()),
        })
    }

    fn primary_may_sign(&self, now: u64) -> Result<(), &'static str> {
        let own = self.in_force(now)?;
        if own.key_flags().sign() { Ok(()) } else { Err(NOT_FOR_SIGNING) }
    }

    fn subkey_may_sign(&self, subkey: &Part<PublicSubkey>, now: u64) -> Result<(), &'static str> {
        self.in_force(now)?;
        let Part { it: key, signatures } = subkey;
        if signatures.iter().any(|it| it.typ() == Some(SignatureType::SubkeyRevocation)) {
            return Err(REVOKED);
        }
        let bindings = of_type(signatures, &[SignatureType::SubkeyBinding]);
        let binding = newest(bindings, |it| it.verify_subkey_binding(&self.primary, key).is_ok());
        let binding = binding.ok_or(UNBOUND)?;
        is_in_force(binding, now)?;
        is_alive(key, binding, now)?;
        if !binding.key_flags().sign() {
            return Err(NOT_FOR_SIGNING);
        }
        // Else anybody could call the key of somebody else a part of their own.
        let back = binding.embedded_signature();
        let back = back.filter(|it| it.verify_primary_key_binding(key, &self.primary).is_ok());
        let back = back.filter(|it| has_hash(it, &FOR_KEYS));
        is_in_force(back.ok_or("has not itself signed that it belongs to its main key")?, now)
    }

    /// What the key says of itself, where that is valid now.
    fn in_force(&self, now: u64) -> Result<&Signature, &'static str> {
        if self.is_broken {
            return Err("cannot be read as a whole");
        }
        if self.direct.iter().any(|it| it.typ() == Some(SignatureType::KeyRevocation)) {
            return Err(REVOKED);
        }
        let direct = of_type(&self.direct, &[SignatureType::Key]);
        let direct = newest(direct, |it| it.verify_key(&self.primary).is_ok());
        let own = match self.primary.version() {
            KeyVersion::V6 => direct.ok_or(UNBOUND)?,
            _ => self.by_name()?,
        };
        for signature in [Some(own), direct].into_iter().flatten() {
            is_in_force(signature, now)?;
            is_alive(&self.primary, signature, now)?;
        }
        Ok(own)
    }

    /// The newest signature of the key on the name that counts of its names: the one that it calls so, or else the
    /// last. Names that were revoked are out.
    fn by_name(&self) -> Result<&Signature, &'static str> {
        let is_revoked = |user: &&Part<UserId>| {
            let mut revocations = of_type(&user.signatures, &[SignatureType::CertRevocation]);
            revocations.any(|it| names(it, &self.primary) || names_nobody(it))
        };
        let own = |user| {
            let Part { it: name, signatures }: &Part<UserId> = user;
            let own = of_type(signatures, &CERTIFICATIONS);
            newest(own, |it| it.verify_certification(&self.primary, Tag::UserId, name).is_ok())
        };
        let left = self.users.iter().filter(|user| !is_revoked(user));
        let counts = |it: &&Signature| (it.is_primary(), it.created().map(|at| at.as_secs()));
        let found = left.filter_map(own).max_by_key(counts);
        let reason =
            if self.users.iter().any(|user| is_revoked(&user)) { REVOKED } else { UNBOUND };
        found.ok_or(reason)
    }
}

/// What a signature calls the key that has made it, in hexadecimal digits.
pub(super) fn name_of_issuer(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(|it| format!("{it:X}"));
    let id = || signature.issuer_key_id().first().map(|it| it.to_string().to_uppercase());
    fingerprint.or_else(id).unwrap_or_default()
}

/// Whether a signature says that a key has made it.
fn names(signature: &Signature, key: &impl KeyDetails) -> bool {
    let (fingerprint, id) = (key.fingerprint(), key.legacy_key_id());
    signature.issuer_fingerprint().contains(&&fingerprint)
        || signature.issuer_key_id().contains(&&id)
}

/// Whether a signature does not say who has made it.
pub(super) fn names_nobody(signature: &Signature) -> bool {
    signature.issuer_fingerprint().is_empty() && signature.issuer_key_id().is_empty()
}

fn has_hash(signature: &Signature, accepted: &[HashAlgorithm]) -> bool {
    signature.hash_alg().is_some_and(|hash| accepted.contains(&hash))
}

fn of_type<'s>(
    signatures: &'s [Signature],
    types: &'s [SignatureType],
) -> impl Iterator<Item = &'s Signature> {
    signatures.iter().filter(move |it| it.typ().is_some_and(|own| types.contains(&own)))
}

/// The newest of those signatures that hold.
fn newest<'s>(
    signatures: impl Iterator<Item = &'s Signature>,
    holds: impl Fn(&Signature) -> bool,
) -> Option<&'s Signature> {
    let holding = signatures.filter(|it| has_hash(it, &FOR_KEYS) && holds(it));
    holding.max_by_key(|it| it.created().map(|at| at.as_secs()))
}

/// Refuses a signature that is of something else than a text, or could be one of two texts.
fn is_of_text(signature: &Signature) -> Result<(), &'static str> {
    if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
        return Err("is not one of a text");
    }
    match has_hash(signature, &FOR_TEXTS) {
        true => Ok(()),
        false => Err("is over a hash (MD5, SHA-1, RIPEMD-160) that other texts may have, too"),
    }
}

/// Refuses a signature that does not hold now, or only under a condition that nobody here knows.
fn is_in_force(signature: &Signature, now: u64) -> Result<(), &'static str> {
    let created = signature.created().ok_or("has no date")?;
    let lifetime = signature.signature_expiration_time().map_or(0, |it| it.as_secs());
    lasts(created.as_secs(), lifetime, now)?;
    let mut conditions = signature.config().into_iter().flat_map(|it| it.hashed_subpackets());
    let is_unknown = conditions.any(|it| {
        let is_unknown = matches!(
            it.data,
            SubpacketData::Notation(_) | SubpacketData::Experimental(..) | SubpacketData::Other(..)
        );
        it.is_critical && is_unknown
    });
    if is_unknown { Err("has a condition that is not known here") } else { Ok(()) }
}

/// Refuses a key that has expired by what a signature says of it.
fn is_alive(key: &impl KeyDetails, own: &Signature, now: u64) -> Result<(), &'static str> {
    let lifetime = own.key_expiration_time().map_or(0, |it| it.as_secs());
    lasts(key.created_at().as_secs(), lifetime, now)
}

/// Whether something made then is valid now. A lifetime of 0 has no end.
fn lasts(created: u32, lifetime: u32, now: u64) -> Result<(), &'static str> {
    let created = u64::from(created);
    match lifetime {
        _ if created > now => Err(FUTURE),
        0 => Ok(()),
        _ if created + u64::from(lifetime) < now => Err(EXPIRED),
        _ => Ok(()),
    }
}
