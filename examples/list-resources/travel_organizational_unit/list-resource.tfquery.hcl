# The units of the organization, each by the names on the way to it.
list "travel_organizational_unit" "all" {
  provider = travel
}
