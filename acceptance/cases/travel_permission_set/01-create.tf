# refresh: 16

resource "travel_permission_set" "reader" {
  name             = "reader"
  managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  tags             = { team = "platform" }
}

resource "travel_permission_set" "operator" {
  name            = "operator"
  description     = "Who runs the platform."
  session_minutes = 240
  relay_state     = "https://eu-central-1.console.aws.amazon.com/eks/home"
  managed_policies = [
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam::aws:policy/job-function/SystemAdministrator",
  ]
  customer_managed_policies = [
    { name = "operations" },
    { name = "clusters", path = "/travel/" },
  ]
  inline_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "eks:AccessKubernetesApi", Resource = "*" }]
  })
  permissions_boundary = { customer_managed_policy = { name = "boundary" } }
}
