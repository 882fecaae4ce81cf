//! The trails themselves: how they are named, found from other regions and accounts, changed and counted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{selectors, tags};
use crate::sandbox::fakes::input::{Input, page};
use crate::sandbox::wire::ServiceError;

/// How many trails an account sees in a region at most, shadows of other regions' included.
const MOST_TRAILS: usize = 5;
/// How many tags a trail has at most.
const MOST_TAGS: usize = 50;
/// How many trails or tagged resources a page has.
const PAGE: usize = 20;

/// Who calls, and from where.
#[derive(Clone, Debug)]
pub struct Place {
    pub account: String,
    pub region: String,
    pub partition: &'static str,
    /// The organization's management account, which owns its trails.
    pub management: String,
    /// The id of the organization that the caller is in.
    pub organization: Option<String>,
    /// Whether it manages the organization's trails.
    pub is_administrator: bool,
}

/// What a change would make of a trail, as far as others have to let it in.
#[derive(Debug)]
pub struct Planned {
    pub arn: String,
    pub account: String,
    pub bucket: String,
    pub prefix: Option<String>,
    pub key: Option<String>,
    pub topic: Option<String>,
    pub log_group: Option<String>,
    pub role: Option<String>,
    pub is_organization: bool,
}

/// All trails by ARN.
#[derive(Debug, Default)]
pub struct State {
    pub trails: BTreeMap<String, Trail>,
}

/// One trail.
#[derive(Clone, Debug)]
pub struct Trail {
    pub account: String,
    pub home: String,
    /// As it is shown, without what follows from its selectors.
    shown: Value,
    pub tags: BTreeMap<String, String>,
    started: Option<DateTime<Utc>>,
    stopped: Option<DateTime<Utc>>,
    is_logging: bool,
    pub selectors: selectors::Selectors,
}

impl State {
    /// What a call would make of a trail's deliveries; none where it changes none.
    ///
    /// # Errors
    /// Those that a call meets before anybody else is asked.
    pub fn planned(
        &self,
        operation: &str,
        input: &Input,
        place: &Place,
    ) -> Result<Option<Planned>, ServiceError> {
        let trail = match operation {
            "CreateTrail" => self.drafted(input, place)?,
            "UpdateTrail" => self.changed(input, place)?.1,
            _ => return Ok(None),
        };
        let text = |name: &str| trail.shown[name].as_str().map(str::to_owned);
        Ok(Some(Planned {
            arn: text("TrailARN").unwrap_or_default(),
            account: trail.account.clone(),
            bucket: text("S3BucketName").unwrap_or_default(),
            prefix: text("S3KeyPrefix"),
            key: text("KmsKeyId"),
            topic: text("SnsTopicARN"),
            log_group: text("CloudWatchLogsLogGroupArn"),
            role: text("CloudWatchLogsRoleArn"),
            is_organization: trail.shown["IsOrganizationTrail"] == true,
        }))
    }

    /// Carries a call out.
    ///
    /// # Errors
    /// As the service has them.
    pub fn perform(
        &mut self,
        operation: &str,
        input: &Input,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreateTrail" => {
                let trail = self.drafted(input, place)?;
                let shown = answered(&trail.shown);
                let arn = trail.shown["TrailARN"].as_str().unwrap_or_default().to_owned();
                self.trails.insert(arn, trail);
                Ok(shown)
            }
            "UpdateTrail" => {
                let (arn, trail) = self.changed(input, place)?;
                let shown = answered(&trail.shown);
                self.trails.insert(arn, trail);
                Ok(shown)
            }
            "DeleteTrail" => {
                let arn = self.writable(input.text("Name"), place)?;
                self.trails.remove(&arn);
                Ok(json!({}))
            }
            "StartLogging" | "StopLogging" => {
                let trail = self.changeable(input.text("Name"), place)?;
                trail.is_logging = operation == "StartLogging";
                let since = if trail.is_logging { &mut trail.started } else { &mut trail.stopped };
                *since = Some(now);
                Ok(json!({}))
            }
            "GetTrail" => {
                let trail = self.visible(input.text("Name"), place)?.1;
                Ok(json!({"Trail": trail.described()}))
            }
            "GetTrailStatus" => Ok(self.visible(input.text("Name"), place)?.1.status()),
            "DescribeTrails" => self.describe(input, place),
            "ListTrails" => self.list(input, place),
            "AddTags" | "RemoveTags" => self.tag(operation, input, place),
            "ListTags" => self.list_tags(input, place),
            "PutEventSelectors" | "PutInsightSelectors" | "PutEventConfiguration" => {
                let trail = self.changeable(input.text("TrailName"), place)?;
                let arn = trail.shown["TrailARN"].clone();
                trail.selectors.put(operation, input, arn)
            }
            "GetEventSelectors" | "GetInsightSelectors" | "GetEventConfiguration" => {
                let (arn, trail) = self.visible(input.text("TrailName"), place)?;
                trail.selectors.get(operation, arn)
            }
            other => {
                let message = format!("the sandbox does not know {other} of CloudTrail");
                Err(ServiceError::new("SandboxNotImplemented", message).with_status(501))
            }
        }
    }

    fn drafted(&self, input: &Input, place: &Place) -> Result<Trail, ServiceError> {
        let name = input.text("Name");
        check_name(name)?;
        let is_organization = input.flag("IsOrganizationTrail") == Some(true);
        // A delegated administrator's trails belong to the management account.
        let is_delegated = is_organization && place.is_administrator;
        let account = if is_delegated { &place.management } else { &place.account };
        let Place { partition, region, .. } = place;
        let arn = format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}");
        let own = self.trails.values().filter(|trail| trail.account == *account);
        if own.clone().any(|trail| trail.shown["Name"] == name && trail.is_seen_in(region)) {
            let message = format!("Trail {name} already exists for customer: {account}");
            return Err(ServiceError::new("TrailAlreadyExistsException", message));
        }
        if own.filter(|trail| trail.is_seen_in(region)).count() >= MOST_TRAILS {
            let message = format!("User: {account} already has {MOST_TRAILS} trails in {region}.");
            return Err(ServiceError::new("MaximumNumberOfTrailsExceededException", message));
        }
        let tags = tags(input)?;
        check_tag_count(&tags)?;
        let mut shown = json!({
            "Name": name,
            "TrailARN": arn,
            "HomeRegion": region,
            "IncludeGlobalServiceEvents": true,
            "IsMultiRegionTrail": false,
            "LogFileValidationEnabled": false,
            "IsOrganizationTrail": false,
            "RecursiveLogging": true,
        });
        apply(&mut shown, input, account, place)?;
        Ok(Trail {
            account: account.clone(),
            home: region.clone(),
            shown,
            tags,
            started: None,
            stopped: None,
            is_logging: false,
            selectors: selectors::Selectors::default(),
        })
    }

    fn changed(&self, input: &Input, place: &Place) -> Result<(String, Trail), ServiceError> {
        let arn = self.writable(input.text("Name"), place)?;
        let mut trail = self.trails[&arn].clone();
        let account = trail.account.clone();
        apply(&mut trail.shown, input, &account, place)?;
        Ok((arn, trail))
    }

    /// A trail by name or ARN as the caller sees it from its region: its own, shadows of those of all regions, and
    /// its organization's.
    fn visible(&self, id: &str, place: &Place) -> Result<(&str, &Trail), ServiceError> {
        if id.starts_with("arn:") {
            let parts: Vec<&str> = id.splitn(6, ':').collect();
            let is_trail =
                parts.len() == 6 && parts[2] == "cloudtrail" && parts[5].starts_with("trail/");
            if !is_trail {
                let message = format!("Invalid ARN: {id}");
                return Err(ServiceError::new("CloudTrailARNInvalidException", message));
            }
        } else {
            check_name(id)?;
        }
        let is_it = |(arn, trail): &(&String, &Trail)| {
            let is_named = trail.shown["Name"] == id && trail.is_seen_in(&place.region);
            (*arn == id || is_named) && trail.is_seen_by(place)
        };
        let found = self.trails.iter().find(is_it).map(|(arn, trail)| (arn.as_str(), trail));
        found.ok_or_else(|| {
            let message = format!("Unknown trail: {id} for the user: {}", place.account);
            ServiceError::new("TrailNotFoundException", message)
        })
    }

    /// The ARN of a trail that the caller may change from its region.
    fn writable(&self, id: &str, place: &Place) -> Result<String, ServiceError> {
        let (arn, trail) = self.visible(id, place)?;
        if trail.account != place.account && !place.is_administrator {
            return Err(not_management());
        }
        if trail.home != place.region {
            let message = format!("Trail {id} can only be changed in {}.", trail.home);
            return Err(ServiceError::new("InvalidHomeRegionException", message));
        }
        Ok(arn.to_owned())
    }

    fn changeable(&mut self, id: &str, place: &Place) -> Result<&mut Trail, ServiceError> {
        let arn = self.writable(id, place)?;
        self.trails.get_mut(&arn).ok_or_else(|| ServiceError::internal("the trail has gone"))
    }

    fn describe(&self, input: &Input, place: &Place) -> Result<Value, ServiceError> {
        let wanted = input.texts("trailNameList");
        let with_shadows = input.flag("includeShadowTrails") != Some(false);
        let found: Vec<Value> = if wanted.is_empty() {
            let here = |trail: &&Trail| {
                trail.is_seen_by(place)
                    && trail.is_seen_in(&place.region)
                    && (with_shadows || trail.home == place.region)
            };
            self.trails.values().filter(here).map(Trail::described).collect()
        } else {
            // Trails that are not there are left out of the answer.
            let mut found = Vec::new();
            for id in &wanted {
                match self.visible(id, place) {
                    Ok((_, trail)) => found.push(trail.described()),
                    Err(error) if error.code == "TrailNotFoundException" => {}
                    Err(error) => return Err(error),
                }
            }
            found
        };
        Ok(json!({"trailList": found}))
    }

    fn list(&self, input: &Input, place: &Place) -> Result<Value, ServiceError> {
        let all = self.trails.values().filter(|trail| trail.is_seen_by(place));
        let all = all.map(|trail| {
            let shown = &trail.shown;
            json!({"TrailARN": shown["TrailARN"], "Name": shown["Name"], "HomeRegion": trail.home})
        });
        let token = input.optional_text("NextToken");
        let (items, next) = page(all.collect(), token, PAGE)
            .map_err(|message| ServiceError::new("InvalidTokenException", message))?;
        Ok(json!({"Trails": items, "NextToken": next}))
    }

    fn tag(
        &mut self,
        operation: &str,
        input: &Input,
        place: &Place,
    ) -> Result<Value, ServiceError> {
        let wanted = tags(input)?;
        let arn = self.writable(arn_only(input.text("ResourceId"))?, place).map_err(no_resource)?;
        let trail = self.changeable(&arn, place)?;
        let mut all = trail.tags.clone();
        if operation == "AddTags" {
            all.extend(wanted);
            check_tag_count(&all)?;
        } else {
            all.retain(|key, _| !wanted.contains_key(key));
        }
        trail.tags = all;
        Ok(json!({}))
    }

    fn list_tags(&self, input: &Input, place: &Place) -> Result<Value, ServiceError> {
        let mut all = Vec::new();
        for id in input.texts("ResourceIdList") {
            let (arn, trail) = self.visible(arn_only(&id)?, place).map_err(no_resource)?;
            // A tag without a value is shown without one.
            let pairs = trail.tags.iter().map(|(key, value)| match value.as_str() {
                "" => json!({"Key": key}),
                value => json!({"Key": key, "Value": value}),
            });
            all.push(json!({"ResourceId": arn, "TagsList": pairs.collect::<Vec<Value>>()}));
        }
        let (items, next) = page(all, input.optional_text("NextToken"), PAGE)
            .map_err(|message| ServiceError::new("InvalidTokenException", message))?;
        Ok(json!({"ResourceTagList": items, "NextToken": next}))
    }
}

impl Trail {
    fn is_seen_in(&self, region: &str) -> bool {
        self.home == region || self.shown["IsMultiRegionTrail"] == true
    }

    fn is_seen_by(&self, place: &Place) -> bool {
        let is_of_organization = self.shown["IsOrganizationTrail"] == true
            && self.account == place.management
            && place.organization.is_some();
        self.account == place.account || is_of_organization
    }

    fn described(&self) -> Value {
        let mut shown = self.shown.clone();
        shown["HasCustomEventSelectors"] = self.selectors.has_events().into();
        shown["HasInsightSelectors"] = self.selectors.has_insights().into();
        shown
    }

    fn status(&self) -> Value {
        let seconds = |time: Option<DateTime<Utc>>| time.map(|time| time.timestamp());
        let mut status = json!({"IsLogging": self.is_logging});
        let times = [("StartLoggingTime", self.started), ("StopLoggingTime", self.stopped)];
        for (name, time) in times {
            if let Some(time) = seconds(time) {
                status[name] = time.into();
            }
        }
        status
    }
}

/// Writes the members of a request over a trail. An empty text takes a member away.
fn apply(
    shown: &mut Value,
    input: &Input,
    account: &str,
    place: &Place,
) -> Result<(), ServiceError> {
    let flags = [
        "IncludeGlobalServiceEvents",
        "IsMultiRegionTrail",
        "IsOrganizationTrail",
        "RecursiveLogging",
    ];
    for name in flags {
        if let Some(flag) = input.flag(name) {
            shown[name] = flag.into();
        }
    }
    if let Some(flag) = input.flag("EnableLogFileValidation") {
        shown["LogFileValidationEnabled"] = flag.into();
    }
    if shown["IsMultiRegionTrail"] == true && shown["IncludeGlobalServiceEvents"] == false {
        return Err(ServiceError::new(
            "InvalidParameterCombinationException",
            "Multi-Region trail must include global service events.",
        ));
    }
    let names =
        ["S3BucketName", "S3KeyPrefix", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"];
    for name in names.into_iter().filter(|name| input.has(name)) {
        shown[name] = input.optional_text(name).into();
    }
    if input.text("S3KeyPrefix").chars().count() > 200 {
        let message = "The S3 prefix has more than 200 characters.";
        return Err(ServiceError::new("InvalidS3PrefixException", message));
    }
    let Place { partition, region, .. } = place;
    if input.has("KmsKeyId") {
        let key = input.optional_text("KmsKeyId").map(|key| match key {
            arn if arn.starts_with("arn:") => arn.to_owned(),
            alias if alias.starts_with("alias/") => {
                format!("arn:{partition}:kms:{region}:{account}:{alias}")
            }
            id => format!("arn:{partition}:kms:{region}:{account}:key/{id}"),
        });
        shown["KmsKeyId"] = key.into();
    }
    if input.has("SnsTopicName") {
        let topic = input.optional_text("SnsTopicName").map(|topic| match topic {
            arn if arn.starts_with("arn:") => arn.to_owned(),
            name => format!("arn:{partition}:sns:{region}:{account}:{name}"),
        });
        shown["SnsTopicName"] = topic.clone().into();
        shown["SnsTopicARN"] = topic.into();
    }
    if let Value::Object(members) = shown {
        members.retain(|_, value| !value.is_null());
    }
    Ok(())
}

/// A trail as create and update answer with it.
fn answered(shown: &Value) -> Value {
    let mut answer = shown.clone();
    if let Value::Object(members) = &mut answer {
        members.remove("HomeRegion");
    }
    answer
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let is_mark = |letter: char| matches!(letter, '.' | '_' | '-');
    let refused = |why: &str| Err(ServiceError::new("InvalidTrailNameException", why));
    if !(3..=128).contains(&name.chars().count()) {
        return refused("Trail name must have between 3 and 128 characters.");
    }
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || is_mark(letter)) {
        return refused(
            "Trail name can only contain letters, numbers, periods, underscores and dashes.",
        );
    }
    if name.starts_with(is_mark) || name.ends_with(is_mark) {
        return refused("Trail name must start and end with a letter or number.");
    }
    let letters: Vec<char> = name.chars().collect();
    if letters.windows(2).any(|pair| is_mark(pair[0]) && is_mark(pair[1])) {
        return refused("Trail name must not have adjacent periods, underscores or dashes.");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return refused("Trail name must not be formatted as an IP address.");
    }
    Ok(())
}

fn check_tag_count(tags: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    if tags.len() <= MOST_TAGS {
        return Ok(());
    }
    let message = format!("A trail has at most {MOST_TAGS} tags.");
    Err(ServiceError::new("TagsLimitExceededException", message))
}

fn arn_only(id: &str) -> Result<&str, ServiceError> {
    if id.starts_with("arn:") {
        return Ok(id);
    }
    Err(ServiceError::new("CloudTrailARNInvalidException", format!("Invalid ARN: {id}")))
}

/// Operations on tags have a code of their own for what is not there.
fn no_resource(error: ServiceError) -> ServiceError {
    match error.code.as_str() {
        "TrailNotFoundException" => ServiceError::new("ResourceNotFoundException", error.message),
        _ => error,
    }
}

/// What members of an organization meet at its trails.
pub fn not_management() -> ServiceError {
    ServiceError::new(
        "NotOrganizationMasterAccountException",
        "The AWS account making the request is not the management account of the organization.",
    )
}
