# refresh: 16

resource "travel_parameter" "plain" {
  name        = "/acceptance/plain"
  value       = "one"
  description = "Acceptance."
  tags        = { team = "platform" }
}

resource "travel_parameter" "list" {
  name  = "acceptance-list"
  type  = "StringList"
  value = "a,b"
}

resource "travel_parameter" "secret" {
  name                 = "/acceptance/secret"
  type                 = "SecureString"
  secret_value         = "secret-of-the-case"
  secret_value_version = 1
}

resource "travel_parameter" "advanced" {
  name  = "/acceptance/advanced"
  value = "one"
  tier  = "Advanced"
  policies = jsonencode([
    { Type = "Expiration", Version = "1.0", Attributes = { Timestamp = "2099-12-31T23:59:59.000Z" } },
    { Type = "ExpirationNotification", Version = "1.0", Attributes = { Before = "30", Unit = "Days" } },
  ])
}
