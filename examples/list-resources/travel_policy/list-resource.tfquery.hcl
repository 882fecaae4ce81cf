# The policies that the account's own administrators manage: terraform query -generate-config-out=found.tf brings them in.
list "travel_policy" "all" {
  provider = travel
}
