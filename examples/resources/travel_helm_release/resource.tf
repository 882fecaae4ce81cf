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
