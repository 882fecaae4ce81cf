# A grant cannot be changed; it can only be gone.
# drift: travel_kms_grant.this create by kms RevokeGrant {"KeyId": "${key}", "GrantId": "${grant}"}

resource "travel_kms_grant" "this" {
  name              = "acceptance/reader"
  key_arn           = travel_kms_key.data.arn
  grantee_principal = travel_role.reader.arn
  operations        = ["Decrypt", "DescribeKey"]
}

output "key" {
  value = travel_kms_key.data.arn
}

output "grant" {
  value = travel_kms_grant.this.grant_id
}
