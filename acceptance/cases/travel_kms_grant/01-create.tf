# refresh: 21

resource "travel_kms_grant" "reader" {
  name              = "acceptance/reader"
  key_arn           = travel_kms_key.data.arn
  grantee_principal = travel_role.reader.arn
  operations        = ["Decrypt", "DescribeKey"]
}

resource "travel_kms_grant" "writer" {
  name               = "acceptance:writer"
  key_arn            = travel_kms_key.data.arn
  grantee_principal  = travel_role.writer.arn
  retiring_principal = travel_role.reader.arn
  operations         = ["GenerateDataKey", "CreateGrant"]

  constraints = {
    encryption_context_subset = { app = "shop" }
  }
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
