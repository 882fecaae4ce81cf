# plan: travel_parameter.plain update
# changes: travel_parameter.plain allowed_pattern
# plan: travel_parameter.list update
# changes: travel_parameter.list tier
# plan: travel_parameter.advanced update
# changes: travel_parameter.advanced value

resource "travel_parameter" "plain" {
  name            = "/acceptance/plain"
  value           = "two"
  description     = "Another description."
  tags            = { team = "platform" }
  allowed_pattern = "^[a-z]+$"
}

resource "travel_parameter" "list" {
  name  = "acceptance-list"
  type  = "StringList"
  value = "a,b,c"
  tags  = { team = "security" }
  tier  = "Advanced"
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
  value = "ami-0123456789abcdef0"
  tier  = "Advanced"
}
