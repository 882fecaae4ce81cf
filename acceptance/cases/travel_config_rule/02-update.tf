# refresh: 40
# plan: travel_config_rule.managed update
# changes: travel_config_rule.managed description frequency managed parameters scope tags tags_all
# plan: travel_config_rule.function update
# changes: travel_config_rule.function evaluation_modes frequency function_arn message_types
# plan: travel_config_rule.policy update
# changes: travel_config_rule.policy policy scope

resource "travel_config_rule" "managed" {
  name        = "acceptance-managed"
  description = "Keys do not grow old."
  managed     = "ACCESS_KEYS_ROTATED"
  frequency   = "Six_Hours"
  parameters  = { maxAccessKeyAge = "60" }
  scope       = { tag_key = "data", tag_value = "own" }
  tags        = { team = "audit" }
}

resource "travel_config_rule" "function" {
  name             = "acceptance-function"
  function_arn     = "arn:aws:lambda:eu-central-1:111122223333:function:second"
  message_types    = ["ScheduledNotification"]
  frequency        = "One_Hour"
  evaluation_modes = ["DETECTIVE", "PROACTIVE"]
}

resource "travel_config_rule" "policy" {
  name  = "acceptance-policy"
  scope = { resource_types = ["AWS::DynamoDB::Table"], resource_id = "orders" }

  policy = {
    text  = "rule named when resourceType == 'AWS::DynamoDB::Table' { resourceName == 'orders' }"
    debug = true
  }
}
