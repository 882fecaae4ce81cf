//! IAM Access Analyzer: analyzers and their archive rules. It finds nothing. Other operations of the service are not
//! here.
//!
//! Follows the IAM Access Analyzer API Reference, version 2019-11-01; requests and answers are checked by the service's
//! model.

mod analyzers;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use self::analyzers::Analyzer;
use super::input::{Input, page};
use super::organization::Organization;
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

/// How many items a page has where the caller does not say.
const PAGE: usize = 50;
/// What the organization trusts, and delegates.
const PRINCIPAL: &str = "access-analyzer.amazonaws.com";
/// How many analyzers of each kind an account can have in a region.
const MOST: [(&str, usize); 6] = [
    ("ACCOUNT", 1),
    ("ACCOUNT_INTERNAL_ACCESS", 1),
    ("ACCOUNT_UNUSED_ACCESS", 1),
    ("ORGANIZATION", 5),
    ("ORGANIZATION_INTERNAL_ACCESS", 1),
    ("ORGANIZATION_UNUSED_ACCESS", 5),
];

/// The backend of Access Analyzer.
pub fn backend() -> Box<dyn Backend> {
    Box::<AccessAnalyzer>::default()
}

/// What lives as long as the sandbox.
#[derive(Default)]
struct AccessAnalyzer {
    shapes: OnceCell<Shapes>,
    analyzers: Mutex<Analyzers>,
}

/// Analyzers by account, region and name.
#[derive(Debug, Default)]
struct Analyzers(BTreeMap<(String, String, String), Analyzer>);

#[async_trait]
impl Backend for AccessAnalyzer {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load = || async {
            Shapes::load(&world.models, "accessanalyzer").map_err(ServiceError::internal)
        };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes
            .input(&call)
            .map_err(|misfit| refused(format!("{} {}", misfit.path, misfit.problem)))?;
        if call.operation == "CreateAnalyzer" && input.text("type").starts_with("ORGANIZATION") {
            check_organization(&call, world).await?;
        }
        let place = (call.account().to_owned(), call.region.clone());
        let output = self.analyzers.lock().await.perform(place, &call.operation, &input)?;
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        *self.analyzers.lock().await = Analyzers::default();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        let analyzers = self.analyzers.lock().await;
        let of_here = analyzers.0.iter().filter(|((its_account, its_region, _), _)| {
            its_account == account && its_region == region
        });
        of_here.map(|(_, it)| (it.arn.clone(), it.tags.clone())).collect()
    }
}

/// Refuses an analyzer of the organization where the account may not have one.
async fn check_organization(call: &Call, world: &Arc<World>) -> Result<(), ServiceError> {
    let organization = Organization::new(world);
    if !organization.trusts(PRINCIPAL).await {
        return Err(refused("Service not enabled for AWS Organizations"));
    }
    let account = call.account();
    if account != world.accounts.management() && !organization.delegates(PRINCIPAL, account).await {
        let message = format!("Account {account} is not a delegated administrator");
        return Err(ServiceError::new("AccessDeniedException", message).with_status(403));
    }
    Ok(())
}

impl Analyzers {
    fn perform(
        &mut self,
        (account, region): (String, String),
        operation: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        let is_here = |key: &(String, String, String)| key.0 == account && key.1 == region;
        match operation {
            "CreateAnalyzer" => return self.create(&account, &region, input),
            "ListAnalyzers" => {
                let wanted = input.optional_text("type");
                let of_here = self.0.iter().filter(|(key, it)| {
                    is_here(key) && wanted.is_none_or(|wanted| wanted == it.kind)
                });
                let all: Vec<Value> = of_here.map(|((_, _, name), it)| it.shown(name)).collect();
                return paged("analyzers", all, input);
            }
            "TagResource" | "UntagResource" | "ListTagsForResource" | "ApplyArchiveRule" => {
                let given = ["resourceArn", "analyzerArn"].map(|name| input.text(name));
                let found = self
                    .0
                    .iter_mut()
                    .find(|(key, it)| is_here(key) && given.contains(&it.arn.as_str()));
                let (_, analyzer) = found.ok_or_else(|| missing("analyzer"))?;
                return analyzer.perform_by_arn(operation, input);
            }
            _ => {}
        }
        let name = input.text("analyzerName").to_owned();
        let key = (account, region, name.clone());
        let analyzer = self.0.get_mut(&key).ok_or_else(|| missing("analyzer"))?;
        match operation {
            "GetAnalyzer" => {
                let shown = analyzer.shown(&name);
                analyzer.looked_at();
                Ok(json!({"analyzer": shown}))
            }
            "DeleteAnalyzer" => {
                self.0.remove(&key);
                Ok(json!({}))
            }
            _ => analyzer.perform(operation, input),
        }
    }

    fn create(
        &mut self,
        account: &str,
        region: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        let name = input.text("analyzerName").to_owned();
        let kind = input.text("type");
        let key = (account.to_owned(), region.to_owned(), name.clone());
        if let Some(there) = self.0.get(&key) {
            return match there.is_of(input.text("clientToken")) {
                true => Ok(json!({"arn": there.arn})),
                false => Err(conflict(format!("analyzer {name} exists already"))),
            };
        }
        let same = self.0.iter().filter(|((its_account, its_region, _), it)| {
            its_account == account && its_region == region && it.kind == kind
        });
        let most = MOST.iter().find(|(of, _)| *of == kind).map_or(0, |(_, most)| *most);
        if same.count() >= most {
            let message =
                format!("the account has as many analyzers of type {kind} as it can have");
            return Err(ServiceError::new("ServiceQuotaExceededException", message)
                .with_status(402)
                .with_member("resourceId", name)
                .with_member("resourceType", "AWS::AccessAnalyzer::Analyzer"));
        }
        let partition = match region.starts_with("cn-") {
            true => "aws-cn",
            false => "aws",
        };
        let arn = format!("arn:{partition}:access-analyzer:{region}:{account}:analyzer/{name}");
        let analyzer = Analyzer::new(arn.clone(), input)?;
        self.0.insert(key, analyzer);
        Ok(json!({"arn": arn}))
    }
}

/// A page of a list under its name.
fn paged(name: &str, all: Vec<Value>, input: &Input) -> Result<Value, ServiceError> {
    let limit = input.number("maxResults").and_then(|it| usize::try_from(it).ok()).unwrap_or(PAGE);
    let (items, next) = page(all, input.optional_text("nextToken"), limit).map_err(refused)?;
    Ok(json!({name: items, "nextToken": next}))
}

fn refused(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationException", message)
        .with_status(400)
        .with_member("reason", "fieldValidationFailed")
}

fn conflict(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ConflictException", message)
        .with_status(409)
        .with_member("resourceId", "")
        .with_member("resourceType", "AWS::AccessAnalyzer::Analyzer")
}

fn missing(what: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("the {what} does not exist"))
        .with_status(404)
        .with_member("resourceId", "")
        .with_member("resourceType", "AWS::AccessAnalyzer::Analyzer")
}
