# The roles of an account: terraform query -generate-config-out=found.tf brings them in.
list "travel_role" "all" {
  provider = travel
}
