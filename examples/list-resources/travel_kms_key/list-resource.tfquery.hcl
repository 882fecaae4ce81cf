# The keys of a region: terraform query -generate-config-out=keys.tf brings them in.
list "travel_kms_key" "all" {
  provider = travel

  config {
    region = "eu-west-1" # by default the provider's
  }
}
