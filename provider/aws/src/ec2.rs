//! What EC2 wants and says in every request alike: filters, tags, and what it did not do.

use aws_sdk_ec2::types::{Filter, Tag, UnsuccessfulItem};

use crate::tags::Tags;

/// How many values one filter can have.
pub const FILTER_VALUES: usize = 200;

/// What a request is to be about: things of which `name` is `value`.
pub fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// What a request is to be about: things of which `name` is any of these, [`FILTER_VALUES`] at
/// most.
pub fn any_of(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// EC2's tags as a map.
pub fn tags(tags: Option<Vec<Tag>>) -> Tags {
    let pairs = tags.into_iter().flatten();
    pairs.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

/// Tags as EC2 wants them.
pub fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The code and the message with which EC2 says why it has not done something that was part of a
/// request; each may be empty.
pub fn reason(item: &UnsuccessfulItem) -> (&str, &str) {
    let error = item.error();
    let code = error.and_then(|it| it.code()).unwrap_or_default();
    (code, error.and_then(|it| it.message()).unwrap_or_default())
}
