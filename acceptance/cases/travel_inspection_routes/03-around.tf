# Somebody has let packets go around the firewall, each way.
# outside: ec2 ReplaceRoute RouteTableId=${table} DestinationCidrBlock=0.0.0.0/0 NatGatewayId=${gateway}
# outside: ec2 DeleteRoute RouteTableId=${back} DestinationCidrBlock=${cidr}
# plan: travel_inspection_routes.this update
# changes: travel_inspection_routes.this faults
# as before
