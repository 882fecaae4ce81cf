# plan: nothing

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
  name      = "/acceptance/advanced"
  value     = "ami-0123456789abcdef0"
  tier      = "Intelligent-Tiering"
  data_type = "aws:ec2:image"
}
