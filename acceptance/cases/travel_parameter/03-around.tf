# refresh: 16
# plan: travel_parameter.plain update
# changes: travel_parameter.plain description
# plan: travel_parameter.list update
# changes: travel_parameter.list tags tags_all
# plan: travel_parameter.secret update
# changes: travel_parameter.secret key_id
# plan: travel_parameter.advanced update
# changes: travel_parameter.advanced policies

resource "travel_parameter" "plain" {
  name        = "/acceptance/plain"
  value       = "two"
  description = "Another description."
  tags        = { team = "platform" }
}

resource "travel_parameter" "list" {
  name  = "acceptance-list"
  type  = "StringList"
  value = "a,b,c"
  tags  = { team = "security" }
}

resource "travel_parameter" "secret" {
  name                 = "/acceptance/secret"
  type                 = "SecureString"
  secret_value         = "another-secret-of-the-case"
  secret_value_version = 2
  key_id               = travel_kms_key.parameters.arn
}

resource "travel_parameter" "advanced" {
  name  = "/acceptance/advanced"
  value = "one"
  tier  = "Advanced"
}
