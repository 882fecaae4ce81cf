# refresh: 14
# plan: travel_kms_key.plain delete create

resource "travel_kms_key" "plain" {
  name      = "acceptance/plain"
  key_usage = "SIGN_VERIFY"
  key_spec  = "ECC_NIST_P256"
}

resource "travel_kms_key" "this" {
  name         = "acceptance/this"
  alias        = "alias/acceptance-other"
  multi_region = true

  replicas = {
    us-east-1 = {}
  }
}
