output "id" {
  description = "The id of the VPC."
  value       = travel_network.this.id
}

output "cidr" {
  description = "The network's block of IPv4 addresses."
  value       = travel_network.this.cidr
}

output "subnet_ids" {
  description = "The ids of the subnets of each tier, in the order of the zones."
  value       = travel_network.this.subnet_ids
}

output "subnets" {
  description = "The subnets by tier and zone, as in private/eu-central-1a."
  value       = travel_network.this.subnets
}

output "route_tables" {
  description = "The route tables: one for each public or isolated tier, one for each private subnet."
  value       = travel_network.this.route_tables
}

output "nat_gateways" {
  description = "The NAT gateways, by zone."
  value       = travel_network.this.nat_gateways
}
