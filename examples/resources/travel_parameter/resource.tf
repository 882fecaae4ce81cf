# Configuration that services read by name.
resource "travel_parameter" "url" {
  name            = "/shop/database/url"
  description     = "Where the shop's database is."
  value           = "postgres://shop.internal:5432/shop"
  allowed_pattern = "^postgres://"
}

variable "database_password" {
  type      = string
  ephemeral = true
  default   = "not-the-real-one"
}

# A secret stands in no plan and no state. Its version is raised with every other value.
resource "travel_parameter" "password" {
  name                 = "/shop/database/password"
  type                 = "SecureString"
  secret_value         = var.database_password
  secret_value_version = 1
}

# A parameter with a date: one that warns before it is removed.
resource "travel_parameter" "trial" {
  name  = "/shop/trial"
  value = "until the end of the century"
  tier  = "Advanced"

  policies = jsonencode([
    {
      Type       = "Expiration"
      Version    = "1.0"
      Attributes = { Timestamp = "2099-12-31T23:59:59.000Z" }
    },
    {
      Type       = "ExpirationNotification"
      Version    = "1.0"
      Attributes = { Before = "30", Unit = "Days" }
    },
  ])
}
