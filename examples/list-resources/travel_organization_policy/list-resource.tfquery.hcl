# The organization's own policies of every kind; those that AWS manages are left out.
list "travel_organization_policy" "all" {
  provider = travel
}
