# What is to be inspected, and by what, stands nowhere but in the routes.
# no drift: name vpc_id endpoints subnet_ids
# no update: endpoints subnet_ids
# drift: travel_inspection_routes.this faults by ec2 ReplaceRoute RouteTableId=${table} DestinationCidrBlock=0.0.0.0/0 NatGatewayId=${gateway}
# drift: travel_inspection_routes.this faults by ec2 DeleteRoute RouteTableId=${back} DestinationCidrBlock=${cidr}
# drift: travel_inspection_routes.this faults by ec2 ReplaceRoute RouteTableId=${back} DestinationCidrBlock=${cidr} VpcEndpointId=${other}
# drift: travel_inspection_routes.this faults by ec2 DeleteTags ResourceId.1=${table} Tag.1.Key=travel:inspection-resource

resource "travel_inspection_routes" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  endpoints  = travel_network_firewall.this.endpoints
  subnet_ids = travel_network.this.subnet_ids["private"]
}

output "table" {
  value = travel_network.this.route_tables["private/eu-central-1a"].id
}

output "back" {
  value = travel_network.this.route_tables["nat"].id
}

output "cidr" {
  value = travel_network.this.subnets["private/eu-central-1a"].cidr
}

output "gateway" {
  value = travel_network.this.nat_gateways["eu-central-1a"].id
}

output "other" {
  value = travel_network_firewall.this.endpoints["eu-central-1b"]
}
