# Another capacity and other subnets: the firewall itself stays.
# refresh: 23
# plan: travel_network_firewall.this update
# changes: travel_network_firewall.this custom_actions delete_protection description force_destroy logging other_rule_groups rule_group_arns stateful_rule_groups stateless_default_actions stateless_fragment_default_actions stateless_rule_groups stream_exception_policy subnet_ids tags tags_all tcp_idle_timeout_seconds variables

resource "travel_network_firewall" "this" {
  name              = "acceptance"
  description       = "What goes out."
  vpc_id            = travel_network.this.id
  subnet_ids        = travel_network.this.subnet_ids["spare"]
  delete_protection = true
  force_destroy     = true

  stateful_default_actions  = ["aws:drop_established", "aws:alert_established"]
  stateless_default_actions = ["aws:drop", "Counted"]
  custom_actions            = { Counted = "dropped" }
  variables                 = { HOME_NET = ["10.20.0.0/17"] }
  stream_exception_policy   = "REJECT"
  tcp_idle_timeout_seconds  = 120

  stateless_fragment_default_actions = ["aws:drop"]

  stateful_rule_groups = {
    allowed = {
      capacity    = 200
      priority    = 10
      domain_list = { action = "ALLOWLIST", domains = [".amazonaws.com", "example.org"] }
    }
    listed = {
      capacity = 10
      priority = 30
      five_tuple_rules = [
        { action = "DROP", protocol = "TCP", sid = 1, destination_port = "23" },
      ]
    }
  }
  logging = {
    alert = { delivery_stream = "alerts" }
    flow  = { bucket = "acceptance-flow-logs", prefix = "firewall" }
  }
  tags = { team = "security" }
}
