# refresh: 16
# plan: travel_parameter.plain update
# changes: travel_parameter.plain value
# plan: travel_parameter.list update
# changes: travel_parameter.list value
# plan: travel_parameter.secret update
# changes: travel_parameter.secret secret_value_version
# plan: travel_parameter.advanced update
# changes: travel_parameter.advanced policies
# import: travel_parameter.plain /acceptance/plain
# import: travel_parameter.list eu-central-1/acceptance-list
# import: travel_parameter.secret eu-central-1//acceptance/secret secret_value_version
# import identity: travel_parameter.advanced region=eu-central-1 name=/acceptance/advanced

resource "travel_parameter" "plain" {
  name        = "/acceptance/plain"
  value       = "two"
  description = "Acceptance."
  tags        = { team = "platform" }
}

resource "travel_parameter" "list" {
  name  = "acceptance-list"
  type  = "StringList"
  value = "a,b,c"
}

resource "travel_parameter" "secret" {
  name                 = "/acceptance/secret"
  type                 = "SecureString"
  secret_value         = "another-secret-of-the-case"
  secret_value_version = 2
}

resource "travel_parameter" "advanced" {
  name  = "/acceptance/advanced"
  value = "one"
  tier  = "Advanced"
  policies = jsonencode([
    { Type = "NoChangeNotification", Version = "1.0", Attributes = { After = "20", Unit = "Days" } },
  ])
}
