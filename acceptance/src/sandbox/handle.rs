//! A running sandbox seen from outside, in this process or in another: where it is, and what it can be asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::accounts::{Account, Credentials};
use super::client::Client;
use super::faults::{Filter, Moment, Rule, Standing};
use super::form::Form;
use super::process::Process;
use super::record::{Entry, Query};
use super::settings::Settings;

/// The file in a sandbox's folder that says where it is.
pub const FILE: &str = "sandbox.json";

/// Where a sandbox is and how its management account signs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// The URL that stands for every AWS endpoint.
    pub endpoint: String,
    /// The URL of the control API.
    pub control: String,
    /// The default region.
    pub region: String,
    /// The twelve digits of the management account.
    pub management_account: String,
    /// The access key id of a user in it.
    pub access_key_id: String,
    /// Its secret, which is worth nothing outside.
    pub secret_access_key: String,
    /// The folder of all files.
    pub folder: PathBuf,
    /// The process that runs it.
    pub process: Process,
}

/// A running sandbox.
#[derive(Clone, Debug)]
pub struct Handle {
    connection: Connection,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

impl Handle {
    /// The sandbox of a connection.
    pub fn new(connection: Connection) -> Self {
        let http = HttpClient::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self { connection, http }
    }

    /// The sandbox that runs with its files in a folder; `None` where none does.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn attach(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read {}", path.display()));
            }
        };
        let connection: Connection = serde_json::from_str(&text)
            .with_context(|| format!("failed to understand {}", path.display()))?;
        let alive = connection.process.is_alive();
        Ok(alive.then(|| Self::new(connection)))
    }

    /// Where it is.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The URL that stands for every AWS endpoint.
    pub fn endpoint(&self) -> &str {
        &self.connection.endpoint
    }

    /// The environment in which any AWS program works in the sandbox, as its management account.
    pub fn environment(&self) -> Vec<(String, String)> {
        let connection = &self.connection;
        [
            ("AWS_ENDPOINT_URL", connection.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", &connection.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &connection.secret_access_key),
            ("AWS_REGION", &connection.region),
            ("AWS_DEFAULT_REGION", &connection.region),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("TRAVEL_SANDBOX_CONTROL", &connection.control),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// A client that works as the management account.
    pub fn client(&self) -> Client {
        let connection = &self.connection;
        let credentials = Credentials {
            access_key_id: connection.access_key_id.clone(),
            secret_access_key: connection.secret_access_key.clone(),
            session_token: None,
            expiration: None,
        };
        Client::new(&connection.endpoint, credentials, &connection.region)
    }

    /// A client that works in another account.
    ///
    /// # Errors
    /// When the sandbox does not answer, or Organizations has not made the account.
    pub async fn client_in(&self, account: &str) -> anyhow::Result<Client> {
        let credentials = self.credentials(account).await?;
        Ok(Client::new(&self.connection.endpoint, credentials, &self.connection.region))
    }

    /// How far everything is: an object with `ready`, `emulators`, `processes`, `accounts`, `calls`.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn status(&self) -> anyhow::Result<Value> {
        self.ask(Method::GET, "/status", None).await
    }

    /// The calls that a query covers, in the order of arrival.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn record(&self, query: &Query) -> anyhow::Result<Vec<Entry>> {
        self.ask(Method::GET, &format!("/record?{}", encode(query)), None).await
    }

    /// How many calls each unit made, of those a query covers.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn counts(&self, query: &Query) -> anyhow::Result<BTreeMap<String, u64>> {
        self.ask(Method::GET, &format!("/counts?{}", encode(query)), None).await
    }

    /// The number of the last call that arrived, to look only at later ones.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn last_call(&self) -> anyhow::Result<u64> {
        Ok(self.status().await?["calls"].as_u64().unwrap_or_default())
    }

    /// Adds a rule for what goes wrong and returns its number.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn add_fault(&self, rule: &Rule) -> anyhow::Result<u64> {
        let rule = serde_json::to_value(rule)?;
        let answer: Value = self.ask(Method::POST, "/faults", Some(&rule)).await?;
        answer["id"].as_u64().context("the sandbox gave the rule no number")
    }

    /// Kills the provider at the `k`-th call (from 1) of it that a filter covers. Returns the rule's number.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn kill_at(&self, filter: Filter, k: u64, moment: Moment) -> anyhow::Result<u64> {
        self.add_fault(&Rule::kill_at(filter, k, moment)).await
    }

    /// The rules with what has come of them.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn faults(&self) -> anyhow::Result<Vec<Standing>> {
        self.ask(Method::GET, "/faults", None).await
    }

    /// What has come of one rule.
    ///
    /// # Errors
    /// When the sandbox does not answer, or there is no such rule.
    pub async fn fault(&self, id: u64) -> anyhow::Result<Standing> {
        let standing = self.faults().await?.into_iter().find(|standing| standing.id == id);
        standing.with_context(|| format!("there is no fault {id}"))
    }

    /// Takes all rules away.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn clear_faults(&self) -> anyhow::Result<()> {
        self.ask::<Value>(Method::DELETE, "/faults", None).await.map(drop)
    }

    /// The settings in force.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn settings(&self) -> anyhow::Result<Settings> {
        self.ask(Method::GET, "/settings", None).await
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn set_settings(&self, settings: &Settings) -> anyhow::Result<Settings> {
        let settings = serde_json::to_value(settings)?;
        self.ask(Method::PATCH, "/settings", Some(&settings)).await
    }

    /// Moves the clock of our own services ahead.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn advance_clock(&self, seconds: u32) -> anyhow::Result<()> {
        let input = json!({"advance_seconds": seconds});
        self.ask::<Value>(Method::POST, "/clock", Some(&input)).await.map(drop)
    }

    /// The accounts STS knows.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn accounts(&self) -> anyhow::Result<Vec<Account>> {
        self.ask(Method::GET, "/accounts", None).await
    }

    /// Long-lived keys of a user in an account.
    ///
    /// # Errors
    /// When the sandbox does not answer, or Organizations has not made the account.
    pub async fn credentials(&self, account: &str) -> anyhow::Result<Credentials> {
        self.ask(Method::POST, &format!("/accounts/{account}/credentials"), Some(&json!({}))).await
    }

    /// Keys of a session in an account; a negative duration gives keys that have already expired.
    ///
    /// # Errors
    /// When the sandbox does not answer, or Organizations has not made the account.
    pub async fn session(
        &self,
        account: &str,
        duration_seconds: i64,
    ) -> anyhow::Result<Credentials> {
        let input = json!({"duration_seconds": duration_seconds});
        self.ask(Method::POST, &format!("/accounts/{account}/credentials"), Some(&input)).await
    }

    /// Ends every session.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn expire_sessions(&self) -> anyhow::Result<()> {
        self.ask::<Value>(Method::POST, "/sessions/expire", None).await.map(drop)
    }

    /// Has everything forgotten: resources, accounts, faults, settings. The record stays, and its numbers go on.
    ///
    /// # Errors
    /// When something cannot be taken down.
    pub async fn reset(&self) -> anyhow::Result<()> {
        self.ask::<Value>(Method::POST, "/reset", None).await.map(drop)
    }

    /// Asks for what a service's backend offers of its own, `METHOD /services/NAME/PATH`.
    ///
    /// # Errors
    /// When the sandbox does not answer, or refuses.
    pub async fn service(
        &self,
        method: Method,
        name: &str,
        path: &str,
        input: Option<&Value>,
    ) -> anyhow::Result<Value> {
        self.ask(method, &format!("/services/{name}/{path}"), input).await
    }

    /// Moves the clock ahead and has DLM do all that is due by then; returns what it did.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn run_dlm(&self, seconds: u32) -> anyhow::Result<Vec<Value>> {
        self.advance_clock(seconds).await?;
        self.ask(Method::POST, "/services/dlm/run", None).await
    }

    /// Asks it to end.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn shut_down(&self) -> anyhow::Result<()> {
        self.ask::<Value>(Method::POST, "/shutdown", None).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        input: Option<&Value>,
    ) -> anyhow::Result<T> {
        let body = input.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.connection.control))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let response = self.http.request(request).await.context("the sandbox does not answer")?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            let text = String::from_utf8_lossy(&body);
            bail!("the sandbox answered {status} to {path}: {text}");
        }
        serde_json::from_slice(&body).context("the sandbox's answer is not understood")
    }
}

fn encode(query: &Query) -> String {
    let since = query.since.to_string();
    let pairs = [
        ("since", since.as_str()),
        ("service", &query.service),
        ("operation", &query.operation),
        ("account", &query.account),
        ("user_agent", &query.user_agent),
        ("executable", &query.executable),
    ];
    Form::of(pairs.into_iter().filter(|(_, value)| !value.is_empty())).encode()
}
