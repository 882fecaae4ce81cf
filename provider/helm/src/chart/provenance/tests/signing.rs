//! Keys and signatures made for a test, as GnuPG and Helm make them.

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedPublicKey,
    SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyVersion, Password, SigningKey, Tag, Timestamp};
use rand_for_pgp::rngs::OsRng;

use super::super::Digest;

pub const NAME: &str = "Cart <cart@shop.example>";
pub const DAY: u32 = 24 * 60 * 60;

/// Who signs charts in a test.
pub struct Publisher {
    pub key: SignedSecretKey,
}

/// How a text is signed.
pub struct Manner {
    pub kind: SignatureType,
    pub hash: HashAlgorithm,
    pub created: Timestamp,
    /// What the signature says beside who has made it, and when.
    pub says: Vec<Subpacket>,
    pub by_subkey: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            kind: SignatureType::Text,
            hash: HashAlgorithm::Sha512,
            created: Timestamp::now(),
            says: Vec::new(),
            by_subkey: false,
        }
    }
}

/// So many seconds before now.
pub fn ago(seconds: u32) -> Timestamp {
    Timestamp::from_secs(Timestamp::now().as_secs() - seconds)
}

/// The text that a provenance is of.
pub fn text(file: &str, archive: &[u8]) -> String {
    let digest = Digest::of(archive);
    format!("apiVersion: v2\nname: cart\nversion: 1.0.0\n\n...\nfiles:\n  {file}: {digest}")
}

impl Publisher {
    /// One with a key like those that GnuPG makes, made ten days ago.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// One with another key.
    pub fn with(change: impl FnOnce(&mut SecretKeyParamsBuilder)) -> Self {
        let mut parameters = SecretKeyParamsBuilder::default();
        parameters
            .key_type(KeyType::Ed25519Legacy)
            .can_certify(true)
            .can_sign(true)
            .created_at(ago(10 * DAY))
            .primary_user_id(NAME.to_owned());
        change(&mut parameters);
        Publisher { key: parameters.build().unwrap().generate(OsRng).unwrap() }
    }

    /// One whose key has a subkey, which alone may sign where this is true.
    pub fn with_subkey(can_sign: bool) -> Self {
        Self::with(|parameters| {
            let mut subkey = SubkeyParamsBuilder::default();
            subkey.key_type(KeyType::Ed25519Legacy).can_sign(can_sign).created_at(ago(DAY));
            parameters.can_sign(!can_sign).subkey(subkey.build().unwrap());
        })
    }

    pub fn public_key(&self) -> SignedPublicKey {
        self.key.to_public_key()
    }

    /// What `gpg --export` writes.
    pub fn public(&self) -> Vec<u8> {
        self.public_key().to_bytes().unwrap()
    }

    /// What `gpg --export --armor` writes.
    pub fn armored(&self) -> String {
        self.public_key().to_armored_string(ArmorOptions::default()).unwrap()
    }

    /// What `gpg --export-secret-keys` writes.
    pub fn secret(&self) -> Vec<u8> {
        self.key.to_bytes().unwrap()
    }

    /// The provenance of an archive.
    pub fn sign(&self, file: &str, archive: &[u8]) -> String {
        self.sign_text(&text(file, archive), Manner::default())
    }

    pub fn sign_text(&self, text: &str, manner: Manner) -> String {
        let by_subkey = manner.by_subkey;
        let message = match by_subkey {
            true => signed(text, &self.key.secret_subkeys[0].key, manner),
            false => signed(text, &self.key.primary_key, manner),
        };
        message.to_armored_string(ArmorOptions::default()).unwrap()
    }

    /// The provenance of any archive whose text begins alike: only that byte is a part of such a signature.
    pub fn sign_a_byte_of(&self, text: &str) -> String {
        let key = &self.key.primary_key;
        let manner = Manner { kind: SignatureType::Standalone, ..Manner::default() };
        let config = config(key, manner);
        let says = config.hashed_subpackets.iter().map(|it| it.to_bytes().unwrap());
        let says = says.collect::<Vec<_>>().concat();
        let kinds = [4, config.typ.into(), config.pub_alg.into(), config.hash_alg.into()];
        let length = u16::try_from(says.len()).unwrap().to_be_bytes();
        let head = [&kinds[..], &length, &says].concat();
        let length = u32::try_from(head.len()).unwrap().to_be_bytes();
        let whole = [&text.as_bytes()[..1], &head, &[4, 0xff], &length].concat();
        let digest = config.hash_alg.digest(&whole).unwrap();
        let signature = key.sign(&Password::empty(), config.hash_alg, &digest).unwrap();
        let signature = Signature::from_config(config, [digest[0], digest[1]], signature);
        let message = CleartextSignedMessage::new_many(text, |_| Ok(vec![signature?])).unwrap();
        message.to_armored_string(ArmorOptions::default()).unwrap()
    }

    /// The public key, of which a signature of its own says something else, or revokes it.
    pub fn saying(&self, kind: SignatureType, says: Vec<SubpacketData>) -> SignedPublicKey {
        self.saying_then(Timestamp::now(), kind, says)
    }

    /// The same, where it was said then.
    pub fn saying_then(
        &self,
        created: Timestamp,
        kind: SignatureType,
        says: Vec<SubpacketData>,
    ) -> SignedPublicKey {
        let mut public = self.public_key();
        let says = says.into_iter().map(|it| Subpacket::regular(it).unwrap()).collect();
        let manner = Manner { kind, created, says, ..Manner::default() };
        let key = &self.key.primary_key;
        let config = config(key, manner);
        let nothing = Password::empty();
        match kind {
            SignatureType::Key | SignatureType::KeyRevocation => {
                let signature = config.sign_key(key, &nothing, key.public_key()).unwrap();
                match kind {
                    SignatureType::Key => public.details.direct_signatures.push(signature),
                    _ => public.details.revocation_signatures.push(signature),
                }
            }
            SignatureType::SubkeyBinding | SignatureType::SubkeyRevocation => {
                let subkey = &mut public.public_subkeys[0];
                let signature =
                    config.sign_subkey_binding(key, key.public_key(), &nothing, &subkey.key);
                subkey.signatures.retain(|_| kind == SignatureType::SubkeyRevocation);
                subkey.signatures.push(signature.unwrap());
            }
            _ => {
                let user = &mut public.details.users[0];
                let signature = config.sign_certification(
                    key,
                    key.public_key(),
                    &nothing,
                    Tag::UserId,
                    &user.id,
                );
                user.signatures.retain(|_| kind == SignatureType::CertRevocation);
                user.signatures.push(signature.unwrap());
            }
        }
        public
    }
}

/// That a key may sign, and for how many seconds after it was made.
pub fn for_signing_until(lifetime: u32) -> Vec<SubpacketData> {
    vec![for_signing(), SubpacketData::KeyExpirationTime(Duration::from_secs(lifetime))]
}

/// That a key may sign.
pub fn for_signing() -> SubpacketData {
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    SubpacketData::KeyFlags(flags)
}

fn signed(text: &str, key: &impl SigningKey, manner: Manner) -> CleartextSignedMessage {
    let config = config(key, manner);
    CleartextSignedMessage::new(text, config, key, &Password::empty()).unwrap()
}

fn config(key: &impl SigningKey, manner: Manner) -> SignatureConfig {
    let Manner { kind, hash, created, says, .. } = manner;
    let mut config = SignatureConfig::from_key(OsRng, key, kind).unwrap();
    if key.version() == KeyVersion::V4 {
        config.hash_alg = hash;
        let id = Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id())).unwrap();
        config.unhashed_subpackets = vec![id];
    }
    let made = [
        SubpacketData::SignatureCreationTime(created),
        SubpacketData::IssuerFingerprint(key.fingerprint()),
    ];
    config.hashed_subpackets = made.map(|it| Subpacket::regular(it).unwrap()).to_vec();
    config.hashed_subpackets.extend(says);
    config
}
