# One of the organization, and one of chosen accounts.
# refresh: 20
# import: travel_config_aggregator.organization eu-central-1/acceptance-organization
# import identity: travel_config_aggregator.chosen region=eu-central-1 name=acceptance-chosen

resource "travel_config_aggregator" "organization" {
  name                  = "acceptance-organization"
  organization_role_arn = travel_role.first.arn
  tags                  = { team = "security" }
}

resource "travel_config_aggregator" "chosen" {
  name        = "acceptance-chosen"
  account_ids = ["111122223333"]
}
