# refused: the value does not match the allowed pattern

resource "travel_parameter" "plain" {
  name            = "/acceptance/plain"
  value           = "TWO"
  allowed_pattern = "^[a-z]+$"
}
