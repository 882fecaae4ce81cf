# refresh: 14
# plan: travel_kms_key.plain update
# plan: travel_kms_key.this update
# changes: travel_kms_key.plain access policy
# changes: travel_kms_key.this description rotation_period_days tags tags_all

resource "travel_kms_key" "plain" {
  name = "acceptance/plain"

  access = {
    users_like   = ["role/acceptance-*"]
    via_services = ["s3", "secretsmanager"]
    log_groups   = true

    services = {
      "cloudtrail.amazonaws.com" = { source_arns = ["arn:aws:cloudtrail:eu-central-1:*:trail/acceptance"] }
    }
  }
}

resource "travel_kms_key" "this" {
  name                 = "acceptance/this"
  description          = "Another description."
  multi_region         = true
  rotation_period_days = 180
  tags                 = { team = "security" }

  replicas = {
    eu-west-1 = {}
  }
}
