variable "database_login" {
  type      = object({ user = string, password = string })
  ephemeral = true
  default   = { user = "shop", password = "not-the-real-one" }
}

# The value stands in no plan and no state. Its version is raised with every other value.
resource "travel_secret" "database" {
  name                 = "shop/database"
  description          = "The shop's login to its database."
  kms_key_id           = "alias/shop"
  secret_value         = jsonencode(var.database_login)
  secret_value_version = 1

  # What the shop needs in the other region, too.
  replicas = {
    eu-west-1 = {}
  }
}

# A secret that another account may read, and that others fill.
resource "travel_secret" "partner" {
  name                 = "shop/partner"
  kms_key_id           = "alias/shop"
  recovery_window_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "secretsmanager:GetSecretValue"
      Principal = { AWS = "arn:aws:iam::444455556666:role/shop" }
      Resource  = "*"
    }]
  })
}
