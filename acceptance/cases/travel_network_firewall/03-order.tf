# Another order of rules: another policy and other groups, to which the firewall moves.
# refresh: 23
# plan: travel_network_firewall.this update
# changes: travel_network_firewall.this custom_actions description kms_key_arn logging policy_arn rule_group_arns stateful_default_actions stateful_rule_groups stateful_rule_order stateless_default_actions stateless_fragment_default_actions stream_exception_policy subnet_ids tcp_idle_timeout_seconds variables

resource "travel_network_firewall" "this" {
  name                = "acceptance"
  vpc_id              = travel_network.this.id
  subnet_ids          = [travel_network.this.subnet_ids["spare"][0]]
  delete_protection   = true
  force_destroy       = true
  kms_key_arn         = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
  stateful_rule_order = "DEFAULT_ACTION_ORDER"

  stateless_default_actions = ["aws:drop"]
  variables                 = { HOME_NET = ["10.20.0.0/16"] }

  stateful_rule_groups = {
    allowed = {
      capacity    = 200
      domain_list = { action = "ALLOWLIST", domains = [".amazonaws.com", "example.org"] }
    }
  }
  tags = { team = "security" }
}
