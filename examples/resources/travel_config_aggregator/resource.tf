data "travel_partition" "this" {}

# What the service asks the organization with.
resource "travel_role" "aggregator" {
  name             = "config-aggregator"
  managed_policies = ["${data.travel_partition.this.managed_policy_prefix}service-role/AWSConfigRoleForOrganizations"]

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = "sts:AssumeRole" }
  }
}

# What all accounts of the organization have, in all regions.
resource "travel_config_aggregator" "organization" {
  name                  = "organization"
  organization_role_arn = travel_role.aggregator.arn
}

# What two accounts have of instances and volumes, in two regions. Each of them has to consent.
resource "travel_config_aggregator" "chosen" {
  name           = "compute"
  account_ids    = ["111122223333", "444455556666"]
  regions        = ["eu-central-1", "eu-west-1"]
  resource_types = ["AWS::EC2::Instance", "AWS::EC2::Volume"]
}

# An existing aggregator is brought in by its name, or by REGION/NAME:
#
#   import {
#     to = travel_config_aggregator.organization
#     id = "eu-central-1/organization"
#   }
