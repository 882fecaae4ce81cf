# Its name and its network cannot be changed.
# A change of policy or rule groups takes a token that a look gives, which a call here has not.
# no drift: name vpc_id
# no drift: stateful_rule_order stateful_default_actions stream_exception_policy tcp_idle_timeout_seconds
# no drift: stateless_default_actions stateless_fragment_default_actions custom_actions variables
# no drift: tls_inspection_configuration_arn stateful_rule_groups stateless_rule_groups other_rule_groups rule_group_arns
# no update: stream_exception_policy tcp_idle_timeout_seconds ip_address_type custom_actions variables
# no update: stateless_fragment_default_actions tls_inspection_configuration_arn
# drift: travel_network_firewall.this description by network-firewall UpdateFirewallDescription {"FirewallName": "acceptance", "Description": "Theirs."}
# drift: travel_network_firewall.this delete_protection by network-firewall UpdateFirewallDeleteProtection {"FirewallName": "acceptance", "DeleteProtection": true}
# drift: travel_network_firewall.this subnet_change_protection by network-firewall UpdateSubnetChangeProtection {"FirewallName": "acceptance", "SubnetChangeProtection": true}
# drift: travel_network_firewall.this policy_change_protection by network-firewall UpdateFirewallPolicyChangeProtection {"FirewallName": "acceptance", "FirewallPolicyChangeProtection": true}
# drift: travel_network_firewall.this kms_key_arn by network-firewall UpdateFirewallEncryptionConfiguration {"FirewallName": "acceptance", "EncryptionConfiguration": {"Type": "CUSTOMER_KMS", "KeyId": "arn:aws:kms:eu-central-1:111122223333:key/theirs"}}
# drift: travel_network_firewall.this logging by network-firewall UpdateLoggingConfiguration {"FirewallName": "acceptance", "LoggingConfiguration": {"LogDestinationConfigs": []}}
# drift: travel_network_firewall.this endpoints subnet_ids by network-firewall DisassociateSubnets {"FirewallName": "acceptance", "SubnetIds": ["${subnet}"]}
# drift: travel_network_firewall.this endpoints firewall_status by network-firewall UpdateLoggingConfiguration {"FirewallName": "acceptance", "LoggingConfiguration": {"LogDestinationConfigs": []}} then network-firewall DeleteFirewall {"FirewallName": "acceptance"}
# drift: travel_network_firewall.this tags tags_all by network-firewall TagResource {"ResourceArn": "${firewall}", "Tags": [{"Key": "team", "Value": "theirs"}]}

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
}

output "subnet" {
  value = travel_network.this.subnet_ids["firewall"][0]
}

output "firewall" {
  value = travel_network_firewall.this.arn
}
