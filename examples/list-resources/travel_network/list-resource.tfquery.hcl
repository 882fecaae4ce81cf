# The networks of this deployment, such as one whose state was lost.
list "travel_network" "all" {
  provider = travel
}
