# GitHub's pipelines, whose tokens roles can trust.
resource "travel_oidc_provider" "github" {
  url        = "https://token.actions.githubusercontent.com"
  client_ids = ["sts.amazonaws.com"]
}
