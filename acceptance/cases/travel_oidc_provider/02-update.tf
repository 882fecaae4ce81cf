# plan: travel_oidc_provider.github update
# changes: travel_oidc_provider.github thumbprints
# plan: travel_oidc_provider.gitlab update
# changes: travel_oidc_provider.gitlab client_ids tags tags_all
resource "travel_oidc_provider" "github" {
  url         = "https://token.actions.githubusercontent.com"
  client_ids  = ["sts.amazonaws.com"]
  thumbprints = ["0123456789abcdef0123456789abcdef01234567", "ffff456789abcdef0123456789abcdef01234567"]
}

resource "travel_oidc_provider" "gitlab" {
  url        = "https://gitlab.example.com/oidc"
  client_ids = ["https://gitlab.example.com", "release"]
  tags       = { team = "security" }
}
