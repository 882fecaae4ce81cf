//! What a cluster means to EC2, IAM, KMS and CloudWatch Logs: checks of what it is given, and what it makes there.

use std::net::Ipv4Addr;

use serde_json::json;

use super::errors;
use super::state::Key;
use crate::sandbox::fakes::neighbours::{Neighbours, numbered, pairs};
use crate::sandbox::wire::ServiceError;

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// Its network.
    pub vpc: String,
    /// The name of its zone, `eu-central-1a`.
    pub zone: String,
    /// The id of its zone, `euc1-az2`.
    pub zone_id: String,
}

/// What a cluster has in its network.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    /// The security group of control plane and nodes.
    pub security_group: String,
    /// The control plane's network interfaces.
    pub interfaces: Vec<String>,
    /// The address of the first of them.
    pub address: String,
}

impl Neighbours<'_> {
    /// The subnets of some ids, in one network.
    ///
    /// # Errors
    /// `InvalidParameterException`, when one does not exist or they are of several networks.
    pub async fn subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, ServiceError> {
        let numbered = numbered("SubnetId", ids);
        let found = self.ec2("DescribeSubnets", &pairs(&numbered)).await.map_err(|error| {
            errors::parameter(format!(
                "{} (Service: AmazonEC2; Error Code: {})",
                error.message, error.code
            ))
        })?;
        let subnets: Vec<Subnet> = found
            .items("subnetSet")
            .iter()
            .map(|item| Subnet {
                id: item.text_at("subnetId").to_owned(),
                vpc: item.text_at("vpcId").to_owned(),
                zone: item.text_at("availabilityZone").to_owned(),
                zone_id: item.text_at("availabilityZoneId").to_owned(),
            })
            .collect();
        if subnets.iter().any(|subnet| subnet.vpc != subnets[0].vpc) {
            return Err(errors::parameter("Subnets specified must all be in the same VPC"));
        }
        Ok(subnets)
    }

    /// Checks that security groups exist in a network.
    ///
    /// # Errors
    /// `InvalidParameterException`, when one does not.
    pub async fn check_security_groups(
        &self,
        ids: &[String],
        vpc: &str,
    ) -> Result<(), ServiceError> {
        if ids.is_empty() {
            return Ok(());
        }
        let numbered = numbered("GroupId", ids);
        let found = self.ec2("DescribeSecurityGroups", &pairs(&numbered)).await;
        let found = found.map_err(|error| errors::parameter(error.message))?;
        let stranger =
            found.items("securityGroupInfo").iter().find(|item| item.text_at("vpcId") != vpc);
        match stranger {
            Some(item) => Err(errors::parameter(format!(
                "The security group {} is not in the VPC {vpc}",
                item.text_at("groupId")
            ))),
            None => Ok(()),
        }
    }

    /// The address ranges of a network.
    ///
    /// # Errors
    /// The service's error.
    pub async fn ranges(&self, vpc: &str) -> Result<Vec<String>, ServiceError> {
        let found = self.ec2("DescribeVpcs", &[("VpcId.1", vpc)]).await?;
        let item = found.at("vpcSet/item").cloned().unwrap_or_default();
        let more =
            item.items("cidrBlockAssociationSet").iter().map(|item| item.text_at("cidrBlock"));
        let mut ranges: Vec<String> = more.map(str::to_owned).collect();
        ranges.push(item.text_at("cidrBlock").to_owned());
        ranges.dedup();
        Ok(ranges)
    }

    /// Whether a principal of an access entry exists.
    ///
    /// # Errors
    /// The service's error, other than that there is no such principal.
    pub async fn principal_exists(&self, arn: &str) -> Result<bool, ServiceError> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, "iam", "", account, resource] = parts.as_slice() else { return Ok(false) };
        let name = resource.rsplit('/').next().unwrap_or_default();
        let (operation, parameter, path) = match resource.split('/').next() {
            Some("role") => ("GetRole", "RoleName", "GetRoleResult/Role"),
            Some("user") => ("GetUser", "UserName", "GetUserResult/User"),
            Some("root") => return Ok(true),
            _ => return Ok(false),
        };
        match self.iam(account, operation, &[(parameter, name)]).await {
            Ok(found) => Ok(found.text_at(&format!("{path}/Arn")) == arn),
            Err(error) if error.code == "NoSuchEntity" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a cluster's security group and the network interfaces of its control plane.
    ///
    /// # Errors
    /// The service's error.
    pub async fn settle(
        &self,
        key: &Key,
        subnets: &[Subnet],
        groups: &[String],
    ) -> Result<Footprint, ServiceError> {
        let vpc = subnets.first().map(|subnet| subnet.vpc.as_str()).unwrap_or_default();
        let mut footprint = Footprint {
            security_group: self.security_group(key, vpc).await?,
            ..Footprint::default()
        };
        let mut attached = vec![footprint.security_group.clone()];
        attached.extend(groups.iter().cloned());
        let attached = numbered("SecurityGroupId", &attached);
        // Two to four in as many zones, as EKS spreads them.
        let mut zones: Vec<&str> = Vec::new();
        for subnet in subnets {
            if zones.contains(&subnet.zone.as_str()) || zones.len() == 4 {
                continue;
            }
            zones.push(&subnet.zone);
            let description = format!("Amazon EKS {}", key.name);
            let mut parameters =
                vec![("SubnetId", subnet.id.as_str()), ("Description", description.as_str())];
            parameters.extend(pairs(&attached));
            let made = self.ec2("CreateNetworkInterface", &parameters).await?;
            let interface = made.text_at("networkInterface/networkInterfaceId").to_owned();
            if footprint.address.is_empty() {
                footprint.address = made.text_at("networkInterface/privateIpAddress").to_owned();
            }
            footprint.interfaces.push(interface);
        }
        Ok(footprint)
    }

    async fn security_group(&self, key: &Key, vpc: &str) -> Result<String, ServiceError> {
        let name = format!(
            "eks-cluster-sg-{}-{}",
            key.name,
            &uuid::Uuid::new_v4().simple().to_string()[..10]
        );
        let owned = format!("kubernetes.io/cluster/{}", key.name);
        let made = self
            .ec2(
                "CreateSecurityGroup",
                &[
                    ("GroupName", name.as_str()),
                    (
                        "GroupDescription",
                        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.",
                    ),
                    ("VpcId", vpc),
                    ("TagSpecification.1.ResourceType", "security-group"),
                    ("TagSpecification.1.Tag.1.Key", "Name"),
                    ("TagSpecification.1.Tag.1.Value", &name),
                    ("TagSpecification.1.Tag.2.Key", "aws:eks:cluster-name"),
                    ("TagSpecification.1.Tag.2.Value", &key.name),
                    ("TagSpecification.1.Tag.3.Key", &owned),
                    ("TagSpecification.1.Tag.3.Value", "owned"),
                ],
            )
            .await?;
        let id = made.text_at("groupId").to_owned();
        self.ec2(
            "AuthorizeSecurityGroupIngress",
            &[
                ("GroupId", id.as_str()),
                ("IpPermissions.1.IpProtocol", "-1"),
                ("IpPermissions.1.Groups.1.GroupId", &id),
            ],
        )
        .await?;
        Ok(id)
    }

    /// Takes away what a cluster has in its network. What others still hold on to stays, as on AWS.
    pub async fn leave(&self, footprint: &Footprint) {
        for interface in &footprint.interfaces {
            self.take_away("DeleteNetworkInterface", "NetworkInterfaceId", interface).await;
        }
        if !footprint.security_group.is_empty() {
            self.take_away("DeleteSecurityGroup", "GroupId", &footprint.security_group).await;
        }
    }

    async fn take_away(&self, operation: &str, parameter: &str, id: &str) {
        if let Err(error) = self.ec2(operation, &[(parameter, id)]).await {
            tracing::info!("EKS leaves {id} behind: {error}");
        }
    }

    /// Makes the log group that control plane logs go to, where it is not there yet.
    ///
    /// # Errors
    /// The service's error.
    pub async fn log_group(&self, cluster: &str) -> Result<(), ServiceError> {
        let input = json!({"logGroupName": format!("/aws/eks/{cluster}/cluster")});
        match self.json("logs", "CreateLogGroup", &input).await {
            Err(error) if error.code == "ResourceAlreadyExistsException" => Ok(()),
            made => made.map(drop),
        }
    }

    /// Takes a grant on the key that is to encrypt a cluster's secrets; returns the key and the grant's id.
    ///
    /// # Errors
    /// `InvalidParameterException`, when the key is none that can be used.
    pub async fn grant(&self, key: &str, role: &str) -> Result<(String, String), ServiceError> {
        let refuse = |reason: String| {
            errors::parameter(format!("KeyArn in encryptionConfig provider, {reason}"))
        };
        let described = self.json("kms", "DescribeKey", &json!({"KeyId": key})).await;
        let described =
            described.map_err(|error| refuse(format!("is not valid: {}", error.message)))?;
        let metadata = &described["KeyMetadata"];
        if metadata["KeyState"] != "Enabled" || metadata["KeySpec"] != "SYMMETRIC_DEFAULT" {
            return Err(refuse(format!("{key} is not an enabled symmetric key")));
        }
        let input = json!({
            "KeyId": key,
            "GranteePrincipal": role,
            "Operations": ["Encrypt", "Decrypt", "DescribeKey"],
        });
        let granted = self.json("kms", "CreateGrant", &input).await?;
        Ok((key.to_owned(), granted["GrantId"].as_str().unwrap_or_default().to_owned()))
    }

    /// Gives a grant back.
    pub async fn revoke(&self, (key, grant): &(String, String)) {
        let input = json!({"KeyId": key, "GrantId": grant});
        if let Err(error) = self.json("kms", "RevokeGrant", &input).await {
            tracing::info!("EKS leaves a grant on {key} behind: {error}");
        }
    }
}

/// First address and prefix length of an IPv4 range; `None` where it is none.
pub fn range(text: &str) -> Option<(u32, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: Ipv4Addr = address.parse().ok()?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
    Some((address.to_bits(), length))
}

/// Whether two IPv4 ranges share addresses.
pub fn overlap(one: &str, other: &str) -> bool {
    let (Some((first, one)), Some((second, other))) = (range(one), range(other)) else {
        return false;
    };
    let shorter = one.min(other);
    let mask = if shorter == 0 { 0 } else { u32::MAX << (32 - shorter) };
    first & mask == second & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_overlap() {
        let check =
            |one, other, expected| assert_eq!(overlap(one, other), expected, "{one} {other}");
        check("10.0.0.0/16", "10.0.5.0/24", true);
        check("10.0.0.0/16", "10.1.0.0/16", false);
        check("0.0.0.0/0", "10.1.0.0/16", true);
        check("nonsense", "10.1.0.0/16", false);
    }
}
