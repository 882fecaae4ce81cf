resource "travel_kms_key" "data" {
  name = "acceptance/granted"
}

resource "travel_kms_key" "signing" {
  name      = "acceptance/signing"
  key_usage = "SIGN_VERIFY"
  key_spec  = "ECC_NIST_P256"
}

resource "travel_kms_key" "ireland" {
  name   = "acceptance/ireland"
  region = "eu-west-1"
}

resource "travel_role" "reader" {
  name = "acceptance-reader"
  path = "/acceptance/"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }
}

resource "travel_role" "writer" {
  name = "acceptance-writer"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }
}
