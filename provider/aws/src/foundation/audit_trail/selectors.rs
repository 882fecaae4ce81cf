//! Which events a trail takes, in CloudTrail's newer form and in its older one.
//!
//! Source: CloudTrail API reference, AdvancedEventSelector, AdvancedFieldSelector, EventSelector.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType,
};
use travel_framework::{Failure, Model};

use super::AuditTrail;
use super::refusals::send;
use crate::consistency::Call;
use crate::error::incomplete;

/// The fields that are attributes of a selector.
pub const CATEGORY: &str = "eventCategory";
pub const RESOURCE_TYPE: &str = "resources.type";
pub const READ_ONLY: &str = "readOnly";

/// Events that the trail takes: those of a category that meet all conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Model)]
pub struct Selector {
    /// What to call it.
    #[model(optional, length(1, 1000))]
    pub name: Option<String>,
    /// `Management` for calls that manage something, `Data` for those that use it (the objects of a
    /// bucket, say), `NetworkActivity` for those that go through VPC endpoints.
    #[model(required, one_of("Management", "Data", "NetworkActivity"))]
    pub category: String,
    /// Of data events: the kind of what is used, such as `AWS::S3::Object`, `AWS::Lambda::Function` or
    /// `AWS::DynamoDB::Table`.
    #[model(
        optional,
        pattern("^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$", "a type of resources, as AWS::S3::Object")
    )]
    pub resource_type: Option<String>,
    /// Whether it means calls that change nothing (`ReadOnly`), those that may (`WriteOnly`), or `All`.
    #[model(optional, default = "All", one_of("All", "ReadOnly", "WriteOnly"))]
    pub access: String,
    /// What else the events have to meet, by CloudTrail's names of their fields: `eventName`,
    /// `eventSource`, `eventType`, `resources.ARN`, `userIdentity.arn`, `sessionCredentialFromConsole`;
    /// of network activity also `errorCode` and `vpcEndpointId`.
    #[model(optional)]
    pub conditions: Option<BTreeMap<String, Condition>>,
}

/// What a field of an event has to be: one of those that are said, and none of those that are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Model)]
pub struct Condition {
    /// It is one of these.
    #[model(optional, length(1, 500))]
    pub equals: Option<BTreeSet<String>>,
    /// It is none of these.
    #[model(optional, length(1, 500))]
    pub not_equals: Option<BTreeSet<String>>,
    /// It begins with one of these.
    #[model(optional, length(1, 500))]
    pub starts_with: Option<BTreeSet<String>>,
    /// It begins with none of these.
    #[model(optional, length(1, 500))]
    pub not_starts_with: Option<BTreeSet<String>>,
    /// It ends with one of these.
    #[model(optional, length(1, 500))]
    pub ends_with: Option<BTreeSet<String>>,
    /// It ends with none of these.
    #[model(optional, length(1, 500))]
    pub not_ends_with: Option<BTreeSet<String>>,
}

/// Events that the trail takes, in the older form.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Model)]
pub struct BasicSelector {
    /// Whether it means calls that change nothing (`ReadOnly`), those that may (`WriteOnly`), or `All`.
    #[model(optional, default = "All", one_of("All", "ReadOnly", "WriteOnly"))]
    pub access: String,
    /// Whether it means management events.
    #[model(optional, default = true)]
    pub management_events: bool,
    /// Services whose management events it does not mean: `kms.amazonaws.com`, `rdsdata.amazonaws.com`.
    #[model(optional, length(1, 2))]
    pub excluded_sources: Option<BTreeSet<String>>,
    /// The data events it means, by the kind of what is used (`AWS::S3::Object`, `AWS::Lambda::Function`,
    /// `AWS::DynamoDB::Table`): ARNs, or what they begin with.
    #[model(optional, length(1, 3))]
    pub data_resources: Option<BTreeMap<String, BTreeSet<String>>>,
}

impl Condition {
    /// All of its sets.
    fn sets(&self) -> [Option<&BTreeSet<String>>; 6] {
        [
            &self.equals,
            &self.not_equals,
            &self.starts_with,
            &self.not_starts_with,
            &self.ends_with,
            &self.not_ends_with,
        ]
        .map(Option::as_ref)
    }

    /// How many values it has.
    pub fn values(&self) -> usize {
        self.sets().into_iter().flatten().map(BTreeSet::len).sum()
    }
}

impl Selector {
    /// How many values it has, those of its attributes included.
    pub fn values(&self) -> usize {
        let own = 1
            + usize::from(self.resource_type.is_some())
            + usize::from(read_only(&self.access).is_some());
        own + self.conditions.iter().flatten().map(|(_, it)| it.values()).sum::<usize>()
    }

    fn wire(&self) -> Result<AdvancedEventSelector, Failure> {
        let only = |value: &str| {
            Some(Condition { equals: Some([value.to_owned()].into()), ..Condition::default() })
        };
        let own = [
            (CATEGORY, only(&self.category)),
            (RESOURCE_TYPE, self.resource_type.as_deref().and_then(only)),
            (READ_ONLY, read_only(&self.access).and_then(only)),
        ];
        let own = own.iter().filter_map(|(name, it)| Some((*name, it.as_ref()?)));
        let others = self.conditions.iter().flatten().map(|(name, it)| (name.as_str(), it));
        let list = |set: &Option<BTreeSet<String>>| set.clone().map(Vec::from_iter);
        let fields = own.chain(others).map(|(name, condition)| {
            AdvancedFieldSelector::builder()
                .field(name)
                .set_equals(list(&condition.equals))
                .set_not_equals(list(&condition.not_equals))
                .set_starts_with(list(&condition.starts_with))
                .set_not_starts_with(list(&condition.not_starts_with))
                .set_ends_with(list(&condition.ends_with))
                .set_not_ends_with(list(&condition.not_ends_with))
                .build()
        });
        let fields: Result<Vec<_>, _> = fields.collect();
        let fields = fields.map_err(|error| incomplete(&error))?;
        let selector = AdvancedEventSelector::builder().set_name(self.name.clone());
        selector.set_field_selectors(Some(fields)).build().map_err(|error| incomplete(&error))
    }

    fn read(selector: &AdvancedEventSelector) -> Self {
        let mut read = Self {
            name: selector.name().filter(|name| !name.is_empty()).map(str::to_owned),
            access: "All".to_owned(),
            ..Self::default()
        };
        let mut conditions: BTreeMap<String, Condition> = BTreeMap::new();
        for field in selector.field_selectors() {
            match (field.field(), field.equals()) {
                (CATEGORY, [category]) => read.category.clone_from(category),
                (RESOURCE_TYPE, [kind]) => read.resource_type = Some(kind.clone()),
                (READ_ONLY, [value]) => {
                    let is_read = value.eq_ignore_ascii_case("true");
                    read.access = if is_read { "ReadOnly" } else { "WriteOnly" }.to_owned();
                }
                (name, _) => add(conditions.entry(name.to_owned()).or_default(), field),
            }
        }
        read.conditions = (!conditions.is_empty()).then_some(conditions);
        read
    }
}

/// Adds what a field has to be.
fn add(condition: &mut Condition, field: &AdvancedFieldSelector) {
    let extend = |set: &mut Option<BTreeSet<String>>, values: &[String]| {
        if !values.is_empty() {
            set.get_or_insert_default().extend(values.iter().cloned());
        }
    };
    extend(&mut condition.equals, field.equals());
    extend(&mut condition.not_equals, field.not_equals());
    extend(&mut condition.starts_with, field.starts_with());
    extend(&mut condition.not_starts_with, field.not_starts_with());
    extend(&mut condition.ends_with, field.ends_with());
    extend(&mut condition.not_ends_with, field.not_ends_with());
}

/// What the field `readOnly` is for some access; none where it may be either.
fn read_only(access: &str) -> Option<&'static str> {
    match access {
        "ReadOnly" => Some("true"),
        "WriteOnly" => Some("false"),
        _ => None,
    }
}

impl BasicSelector {
    /// What a trail has to which nobody has given any: all management events.
    fn of_new_trails() -> Self {
        Self { access: "All".to_owned(), management_events: true, ..Self::default() }
    }

    fn wire(&self) -> EventSelector {
        let resources = self.data_resources.iter().flatten().map(|(kind, values)| {
            let values = values.iter().cloned().collect();
            DataResource::builder().r#type(kind).set_values(Some(values)).build()
        });
        let sources = self.excluded_sources.iter().flatten().cloned();
        EventSelector::builder()
            .read_write_type(ReadWriteType::from(self.access.as_str()))
            .include_management_events(self.management_events)
            .set_data_resources(Some(resources.collect()))
            .set_exclude_management_event_sources(Some(sources.collect()))
            .build()
    }

    fn read(selector: &EventSelector) -> Self {
        let sources: BTreeSet<String> =
            selector.exclude_management_event_sources().iter().cloned().collect();
        let mut resources: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for resource in selector.data_resources() {
            let kind = resource.r#type().unwrap_or_default().to_owned();
            resources.entry(kind).or_default().extend(resource.values().iter().cloned());
        }
        Self {
            access: selector
                .read_write_type()
                .map_or_else(|| "All".to_owned(), |it| it.as_str().to_owned()),
            management_events: selector.include_management_events().unwrap_or(true),
            excluded_sources: (!sources.is_empty()).then_some(sources),
            data_resources: (!resources.is_empty()).then_some(resources),
        }
    }
}

/// Whether two trails take the same events.
pub fn same(one: &AuditTrail, other: &AuditTrail) -> bool {
    is_permuted(&one.event_selectors, &other.event_selectors)
        && is_permuted(&one.basic_event_selectors, &other.basic_event_selectors)
}

/// Whether two lists have the same in them, in any order.
fn is_permuted<T: Ord>(one: &[T], other: &[T]) -> bool {
    let (mut one, mut other): (Vec<&T>, Vec<&T>) = (one.iter().collect(), other.iter().collect());
    one.sort();
    other.sort();
    one == other
}

/// Writes the selectors that are wanted over those that are there.
pub async fn put(call: &Call, arn: &str, wanted: &AuditTrail) -> Result<(), Failure> {
    let request = call.scope.cloudtrail().put_event_selectors().trail_name(arn);
    let request = match (&wanted.event_selectors[..], &wanted.basic_event_selectors[..]) {
        ([], []) => request.event_selectors(BasicSelector::of_new_trails().wire()),
        ([], basic) => {
            request.set_event_selectors(Some(basic.iter().map(BasicSelector::wire).collect()))
        }
        (advanced, _) => {
            let advanced: Result<_, _> = advanced.iter().map(Selector::wire).collect();
            request.set_advanced_event_selectors(Some(advanced?))
        }
    };
    send(call, wanted, || request.clone().send()).await.map(drop)
}

/// Sets what a trail takes, in the order that is known; what every new trail takes is nothing to say, unless
/// it was said.
pub fn read(trail: &mut AuditTrail, answer: &GetEventSelectorsOutput) {
    let advanced: Vec<Selector> =
        answer.advanced_event_selectors().iter().map(Selector::read).collect();
    if !is_permuted(&trail.event_selectors, &advanced) {
        trail.event_selectors = advanced;
    }
    let mut basic: Vec<BasicSelector> =
        answer.event_selectors().iter().map(BasicSelector::read).collect();
    if is_permuted(&trail.basic_event_selectors, &basic) {
        return;
    }
    if basic == [BasicSelector::of_new_trails()] {
        basic.clear();
    }
    trail.basic_event_selectors = basic;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Option<BTreeSet<String>> {
        Some(values.iter().map(|&it| it.to_owned()).collect())
    }

    fn objects() -> Selector {
        let condition = Condition {
            starts_with: texts(&["arn:aws:s3:::a/", "arn:aws:s3:::b/"]),
            not_ends_with: texts(&[".tmp"]),
            ..Condition::default()
        };
        Selector {
            name: Some("objects".into()),
            category: "Data".into(),
            resource_type: Some("AWS::S3::Object".into()),
            access: "WriteOnly".into(),
            conditions: Some([("resources.ARN".to_owned(), condition)].into()),
        }
    }

    fn management() -> Selector {
        Selector { category: "Management".into(), access: "All".into(), ..Selector::default() }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for selector in [objects(), management()] {
            assert_eq!(Selector::read(&selector.wire().unwrap()), selector);
        }
        assert_eq!((objects().values(), management().values()), (6, 1));
        let basic = BasicSelector {
            access: "ReadOnly".into(),
            management_events: true,
            excluded_sources: texts(&["kms.amazonaws.com"]),
            data_resources: Some(
                [("AWS::S3::Object".to_owned(), ["arn:aws:s3".to_owned()].into())].into(),
            ),
        };
        assert_eq!(BasicSelector::read(&basic.wire()), basic);
    }

    #[test]
    fn order_does_not_count_and_what_all_trails_take_is_not_told() {
        let advanced = |selectors: &[Selector]| {
            let wire = selectors.iter().map(|it| it.wire().unwrap()).collect();
            GetEventSelectorsOutput::builder().set_advanced_event_selectors(Some(wire)).build()
        };
        let known =
            AuditTrail { event_selectors: vec![objects(), management()], ..AuditTrail::default() };
        let mut seen = known.clone();
        read(&mut seen, &advanced(&[management(), objects()]));
        assert_eq!(seen.event_selectors, known.event_selectors);
        read(&mut seen, &advanced(&[management()]));
        assert_eq!(seen.event_selectors, [management()]);
        let whole = BasicSelector::of_new_trails();
        let basic = GetEventSelectorsOutput::builder().event_selectors(whole.wire()).build();
        read(&mut seen, &basic);
        assert!(seen.event_selectors.is_empty() && seen.basic_event_selectors.is_empty());
        seen.basic_event_selectors = vec![whole.clone()];
        read(&mut seen, &basic);
        assert_eq!(seen.basic_event_selectors, [whole]);
    }
}
