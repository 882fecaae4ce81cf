//! AWS partitions: which one a region or an ARN belongs to, and how ARNs, service addresses and
//! service principals are written in it.

use std::fmt;

/// A part of AWS with accounts, regions and names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// The regions in China.
    China,
    /// GovCloud (US).
    UsGov,
}

impl Partition {
    /// The partition of a region, by the region's name.
    pub fn of_region(region: &str) -> Self {
        if region.starts_with("cn-") {
            Self::China
        } else if region.starts_with("us-gov-") {
            Self::UsGov
        } else {
            Self::Aws
        }
    }

    /// The partition that an ARN names, if it is an ARN of a partition known here.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let (partition, _) = arn.strip_prefix("arn:")?.split_once(':')?;
        Self::of_name(partition)
    }

    /// The partition of a name, if it is known here.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Aws, Self::China, Self::UsGov].into_iter().find(|known| known.name() == name)
    }

    /// The partition's name, as the second part of its ARNs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::UsGov => "aws-us-gov",
        }
    }

    /// The domain below which its services have their addresses.
    pub const fn dns_suffix(self) -> &'static str {
        match self {
            Self::China => "amazonaws.com.cn",
            Self::Aws | Self::UsGov => "amazonaws.com",
        }
    }

    /// The region that global services (IAM, Organizations) are signed for.
    pub const fn global_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::China => "cn-north-1",
            Self::UsGov => "us-gov-west-1",
        }
    }

    /// The ARN of something regional, such as `key/1234` of `kms`.
    pub fn arn(self, service: &str, region: &str, account_id: &str, resource: &str) -> String {
        format!("arn:{self}:{service}:{region}:{account_id}:{resource}")
    }

    /// The ARN of something of IAM, such as `role/name`.
    pub fn iam_arn(self, account_id: &str, resource: &str) -> String {
        self.arn("iam", "", account_id, resource)
    }

    /// The ARN of a policy that AWS manages, such as `AmazonEKSClusterPolicy`.
    pub fn managed_policy_arn(self, name: &str) -> String {
        self.iam_arn("aws", &format!("policy/{name}"))
    }

    /// The principal that a service acts as, such as `eks.amazonaws.com`.
    ///
    /// It is the same in all partitions but for EC2 and EMR in China.
    pub fn service_principal(self, service: &str) -> String {
        match (self, service) {
            (Self::China, "ec2" | "elasticmapreduce") => {
                format!("{service}.{}", self.dns_suffix())
            }
            _ => format!("{service}.amazonaws.com"),
        }
    }

    /// The principal that a service acts as in one region, such as
    /// `logs.eu-central-1.amazonaws.com`.
    pub fn regional_service_principal(self, service: &str, region: &str) -> String {
        format!("{service}.{region}.{}", self.dns_suffix())
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// An ARN taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn {
    /// The partition.
    pub partition: Partition,
    /// The service, as in `kms`.
    pub service: String,
    /// The region; empty for what is global.
    pub region: String,
    /// The account; empty for what belongs to none.
    pub account_id: String,
    /// The rest, as in `key/1234`.
    pub resource: String,
}

impl Arn {
    /// Takes an ARN apart; none for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let partition = Partition::of_arn(text)?;
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, _, service, region, account_id, resource] = parts.as_slice() else { return None };
        Some(Self {
            partition,
            service: (*service).to_owned(),
            region: (*region).to_owned(),
            account_id: (*account_id).to_owned(),
            resource: (*resource).to_owned(),
        })
    }
}

/// Whether a text has the form of a region's name, as in `us-gov-west-1`.
pub fn is_region(text: &str) -> bool {
    const DIRECTIONS: [&str; 5] = ["central", "east", "north", "south", "west"];
    let mut parts = text.rsplit('-');
    let number = parts.next().unwrap_or_default();
    let direction = parts.next().unwrap_or_default();
    number.parse::<u8>().is_ok()
        && DIRECTIONS.iter().any(|it| direction.starts_with(it))
        && parts.next().is_some()
}

/// Whether a text is the id of an account: twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_region_by_its_form() {
        for region in ["eu-central-1", "us-gov-west-1", "ap-southeast-5", "us-isob-east-1"] {
            assert!(is_region(region), "{region}");
        }
        for other in ["", "my-team-1", "eu-central", "central-1", "shop"] {
            assert!(!is_region(other), "{other}");
        }
    }

    #[test]
    fn every_name_follows_the_partition() {
        for (region, name, arn, managed, ec2, eks, logs) in [
            (
                "eu-central-1",
                "aws",
                "arn:aws:kms:eu-central-1:111122223333:key/1",
                "arn:aws:iam::aws:policy/P",
                "ec2.amazonaws.com",
                "eks.amazonaws.com",
                "logs.eu-central-1.amazonaws.com",
            ),
            (
                "cn-north-1",
                "aws-cn",
                "arn:aws-cn:kms:cn-north-1:111122223333:key/1",
                "arn:aws-cn:iam::aws:policy/P",
                "ec2.amazonaws.com.cn",
                "eks.amazonaws.com",
                "logs.cn-north-1.amazonaws.com.cn",
            ),
            (
                "us-gov-east-1",
                "aws-us-gov",
                "arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/1",
                "arn:aws-us-gov:iam::aws:policy/P",
                "ec2.amazonaws.com",
                "eks.amazonaws.com",
                "logs.us-gov-east-1.amazonaws.com",
            ),
        ] {
            let partition = Partition::of_region(region);
            assert_eq!(partition.name(), name);
            assert_eq!(Partition::of_region(partition.global_region()), partition);
            assert_eq!(partition.arn("kms", region, "111122223333", "key/1"), arn);
            assert_eq!(Partition::of_arn(arn), Some(partition));
            assert_eq!(partition.managed_policy_arn("P"), managed);
            assert_eq!(partition.service_principal("ec2"), ec2);
            assert_eq!(partition.service_principal("eks"), eks);
            assert_eq!(partition.regional_service_principal("logs", region), logs);
        }
    }

    #[test]
    fn takes_arns_apart() {
        let arn = Arn::parse("arn:aws:logs:eu-west-1:111122223333:log-group:a:*").unwrap();
        assert_eq!((arn.service.as_str(), arn.resource.as_str()), ("logs", "log-group:a:*"));
        for text in ["", "arn:aws", "arn:aws:kms:r:a", "arn:other:kms:r:a:key/1", "key/1"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn knows_an_account_id() {
        for (text, is) in [("111122223333", true), ("11112222333", false), ("11112222333a", false)]
        {
            assert_eq!(is_account_id(text), is, "{text}");
        }
    }
}
