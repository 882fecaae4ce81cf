"""Calls every operation of the sandbox's Network Firewall through botocore, and checks what botocore makes of it."""

import botocore.session

session = botocore.session.get_session()
firewalls = session.create_client("network-firewall")
ec2 = session.create_client("ec2")
key = {"Type": "CUSTOMER_KMS", "KeyId": "arn:aws:kms:eu-central-1:111122223333:key/k"}


def refused(code, operation, **parameters):
    try:
        operation(**parameters)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return
    raise SystemExit(f"not refused: {parameters}")


vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
subnets = [
    ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}")["Subnet"][
        "SubnetId"
    ]
    for number, zone in enumerate("aab")
]

content = {
    "RulesSource": {"RulesString": "pass ip any any -> any any (sid:1;)"},
    "StatefulRuleOptions": {"RuleOrder": "STRICT_ORDER"},
}
group = {"RuleGroupName": "one", "Type": "STATEFUL", "Capacity": 5, "RuleGroup": content}
made = firewalls.create_rule_group(**group, Tags=[{"Key": "a", "Value": "b"}])
arn = made["RuleGroupResponse"]["RuleGroupArn"]
refused("InvalidRequestException", firewalls.create_rule_group, **group)
refused("InvalidRequestException", firewalls.create_rule_group, **{**group, "RuleGroupName": "big", "Capacity": 30001})
token = firewalls.describe_rule_group(RuleGroupArn=arn)["UpdateToken"]
change = {"RuleGroupArn": arn, "RuleGroup": content, "Description": "Other.", "EncryptionConfiguration": key}
firewalls.update_rule_group(UpdateToken=token, **change)
refused("InvalidTokenException", firewalls.update_rule_group, UpdateToken=token, **change)
assert firewalls.list_rule_groups()["RuleGroups"] == [{"Name": "one", "Arn": arn}]

policy = {
    "StatelessDefaultActions": ["aws:forward_to_sfe"],
    "StatelessFragmentDefaultActions": ["aws:forward_to_sfe"],
    "StatefulEngineOptions": {"RuleOrder": "STRICT_ORDER"},
    "StatefulRuleGroupReferences": [{"ResourceArn": arn, "Priority": 1}],
}
made = firewalls.create_firewall_policy(FirewallPolicyName="one", FirewallPolicy=policy)
policy_arn = made["FirewallPolicyResponse"]["FirewallPolicyArn"]
token = firewalls.describe_firewall_policy(FirewallPolicyArn=policy_arn)["UpdateToken"]
firewalls.update_firewall_policy(FirewallPolicyArn=policy_arn, FirewallPolicy=policy, UpdateToken=token)
other = {**policy, "StatefulRuleGroupReferences": []}
firewalls.create_firewall_policy(FirewallPolicyName="two", FirewallPolicy=other)
pages = firewalls.get_paginator("list_firewall_policies").paginate(PaginationConfig={"PageSize": 1})
assert [page["FirewallPolicies"][0]["Name"] for page in pages] == ["one", "two"]
refused("InvalidOperationException", firewalls.delete_rule_group, RuleGroupArn=arn)

request = {
    "FirewallName": "one",
    "FirewallPolicyArn": policy_arn,
    "VpcId": vpc,
    "SubnetMappings": [{"SubnetId": subnets[0]}],
    "DeleteProtection": True,
}
shown = firewalls.create_firewall(**request)
assert shown["FirewallStatus"]["Status"] == "PROVISIONING", shown
firewall_arn = shown["Firewall"]["FirewallArn"]
named = {"FirewallArn": firewall_arn}


def ready():
    while True:
        shown = firewalls.describe_firewall(**named)
        status = shown["FirewallStatus"]
        if (status["Status"], status["ConfigurationSyncStateSummary"]) == ("READY", "IN_SYNC"):
            return shown


assert ready()["FirewallStatus"]["SyncStates"]["eu-central-1a"]["Attachment"]["EndpointId"].startswith("vpce-")
refused("InvalidRequestException", firewalls.associate_subnets, **named, SubnetMappings=[{"SubnetId": subnets[1]}])
firewalls.associate_subnets(**named, SubnetMappings=[{"SubnetId": subnets[2]}])
ready()

endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-endpoint-type", "Values": ["GatewayLoadBalancer"]}])
endpoints = {endpoint["SubnetIds"][0]: endpoint["VpcEndpointId"] for endpoint in endpoints["VpcEndpoints"]}
assert set(endpoints) == {subnets[0], subnets[2]}, endpoints
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
way = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}


def target():
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return next(route["GatewayId"] for route in routes if route["DestinationCidrBlock"] == "0.0.0.0/0")


ec2.create_route(**way, GatewayId=gateway)
for endpoint in endpoints.values():
    ec2.replace_route(**way, VpcEndpointId=endpoint)
    assert target() == endpoint
ec2.replace_route(**way, GatewayId=gateway)
assert target() == gateway
unknown = "vpce-00000000000000000"
refused("InvalidVpcEndpointId.NotFound", ec2.replace_route, **way, VpcEndpointId=unknown)
back = {"RouteTableId": table, "DestinationCidrBlock": "10.9.1.0/24"}
refused("InvalidVpcEndpointId.NotFound", ec2.create_route, **back, VpcEndpointId=unknown)

firewalls.disassociate_subnets(**named, SubnetIds=[subnets[0]])
assert list(ready()["FirewallStatus"]["SyncStates"]) == ["eu-central-1b"]
left = ec2.describe_vpc_endpoints()["VpcEndpoints"]
assert [endpoint["SubnetIds"] for endpoint in left] == [[subnets[2]]], left
two = policy_arn.replace("/one", "/two")
firewalls.update_firewall_policy_change_protection(**named, FirewallPolicyChangeProtection=True)
refused("InvalidOperationException", firewalls.associate_firewall_policy, **named, FirewallPolicyArn=two)
firewalls.update_firewall_policy_change_protection(**named, FirewallPolicyChangeProtection=False)
firewalls.associate_firewall_policy(**named, FirewallPolicyArn=two)
firewalls.update_subnet_change_protection(**named, SubnetChangeProtection=True)
firewalls.update_firewall_description(**named, Description="Other.")
firewalls.update_firewall_encryption_configuration(**named, EncryptionConfiguration=key)


def logs(*kinds):
    to = {"LogDestinationType": "S3", "LogDestination": {"bucketName": "logs"}}
    return {"LogDestinationConfigs": [{"LogType": kind, **to} for kind in kinds]}


update = firewalls.update_logging_configuration
refused("InvalidRequestException", update, **named, LoggingConfiguration=logs("ALERT", "FLOW"))
update(**named, LoggingConfiguration=logs("ALERT"))
assert firewalls.describe_logging_configuration(**named)["LoggingConfiguration"] == logs("ALERT")
refused("InvalidOperationException", firewalls.delete_firewall, **named)
firewalls.update_firewall_delete_protection(**named, DeleteProtection=False)
refused("InvalidOperationException", firewalls.delete_firewall, **named)
update(**named, LoggingConfiguration=logs())
refused("InvalidOperationException", firewalls.delete_firewall_policy, FirewallPolicyArn=two)

firewalls.tag_resource(ResourceArn=firewall_arn, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}])
firewalls.untag_resource(ResourceArn=firewall_arn, TagKeys=["a"])
assert firewalls.list_tags_for_resource(ResourceArn=firewall_arn)["Tags"] == [{"Key": "c", "Value": "d"}]
assert firewalls.list_firewalls(VpcIds=[vpc])["Firewalls"] == [{"FirewallName": "one", "FirewallArn": firewall_arn}]

assert firewalls.delete_firewall(**named)["FirewallStatus"]["Status"] == "DELETING"
for _ in range(50):
    try:
        firewalls.describe_firewall(**named)
    except firewalls.exceptions.ResourceNotFoundException:
        break
else:
    raise SystemExit("the firewall stays")
firewalls.delete_firewall_policy(FirewallPolicyArn=policy_arn)
firewalls.delete_firewall_policy(FirewallPolicyArn=two)
firewalls.delete_rule_group(RuleGroupArn=arn)
refused("ResourceNotFoundException", firewalls.describe_rule_group, RuleGroupArn=arn)
