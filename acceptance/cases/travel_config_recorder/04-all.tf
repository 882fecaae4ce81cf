# refresh: 40
# plan: travel_config_recorder.this update
# changes: travel_config_recorder.this global_resource_types recording resource_types role_arn

resource "travel_config_recorder" "this" {
  global_resource_types = false
  tags                  = { team = "audit" }
  delivery              = { bucket = travel_bucket.second.name }
}
