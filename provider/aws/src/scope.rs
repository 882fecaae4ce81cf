//! Where calls go: one account in one region, and the clients for it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_sdk_ssm::types as ssm;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use travel_framework::Diagnostic;

use crate::batch::Batch;
use crate::call_log::Purposes;
use crate::partition::Partition;
use crate::passage;
use crate::session::renewal::RetryRenewed;
use crate::session::{Session, Wanted};
use crate::settings::Settings;

/// One account in one region. Cheap to clone; its clients are made once, when first asked for.
#[derive(Clone)]
pub struct Scope {
    session: Arc<Session>,
    spot: Arc<Spot>,
    name: Option<String>,
    sends_again: bool,
}

/// What there is once per account and region.
pub(crate) struct Spot {
    account_id: String,
    region: String,
    partition: Partition,
    config: SdkConfig,
    clients: Clients,
    /// Those that send no request again.
    clients_once: Clients,
    batches: Batches,
}

impl Spot {
    /// The calls of `config` go to `account_id`; the region is set here.
    pub(crate) fn new(
        account_id: String,
        region: String,
        partition: Partition,
        config: &SdkConfig,
    ) -> Self {
        let config = config.to_builder().region(Region::new(region.clone())).build();
        Self {
            account_id,
            region,
            partition,
            config,
            clients: Clients::default(),
            clients_once: Clients::default(),
            batches: Batches::default(),
        }
    }
}

impl Scope {
    pub(crate) const fn new(session: Arc<Session>, spot: Arc<Spot>) -> Self {
        Self { session, spot, name: None, sends_again: true }
    }

    /// The same place for requests that a service would carry out twice: its clients send none again,
    /// which is for [`make_once`](crate::consistency::make_once) to do.
    #[must_use]
    pub fn once(&self) -> Self {
        Self { sends_again: false, ..self.clone() }
    }

    /// The same place, where the account was asked for by this name.
    #[must_use]
    pub(crate) fn named(self, name: Option<String>) -> Self {
        Self { name, ..self }
    }

    /// What the account was called where it was not called by its id.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The id of the account.
    pub fn account_id(&self) -> &str {
        &self.spot.account_id
    }

    /// The region; for global resources one that their calls may be signed for.
    pub fn region(&self) -> &str {
        &self.spot.region
    }

    /// The partition of the account.
    pub fn partition(&self) -> Partition {
        self.spot.partition
    }

    /// The ARN of something regional here, such as `key/1234` of `kms`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        self.partition().arn(service, self.region(), self.account_id(), resource)
    }

    /// Account and region, for errors.
    pub fn place(&self) -> String {
        format!("account {}, region {}", self.account_id(), self.region())
    }

    /// The provider's configuration.
    pub fn settings(&self) -> &Settings {
        self.session.settings()
    }

    /// The SDK's configuration for this place, for signing a request by hand.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.spot.config
    }

    /// The reads here that share a call.
    pub(crate) fn batches(&self) -> &Batches {
        &self.spot.batches
    }

    /// The same account in another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        if region == self.region() {
            return self.clone();
        }
        let spot =
            self.session.spot(self.account_id(), region, self.partition(), &self.spot.config);
        Self { spot, ..self.clone() }
    }

    /// Another account (by id or name), in a region.
    ///
    /// # Errors
    /// Where there is no such account, or the credentials cannot work in it.
    pub async fn in_account(&self, account: &str, region: &str) -> Result<Self, Diagnostic> {
        let wanted = Wanted {
            account: Some(account.to_owned()),
            account_id: None,
            region: Some(region.to_owned()),
            regional: true,
        };
        self.session.scope(&wanted).await
    }

    /// What an account of this id is called in the provider's `accounts` or in AWS Organizations;
    /// none where it has no name there, or that cannot be told.
    pub async fn name_of(&self, account_id: &str) -> Option<String> {
        self.session.name_of(account_id).await
    }

    /// What a client has of its own: calls of one service to one account and region share their
    /// rate, and a retry never fails for want of what other calls have used up.
    fn own_way(&self, service: &'static str) -> (Option<SharedHttpClient>, RetryPartition) {
        let region = if GLOBAL.contains(&service) { "" } else { self.region() };
        let budget = self.session.budget(self.account_id(), region, service);
        let inner = self.spot.config.http_client();
        let client = inner.map(|inner| passage::through(budget, inner));
        let partition = format!("{service} {} {region}", self.account_id());
        let unlimited = TokenBucket::unlimited();
        (client, RetryPartition::custom(partition).token_bucket(unlimited).build())
    }
}

/// The services that take calls of all regions together.
const GLOBAL: [&str; 3] = ["account", "iam", "organizations"];

impl fmt::Debug for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scope({})", self.place())
    }
}

/// The kinds of reads that share a call, each as far as its service goes.
pub(crate) struct Batches {
    pub parameters: Arc<Batch<ssm::ParameterMetadata>>,
    pub parameter_values: Arc<Batch<ssm::Parameter>>,
    /// The ARNs of permission sets by their names.
    pub permission_sets: Arc<Batch<String>>,
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            parameters: Arc::new(Batch::of(50)),
            parameter_values: Arc::new(Batch::of(10)),
            permission_sets: Arc::new(Batch::of(usize::MAX)),
        }
    }
}

/// The services there are clients for: one line each.
macro_rules! clients {
    ($($(#[$document:meta])* $name:ident: $sdk:ident;)*) => {
        #[derive(Default)]
        struct Clients {
            $($name: OnceLock<$sdk::Client>,)*
        }

        impl Scope {
            $(
                $(#[$document])*
                pub fn $name(&self) -> &$sdk::Client {
                    let clients = match self.sends_again {
                        true => &self.spot.clients,
                        false => &self.spot.clients_once,
                    };
                    clients.$name.get_or_init(|| {
                        let (http_client, partition) = self.own_way(stringify!($name));
                        let mut config = $sdk::config::Builder::from(&self.spot.config)
                            .retry_partition(partition)
                            .retry_classifier(RetryRenewed)
                            .interceptor(Purposes::new(Some(self.spot.account_id.clone())));
                        config.set_http_client(http_client);
                        if !self.sends_again {
                            config.set_retry_config(Some(RetryConfig::disabled()));
                        }
                        $sdk::Client::from_conf(config.build())
                    })
                }
            )*
        }
    };
}

clients! {
    /// Whom AWS writes to about an account.
    account: aws_sdk_account;
    /// Trails of what is called.
    cloudtrail: aws_sdk_cloudtrail;
    /// What is recorded of all resources.
    config: aws_sdk_config;
    /// Snapshot lifecycle policies.
    dlm: aws_sdk_dlm;
    /// Networks, volumes, snapshots.
    ec2: aws_sdk_ec2;
    /// Clusters.
    eks: aws_sdk_eks;
    /// Load balancers of the first generation.
    elb: aws_sdk_elasticloadbalancing;
    /// Load balancers, and what they lead to.
    elbv2: aws_sdk_elasticloadbalancingv2;
    /// IAM Access Analyzer.
    access_analyzer: aws_sdk_accessanalyzer;
    /// Threat detection.
    guardduty: aws_sdk_guardduty;
    /// Roles and policies.
    iam: aws_sdk_iam;
    /// Users and groups of Identity Center.
    identity_store: aws_sdk_identitystore;
    /// Keys.
    kms: aws_sdk_kms;
    /// Log groups.
    logs: aws_sdk_cloudwatchlogs;
    /// Network firewalls.
    network_firewall: aws_sdk_networkfirewall;
    /// Accounts, organizational units, policies above accounts.
    organizations: aws_sdk_organizations;
    /// The Recycle Bin.
    rbin: aws_sdk_rbin;
    /// Buckets, and the states in them.
    s3: aws_sdk_s3;
    /// What an account may have of each thing.
    quotas: aws_sdk_servicequotas;
    /// Secrets.
    secrets_manager: aws_sdk_secretsmanager;
    /// Permission sets of Identity Center, and who has them where.
    sso_admin: aws_sdk_ssoadmin;
    /// Parameters.
    ssm: aws_sdk_ssm;
    /// Who calls, and roles to assume.
    sts: aws_sdk_sts;
    /// Resources by their tags.
    tagging: aws_sdk_resourcegroupstagging;
}
