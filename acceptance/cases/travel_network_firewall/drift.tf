# Its name and its network cannot be changed, nor can the order of a policy and its TLS inspection.
# What addresses an endpoint takes is said with its subnet.
# no drift: name vpc_id ip_address_type stateful_rule_order tls_inspection_configuration_arn rule_group_arns
# no update: ip_address_type tls_inspection_configuration_arn
# drift: travel_network_firewall.this description by network-firewall UpdateFirewallDescription {"FirewallName": "acceptance", "Description": "Theirs."}
# drift: travel_network_firewall.this delete_protection by network-firewall UpdateFirewallDeleteProtection {"FirewallName": "acceptance", "DeleteProtection": true}
# drift: travel_network_firewall.this subnet_change_protection by network-firewall UpdateSubnetChangeProtection {"FirewallName": "acceptance", "SubnetChangeProtection": true}
# drift: travel_network_firewall.this policy_change_protection by network-firewall UpdateFirewallPolicyChangeProtection {"FirewallName": "acceptance", "FirewallPolicyChangeProtection": true}
# drift: travel_network_firewall.this kms_key_arn by network-firewall UpdateFirewallEncryptionConfiguration {"FirewallName": "acceptance", "EncryptionConfiguration": {"Type": "CUSTOMER_KMS", "KeyId": "arn:aws:kms:eu-central-1:111122223333:key/theirs"}}
# drift: travel_network_firewall.this logging by network-firewall UpdateLoggingConfiguration {"FirewallName": "acceptance", "LoggingConfiguration": {"LogDestinationConfigs": []}}
# drift: travel_network_firewall.this firewall_status subnet_ids by network-firewall DisassociateSubnets {"FirewallName": "acceptance", "SubnetIds": ["${subnet}"]}
# drift: travel_network_firewall.this firewall_status by network-firewall UpdateLoggingConfiguration {"FirewallName": "acceptance", "LoggingConfiguration": {"LogDestinationConfigs": []}} then network-firewall DeleteFirewall {"FirewallName": "acceptance"}
# drift: travel_network_firewall.this tags tags_all by network-firewall TagResource {"ResourceArn": "${firewall}", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_network_firewall.this stateful_default_actions stream_exception_policy tcp_idle_timeout_seconds variables other_rule_groups by network-firewall DescribeFirewallPolicy {"FirewallPolicyArn": "${policy}"} then network-firewall UpdateFirewallPolicy {"FirewallPolicyArn": "${policy}", "UpdateToken": "${UpdateToken}", "FirewallPolicy": {"StatelessDefaultActions": ["aws:forward_to_sfe"], "StatelessFragmentDefaultActions": ["aws:forward_to_sfe"], "StatefulDefaultActions": ["aws:drop_strict"], "StatefulEngineOptions": {"RuleOrder": "STRICT_ORDER", "StreamExceptionPolicy": "CONTINUE", "FlowTimeouts": {"TcpIdleTimeoutSeconds": 60}}, "PolicyVariables": {"RuleVariables": {"HOME_NET": {"Definition": ["10.0.0.0/8"]}}}, "StatelessRuleGroupReferences": [{"ResourceArn": "${stateless}", "Priority": 1}], "StatefulRuleGroupReferences": [{"ResourceArn": "${stateful}", "Priority": 10}, {"ResourceArn": "arn:aws:network-firewall:eu-central-1:aws-managed:stateful-rulegroup/BotNetCommandAndControlDomainsStrictOrder", "Priority": 1}]}}
# drift: travel_network_firewall.this custom_actions stateless_default_actions stateless_fragment_default_actions by network-firewall DescribeFirewallPolicy {"FirewallPolicyArn": "${policy}"} then network-firewall UpdateFirewallPolicy {"FirewallPolicyArn": "${policy}", "UpdateToken": "${UpdateToken}", "FirewallPolicy": {"StatelessDefaultActions": ["aws:drop", "Counted"], "StatelessFragmentDefaultActions": ["aws:drop"], "StatelessCustomActions": [{"ActionName": "Counted", "ActionDefinition": {"PublishMetricAction": {"Dimensions": [{"Value": "theirs"}]}}}], "StatefulEngineOptions": {"RuleOrder": "STRICT_ORDER", "StreamExceptionPolicy": "DROP"}, "StatelessRuleGroupReferences": [{"ResourceArn": "${stateless}", "Priority": 1}], "StatefulRuleGroupReferences": [{"ResourceArn": "${stateful}", "Priority": 10}]}}
# drift: travel_network_firewall.this stateful_rule_groups by network-firewall DescribeRuleGroup {"RuleGroupArn": "${stateful}"} then network-firewall UpdateRuleGroup {"RuleGroupArn": "${stateful}", "UpdateToken": "${UpdateToken}", "RuleGroup": {"RulesSource": {"RulesSourceList": {"Targets": ["theirs.example"], "TargetTypes": ["TLS_SNI"], "GeneratedRulesType": "DENYLIST"}}, "StatefulRuleOptions": {"RuleOrder": "STRICT_ORDER"}}}
# drift: travel_network_firewall.this stateless_rule_groups by network-firewall DescribeRuleGroup {"RuleGroupArn": "${stateless}"} then network-firewall UpdateRuleGroup {"RuleGroupArn": "${stateless}", "UpdateToken": "${UpdateToken}", "RuleGroup": {"RulesSource": {"StatelessRulesAndCustomActions": {"StatelessRules": [{"Priority": 1, "RuleDefinition": {"MatchAttributes": {"Protocols": [17]}, "Actions": ["aws:pass"]}}]}}}}

resource "travel_network_firewall" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  subnet_ids = travel_network.this.subnet_ids["firewall"]
  logging    = { alert = { log_group = "/firewall/alert" } }
  tags       = { team = "platform" }

  stateful_rule_groups = {
    allowed = {
      capacity    = 100
      priority    = 10
      domain_list = { action = "ALLOWLIST", domains = ["example.com"] }
    }
  }
  stateless_rule_groups = {
    first = {
      capacity = 10
      priority = 1
      rules    = [{ priority = 1, actions = ["aws:drop"], protocols = [6] }]
    }
  }
}

output "subnet" {
  value = travel_network.this.subnet_ids["firewall"][0]
}

output "firewall" {
  value = travel_network_firewall.this.arn
}

output "policy" {
  value = travel_network_firewall.this.policy_arn
}

output "stateful" {
  value = travel_network_firewall.this.rule_group_arns["stateful/allowed"]
}

output "stateless" {
  value = travel_network_firewall.this.rule_group_arns["stateless/first"]
}
