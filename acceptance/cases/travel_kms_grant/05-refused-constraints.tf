# refused: without encryption_context_subset

resource "travel_kms_grant" "reader" {
  name              = "acceptance/reader"
  key_arn           = travel_kms_key.data.arn
  grantee_principal = travel_role.writer.arn
  operations        = ["Decrypt"]

  constraints = {
    encryption_context_equals = { app = "shop" }
    encryption_context_subset = { app = "shop" }
  }
}
