# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_network" {
    defaults = { status = "ready" }
  }
}

variables {
  name  = "dev"
  cidr  = "10.10.0.0/16"
  zones = ["eu-central-1a", "eu-central-1b"]
}

run "is_modest_by_default" {
  assert {
    condition     = travel_network.this.nat == "single" && keys(travel_network.this.endpoints) == tolist(["s3"])
    error_message = "One NAT gateway, and S3 free of charge."
  }

  assert {
    condition     = travel_network.this.flow_logs.traffic == "ALL" && travel_network.this.flow_logs.retention_days == 30
    error_message = "All traffic is logged and kept for 30 days."
  }

  assert {
    condition     = !travel_network.this.allow_replacement && !travel_network.this.exclusive
    error_message = "Nothing is destroyed that was not asked for."
  }
}

run "endpoints_are_of_two_types" {
  variables {
    gateway_endpoints   = ["s3", "dynamodb"]
    interface_endpoints = ["sts"]
  }

  assert {
    condition     = { for service, endpoint in travel_network.this.endpoints : service => endpoint.type } == { dynamodb = "gateway", s3 = "gateway", sts = "interface" }
    error_message = "Gateways for s3 and dynamodb, interfaces for the rest."
  }
}

run "logs_can_be_left_out" {
  variables {
    flow_logs = null
  }

  assert {
    condition     = travel_network.this.flow_logs == null
    error_message = "There must be no logs."
  }
}

run "nat_gateways_can_be_alone" {
  variables {
    nat_tier = "nat"

    tiers = {
      nat     = { access = "public", prefix_length = 28, discovery = false }
      public  = { access = "public" }
      private = { access = "private" }
    }
  }

  assert {
    condition     = travel_network.this.nat_tier == "nat" && !travel_network.this.tiers["nat"].discovery
    error_message = "The NAT gateways have a tier of their own."
  }
}

run "a_block_begins_at_its_boundary" {
  command = plan

  variables {
    cidr = "10.10.1.0/16"
  }

  expect_failures = [var.cidr]
}

run "a_zone_serves_once" {
  command = plan

  variables {
    zones = ["eu-central-1a", "eu-central-1a"]
  }

  expect_failures = [var.zones]
}

run "only_two_services_have_gateways" {
  command = plan

  variables {
    gateway_endpoints = ["sts"]
  }

  expect_failures = [var.gateway_endpoints]
}

run "there_are_three_ways_of_nat" {
  command = plan

  variables {
    nat = "many"
  }

  expect_failures = [var.nat]
}
