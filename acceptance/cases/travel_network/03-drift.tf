# Everything of the network that others have changed is changed back; what they have added is theirs.
# outside: ec2 ModifySubnetAttribute SubnetId=${public_subnet} MapPublicIpOnLaunch.Value=false
# outside: ec2 DeleteTags ResourceId.1=${private_subnet} Tag.1.Key=karpenter.sh/discovery
# outside: ec2 DeleteRoute RouteTableId=${private_table} DestinationCidrBlock=0.0.0.0/0
# outside: ec2 DeleteNatGateway NatGatewayId=${nat_gateway}
# outside: ec2 DeleteVpcEndpoints VpcEndpointId.1=${sts}
# outside: ec2 RevokeSecurityGroupIngress GroupId=${security_group} IpPermissions.1.IpProtocol=tcp IpPermissions.1.FromPort=443 IpPermissions.1.ToPort=443 IpPermissions.1.IpRanges.1.CidrIp=10.20.0.0/16
# outside: ec2 DeleteTags ResourceId.1=${gateway} Tag.1.Key=Name
# outside: ec2 ModifyVpcAttribute VpcId=${vpc} EnableDnsHostnames.Value=false
# outside: ec2 DeleteFlowLogs FlowLogId.1=${flow_log}
# outside: iam DeleteRolePolicy RoleName=travel-acceptance-eu-central-1-flow-logs PolicyName=write
# outside: logs DeleteRetentionPolicy {"logGroupName": "/travel/network/acceptance/flow-logs"}
# outside: ec2 CreateRoute RouteTableId=${private_table} DestinationCidrBlock=10.99.0.0/16 GatewayId=${gateway}
# outside: ec2 CreateSubnet VpcId=${vpc} CidrBlock=10.20.240.0/24
# outside: ec2 CreateTags ResourceId.1=${vpc} Tag.1.Key=theirs Tag.1.Value=yes
# plan: travel_network.this update
# changes: travel_network.this enable_dns_hostnames endpoint_security_group endpoints flow_logs mistagged nat_gateways route_tables subnets

resource "travel_network" "this" {
  name            = "acceptance"
  cidr            = "10.20.0.0/16"
  secondary_cidrs = ["100.64.0.0/16"]
  zones           = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat             = "per_zone"
  ipv6            = true
  endpoints       = { s3 = {}, sts = {}, "ecr.api" = {} }
  flow_logs       = { retention_days = 90 }
  tags            = { team = "network" }

  clusters            = ["dev"]
  karpenter_discovery = "dev"
}

output "vpc" {
  value = travel_network.this.id
}

output "public_subnet" {
  value = travel_network.this.subnets["public/eu-central-1a"].id
}

output "private_subnet" {
  value = travel_network.this.subnets["private/eu-central-1a"].id
}

output "private_table" {
  value = travel_network.this.route_tables["private/eu-central-1b"].id
}

output "gateway" {
  value = travel_network.this.internet_gateway_id
}

output "nat_gateway" {
  value = travel_network.this.nat_gateways["eu-central-1c"].id
}

output "security_group" {
  value = travel_network.this.endpoint_security_group.id
}

output "sts" {
  value = travel_network.this.endpoints["sts"].id
}

output "flow_log" {
  value = travel_network.this.flow_logs.id
}
