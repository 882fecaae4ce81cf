# refresh: 20
# plan: travel_config_aggregator.organization update
# changes: travel_config_aggregator.organization organization_role_arn regions resource_types tags tags_all
# plan: travel_config_aggregator.chosen update
# changes: travel_config_aggregator.chosen account_ids regions

resource "travel_config_aggregator" "organization" {
  name                  = "acceptance-organization"
  organization_role_arn = travel_role.second.arn
  regions               = ["eu-central-1", "eu-west-1"]
  resource_types        = ["AWS::EC2::Instance", "AWS::EC2::Volume"]
  tags                  = { team = "audit" }
}

resource "travel_config_aggregator" "chosen" {
  name        = "acceptance-chosen"
  account_ids = ["111122223333", "444455556666"]
  regions     = ["eu-central-1"]
}
