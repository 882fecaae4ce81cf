# refused: It does nothing

resource "travel_bucket" "plain" {
  name            = "acceptance-other"
  lifecycle_rules = { idle = { prefix = "a/" } }
}
