# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_network_firewall" {
    defaults = {
      endpoints = { eu-central-1a = "vpce-0123456789abcdef0" }
      status    = "ready"
    }
  }

  mock_resource "travel_inspection_routes" {
    defaults = {
      routes = { "rtb-0123456789abcdef0/0.0.0.0/0" = "vpce-0123456789abcdef0" }
      status = "ready"
    }
  }
}

variables {
  name            = "dev"
  network_id      = "vpc-0123456789abcdef0"
  subnet_ids      = ["subnet-0123456789abcdef0"]
  home_networks   = ["10.20.0.0/16"]
  allowed_domains = [".amazonaws.com", "github.com"]
}

run "what_nothing_allows_is_dropped" {
  assert {
    condition     = travel_network_firewall.this.stateful_default_actions == toset(["aws:drop_established", "aws:alert_established"])
    error_message = "What is not allowed must be dropped, and told."
  }

  assert {
    condition     = keys(travel_network_firewall.this.stateful_rule_groups) == tolist(["allowed"])
    error_message = "What is not asked for has no rule group."
  }

  assert {
    condition     = length(regexall("pass tls .*dotprefix; content:\"\\.amazonaws\\.com\"; endswith", travel_network_firewall.this.stateful_rule_groups["allowed"].suricata_rules)) == 1
    error_message = "A dot stands for all names below."
  }

  assert {
    condition     = length(regexall("pass http .*startswith; content:\"github\\.com\"; endswith", travel_network_firewall.this.stateful_rule_groups["allowed"].suricata_rules)) == 1
    error_message = "A name without a dot is that name alone."
  }

  assert {
    condition     = length(distinct(regexall("sid:[0-9]+", travel_network_firewall.this.stateful_rule_groups["allowed"].suricata_rules))) == 4
    error_message = "Each rule has its own number."
  }

  assert {
    condition     = travel_network_firewall.this.logging == null
    error_message = "Without logs there is no logging."
  }

  assert {
    condition     = output.endpoints["eu-central-1a"] == "vpce-0123456789abcdef0"
    error_message = "The endpoints must be told."
  }

  assert {
    condition     = length(travel_inspection_routes.this) == 0 && output.routes == null
    error_message = "Nothing is led to it that is not named."
  }
}

run "subnets_get_out_through_it" {
  variables {
    inspected_subnet_ids = ["subnet-0fedcba9876543210"]
  }

  assert {
    condition     = travel_inspection_routes.this[0].endpoints == travel_network_firewall.this.endpoints && travel_inspection_routes.this[0].subnet_ids == toset(["subnet-0fedcba9876543210"])
    error_message = "Subnets get out by the endpoints of the firewall."
  }

  assert {
    condition     = travel_inspection_routes.this[0].vpc_id == "vpc-0123456789abcdef0" && travel_inspection_routes.this[0].name == "dev"
    error_message = "The routes are those of the firewall's network, and have its name."
  }
}

run "groups_follow_their_order" {
  variables {
    denied_domains = ["example.org"]
    suricata_rules = "drop icmp any any -> any any (sid:1;)\n"

    managed_rule_groups = [{
      arn      = "arn:aws:network-firewall:eu-central-1:aws-managed:stateful-rulegroup/BotNetCommandAndControlDomainsStrictOrder"
      priority = 10
    }]

    logs = { alert = { log_group = "/dev/firewall/alert" } }
  }

  assert {
    condition = [
      for name in ["denied", "suricata", "allowed"] : travel_network_firewall.this.stateful_rule_groups[name].priority
    ] == [100, 200, 300]
    error_message = "Denied comes before allowed."
  }

  assert {
    condition     = [for group in travel_network_firewall.this.other_rule_groups : group.priority] == [10]
    error_message = "Others' groups have their own priority."
  }

  assert {
    condition     = travel_network_firewall.this.logging.alert.log_group == "/dev/firewall/alert" && travel_network_firewall.this.logging.flow == null
    error_message = "Logs go where they are told to."
  }
}

run "a_trial_drops_nothing" {
  variables {
    alert_only          = true
    managed_rule_groups = [{ arn = "arn:aws:network-firewall:eu-central-1:aws-managed:stateful-rulegroup/ThreatSignaturesBotnetStrictOrder", priority = 10 }]
  }

  assert {
    condition     = travel_network_firewall.this.stateful_default_actions == toset(["aws:alert_established"])
    error_message = "A trial tells, and drops nothing."
  }

  assert {
    condition     = alltrue([for group in travel_network_firewall.this.other_rule_groups : group.alert_only])
    error_message = "Nor do others' groups."
  }
}

run "a_priority_is_free" {
  command = plan

  variables {
    managed_rule_groups = [{ arn = "arn:aws:network-firewall:eu-central-1:aws-managed:stateful-rulegroup/ThreatSignaturesBotnetStrictOrder", priority = 100 }]
  }

  expect_failures = [var.managed_rule_groups]
}

run "a_domain_is_no_address_of_a_page" {
  command = plan

  variables {
    allowed_domains = ["https://example.com"]
  }

  expect_failures = [var.allowed_domains]
}

run "home_networks_are_ranges" {
  command = plan

  variables {
    home_networks = ["ten"]
  }

  expect_failures = [var.home_networks]
}
