# outside: iam CreateRole RoleName=acceptance-traffic AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}
# outside: iam DeleteRole RoleName=acceptance-traffic
# plan: travel_network.guest create
# plan: travel_network.this update
# changes: travel_network.this exclusive flow_logs

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

# Its own network, in the VPC of the other.
resource "travel_network" "guest" {
  name   = "acceptance-guest"
  vpc_id = travel_network.this.id
  cidr   = "100.64.0.0/16"
  zones  = ["eu-central-1a", "eu-central-1b"]
  nat    = "single"
}
