//! The parameters of the query and ec2 protocols: an ordered list of names and values.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What RFC 3986 leaves unescaped, and so what SigV4 and the query protocol leave.
pub const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names and values in their order, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(pub Vec<(String, String)>);

impl Form {
    /// Parses `a=b&c=d`; `+` is a blank.
    pub fn parse(text: &str) -> Self {
        let decode = |part: &str| {
            percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
        };
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The form from pairs of names and values.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of `name.1`, `name.2`, … in order of their numbers; `name.member.1` counts too.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<(u32, &str)> = self
            .0
            .iter()
            .filter_map(|(key, value)| {
                let rest = key.strip_prefix(name)?.strip_prefix('.')?;
                let number = rest.strip_prefix("member.").unwrap_or(rest);
                Some((number.parse().ok()?, value.as_str()))
            })
            .collect();
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// The filters of an EC2 list: `Filter.1.Name`, `Filter.1.Value.1`, ….
    pub fn filters(&self) -> Vec<(String, Vec<String>)> {
        let mut filters = Vec::new();
        for (key, name) in &self.0 {
            let number = key.strip_prefix("Filter.").and_then(|rest| rest.strip_suffix(".Name"));
            if let Some(number) = number {
                let values = self.list(&format!("Filter.{number}.Value"));
                filters.push((name.clone(), values.into_iter().map(str::to_owned).collect()));
            }
        }
        filters
    }

    /// Replaces the filters of an EC2 list.
    pub fn set_filters(&mut self, filters: &[(String, Vec<String>)]) {
        self.0.retain(|(key, _)| !key.starts_with("Filter."));
        for (index, (name, values)) in filters.iter().enumerate() {
            let number = index + 1;
            self.0.push((format!("Filter.{number}.Name"), name.clone()));
            for (place, value) in values.iter().enumerate() {
                self.0.push((format!("Filter.{number}.Value.{}", place + 1), value.clone()));
            }
        }
    }

    /// Writes `a=b&c=d`.
    pub fn encode(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        pairs.join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let form = Form::of([("Action", "CreateVpc"), ("Tag", "a b&c=d/é+")]);
        assert_eq!(Form::parse(&form.encode()), form);
        assert_eq!(Form::parse("a=b+c&d&=e").0.len(), 3);
        assert_eq!(Form::parse("a=b+c").get("a"), Some("b c"));
    }

    #[test]
    fn lists_in_the_order_of_their_numbers() {
        let form = Form::parse("Id.2=b&Id.10=c&Id.1=a&Idx.1=no&Key.member.1=m");
        assert_eq!(form.list("Id"), ["a", "b", "c"]);
        assert_eq!(form.list("Key"), ["m"]);
    }

    #[test]
    fn replaces_filters() {
        let mut form = Form::parse(
            "Action=X&Filter.1.Name=state&Filter.1.Value.1=pending&Filter.2.Name=vpc-id&Filter.2.Value.1=v1&Filter.2.Value.2=v2",
        );
        let mut filters = form.filters();
        assert_eq!(filters.len(), 2);
        filters.remove(0);
        form.set_filters(&filters);
        assert_eq!(form.filters(), [("vpc-id".to_owned(), vec!["v1".to_owned(), "v2".to_owned()])]);
        assert_eq!(form.get("Action"), Some("X"));
    }
}
