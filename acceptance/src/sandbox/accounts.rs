//! Who is who: the accounts of the sandbox, their access keys and sessions.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::trouble::Trouble;

/// An account of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its twelve digits.
    pub id: String,
    /// Its name in the organization.
    pub name: String,
    /// The address it was made with.
    pub email: String,
    /// False once it is closed.
    pub open: bool,
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account the call works in.
    pub account: String,
    /// `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/…`.
    pub arn: String,
    /// The unique id: of a user, or `AROA…:session` of a session.
    pub user_id: String,
    /// For a session the ARN of its role.
    pub role_arn: Option<String>,
    /// The access key id the call is signed with, empty where it is not signed.
    pub access_key: String,
}

impl Caller {
    /// The account itself, as when an AWS service acts on its behalf.
    pub fn service(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_owned(),
            role_arn: None,
            access_key: String::new(),
        }
    }

    /// The caller of an operation that needs no signature.
    pub fn anonymous(account: &str) -> Self {
        Self { arn: "anonymous".to_owned(), ..Self::service(account) }
    }
}

/// An access key with all that a program needs to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The token of a session.
    pub session_token: Option<String>,
    /// When a session ends.
    pub expiration: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
struct Key {
    credentials: Credentials,
    caller: Caller,
    active: bool,
}

/// The accounts, keys and sessions of one sandbox.
#[derive(Debug)]
pub struct Accounts {
    management: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<String, Account>,
    keys: HashMap<String, Key>,
}

impl Accounts {
    /// A sandbox that knows only its management account.
    pub fn new(management: &str) -> Self {
        let accounts = Self { management: management.to_owned(), state: Mutex::default() };
        accounts.add(Account {
            id: management.to_owned(),
            // As moto's Organizations calls it.
            name: "master".to_owned(),
            email: "master@example.com".to_owned(),
            open: true,
        });
        accounts
    }

    /// The twelve digits of the management account.
    pub fn management(&self) -> &str {
        &self.management
    }

    /// Adds or replaces an account.
    pub fn add(&self, account: Account) {
        self.state().accounts.insert(account.id.clone(), account);
    }

    /// The account of some twelve digits.
    pub fn get(&self, id: &str) -> Option<Account> {
        self.state().accounts.get(id).cloned()
    }

    /// All accounts, by id.
    pub fn all(&self) -> Vec<Account> {
        self.state().accounts.values().cloned().collect()
    }

    /// Marks an account as closed.
    pub fn close(&self, id: &str) {
        if let Some(account) = self.state().accounts.get_mut(id) {
            account.open = false;
        }
    }

    /// Forgets every account but the management account, and every session; long-lived keys of the management
    /// account stay.
    pub fn reset(&self) {
        let mut state = self.state();
        let management = &self.management;
        state.accounts.retain(|id, _| id == management);
        state.keys.retain(|_, key| {
            key.caller.account == *management && key.credentials.session_token.is_none()
        });
    }

    /// Makes a long-lived key of a user in an account.
    pub fn issue_key(&self, account: &str, user: &str) -> Credentials {
        let credentials = Credentials {
            access_key_id: random_key_id("AKIA"),
            secret_access_key: random_secret(),
            session_token: None,
            expiration: None,
        };
        self.learn_key(account, user, &random_key_id("AIDA"), credentials.clone());
        credentials
    }

    /// Takes in a key that IAM made for a user.
    pub fn learn_key(&self, account: &str, user: &str, user_id: &str, credentials: Credentials) {
        let caller = Caller {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/{user}"),
            user_id: user_id.to_owned(),
            role_arn: None,
            access_key: credentials.access_key_id.clone(),
        };
        let id = credentials.access_key_id.clone();
        self.state().keys.insert(id, Key { credentials, caller, active: true });
    }

    /// Forgets a key.
    pub fn forget_key(&self, access_key: &str) {
        self.state().keys.remove(access_key);
    }

    /// Switches a key on or off.
    pub fn set_key_active(&self, access_key: &str, active: bool) {
        if let Some(key) = self.state().keys.get_mut(access_key) {
            key.active = active;
        }
    }

    /// Opens a session for a caller (whose access key is filled in here).
    pub fn open_session(&self, mut caller: Caller, duration_seconds: i64) -> Credentials {
        let credentials = Credentials {
            access_key_id: random_key_id("ASIA"),
            secret_access_key: random_secret(),
            session_token: Some(format!("sandbox/{}{}", random_secret(), random_secret())),
            expiration: Some(Utc::now() + TimeDelta::seconds(duration_seconds)),
        };
        caller.access_key = credentials.access_key_id.clone();
        let key = Key { credentials: credentials.clone(), caller, active: true };
        self.state().keys.insert(credentials.access_key_id.clone(), key);
        credentials
    }

    /// Ends every session at once; their keys are answered as expired from now on.
    pub fn expire_sessions(&self) {
        let past = Utc::now() - TimeDelta::seconds(1);
        for key in self.state().keys.values_mut() {
            if key.credentials.session_token.is_some() {
                key.credentials.expiration = Some(past);
            }
        }
    }

    /// The caller behind an access key and token, with the key's secret.
    ///
    /// # Errors
    /// [`Trouble::UnknownKey`] or [`Trouble::ExpiredToken`].
    pub fn authenticate(
        &self,
        access_key: &str,
        token: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(Caller, String), Trouble> {
        let state = self.state();
        let key = state.keys.get(access_key).ok_or(Trouble::UnknownKey)?;
        if !key.active || key.credentials.session_token.as_deref() != token {
            return Err(Trouble::UnknownKey);
        }
        if key.credentials.expiration.is_some_and(|end| end <= now) {
            return Err(Trouble::ExpiredToken);
        }
        if state.accounts.get(&key.caller.account).is_some_and(|account| !account.open) {
            return Err(Trouble::UnknownKey);
        }
        Ok((key.caller.clone(), key.credentials.secret_access_key.clone()))
    }

    /// The account an access key belongs to, whatever its state.
    pub fn account_of_key(&self, access_key: &str) -> Option<String> {
        self.state().keys.get(access_key).map(|key| key.caller.account.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Twenty characters, as AWS's unique ids and key ids are: a prefix and base 32.
pub fn random_key_id(prefix: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bytes = Uuid::new_v4();
    let rest = bytes.as_bytes().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    prefix.chars().chain(rest).take(20).collect()
}

/// Forty characters.
fn random_secret() -> String {
    let text = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANAGEMENT: &str = "111122223333";

    fn session(account: &str) -> Caller {
        Caller::service(account)
    }

    #[test]
    fn keys_lead_to_their_callers() {
        let accounts = Accounts::new(MANAGEMENT);
        let key = accounts.issue_key(MANAGEMENT, "sandbox");
        assert!(key.access_key_id.starts_with("AKIA") && key.access_key_id.len() == 20);
        let now = Utc::now();
        let (caller, secret) = accounts.authenticate(&key.access_key_id, None, now).unwrap();
        assert_eq!(caller.arn, "arn:aws:iam::111122223333:user/sandbox");
        assert_eq!(secret, key.secret_access_key);
        accounts.set_key_active(&key.access_key_id, false);
        let refused = accounts.authenticate(&key.access_key_id, None, now);
        assert_eq!(refused, Err(Trouble::UnknownKey));
        accounts.forget_key(&key.access_key_id);
        assert_eq!(accounts.account_of_key(&key.access_key_id), None);
    }

    #[test]
    fn sessions_need_their_token_and_end() {
        let accounts = Accounts::new(MANAGEMENT);
        let key = accounts.open_session(session(MANAGEMENT), 900);
        let token = key.session_token.as_deref();
        let ask = |token, now| accounts.authenticate(&key.access_key_id, token, now).map(|_| ());
        let now = Utc::now();
        assert_eq!(ask(token, now), Ok(()));
        assert_eq!(ask(None, now), Err(Trouble::UnknownKey));
        assert_eq!(ask(Some("another"), now), Err(Trouble::UnknownKey));
        assert_eq!(ask(token, now + TimeDelta::seconds(901)), Err(Trouble::ExpiredToken));
        accounts.expire_sessions();
        assert_eq!(ask(token, now), Err(Trouble::ExpiredToken));
    }

    #[test]
    fn a_closed_account_is_shut() {
        let accounts = Accounts::new(MANAGEMENT);
        let id = "222233334444".to_owned();
        let account =
            Account { id, name: "dev".into(), email: "dev@example.com".into(), open: true };
        accounts.add(account.clone());
        let key = accounts.open_session(session(&account.id), 900);
        accounts.close(&account.id);
        let asked =
            accounts.authenticate(&key.access_key_id, key.session_token.as_deref(), Utc::now());
        assert_eq!(asked, Err(Trouble::UnknownKey));
        accounts.reset();
        assert_eq!(accounts.all().len(), 1);
    }
}
