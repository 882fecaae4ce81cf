# What gathers from something else is another aggregator.
# plan: travel_config_aggregator.organization update
# changes: travel_config_aggregator.organization regions resource_types tags tags_all
# plan: travel_config_aggregator.chosen delete create

resource "travel_config_aggregator" "organization" {
  name                  = "acceptance-organization"
  organization_role_arn = travel_role.second.arn
}

resource "travel_config_aggregator" "chosen" {
  name                  = "acceptance-chosen"
  organization_role_arn = travel_role.first.arn
}
