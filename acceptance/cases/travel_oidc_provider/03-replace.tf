# plan: travel_oidc_provider.gitlab delete create
resource "travel_oidc_provider" "github" {
  url        = "https://token.actions.githubusercontent.com"
  client_ids = ["sts.amazonaws.com"]
}

resource "travel_oidc_provider" "gitlab" {
  url        = "https://gitlab.example.com/other"
  client_ids = ["https://gitlab.example.com", "release"]
  tags       = { team = "security" }
}
