//! The Resource Groups Tagging API over everything the sandbox holds, wherever it is.
//!
//! Each emulator lists only what it keeps itself, and LocalStack not even its keys and buckets. So EC2's resources
//! come from DescribeTags, keys and buckets from their own lists, the rest from the lists of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

use super::backend::{Backend, Tagged as Resources};
use super::call::{Call, Reply};
use super::emulator::Kind;
use super::wire::ServiceError;
use super::world::{Order, World, parse_element};

/// Services whose resources are listed here, not by the emulators.
const OWN: [&str; 3] = ["ec2", "kms", "s3"];

/// The backend of the Resource Groups Tagging API.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Tagging)
}

#[derive(Debug)]
struct Tagging;

#[async_trait]
impl Backend for Tagging {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let input: Value = call.json()?;
        let answer = match call.operation.as_str() {
            "GetResources" => get_resources(&call, &input, world).await?,
            "GetTagKeys" => {
                let resources = collect(&call, world).await?;
                let keys: BTreeSet<&String> = resources.values().flat_map(BTreeMap::keys).collect();
                json!({"TagKeys": keys, "PaginationToken": ""})
            }
            "GetTagValues" => {
                let key = input["Key"].as_str().unwrap_or_default();
                let resources = collect(&call, world).await?;
                let values: BTreeSet<&String> =
                    resources.values().filter_map(|tags| tags.get(key)).collect();
                json!({"TagValues": values, "PaginationToken": ""})
            }
            "TagResources" | "UntagResources" => change(&call, &input, world).await,
            other => {
                let message = format!("the sandbox does not know {other} of the tagging API");
                return Err(ServiceError::new("SandboxNotImplemented", message).with_status(501));
            }
        };
        Ok(Reply::json(&call, &answer))
    }
}

async fn get_resources(
    call: &Call,
    input: &Value,
    world: &Arc<World>,
) -> Result<Value, ServiceError> {
    let resources = collect(call, world).await?;
    let token = input["PaginationToken"].as_str().unwrap_or_default();
    let size = input["ResourcesPerPage"].as_u64().unwrap_or(50);
    if !(1..=100).contains(&size) {
        let message = "ResourcesPerPage must be between 1 and 100";
        return Err(ServiceError::new("InvalidParameterException", message));
    }
    let size = usize::try_from(size).unwrap_or(50);
    let wanted: Vec<(&String, &BTreeMap<String, String>)> = resources
        .iter()
        .filter(|(arn, tags)| arn.as_str() > token && matches(arn, tags, input))
        .collect();
    let page = wanted.iter().take(size).map(|(arn, tags)| {
        let tags: Vec<Value> =
            tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        json!({"ResourceARN": arn, "Tags": tags})
    });
    let page: Vec<Value> = page.collect();
    let next = if wanted.len() > size { wanted[size - 1].0.as_str() } else { "" };
    Ok(json!({"ResourceTagMappingList": page, "PaginationToken": next}))
}

fn matches(arn: &str, tags: &BTreeMap<String, String>, input: &Value) -> bool {
    let list = |name: &str| input[name].as_array().cloned().unwrap_or_default();
    let (arns, types) = (list("ResourceARNList"), list("ResourceTypeFilters"));
    let of_type = |wanted: &Value| {
        let (service, kind) = type_of(arn);
        match wanted.as_str().unwrap_or_default().split_once(':') {
            Some((wanted_service, wanted_kind)) => service == wanted_service && kind == wanted_kind,
            None => wanted.as_str() == Some(service),
        }
    };
    let has_tag = |filter: &Value| {
        let value = tags.get(filter["Key"].as_str().unwrap_or_default());
        let values = filter["Values"].as_array().cloned().unwrap_or_default();
        value.is_some_and(|value| {
            values.is_empty() || values.iter().any(|wanted| wanted.as_str() == Some(value))
        })
    };
    (arns.is_empty() || arns.iter().any(|wanted| wanted.as_str() == Some(arn)))
        && (types.is_empty() || types.iter().any(of_type))
        && list("TagFilters").iter().all(has_tag)
}

/// Service and resource type of an ARN.
fn type_of(arn: &str) -> (&str, &str) {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let service = parts.get(2).copied().unwrap_or_default();
    let resource = parts.get(5).copied().unwrap_or_default();
    (service, resource.split(['/', ':']).next().unwrap_or_default())
}

/// All resources with tags in the account and region of the call, without the tags that lists do not show yet.
async fn collect(call: &Call, world: &Arc<World>) -> Result<Resources, ServiceError> {
    let (ec2, kms, s3, moto, localstack) = tokio::try_join!(
        of_ec2(call, world),
        of_kms(call, world),
        of_s3(call, world),
        of_emulator(Kind::Moto, call, world),
        of_emulator(Kind::LocalStack, call, world),
    )?;
    let mut resources = Resources::new();
    for part in [moto, localstack, s3, kms, ec2] {
        resources.extend(part);
    }
    for backend in world.backends.values() {
        resources.extend(backend.tagged(call.account(), &call.region).await);
    }
    let lag = world.settings.get().tag_lag_seconds;
    for (arn, tags) in &mut resources {
        let id = arn.rsplit('/').next().unwrap_or(arn);
        tags.retain(|key, _| !world.lag.hides(arn, key, lag) && !world.lag.hides(id, key, lag));
    }
    resources.retain(|_, tags| !tags.is_empty());
    Ok(resources)
}

async fn of_ec2(call: &Call, world: &Arc<World>) -> Result<Resources, ServiceError> {
    let mut resources = Resources::new();
    let (account, region) = (call.account(), call.region.as_str());
    let mut token = String::new();
    loop {
        let order = Order {
            emulator: Some(Kind::Moto),
            ..Order::new("ec2", account, region, "DescribeTags")
        };
        let parameters =
            if token.is_empty() { vec![] } else { vec![("NextToken", token.as_str())] };
        let answer = world.query(order, &parameters).await?;
        for item in answer.items("tagSet") {
            let (kind, id) = (item.text_at("resourceType"), item.text_at("resourceId"));
            let owner = if matches!(kind, "snapshot" | "image") { "" } else { account };
            let arn = format!("arn:aws:ec2:{region}:{owner}:{kind}/{id}");
            let (key, value) = (item.text_at("key").to_owned(), item.text_at("value").to_owned());
            resources.entry(arn).or_default().insert(key, value);
        }
        token = answer.text_at("nextToken").to_owned();
        if token.is_empty() {
            return Ok(resources);
        }
    }
}

async fn of_kms(call: &Call, world: &Arc<World>) -> Result<Resources, ServiceError> {
    let mut resources = Resources::new();
    let order = |operation| Order::new("kms", call.account(), &call.region, operation);
    for key in pages(world, order("ListKeys"), "Keys", "Marker", json!({})).await? {
        let input = json!({"KeyId": key["KeyId"]});
        let tags = pages(world, order("ListResourceTags"), "Tags", "Marker", input).await?;
        let arn = key["KeyArn"].as_str().unwrap_or_default().to_owned();
        resources.insert(arn, pairs(&tags, "TagKey", "TagValue"));
    }
    Ok(resources)
}

/// All pages of a list of KMS, which calls its tokens marker.
async fn pages(
    world: &Arc<World>,
    order: Order<'_>,
    member: &str,
    marker: &str,
    mut input: Value,
) -> Result<Vec<Value>, ServiceError> {
    let mut found = Vec::new();
    loop {
        let page = world.json(order, &input).await?;
        found.extend(page[member].as_array().cloned().unwrap_or_default());
        match page["NextMarker"].as_str() {
            Some(next) => input[marker] = next.into(),
            None => return Ok(found),
        }
    }
}

async fn of_s3(call: &Call, world: &Arc<World>) -> Result<Resources, ServiceError> {
    let mut resources = Resources::new();
    let ask = async |operation, path: String| {
        let order = Order {
            emulator: Some(Kind::LocalStack),
            ..Order::new("s3", call.account(), &call.region, operation)
        };
        match world.rest(order, Method::GET, &path, Vec::new()).await {
            Ok(reply) => parse_element(reply).await,
            Err(error) => Err(error),
        }
    };
    let query = format!("/?bucket-region={}", call.region);
    for bucket in ask("ListBuckets", query).await?.items("Buckets") {
        let name = bucket.text_at("Name");
        let tags = match ask("GetBucketTagging", format!("/{name}?tagging")).await {
            Ok(answer) => answer,
            // A bucket without tags, or one that was deleted meanwhile.
            Err(error) if error.code == "NoSuchTagSet" || error.code == "NoSuchBucket" => continue,
            Err(error) => return Err(error),
        };
        let tags = tags.items("TagSet").iter();
        let tags = tags.map(|tag| (tag.text_at("Key").to_owned(), tag.text_at("Value").to_owned()));
        resources.insert(format!("arn:aws:s3:::{name}"), tags.collect());
    }
    Ok(resources)
}

async fn of_emulator(
    emulator: Kind,
    call: &Call,
    world: &Arc<World>,
) -> Result<Resources, ServiceError> {
    let mut resources = Resources::new();
    let mut input = json!({});
    loop {
        let page = world.json(Order::behind(emulator, call, "GetResources"), &input).await?;
        for mapping in page["ResourceTagMappingList"].as_array().into_iter().flatten() {
            let arn = mapping["ResourceARN"].as_str().unwrap_or_default();
            if !OWN.contains(&type_of(arn).0) {
                let tags = mapping["Tags"].as_array().cloned().unwrap_or_default();
                resources.insert(arn.to_owned(), pairs(&tags, "Key", "Value"));
            }
        }
        match page["PaginationToken"].as_str() {
            Some(token) if !token.is_empty() => input["PaginationToken"] = token.into(),
            _ => return Ok(resources),
        }
    }
}

fn pairs(tags: &[Value], key: &str, value: &str) -> BTreeMap<String, String> {
    let text = |tag: &Value, name: &str| tag[name].as_str().unwrap_or_default().to_owned();
    tags.iter().map(|tag| (text(tag, key), text(tag, value))).collect()
}

/// Tags or untags resources through their own services; what fails stands in the answer.
async fn change(call: &Call, input: &Value, world: &Arc<World>) -> Value {
    let mut failed = json!({});
    for arn in input["ResourceARNList"].as_array().into_iter().flatten() {
        let arn = arn.as_str().unwrap_or_default();
        if let Err(error) = change_one(call, arn, input, world).await {
            failed[arn] = json!({
                "ErrorCode": "InvalidParameterException",
                "ErrorMessage": error.to_string(),
                "StatusCode": error.status,
            });
        }
    }
    json!({"FailedResourcesMap": failed})
}

async fn change_one(
    call: &Call,
    arn: &str,
    input: &Value,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let (account, region) = (call.account(), call.region.as_str());
    let set: BTreeMap<String, String> = input["Tags"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let removed = input["TagKeys"].as_array().cloned().unwrap_or_default();
    match type_of(arn).0 {
        "ec2" => {
            let id = arn.rsplit('/').next().unwrap_or(arn).to_owned();
            let mut parameters = vec![("ResourceId.1".to_owned(), id)];
            for (index, (key, value)) in set.iter().enumerate() {
                parameters.push((format!("Tag.{}.Key", index + 1), key.clone()));
                parameters.push((format!("Tag.{}.Value", index + 1), value.clone()));
            }
            for (index, key) in removed.iter().enumerate() {
                let key = key.as_str().unwrap_or_default().to_owned();
                parameters.push((format!("Tag.{}.Key", index + 1), key));
            }
            let operation = if set.is_empty() { "DeleteTags" } else { "CreateTags" };
            let parameters: Vec<(&str, &str)> =
                parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            world.query(Order::new("ec2", account, region, operation), &parameters).await?;
        }
        "kms" => {
            let key = arn.rsplit('/').next().unwrap_or(arn);
            if set.is_empty() {
                let input = json!({"KeyId": key, "TagKeys": removed});
                world.json(Order::new("kms", account, region, "UntagResource"), &input).await?;
            } else {
                let tags = set.iter().map(|(key, value)| json!({"TagKey": key, "TagValue": value}));
                let input = json!({"KeyId": key, "Tags": tags.collect::<Vec<Value>>()});
                world.json(Order::new("kms", account, region, "TagResource"), &input).await?;
            }
        }
        service => {
            let emulator = match service {
                "secretsmanager" | "sns" | "sqs" | "events" | "ssm" | "s3" => Kind::LocalStack,
                _ => Kind::Moto,
            };
            let order = Order::behind(emulator, call, &call.operation);
            let mut one = input.clone();
            one["ResourceARNList"] = json!([arn]);
            let answer = world.json(order, &one).await?;
            if let Some(failure) = answer["FailedResourcesMap"].get(arn) {
                let message = failure["ErrorMessage"].as_str().unwrap_or("it failed");
                return Err(ServiceError::new("InvalidParameterException", message));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: Value, expected: bool) {
        let arn = "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1";
        let tags = BTreeMap::from([("owner".to_owned(), "me".to_owned())]);
        assert_eq!(matches(arn, &tags, &input), expected, "{input}");
    }

    #[test]
    fn filters_by_type_tag_and_arn() {
        check(json!({}), true);
        check(json!({"ResourceTypeFilters": ["ec2"]}), true);
        check(json!({"ResourceTypeFilters": ["kms", "ec2:vpc"]}), true);
        check(json!({"ResourceTypeFilters": ["ec2:subnet"]}), false);
        check(json!({"TagFilters": [{"Key": "owner"}]}), true);
        check(json!({"TagFilters": [{"Key": "owner", "Values": ["you", "me"]}]}), true);
        check(json!({"TagFilters": [{"Key": "owner"}, {"Key": "other"}]}), false);
        check(json!({"ResourceARNList": ["arn:aws:s3:::b"]}), false);
    }
}
