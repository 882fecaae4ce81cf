# Another name is another rule. What a managed rule judges by, and a function, are told apart by the source.
# no drift: name
# no update: name
# drift: travel_config_rule.this description managed frequency parameters scope by config PutConfigRule {"ConfigRule": {"ConfigRuleName": "acceptance-drift", "Description": "theirs", "Source": {"Owner": "AWS", "SourceIdentifier": "ROOT_ACCOUNT_MFA_ENABLED"}, "MaximumExecutionFrequency": "One_Hour", "InputParameters": "{\"theirs\": \"yes\"}", "Scope": {"ComplianceResourceTypes": ["AWS::EC2::Instance"]}}}
# drift: travel_config_rule.this evaluation_modes by config PutConfigRule {"ConfigRule": {"ConfigRuleName": "acceptance-drift", "Source": {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}, "EvaluationModes": [{"Mode": "PROACTIVE"}]}}
# drift: travel_config_rule.function function_arn message_types by config PutConfigRule {"ConfigRule": {"ConfigRuleName": "acceptance-function", "Source": {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn:aws:lambda:eu-central-1:111122223333:function:theirs", "SourceDetails": [{"EventSource": "aws.config", "MessageType": "ConfigurationSnapshotDeliveryCompleted"}]}}}
# drift: travel_config_rule.policy policy by config PutConfigRule {"ConfigRule": {"ConfigRuleName": "acceptance-policy", "Source": {"Owner": "CUSTOM_POLICY", "CustomPolicyDetails": {"PolicyRuntime": "guard-2.x.x", "PolicyText": "rule theirs { resourceName exists }"}, "SourceDetails": [{"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"}, {"EventSource": "aws.config", "MessageType": "OversizedConfigurationItemChangeNotification"}]}}}
# drift: travel_config_rule.this tags tags_all by config TagResource {"ResourceArn": "${arn}", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_config_rule.this create by config DeleteConfigRule {"ConfigRuleName": "acceptance-drift"}

resource "travel_config_rule" "this" {
  name    = "acceptance-drift"
  managed = "ACCESS_KEYS_ROTATED"
  tags    = { team = "security" }
}

resource "travel_config_rule" "function" {
  name         = "acceptance-function"
  function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:judge"
}

resource "travel_config_rule" "policy" {
  name   = "acceptance-policy"
  policy = { text = "rule named { resourceName exists }" }
}

output "arn" {
  value = travel_config_rule.this.arn
}
