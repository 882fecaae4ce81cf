# refresh: 14
# plan: travel_kms_key.this update
# changes: travel_kms_key.this description rotation_period_days tags tags_all

resource "travel_kms_key" "plain" {
  name = "acceptance/plain"
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
