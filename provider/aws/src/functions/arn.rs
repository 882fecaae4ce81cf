//! `provider::travel::arn_parse` and `provider::travel::arn_build`: what an ARN says, and an ARN that
//! says it.
//!
//! Source: Amazon Resource Names in the AWS General Reference.

use travel_framework::data::Function;
use travel_framework::schema::{FunctionSignature, Parameter};
use travel_framework::server::FunctionError;
use travel_value::{Type, Value};

use crate::partition::{Arn, Partition};

/// The parts of an ARN, in their order.
const PARTS: [&str; 5] = ["partition", "service", "region", "account_id", "resource"];

/// Takes an ARN apart.
#[derive(Clone, Copy, Debug)]
pub struct ArnParse;

impl Function for ArnParse {
    fn signature(&self) -> FunctionSignature {
        FunctionSignature {
            name: "arn_parse".to_owned(),
            summary: "Takes an ARN apart.".to_owned(),
            description: "Gives `partition`, `service`, `region` (empty for what is global), \
                          `account_id` (empty for what belongs to no account) and `resource` (all \
                          the rest, such as `role/deploy` or `log-group:shop:*`)."
                .to_owned(),
            parameters: vec![Parameter::new(
                "arn",
                "The ARN, such as `arn:aws:iam::111122223333:role/deploy`.",
                Type::String,
            )],
            variadic: None,
            result: Type::object(PARTS.map(|part| (part, Type::String))),
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let [text] = arguments else { return Err(FunctionError::arity(1)) };
        let text = text.as_str().unwrap_or_default();
        let arn = Arn::parse(text).ok_or_else(|| {
            FunctionError::at(
                0,
                format!("{text:?} is no ARN; one is arn:aws:iam::111122223333:role/deploy"),
            )
        })?;
        let Arn { partition, service, region, account_id, resource } = arn;
        let parts = [partition.name().to_owned(), service, region, account_id, resource];
        Ok(Value::object(PARTS.into_iter().zip(parts.map(Value::from))))
    }
}

/// Puts an ARN together.
#[derive(Clone, Copy, Debug)]
pub struct ArnBuild;

impl Function for ArnBuild {
    fn signature(&self) -> FunctionSignature {
        let descriptions = [
            "The partition: `aws`, `aws-cn` or `aws-us-gov`.",
            "The service, as ARNs have it: `iam`, `kms`.",
            "The region; empty for what is global.",
            "The account; empty for what belongs to none.",
            "All the rest, such as `role/deploy`.",
        ];
        let parameters = PARTS.into_iter().zip(descriptions);
        FunctionSignature {
            name: "arn_build".to_owned(),
            summary: "Puts an ARN together.".to_owned(),
            description: "Gives the ARN of these parts, so that a configuration is right in every \
                          partition: take the partition from `data.travel_caller`."
                .to_owned(),
            parameters: parameters
                .map(|(name, description)| Parameter::new(name, description, Type::String))
                .collect(),
            variadic: None,
            result: Type::String,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let texts: Vec<&str> =
            arguments.iter().map(|argument| argument.as_str().unwrap_or_default()).collect();
        let [partition, service, region, account_id, resource] = texts[..] else {
            return Err(FunctionError::arity(PARTS.len()));
        };
        let known = Partition::of_name(partition).ok_or_else(|| {
            FunctionError::at(0, format!("{partition:?} is none of aws, aws-cn and aws-us-gov"))
        })?;
        for (index, part) in (1..).zip([service, region, account_id]) {
            if part.contains(':') {
                return Err(FunctionError::at(index, format!("{part:?} must have no colon")));
            }
        }
        for (index, part) in [(1, service), (4, resource)] {
            if part.is_empty() {
                return Err(FunctionError::at(index, "must not be empty"));
            }
        }
        Ok(known.arn(service, region, account_id, resource).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(parts: [&str; 5]) -> Result<Value, FunctionError> {
        ArnBuild.call(&parts.map(Value::from))
    }

    #[test]
    fn what_is_taken_apart_is_put_together() {
        for arn in [
            "arn:aws:iam::111122223333:role/deploy",
            "arn:aws-cn:kms:cn-north-1:111122223333:key/1234",
            "arn:aws:logs:eu-central-1:111122223333:log-group:shop:*",
            "arn:aws:s3:::bucket/key",
        ] {
            let parts = ArnParse.call(&[arn.into()]).unwrap();
            let parts = PARTS.map(|part| parts.get(part).as_str().unwrap().to_owned());
            let parts = parts.each_ref().map(String::as_str);
            assert_eq!(build(parts).unwrap().as_str(), Some(arn), "{parts:?}");
        }
    }

    #[test]
    fn what_makes_no_arn_is_refused() {
        for text in ["", "role/deploy", "arn:aws", "arn:moon:iam::1:role/a"] {
            assert_eq!(ArnParse.call(&[text.into()]).unwrap_err().argument, Some(0), "{text}");
        }
        for (parts, argument) in [
            (["moon", "iam", "", "", "role/a"], 0),
            (["aws", "", "", "", "role/a"], 1),
            (["aws", "iam", "a:b", "", "role/a"], 2),
            (["aws", "iam", "", "1:2", "role/a"], 3),
            (["aws", "iam", "", "", ""], 4),
        ] {
            assert_eq!(build(parts).unwrap_err().argument, Some(argument), "{parts:?}");
        }
    }
}
