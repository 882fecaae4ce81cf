# refused: 3 to 63 lower case letters

resource "travel_bucket" "plain" {
  name = "Acceptance"
}
