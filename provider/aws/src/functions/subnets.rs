//! `provider::travel::subnets`: the addresses of a network's subnets.

mod division;

use ipnet::IpNet;
use travel_framework::data::Function;
use travel_framework::schema::{FunctionSignature, Parameter};
use travel_framework::server::FunctionError;
use travel_value::{Type, Value};

use self::division::{DivisionError, Tier, divide};

/// Divides a network's addresses over tiers and zones.
#[derive(Clone, Copy, Debug)]
pub struct Subnets;

impl Function for Subnets {
    fn signature(&self) -> FunctionSignature {
        let tier = Type::object([("name", Type::String), ("prefix_length", Type::Number)]);
        FunctionSignature {
            name: "subnets".to_owned(),
            summary: "Divides a network over tiers and zones.".to_owned(),
            description: "Gives every tier a subnet in every zone, as a map of tier to zone to \
                          CIDR. Each tier is one contiguous block with room for four zones, so \
                          that a rule can name a tier by one prefix. Tiers and zones added at \
                          the end never move others, whatever was made before: the result \
                          depends on the arguments alone."
                .to_owned(),
            parameters: vec![
                Parameter::new("cidr", "The network, such as `10.0.0.0/16`.", Type::String),
                Parameter::new(
                    "zones",
                    "The zones in the order of their places, eight at most. Add further ones at \
                     the end.",
                    Type::list(Type::String),
                ),
                Parameter::new(
                    "tiers",
                    "The tiers in the order of their places, each with its `name` and the \
                     `prefix_length` of its subnets. Add further ones at the end.",
                    Type::list(tier),
                ),
            ],
            variadic: None,
            result: Type::map(Type::map(Type::String)),
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let [cidr, zones, tiers] = arguments else {
            return Err(FunctionError::arity(3));
        };
        let network = network(cidr)?;
        let zones = names(zones)?;
        let tiers =
            tiers.elements().unwrap_or_default().iter().map(tier).collect::<Result<Vec<_>, _>>()?;
        let subnets = divide(network, &zones, &tiers).map_err(|error| blame(&error))?;
        Ok(Value::map(subnets.into_iter().map(|(tier, subnets)| {
            let subnets = subnets.into_iter().map(|(zone, net)| (zone, net.to_string().into()));
            (tier, Value::map(subnets))
        })))
    }
}

fn network(value: &Value) -> Result<IpNet, FunctionError> {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .map_err(|_| FunctionError::at(0, format!("{text:?} is no network; one is 10.0.0.0/16")))
}

fn names(value: &Value) -> Result<Vec<String>, FunctionError> {
    let names = value.elements().unwrap_or_default().iter();
    names
        .map(|name| name.as_str().map(str::to_owned))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| FunctionError::at(1, "a zone is null".to_owned()))
}

fn tier(value: &Value) -> Result<Tier, FunctionError> {
    let Some(name) = value.get("name").as_str() else {
        return Err(FunctionError::at(2, "a tier has no name".to_owned()));
    };
    let length = value.get("prefix_length").as_number().and_then(travel_value::Number::as_i64);
    let length = length.and_then(|length| u8::try_from(length).ok());
    let prefix_length = length.ok_or_else(|| {
        FunctionError::at(
            2,
            format!("the prefix_length of tier {name:?} must be a whole number such as 20"),
        )
    })?;
    Ok(Tier { name: name.to_owned(), prefix_length })
}

/// The error at the argument that it is about.
fn blame(error: &DivisionError) -> FunctionError {
    let argument = match error {
        DivisionError::HostBits { .. } | DivisionError::TooWide(_) => 0,
        DivisionError::NoZones | DivisionError::TooManyZones(_) | DivisionError::ZoneTwice(_) => 1,
        DivisionError::TierTwice(_)
        | DivisionError::PrefixLength { .. }
        | DivisionError::NoRoom { .. } => 2,
    };
    FunctionError::at(argument, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(name: Value, prefix_length: impl Into<Value>) -> Value {
        Value::object([("name", name), ("prefix_length", prefix_length.into())])
    }

    fn call(cidr: &str, zones: Vec<Value>, tiers: Vec<Value>) -> Result<Value, FunctionError> {
        Subnets.call(&[cidr.into(), Value::List(zones), Value::List(tiers)])
    }

    #[test]
    fn gives_every_tier_a_subnet_in_every_zone() {
        let zones = vec!["eu-central-1a".into(), "eu-central-1b".into()];
        let subnets = call("10.0.0.0/16", zones, vec![tier("public".into(), 24)]).unwrap();
        let expected = Value::map([(
            "public",
            Value::map([
                ("eu-central-1a", "10.0.0.0/24".into()),
                ("eu-central-1b", "10.0.1.0/24".into()),
            ]),
        )]);
        assert_eq!(subnets, expected);
    }

    #[test]
    fn blames_the_argument_at_fault() {
        let zones = || vec!["a".into()];
        for (result, argument) in [
            (call("10.0.0.0", zones(), vec![]), 0),
            (call("10.0.0.1/16", zones(), vec![]), 0),
            (call("10.0.0.0/16", vec![], vec![]), 1),
            (call("10.0.0.0/16", vec![Value::Null], vec![]), 1),
            (call("10.0.0.0/16", zones(), vec![tier("a".into(), 300)]), 2),
            (call("10.0.0.0/16", zones(), vec![tier(Value::Null, 24)]), 2),
            (call("10.0.0.0/16", zones(), vec![tier("a".into(), 17)]), 2),
        ] {
            assert_eq!(result.unwrap_err().argument, Some(argument));
        }
    }
}
