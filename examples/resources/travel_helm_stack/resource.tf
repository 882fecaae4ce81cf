resource "travel_helm_stack" "base" {
  name    = "base"
  cluster = travel_eks_platform.dev.cluster

  release "namespaces" {
    chart  = "${path.module}/charts/namespaces"
    values = { namespaces = { shop = {} } }
  }

  release "cart" {
    chart     = "${path.module}/charts/service"
    namespace = "shop"
    after     = ["namespaces"]
    values    = { image = { repository = "cart", tag = "1.4.2" } }
  }

  # Not before there is a namespace, but beside the other.
  release "pay" {
    chart       = "${path.module}/charts/service"
    namespace   = "shop"
    after       = ["namespaces"]
    values_yaml = [file("${path.module}/pay.yaml")]
  }
}
