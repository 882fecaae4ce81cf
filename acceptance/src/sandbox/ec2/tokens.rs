//! Client tokens: the second call with a token gets the answer of the first.
//!
//! Follows "Ensure idempotency in Amazon EC2 API requests".

use std::collections::HashMap;

use tokio::sync::{Mutex, MutexGuard};

use crate::sandbox::call::Call;
use crate::sandbox::form::Form;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::xml::Element;

/// The tokens that were used. Calls with tokens go one after the other, so that two of the same cannot both be first.
#[derive(Debug, Default)]
pub struct Tokens(Mutex<Known>);

/// The answers by account, region, operation and token.
#[derive(Debug, Default)]
pub struct Known(HashMap<Key, (Form, String)>);

type Key = [String; 4];

impl Tokens {
    /// All tokens, for one call.
    pub async fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().await
    }
}

impl Known {
    /// The key of a call.
    pub fn key(&self, call: &Call, token: &str) -> Key {
        [call.account(), &call.region, &call.operation, token].map(str::to_owned)
    }

    /// The answer to an earlier call with this token.
    ///
    /// # Errors
    /// `IdempotentParameterMismatch`, when that call asked for something else.
    pub fn find(
        &self,
        call: &Call,
        token: &str,
        form: &Form,
    ) -> Result<Option<Element>, ServiceError> {
        let Some((earlier, answer)) = self.0.get(&self.key(call, token)) else { return Ok(None) };
        if sorted(earlier) != sorted(form) {
            let message = format!("The client token {token} was used with other parameters before");
            return Err(ServiceError::new("IdempotentParameterMismatch", message));
        }
        Element::parse(answer).map(Some).map_err(ServiceError::internal)
    }

    /// Keeps the answer to a call.
    pub fn learn(&mut self, key: Key, form: &Form, answer: &str) {
        self.0.insert(key, (form.clone(), answer.to_owned()));
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

fn sorted(form: &Form) -> Vec<(String, String)> {
    let mut pairs = form.0.clone();
    pairs.sort();
    pairs
}
