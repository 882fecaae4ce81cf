resource "travel_kms_key" "secrets" {
  name = "acceptance/secrets"
}
