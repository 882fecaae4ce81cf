# refresh: 15
# plan: travel_kms_key.plain update
# plan: travel_kms_key.this update
# changes: travel_kms_key.plain access policy

resource "travel_kms_key" "plain" {
  name = "acceptance/plain"
}

resource "travel_kms_key" "this" {
  name         = "acceptance/this"
  alias        = "alias/acceptance-other"
  multi_region = true

  replicas = {
    us-east-1 = {}
  }
}
