resource "travel_oidc_provider" "gitlab" {
  url        = "https://gitlab.com"
  client_ids = ["https://gitlab.com"]
}

# What the pipelines of one project's main branch work as.
resource "travel_role" "deploy" {
  name                = "deploy"
  path                = "/ci/"
  description         = "Deploys the shop."
  max_session_seconds = 7200

  trust_policy = {
    Version = "2012-10-17"
    Statement = {
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = travel_oidc_provider.gitlab.arn }
      Condition = {
        StringEquals = {
          "gitlab.com:aud" = "https://gitlab.com"
          "gitlab.com:sub" = "project_path:travelsources/shop:ref_type:branch:ref:main"
        }
      }
    }
  }

  managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

  inline_policies = {
    restart = {
      Version = "2012-10-17"
      Statement = {
        Effect   = "Allow"
        Action   = ["ecs:UpdateService", "eks:DescribeCluster"]
        Resource = "*"
      }
    }
  }
}
