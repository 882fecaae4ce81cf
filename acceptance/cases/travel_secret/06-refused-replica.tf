# refused: the secret itself is in eu-central-1

resource "travel_secret" "plain" {
  name                 = "acceptance/plain"
  recovery_window_days = 0

  replicas = {
    eu-central-1 = {}
  }
}
