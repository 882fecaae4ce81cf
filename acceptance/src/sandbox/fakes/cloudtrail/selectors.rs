//! Which events a trail takes: event selectors, advanced event selectors, and insights.

use serde_json::{Value, json};

use crate::sandbox::fakes::input::{Input, texts};
use crate::sandbox::wire::ServiceError;

/// The quota of event selectors of a trail.
const MOST_SELECTORS: usize = 5;
/// The quota of values over all advanced selectors, and that of data resources over all plain ones.
const MOST_VALUES: usize = 500;
const MOST_DATA_RESOURCES: usize = 250;
const OPERATORS: [&str; 6] =
    ["Equals", "NotEquals", "StartsWith", "NotStartsWith", "EndsWith", "NotEndsWith"];
/// The fields that an advanced selector may have, by the category of its events.
const FIELDS: [(&str, &[&str]); 3] = [
    (
        "Management",
        &[
            "readOnly",
            "eventSource",
            "eventName",
            "eventType",
            "sessionCredentialFromConsole",
            "userIdentity.arn",
        ],
    ),
    (
        "Data",
        &[
            "readOnly",
            "eventSource",
            "eventName",
            "eventType",
            "resources.type",
            "resources.ARN",
            "sessionCredentialFromConsole",
            "userIdentity.arn",
        ],
    ),
    ("NetworkActivity", &["eventSource", "eventName", "errorCode", "vpcEndpointId"]),
];

/// Those of one trail.
#[derive(Clone, Debug, Default)]
pub struct Selectors {
    plain: Vec<Value>,
    advanced: Vec<Value>,
    insights: Vec<Value>,
    aggregations: Vec<Value>,
}

impl Selectors {
    /// Whether it takes others than all management events.
    pub fn has_events(&self) -> bool {
        !self.plain.is_empty() || !self.advanced.is_empty()
    }

    pub fn has_insights(&self) -> bool {
        !self.insights.is_empty()
    }

    /// Replaces selectors; the other kind of event selectors goes.
    ///
    /// # Errors
    /// As the service has them.
    pub fn put(
        &mut self,
        operation: &str,
        input: &Input,
        arn: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "PutInsightSelectors" => return self.put_insights(input, &arn),
            "PutEventConfiguration" => return self.put_configuration(input, &arn),
            _ => {}
        }
        let plain = items(input.value("EventSelectors"));
        let advanced = items(input.value("AdvancedEventSelectors"));
        if plain.is_empty() == advanced.is_empty() {
            return Err(invalid("Give either EventSelectors or AdvancedEventSelectors."));
        }
        check_plain(&plain)?;
        check_advanced(&advanced)?;
        self.plain = plain.iter().map(completed).collect();
        self.advanced = advanced;
        let mut answer = self.shown();
        answer["TrailARN"] = arn;
        Ok(answer)
    }

    /// Shows selectors; a trail that never got any takes all management events.
    ///
    /// # Errors
    /// `InsightNotEnabledException`, where there are no insights.
    pub fn get(&self, operation: &str, arn: &str) -> Result<Value, ServiceError> {
        if operation == "GetInsightSelectors" {
            if self.insights.is_empty() {
                let message = format!("Insights are not enabled for the trail {arn}.");
                return Err(ServiceError::new("InsightNotEnabledException", message));
            }
            return Ok(json!({"TrailARN": arn, "InsightSelectors": self.insights}));
        }
        if operation == "GetEventConfiguration" {
            return Ok(json!({"TrailARN": arn, "AggregationConfigurations": self.aggregations}));
        }
        let mut answer = if self.has_events() {
            self.shown()
        } else {
            json!({"EventSelectors": [completed(&json!({}))]})
        };
        answer["TrailARN"] = arn.into();
        Ok(answer)
    }

    fn shown(&self) -> Value {
        if self.advanced.is_empty() {
            json!({"EventSelectors": self.plain})
        } else {
            json!({"AdvancedEventSelectors": self.advanced})
        }
    }

    /// Insights are for categories of events that the trail takes; those that name none are for management events.
    fn put_insights(&mut self, input: &Input, arn: &Value) -> Result<Value, ServiceError> {
        let mut insights = items(input.value("InsightSelectors"));
        for insight in &mut insights {
            if insight["InsightType"].is_null() {
                return Err(bad_insights("InsightType is required."));
            }
            if items(&insight["EventCategories"]).is_empty() {
                insight["EventCategories"] = json!(["Management"]);
            }
            let categories = texts(&insight["EventCategories"]);
            if let Some(other) = categories.iter().find(|category| !self.takes(category)) {
                let message = format!("Insights need a trail that logs {other} events.");
                return Err(bad_insights(&message));
            }
        }
        self.insights = insights;
        Ok(json!({"TrailARN": arn, "InsightSelectors": self.insights}))
    }

    /// Trails have nothing but aggregations of data events here: size and context are event data stores'.
    fn put_configuration(&mut self, input: &Input, arn: &Value) -> Result<Value, ServiceError> {
        let refused =
            |message: &str| Err(ServiceError::new("InvalidParameterCombinationException", message));
        if input.has("MaxEventSize") || input.has("ContextKeySelectors") {
            return refused("MaxEventSize and ContextKeySelectors are for event data stores.");
        }
        let aggregations = items(input.value("AggregationConfigurations"));
        if !aggregations.is_empty() && !self.takes("Data") {
            return refused("Aggregations need a trail that logs data events.");
        }
        self.aggregations = aggregations;
        Ok(json!({"TrailARN": arn, "AggregationConfigurations": self.aggregations}))
    }

    /// Whether it takes events of a category.
    fn takes(&self, wanted: &str) -> bool {
        let is_management = wanted == "Management";
        let plain = |it: &Value| match is_management {
            true => it["IncludeManagementEvents"] != false,
            false => !items(&it["DataResources"]).is_empty(),
        };
        (is_management && !self.has_events())
            || self.plain.iter().any(plain)
            || self.advanced.iter().any(|it| category(it).as_deref() == Some(wanted))
    }
}

/// A plain selector with what the service adds where it is not given.
fn completed(selector: &Value) -> Value {
    let mut whole = json!({
        "ReadWriteType": "All",
        "IncludeManagementEvents": true,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    });
    for (name, value) in selector.as_object().into_iter().flatten() {
        whole[name] = value.clone();
    }
    whole
}

fn check_plain(selectors: &[Value]) -> Result<(), ServiceError> {
    if selectors.len() > MOST_SELECTORS {
        return Err(invalid("A trail has at most 5 event selectors."));
    }
    let mut count = 0;
    for selector in selectors {
        let sources = texts(&selector["ExcludeManagementEventSources"]);
        let known = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];
        if sources.iter().any(|source| !known.contains(&source.as_str())) {
            return Err(invalid("This event source cannot be excluded."));
        }
        if !sources.is_empty() && selector["IncludeManagementEvents"] == false {
            return Err(invalid("Sources are excluded from management events only."));
        }
        for resource in items(&selector["DataResources"]) {
            let kind = resource["Type"].as_str().unwrap_or_default();
            let values = texts(&resource["Values"]);
            let known = ["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"];
            if !known.contains(&kind) || !values.iter().all(|value| value.starts_with("arn:")) {
                return Err(invalid("The data resource has a type or values that are not valid."));
            }
            count += values.len();
        }
    }
    if count > MOST_DATA_RESOURCES {
        return Err(invalid("A trail has at most 250 data resources."));
    }
    Ok(())
}

fn check_advanced(selectors: &[Value]) -> Result<(), ServiceError> {
    let mut count = 0;
    for selector in selectors {
        let fields = items(&selector["FieldSelectors"]);
        let category = category(selector).ok_or_else(|| {
            invalid("eventCategory must be given once, by Equals, with one value.")
        })?;
        let allowed = FIELDS.iter().find(|(name, _)| *name == category);
        let (_, allowed) = allowed.ok_or_else(|| invalid("This eventCategory is not known."))?;
        let mut seen = Vec::new();
        for field in &fields {
            let name = field["Field"].as_str().unwrap_or_default();
            if seen.contains(&name) {
                return Err(invalid(&format!("The field {name} comes twice.")));
            }
            seen.push(name);
            if name != "eventCategory" && !allowed.contains(&name) {
                return Err(invalid(&format!("{category} events have no field {name}.")));
            }
            let values: usize = OPERATORS.iter().map(|it| items(&field[*it]).len()).sum();
            if values == 0 {
                return Err(invalid(&format!("The field {name} needs an operator.")));
            }
            check_field(name, field)?;
            count += values;
        }
        let needed = match category.as_str() {
            "Data" => Some("resources.type"),
            "NetworkActivity" => Some("eventSource"),
            _ => None,
        };
        if let Some(needed) = needed.filter(|needed| !seen.contains(needed)) {
            return Err(invalid(&format!("{category} events need the field {needed}.")));
        }
    }
    if count > MOST_VALUES {
        return Err(invalid("Advanced event selectors have at most 500 values."));
    }
    Ok(())
}

/// Fields that take nothing but `Equals` with one value.
fn check_field(name: &str, field: &Value) -> Result<(), ServiceError> {
    let equals = texts(&field["Equals"]);
    let is_single = equals.len() == 1 && OPERATORS[1..].iter().all(|it| field[*it].is_null());
    match name {
        "readOnly" if !is_single || !["true", "false"].contains(&equals[0].as_str()) => {
            Err(invalid("readOnly takes Equals with true or false."))
        }
        "resources.type" if !is_single => {
            Err(invalid("resources.type takes Equals with one value."))
        }
        _ => Ok(()),
    }
}

fn category(selector: &Value) -> Option<String> {
    let fields = items(&selector["FieldSelectors"]);
    let mut named = fields.iter().filter(|field| field["Field"] == "eventCategory");
    let (first, more) = (named.next()?, named.next());
    let values = texts(&first["Equals"]);
    let is_plain = OPERATORS[1..].iter().all(|it| first[*it].is_null());
    (more.is_none() && is_plain && values.len() == 1).then(|| values[0].clone())
}

fn items(list: &Value) -> Vec<Value> {
    list.as_array().cloned().unwrap_or_default()
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidEventSelectorsException", message)
}

fn bad_insights(message: &str) -> ServiceError {
    ServiceError::new("InvalidInsightSelectorsException", message)
}
