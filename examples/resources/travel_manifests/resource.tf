# Files, and objects that use what others know only when they are made: the plan shows the rest.
resource "travel_manifests" "base" {
  name      = "base"
  cluster   = travel_eks_platform.dev.cluster
  namespace = "shop"
  yaml      = [for path in sort(fileset("${path.module}/manifests", "*.yaml")) : file("${path.module}/manifests/${path}")]

  objects = [
    {
      apiVersion = "v1"
      kind       = "ServiceAccount"
      metadata   = { name = "cart", annotations = { "eks.amazonaws.com/role-arn" = aws_iam_role.cart.arn } }
    },
    {
      apiVersion = "batch/v1"
      kind       = "Job"
      metadata   = { name = "migrate" }
      spec = {
        template = {
          spec = {
            restartPolicy = "Never"
            containers    = [{ name = "migrate", image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/cart:1.4.2" }]
          }
        }
      }
    },
  ]

  # The template of a Job cannot be changed: another version of the image makes another Job.
  recreate = ["Job"]

  timeouts {
    create = "10m"
  }
}

# What others set stays theirs; a condition of a custom resource is awaited; and of what is secret
# outside of Secret objects plans show no value.
resource "travel_manifests" "certificates" {
  name        = "certificates"
  cluster     = travel_eks_platform.dev.cluster
  yaml        = [file("${path.module}/certificate.yaml")]
  secret_yaml = [templatefile("${path.module}/issuer.yaml", { key = var.key })]
  wait_for    = { "Certificate.cert-manager.io" = "Ready" }
  ignore      = [{ kind = "Deployment", path = "/spec/replicas" }]
}
