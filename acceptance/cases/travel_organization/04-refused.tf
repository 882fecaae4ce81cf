# refused: there is no policy type SERVICE_POLICY

resource "travel_organization" "this" {
  name         = "renamed"
  policy_types = ["SERVICE_POLICY"]
}
