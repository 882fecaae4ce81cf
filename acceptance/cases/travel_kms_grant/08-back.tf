# plan: travel_kms_grant.signer create

resource "travel_kms_grant" "signer" {
  name              = "acceptance/signer"
  key_arn           = travel_kms_key.signing.arn
  grantee_principal = travel_role.writer.arn
  operations        = ["Sign"]
}

resource "travel_kms_grant" "table" {
  name               = "acceptance-table"
  key_arn            = travel_kms_key.ireland.arn
  region             = "eu-west-1"
  grantee_principal  = "dynamodb.amazonaws.com"
  retiring_principal = "arn:aws:iam::111122223333:root"
  operations         = ["Decrypt", "Encrypt", "RetireGrant"]

  constraints = {
    source_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/carts"
  }
}
