# refused: 7 to 30

resource "travel_secret" "plain" {
  name                 = "acceptance/plain"
  recovery_window_days = 3
}
