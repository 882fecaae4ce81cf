# refresh: 14
resource "travel_kms_key" "plain" {
  name = "acceptance/plain"
}

resource "travel_kms_key" "this" {
  name         = "acceptance/this"
  description  = "Acceptance."
  multi_region = true
  tags         = { team = "platform" }

  replicas = {
    eu-west-1 = {}
  }
}
