# refresh: 13

resource "travel_secret" "plain" {
  name                 = "acceptance/plain"
  description          = "Acceptance."
  secret_value         = "secret-of-the-case"
  secret_value_version = 1
  recovery_window_days = 0
  tags                 = { team = "platform" }

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
      Action    = "secretsmanager:GetSecretValue"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Resource  = "*"
    }]
  })
}
