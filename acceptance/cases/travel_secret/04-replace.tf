# plan: travel_secret.plain update
# changes: travel_secret.plain force_overwrite_replicas recovery_window_days replicas
# plan: travel_secret.empty delete create

resource "travel_secret" "plain" {
  name                 = "acceptance/plain"
  description          = "Another description."
  secret_value         = "another-secret-of-the-case"
  secret_value_version = 2
  recovery_window_days = 0
  tags                 = { team = "security" }
}

resource "travel_secret" "empty" {
  name                 = "acceptance/another"
  secret_value         = jsonencode({ user = "shop", password = "filled-secret-of-the-case" })
  secret_value_version = 1
  block_public_policy  = false
  recovery_window_days = 0
}
