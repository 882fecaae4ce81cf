# refresh: 2
# import: travel_oidc_provider.github https://token.actions.githubusercontent.com
# import identity: travel_oidc_provider.gitlab url=https://gitlab.example.com/oidc
resource "travel_oidc_provider" "github" {
  url        = "https://token.actions.githubusercontent.com"
  client_ids = ["sts.amazonaws.com"]
}

resource "travel_oidc_provider" "gitlab" {
  url         = "https://gitlab.example.com/oidc"
  client_ids  = ["https://gitlab.example.com", "deploy"]
  thumbprints = ["0123456789abcdef0123456789abcdef01234567"]
  tags        = { team = "platform" }
}
