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
# changes: travel_network.this enable_dns_hostnames endpoint_security_group endpoints faults flow_logs mistagged nat_gateways route_tables subnets
# as before
