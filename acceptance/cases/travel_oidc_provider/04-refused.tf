# refused: an address that begins with https://
resource "travel_oidc_provider" "github" {
  url        = "http://token.actions.githubusercontent.com"
  client_ids = ["sts.amazonaws.com"]
}
