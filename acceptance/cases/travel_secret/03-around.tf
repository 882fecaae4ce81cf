# refresh: 13
# plan: travel_secret.plain update
# changes: travel_secret.plain force_overwrite_replicas kms_key_id recovery_window_days replicas
# plan: travel_secret.empty update
# changes: travel_secret.empty block_public_policy policy secret_value_version

resource "travel_secret" "plain" {
  name                     = "acceptance/plain"
  description              = "Another description."
  secret_value             = "another-secret-of-the-case"
  secret_value_version     = 2
  recovery_window_days     = 7
  force_overwrite_replicas = true
  tags                     = { team = "security" }

  replicas = {
    us-east-1 = {}
  }
}

resource "travel_secret" "empty" {
  name                 = "acceptance/empty"
  secret_value         = jsonencode({ user = "shop", password = "filled-secret-of-the-case" })
  secret_value_version = 1
  block_public_policy  = false
  recovery_window_days = 0
}
