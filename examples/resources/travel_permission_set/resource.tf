# Who runs the platform: eight hours, and nothing outside the boundary that each account has.
resource "travel_permission_set" "operator" {
  name             = "operator"
  description      = "Who runs the platform."
  session_minutes  = 480
  managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

  inline_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "eks:AccessKubernetesApi", Resource = "*" }]
  })

  permissions_boundary = { customer_managed_policy = { name = "platform-boundary" } }
}
