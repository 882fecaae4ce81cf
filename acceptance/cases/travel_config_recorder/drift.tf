# Another name is another recorder.
# no drift: name
# no update: name
# drift: travel_config_recorder.this role_arn by config PutConfigurationRecorder {"ConfigurationRecorder": {"name": "default", "roleARN": "${role}", "recordingGroup": {"allSupported": true, "includeGlobalResourceTypes": true}}}
# drift: travel_config_recorder.this resource_types by config PutConfigurationRecorder {"ConfigurationRecorder": {"name": "default", "roleARN": "${own}", "recordingGroup": {"allSupported": false, "includeGlobalResourceTypes": false, "resourceTypes": ["AWS::EC2::Instance"]}}}
# drift: travel_config_recorder.this excluded_resource_types by config PutConfigurationRecorder {"ConfigurationRecorder": {"name": "default", "roleARN": "${own}", "recordingGroup": {"allSupported": false, "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Instance"]}, "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}}}}
# drift: travel_config_recorder.this global_resource_types by config PutConfigurationRecorder {"ConfigurationRecorder": {"name": "default", "roleARN": "${own}", "recordingGroup": {"allSupported": true, "includeGlobalResourceTypes": false}}}
# drift: travel_config_recorder.this frequency frequency_override by config PutConfigurationRecorder {"ConfigurationRecorder": {"name": "default", "roleARN": "${own}", "recordingGroup": {"allSupported": true, "includeGlobalResourceTypes": true}, "recordingMode": {"recordingFrequency": "DAILY", "recordingModeOverrides": [{"resourceTypes": ["AWS::EC2::Instance"], "recordingFrequency": "CONTINUOUS"}]}}}
# drift: travel_config_recorder.this delivery by config PutDeliveryChannel {"DeliveryChannel": {"name": "default", "s3BucketName": "acceptance-config-second"}}
# drift: travel_config_recorder.this retention_days by config PutRetentionConfiguration {"RetentionPeriodInDays": 30}
# drift: travel_config_recorder.this recording by config StopConfigurationRecorder {"ConfigurationRecorderName": "default"}
# drift: travel_config_recorder.this tags tags_all by config TagResource {"ResourceArn": "${arn}", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_config_recorder.this create by config StopConfigurationRecorder {"ConfigurationRecorderName": "default"} then config DeleteConfigurationRecorder {"ConfigurationRecorderName": "default"}

resource "travel_config_recorder" "this" {
  retention_days = 90
  tags           = { team = "security" }
  delivery       = { bucket = travel_bucket.first.name }
}

output "arn" {
  value = travel_config_recorder.this.arn
}

output "own" {
  value = travel_config_recorder.this.role_arn
}

output "role" {
  value = travel_role.config.arn
}
