# What a replica no longer shares with its key shows at both.
# drift: travel_kms_key.plain description by kms UpdateKeyDescription {"KeyId": "${plain}", "Description": "Theirs."}
# drift: travel_kms_key.this replicas replica_arns by kms@eu-west-1 ScheduleKeyDeletion {"KeyId": "${key}", "PendingWindowInDays": 7}
# drift: travel_kms_key.plain alias by kms DeleteAlias {"AliasName": "alias/acceptance/plain"}
# drift: travel_kms_key.plain policy by kms PutKeyPolicy {"KeyId": "${plain}", "PolicyName": "default", "Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"}
# drift: travel_kms_key.plain enable_key_rotation rotation_period_days by kms DisableKeyRotation {"KeyId": "${plain}"}
# drift: travel_kms_key.plain rotation_period_days by kms EnableKeyRotation {"KeyId": "${plain}", "RotationPeriodInDays": 100}
# drift: travel_kms_key.plain enabled by kms DisableKey {"KeyId": "${plain}"}
# drift: travel_kms_key.plain tags tags_all by kms TagResource {"KeyId": "${plain}", "Tags": [{"TagKey": "team", "TagValue": "theirs"}]}
# drift: travel_kms_key.plain tags_all by kms UntagResource {"KeyId": "${plain}", "TagKeys": ["environment"]}
# drift: travel_kms_key.this description replicas by kms UpdateKeyDescription {"KeyId": "${key}", "Description": "Theirs."}
# drift: travel_kms_key.this replicas by kms@eu-west-1 DisableKey {"KeyId": "${key}"}
# drift: travel_kms_key.this replicas by kms@eu-west-1 UpdateKeyDescription {"KeyId": "${key}", "Description": "Theirs."}
# drift: travel_kms_key.plain create by kms ScheduleKeyDeletion {"KeyId": "${plain}", "PendingWindowInDays": 7}
# drift: travel_kms_key.this create by kms ScheduleKeyDeletion {"KeyId": "${key}", "PendingWindowInDays": 7}

resource "travel_kms_key" "plain" {
  name        = "acceptance/plain"
  description = "Acceptance."
  tags        = { team = "platform" }
  access      = { via_services = ["s3"] }
}

resource "travel_kms_key" "this" {
  name         = "acceptance/this"
  description  = "Acceptance."
  multi_region = true

  replicas = {
    eu-west-1 = {}
  }
}

output "plain" {
  value = travel_kms_key.plain.key_id
}

output "key" {
  value = travel_kms_key.this.key_id
}
