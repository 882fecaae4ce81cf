//! What somebody else does to a resource while nobody applies: one call of an AWS API.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::cluster;
use crate::sandbox::client::Client;

/// What stands for something else in a segment of a path: all but the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A call behind the provider's back, as a directive writes it.
///
/// | protocol of the service | written as |
/// |---|---|
/// | query, EC2 | `iam DetachRolePolicy RoleName=a PolicyArn=b` |
/// | JSON | `logs DeleteLogGroup {"logGroupName": "a"}` |
/// | kubectl in a cluster | `kubectl CLUSTER delete service a --namespace b` |
/// | REST | `eks DELETE /clusters/a/addons/b`, with JSON behind the path where it takes some |
/// | S3 | `s3 PUT /bucket?versioning <VersioningConfiguration>…`, with what stands behind the path as it is |
///
/// Values stand between spaces, so none can have one, but for those in JSON. A service of another region
/// is written `kms@eu-west-1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// A call of the query protocol, or EC2's.
    Query {
        /// The service.
        service: String,
        /// The operation.
        operation: String,
        /// Its parameters.
        parameters: Vec<(String, String)>,
    },
    /// A call of a JSON protocol.
    Json {
        /// The service.
        service: String,
        /// The operation.
        operation: String,
        /// Its input.
        input: Value,
    },
    /// A command of kubectl.
    Kubectl {
        /// The name of the cluster.
        cluster: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// A call of a REST protocol.
    Rest {
        /// The service.
        service: String,
        /// The method.
        method: Method,
        /// The path, with a query if there is one.
        path: String,
        /// Its input, if it takes one.
        input: Option<Value>,
    },
    /// A call of S3, whose input is text: XML, or a policy.
    Text {
        /// The service.
        service: String,
        /// The method.
        method: Method,
        /// The path, with a query if there is one.
        path: String,
        /// Its input, as it stands.
        input: String,
    },
}

impl Outside {
    /// Whether it adds something, as far as its name tells.
    pub fn adds(&self) -> bool {
        match self {
            Self::Query { operation, .. } | Self::Json { operation, .. } => {
                operation.starts_with("Create")
            }
            Self::Kubectl { arguments, .. } => arguments.iter().any(|word| word == "create"),
            Self::Rest { .. } | Self::Text { .. } => false,
        }
    }

    /// Reads a directive.
    ///
    /// # Errors
    /// Where it has none of these forms.
    pub fn parse(text: &str) -> Result<Self> {
        let (service, rest) = text.split_once(' ').context("a call names service and operation")?;
        let (operation, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (service, rest) = (service.to_owned(), rest.trim());
        if service == "kubectl" {
            let arguments = rest.split_whitespace().map(str::to_owned).collect();
            return Ok(Self::Kubectl { cluster: operation.to_owned(), arguments });
        }
        let is_method = operation.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_method {
            let (path, input) = rest.split_once(' ').unwrap_or((rest, ""));
            let method = Method::from_bytes(operation.as_bytes())?;
            if service == "s3" || service.starts_with("s3@") {
                let (path, input) = (path.to_owned(), input.to_owned());
                return Ok(Self::Text { service, method, path, input });
            }
            let input = (!input.is_empty()).then(|| serde_json::from_str(input)).transpose()?;
            return Ok(Self::Rest { service, method, path: path.to_owned(), input });
        }
        let operation = operation.to_owned();
        if rest.starts_with('{') {
            return Ok(Self::Json { service, operation, input: serde_json::from_str(rest)? });
        }
        let parameters = rest.split_whitespace().map(|pair| {
            let (name, value) = pair.split_once('=').context("a parameter is NAME=VALUE")?;
            Ok((name.to_owned(), value.to_owned()))
        });
        let parameters = parameters.collect::<Result<_>>()?;
        Ok(Self::Query { service, operation, parameters })
    }

    /// The same call with outputs of the configuration in the places of `${NAME}`.
    ///
    /// # Errors
    /// Where there is no output of that name.
    pub fn with(&self, outputs: &BTreeMap<String, String>) -> Result<Self> {
        let json =
            |input: &Value| anyhow::Ok(serde_json::from_str(&fill(&input.to_string(), outputs)?)?);
        let mut filled = self.clone();
        match &mut filled {
            Self::Query { parameters, .. } => {
                for (_, value) in parameters {
                    *value = fill(value, outputs)?;
                }
            }
            Self::Json { input, .. } => *input = json(input)?,
            Self::Kubectl { arguments, .. } => {
                for argument in arguments {
                    *argument = fill(argument, outputs)?;
                }
            }
            Self::Rest { path, input, .. } => {
                *path = fill(path, &encoded(outputs))?;
                *input = input.as_ref().map(json).transpose()?;
            }
            Self::Text { path, input, .. } => {
                *path = fill(path, &encoded(outputs))?;
                *input = fill(input, outputs)?;
            }
        }
        Ok(filled)
    }

    /// Makes the call, and gives what its answer says in texts, by their names: a call that follows may
    /// use them as it may use outputs.
    ///
    /// # Errors
    /// What the service refuses.
    pub async fn happen(&self, client: &Client) -> Result<BTreeMap<String, String>> {
        let at = |service: &str| match service.split_once('@') {
            Some((service, region)) => (service.to_owned(), client.clone().in_region(region)),
            None => (service.to_owned(), client.clone()),
        };
        let answer = match self {
            Self::Query { service, operation, parameters } => {
                let (service, client) = at(service);
                let parameters: Vec<(&str, &str)> =
                    parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
                client.query(&service, operation, &parameters).await.map(|_| Value::Null)
            }
            Self::Kubectl { cluster, arguments } => {
                cluster::kubectl(client, cluster, arguments).await?;
                return Ok(BTreeMap::new());
            }
            Self::Json { service, operation, input } => {
                let (service, client) = at(service);
                client.json(&service, operation, input).await
            }
            Self::Rest { service, method, path, input } => {
                let (service, client) = at(service);
                client.rest_json(&service, method.clone(), path, input.as_ref()).await
            }
            Self::Text { service, method, path, input } => {
                let (service, client) = at(service);
                let answer = client.rest(&service, method.clone(), path, input.as_str()).await;
                answer.map(|_| Value::Null)
            }
        };
        let answer = answer.map_err(|error| anyhow::anyhow!("{self:?} failed: {error}"))?;
        let texts = answer.as_object().into_iter().flatten();
        let texts =
            texts.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())));
        Ok(texts.collect())
    }
}

/// Outputs as one segment of a path each.
fn encoded(outputs: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let encode = |value: &str| utf8_percent_encode(value, SEGMENT).to_string();
    outputs.iter().map(|(name, value)| (name.clone(), encode(value))).collect()
}

/// A text with outputs in the places of `${NAME}`.
///
/// # Errors
/// Where there is no output of that name.
pub(super) fn fill(text: &str, outputs: &BTreeMap<String, String>) -> Result<String> {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').context("`${` has no end")?;
        let value = outputs.get(name).with_context(|| format!("there is no output {name}"))?;
        filled.push_str(value);
        filled.push_str(rest);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_take_their_places() {
        let outputs = [("a", "1"), ("b", "2"), ("arn", "x:y/z")];
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        for (text, expected) in [
            ("ec2 DeleteRoute Id=${a} Block=x-${b}-${a}", "ec2 DeleteRoute Id=1 Block=x-2-1"),
            ("logs DeleteLogGroup {\"name\": \"${b}\"}", "logs DeleteLogGroup {\"name\": \"2\"}"),
            ("eks PUT /c/${a} {\"b\": \"${b}\"}", "eks PUT /c/1 {\"b\": \"2\"}"),
            ("eks POST /t/${arn} {\"b\": \"${arn}\"}", "eks POST /t/x%3Ay%2Fz {\"b\": \"x:y/z\"}"),
        ] {
            let filled = Outside::parse(text).unwrap().with(&outputs).unwrap();
            assert_eq!(filled, Outside::parse(expected).unwrap());
        }
        for text in ["ec2 DeleteRoute Id=${c}", "ec2 DeleteRoute Id=${a"] {
            assert!(Outside::parse(text).unwrap().with(&outputs).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_calls_of_every_protocol() {
        let (eks, iam, logs) = ("eks".to_owned(), "iam".to_owned(), "logs".to_owned());
        for (text, expected) in [
            (
                "iam DetachRolePolicy RoleName=a Document={\"a\":\"b=c\"}",
                Outside::Query {
                    service: iam,
                    operation: "DetachRolePolicy".into(),
                    parameters: vec![
                        ("RoleName".into(), "a".into()),
                        ("Document".into(), "{\"a\":\"b=c\"}".into()),
                    ],
                },
            ),
            (
                "logs DeleteLogGroup {\"logGroupName\": \"a\"}",
                Outside::Json {
                    service: logs,
                    operation: "DeleteLogGroup".into(),
                    input: json!({"logGroupName": "a"}),
                },
            ),
            (
                "kubectl a delete service b",
                Outside::Kubectl {
                    cluster: "a".into(),
                    arguments: vec!["delete".into(), "service".into(), "b".into()],
                },
            ),
            (
                "eks DELETE /clusters/a/addons/b",
                Outside::Rest {
                    service: eks.clone(),
                    method: Method::DELETE,
                    path: "/clusters/a/addons/b".into(),
                    input: None,
                },
            ),
            (
                "eks POST /tags/a {\"tags\": {}}",
                Outside::Rest {
                    service: eks,
                    method: Method::POST,
                    path: "/tags/a".into(),
                    input: Some(json!({"tags": {}})),
                },
            ),
        ] {
            assert_eq!(Outside::parse(text).unwrap(), expected, "{text}");
        }
        for text in ["eks", "iam DeleteRole RoleName", "logs DeleteLogGroup {"] {
            assert!(Outside::parse(text).is_err(), "{text}");
        }
    }
}
