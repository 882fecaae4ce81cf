# Another grantee and another key.
# plan: travel_kms_grant.reader delete create
# plan: travel_kms_grant.writer delete
# plan: travel_kms_grant.signer create

resource "travel_kms_grant" "reader" {
  name              = "acceptance/reader"
  key_arn           = travel_kms_key.data.arn
  grantee_principal = travel_role.writer.arn
  operations        = ["Decrypt", "DescribeKey", "Encrypt"]
}

resource "travel_kms_grant" "signer" {
  name              = "acceptance/signer"
  key_arn           = travel_kms_key.signing.arn
  grantee_principal = travel_role.writer.arn
  operations        = ["Sign", "GetPublicKey"]
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
