# refused: operations that one key can do

resource "travel_kms_grant" "reader" {
  name              = "acceptance/reader"
  key_arn           = travel_kms_key.data.arn
  grantee_principal = travel_role.writer.arn
  operations        = ["Decrypt", "DescribeKey", "Sign"]
}
