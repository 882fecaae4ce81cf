data "travel_helm_template" "cart" {
  name         = "cart"
  namespace    = "shop"
  chart        = "${path.module}/charts/service"
  kube_version = "1.35"

  values = {
    image = { repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/cart", tag = "1.4.2" }
  }
}

# What a delivery tool, or a reviewer, is to see of it: a file for each template.
output "cart" {
  value = data.travel_helm_template.cart.manifests
}
