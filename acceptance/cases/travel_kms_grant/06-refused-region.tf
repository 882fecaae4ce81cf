# refused: Set region = "eu-west-1" here

resource "travel_kms_grant" "table" {
  name               = "acceptance-table"
  key_arn            = travel_kms_key.ireland.arn
  grantee_principal  = "dynamodb.amazonaws.com"
  retiring_principal = "arn:aws:iam::111122223333:root"
  operations         = ["Decrypt", "Encrypt", "RetireGrant"]

  constraints = {
    source_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/carts"
  }
}
