resource "travel_helm_release" "cart" {
  name             = "cart"
  namespace        = "shop"
  create_namespace = true
  chart            = "${path.module}/charts/service"
  cluster          = travel_eks_platform.dev.cluster

  values = {
    image = { repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/cart", tag = "1.4.2" }
  }
}

# From a mirror (the provider's chart_mirror), with values from files, and with what it must let go
# of before it goes.
resource "travel_helm_release" "load_balancers" {
  name        = "aws-load-balancer-controller"
  namespace   = "kube-system"
  chart       = "aws-load-balancer-controller"
  version     = "~1.13"
  cluster     = travel_eks_platform.dev.cluster
  values_yaml = [file("${path.module}/load-balancers.yaml")]
  drains      = ["Service", "Ingress.networking.k8s.io"]

  timeouts {
    create = "10m"
  }
}

# From a registry, with the newest of a range of versions. Who asks is known from what `helm registry login`
# and `docker login` have kept, and from the helpers named there.
resource "travel_helm_release" "orders" {
  name       = "orders"
  namespace  = "shop"
  repository = "oci://111122223333.dkr.ecr.eu-central-1.amazonaws.com/charts"
  chart      = "orders"
  version    = "~2.4"
  cluster    = travel_eks_platform.dev.cluster
}

# From a repository with an authority of its own, and only what one of our publishers has signed. The password
# stands in no plan and in no state.
resource "travel_helm_release" "ledger" {
  name                = "ledger"
  namespace           = "shop"
  repository          = "https://charts.example.com/internal"
  repository_username = "deployer"
  repository_password = var.charts_password
  repository_ca_file  = "${path.module}/internal-ca.pem"
  chart               = "ledger"
  version             = "1.9.2"
  verify              = true
  keyring             = "${path.module}/publishers.gpg"
  cluster             = travel_eks_platform.dev.cluster
}

variable "charts_password" {
  description = "The password of the repository's user."
  type        = string
  sensitive   = true
}
