# drift: travel_audit_trail.this logging by cloudtrail StopLogging {"Name": "acceptance-audit"}
# drift: travel_audit_trail.this event_selectors basic_event_selectors by cloudtrail PutEventSelectors {"TrailName": "acceptance-audit", "EventSelectors": [{"ReadWriteType": "ReadOnly", "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]}
# drift: travel_audit_trail.this event_selectors by cloudtrail PutEventSelectors {"TrailName": "acceptance-audit", "EventSelectors": [{}]}
# drift: travel_audit_trail.this insights by cloudtrail PutInsightSelectors {"TrailName": "acceptance-audit", "InsightSelectors": []}
# drift: travel_audit_trail.this aggregations by cloudtrail PutEventConfiguration {"TrailName": "acceptance-audit", "AggregationConfigurations": []}
# drift: travel_audit_trail.this bucket prefix kms_key by cloudtrail UpdateTrail {"Name": "acceptance-audit", "S3BucketName": "acceptance-trail-theirs", "S3KeyPrefix": "theirs", "KmsKeyId": ""}
# drift: travel_audit_trail.this sns_topic log_group log_group_role by cloudtrail UpdateTrail {"Name": "acceptance-audit", "SnsTopicName": "", "CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""}
# drift: travel_audit_trail.this multi_region global_service_events by cloudtrail UpdateTrail {"Name": "acceptance-audit", "IsMultiRegionTrail": false, "IncludeGlobalServiceEvents": false}
# drift: travel_audit_trail.this organization log_file_validation recursive_logging by cloudtrail UpdateTrail {"Name": "acceptance-audit", "IsOrganizationTrail": true, "EnableLogFileValidation": false, "RecursiveLogging": false}
# drift: travel_audit_trail.this tags tags_all by cloudtrail AddTags {"ResourceId": "${arn}", "TagsList": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_audit_trail.this create by cloudtrail DeleteTrail {"Name": "acceptance-audit"}

resource "travel_audit_trail" "this" {
  name           = "acceptance-audit"
  bucket         = travel_bucket.logs.name
  prefix         = "all"
  kms_key        = travel_kms_key.logs.arn
  sns_topic      = "arn:aws:sns:eu-central-1:${travel_organization.this.management_account_id}:acceptance-trail"
  log_group      = "arn:aws:logs:eu-central-1:${travel_organization.this.management_account_id}:log-group:acceptance-trail"
  log_group_role = travel_role.logs.arn
  tags           = { team = "security" }

  event_selectors = [
    { name = "management", category = "Management" },
    { name = "tables", category = "Data", resource_type = "AWS::DynamoDB::Table" },
  ]

  insights     = { ApiCallRateInsight = ["Data"] }
  aggregations = ["USER_ACTIONS"]
}

output "arn" {
  value = travel_audit_trail.this.arn
}
