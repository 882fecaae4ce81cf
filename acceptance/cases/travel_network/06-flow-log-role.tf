# Nobody can make what is still there.
# outside: logs CreateLogGroup {"logGroupName": "/travel/network/acceptance/flow-logs"}
# outside: logs DeleteLogGroup {"logGroupName": "/travel/network/acceptance/flow-logs"}
# outside: iam CreateRole RoleName=travel-acceptance-eu-central-1-flow-logs AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}
# outside: iam DeleteRole RoleName=travel-acceptance-eu-central-1-flow-logs
# plan: travel_network.this update
# changes: travel_network.this flow_logs

resource "travel_network" "this" {
  name            = "acceptance"
  cidr            = "10.20.0.0/16"
  secondary_cidrs = ["100.64.0.0/16"]
  zones           = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat             = "per_zone"
  ipv6            = true
  endpoints       = { s3 = {}, sts = {}, "ecr.api" = {} }
  tags            = { team = "network" }
  exclusive       = true

  clusters            = ["dev"]
  karpenter_discovery = "dev"

  flow_logs = {
    retention_days = 90
    log_group      = "/acceptance/traffic"
    traffic        = "REJECT"
  }
}
