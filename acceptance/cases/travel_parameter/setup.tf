resource "travel_kms_key" "parameters" {
  name = "acceptance/parameters"
}
