# Blocks that subnets lie in cannot be taken away, and the rest says where things stand.
# no drift: cidr secondary_cidrs ipv6 vpc_id nat_tier endpoint_tier
# drift: travel_network.this subnets(tiers) by ec2 ModifySubnetAttribute SubnetId=${public_subnet} MapPublicIpOnLaunch.Value=false
# drift: travel_network.this nothing by ec2 CreateTags ResourceId.1=${vpc} Tag.1.Key=theirs Tag.1.Value=yes
# drift: travel_network.this subnets(clusters,karpenter_discovery) by ec2 DeleteTags ResourceId.1=${private_subnet} Tag.1.Key=karpenter.sh/discovery Tag.2.Key=kubernetes.io/cluster/dev
# drift: travel_network.this route_tables(routes) by ec2 DeleteRoute RouteTableId=${private_table} DestinationCidrBlock=0.0.0.0/0
# drift: travel_network.this nat_gateways(nat,zones) route_tables by ec2 DeleteNatGateway NatGatewayId=${nat_gateway}
# drift: travel_network.this endpoints by ec2 DeleteVpcEndpoints VpcEndpointId.1=${sts}
# drift: travel_network.this endpoint_security_group by ec2 RevokeSecurityGroupIngress GroupId=${security_group} IpPermissions.1.IpProtocol=tcp IpPermissions.1.FromPort=443 IpPermissions.1.ToPort=443 IpPermissions.1.IpRanges.1.CidrIp=10.20.0.0/16
# drift: travel_network.this mistagged(tags) by ec2 DeleteTags ResourceId.1=${gateway} Tag.1.Key=Name
# drift: travel_network.this tags tags_all by ec2 CreateTags ResourceId.1=${vpc} Tag.1.Key=team Tag.1.Value=theirs
# drift: travel_network.this enable_dns_hostnames by ec2 ModifyVpcAttribute VpcId=${vpc} EnableDnsHostnames.Value=false
# drift: travel_network.this enable_dns_support by ec2 ModifyVpcAttribute VpcId=${vpc} EnableDnsSupport.Value=false
# drift: travel_network.this flow_logs by ec2 DeleteFlowLogs FlowLogId.1=${flow_log}
# drift: travel_network.this faults by iam DeleteRolePolicy RoleName=travel-acceptance-eu-central-1-flow-logs PolicyName=write
# drift: travel_network.this flow_logs by logs DeleteRetentionPolicy {"logGroupName": "/travel/network/acceptance/flow-logs"}
# drift: travel_network.this nothing by ec2 CreateRoute RouteTableId=${private_table} DestinationCidrBlock=10.99.0.0/16 GatewayId=${gateway}
# drift: travel_network.this nothing by ec2 CreateSubnet VpcId=${vpc} CidrBlock=10.20.240.0/24
# as: 02-wider.tf
