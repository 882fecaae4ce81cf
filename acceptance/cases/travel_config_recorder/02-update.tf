# refresh: 40
# plan: travel_config_recorder.this update
# changes: travel_config_recorder.this delivery excluded_resource_types frequency frequency_override retention_days role_arn tags tags_all

resource "travel_config_recorder" "this" {
  role_arn                = travel_role.config.arn
  excluded_resource_types = ["AWS::EC2::NetworkInterface"]
  frequency               = "DAILY"
  retention_days          = 365
  tags                    = { team = "audit" }

  frequency_override = {
    resource_types = ["AWS::IAM::Role", "AWS::IAM::Policy"]
    frequency      = "CONTINUOUS"
    description    = "Who may do what counts at once."
  }

  delivery = {
    bucket             = travel_bucket.second.name
    prefix             = "config"
    snapshot_frequency = "TwentyFour_Hours"
  }
}
