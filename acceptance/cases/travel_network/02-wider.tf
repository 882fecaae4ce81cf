# plan: travel_network.this update
# import: travel_network.this acceptance

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
