# refresh: 13
# plan: travel_secret.plain update
# changes: travel_secret.plain description kms_key_id secret_value_version tags tags_all
# plan: travel_secret.empty update
# changes: travel_secret.empty policy
# import: travel_secret.plain acceptance/plain secret_value_version recovery_window_days
# import identity: travel_secret.empty region=eu-central-1 name=acceptance/empty recovery_window_days

resource "travel_secret" "plain" {
  name                 = "acceptance/plain"
  description          = "Another description."
  kms_key_id           = travel_kms_key.secrets.arn
  secret_value         = "another-secret-of-the-case"
  secret_value_version = 2
  recovery_window_days = 0
  tags                 = { team = "security" }

  replicas = {
    eu-west-1 = {}
  }
}

resource "travel_secret" "empty" {
  name                 = "acceptance/empty"
  recovery_window_days = 0

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "secretsmanager:*"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Resource  = "*"
    }]
  })
}
