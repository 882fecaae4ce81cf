# refresh: 40
# plan: travel_config_recorder.this update
# changes: travel_config_recorder.this delivery excluded_resource_types frequency frequency_override recording resource_types retention_days

resource "travel_config_recorder" "this" {
  role_arn       = travel_role.config.arn
  resource_types = ["AWS::EC2::Instance", "AWS::EC2::Volume"]
  recording      = false
  tags           = { team = "audit" }
  delivery       = { bucket = travel_bucket.second.name }
}
