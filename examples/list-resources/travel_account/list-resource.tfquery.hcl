# The member accounts of the organization.
list "travel_account" "all" {
  provider = travel
}
