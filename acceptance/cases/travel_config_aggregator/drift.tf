# Another name is another aggregator.
# no drift: name
# no update: name
# drift: travel_config_aggregator.this organization_role_arn regions resource_types by config PutConfigurationAggregator {"ConfigurationAggregatorName": "acceptance-drift", "OrganizationAggregationSource": {"RoleArn": "${second}", "AwsRegions": ["eu-west-1"]}, "AggregatorFilters": {"ResourceType": {"Type": "INCLUDE", "Value": ["AWS::EC2::Instance"]}}}
# drift: travel_config_aggregator.chosen account_ids by config PutConfigurationAggregator {"ConfigurationAggregatorName": "acceptance-chosen", "AccountAggregationSources": [{"AccountIds": ["999988887777"], "AllAwsRegions": true}]}
# drift: travel_config_aggregator.this tags tags_all by config TagResource {"ResourceArn": "${arn}", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_config_aggregator.this create by config DeleteConfigurationAggregator {"ConfigurationAggregatorName": "acceptance-drift"}

resource "travel_config_aggregator" "this" {
  name                  = "acceptance-drift"
  organization_role_arn = travel_role.first.arn
  tags                  = { team = "security" }
}

resource "travel_config_aggregator" "chosen" {
  name        = "acceptance-chosen"
  account_ids = ["111122223333"]
}

output "arn" {
  value = travel_config_aggregator.this.arn
}

output "second" {
  value = travel_role.second.arn
}
