//! The nodes of a node group: EC2 instances, and nodes of the cluster.

use serde_json::Value;

use super::errors;
use super::network::Subnet;
use crate::sandbox::fakes::neighbours::{Neighbours, numbered, pairs};
use crate::sandbox::wire::ServiceError;

/// One node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name in the cluster: the instance's private DNS name.
    pub name: String,
    /// Its instance.
    pub instance: String,
    /// The instance's network interface.
    pub interface: String,
    /// Its address.
    pub address: String,
    /// Its zone, by name.
    pub zone: String,
    /// Its zone, by id.
    pub zone_id: String,
    /// Its kind of instance.
    pub kind: InstanceType,
    /// The Kubernetes version of its kubelet, `1.34.7`.
    pub kubelet: String,
}

/// What is known of an instance type.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceType {
    /// `m7g.large`.
    pub name: String,
    /// Virtual processors.
    pub processors: u32,
    /// Memory in MiB.
    pub memory_mebibytes: u32,
    /// Whether its processors are of ARM.
    pub arm: bool,
    /// How many pods the VPC CNI has addresses for.
    pub pods: u32,
}

impl Neighbours<'_> {
    /// What is known of instance types.
    ///
    /// # Errors
    /// `InvalidParameterException`, when one does not exist.
    pub async fn instance_types(
        &self,
        names: &[String],
    ) -> Result<Vec<InstanceType>, ServiceError> {
        let numbered = numbered("InstanceType", names);
        let found = self.ec2("DescribeInstanceTypes", &pairs(&numbered)).await;
        let found = found.map_err(|error| errors::parameter(error.message))?;
        let known = found.items("instanceTypeSet").iter().map(|item| {
            let number = |path: &str| item.text_at(path).parse::<u32>().unwrap_or_default();
            let interfaces = number("networkInfo/maximumNetworkInterfaces");
            let addresses = number("networkInfo/ipv4AddressesPerInterface");
            let processors = number("vCpuInfo/defaultVCpus");
            let most = if processors < 30 { 110 } else { 250 };
            let architectures = item.items("processorInfo/supportedArchitectures");
            InstanceType {
                name: item.text_at("instanceType").to_owned(),
                processors,
                memory_mebibytes: number("memoryInfo/sizeInMiB"),
                arm: architectures.iter().any(|element| element.content == "arm64"),
                pods: (interfaces * addresses.saturating_sub(1) + 2).min(most),
            }
        });
        let known: Vec<InstanceType> = known.collect();
        // In the order of the names.
        let ordered = names.iter().filter_map(|name| known.iter().find(|kind| kind.name == *name));
        Ok(ordered.cloned().collect())
    }

    /// Launches one node of a node group in a subnet.
    ///
    /// # Errors
    /// The service's error.
    pub async fn launch(
        &self,
        group: &Value,
        subnet: &Subnet,
        kind: &InstanceType,
        security_group: &str,
        kubelet: &str,
    ) -> Result<Node, ServiceError> {
        let text = |member: &str| group[member].as_str().unwrap_or_default();
        let (cluster, name) = (text("clusterName"), text("nodegroupName"));
        let owned = format!("kubernetes.io/cluster/{cluster}");
        let mut parameters = vec![
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("InstanceType", kind.name.as_str()),
            ("SubnetId", subnet.id.as_str()),
            ("SecurityGroupId.1", security_group),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "eks:cluster-name"),
            ("TagSpecification.1.Tag.1.Value", cluster),
            ("TagSpecification.1.Tag.2.Key", "eks:nodegroup-name"),
            ("TagSpecification.1.Tag.2.Value", name),
            ("TagSpecification.1.Tag.3.Key", owned.as_str()),
            ("TagSpecification.1.Tag.3.Value", "owned"),
        ];
        if text("amiType") != "CUSTOM" {
            // The images of EKS are Amazon's; any id does for an instance that runs nothing.
            parameters.push(("ImageId", "ami-0e150000000000001"));
        }
        if let Some(template) = group["launchTemplate"]["id"].as_str() {
            let version = group["launchTemplate"]["version"].as_str().unwrap_or_default();
            parameters.push(("LaunchTemplate.LaunchTemplateId", template));
            parameters.push(("LaunchTemplate.Version", version));
        }
        let launched = self.ec2("RunInstances", &parameters).await?;
        let instance = launched.at("instancesSet/item").cloned().unwrap_or_default();
        let interface = instance.text_at("networkInterfaceSet/item/networkInterfaceId");
        Ok(Node {
            name: instance.text_at("privateDnsName").to_owned(),
            instance: instance.text_at("instanceId").to_owned(),
            interface: interface.to_owned(),
            address: instance.text_at("privateIpAddress").to_owned(),
            zone: subnet.zone.clone(),
            zone_id: subnet.zone_id.clone(),
            kind: kind.clone(),
            kubelet: kubelet.to_owned(),
        })
    }

    /// Terminates a node's instance. One that somebody has terminated before is as good as terminated.
    ///
    /// # Errors
    /// The service's error.
    pub async fn terminate(&self, node: &Node) -> Result<(), ServiceError> {
        match self.ec2("TerminateInstances", &[("InstanceId.1", &node.instance)]).await {
            Err(error) if error.code != "InvalidInstanceID.NotFound" => return Err(error),
            _ => {}
        }
        // AWS deletes it with its instance, moto leaves it.
        let interface = [("NetworkInterfaceId", node.interface.as_str())];
        if let Err(error) = self.ec2("DeleteNetworkInterface", &interface).await {
            tracing::debug!("the interface of {} is gone: {error}", node.instance);
        }
        Ok(())
    }
}
