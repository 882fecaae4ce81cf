action "travel_restart_workload" "cart" {
  config {
    cluster   = { name = "dev" } # or travel_eks_platform.dev.cluster
    kind      = "Deployment"
    namespace = "shop"
    name      = "cart"
  }
}

# The service reads its settings at its start, so that a change of them restarts it. By hand:
# terraform apply -invoke=action.travel_restart_workload.cart
resource "terraform_data" "settings" {
  input = file("${path.module}/settings.yaml")

  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.travel_restart_workload.cart]
    }
  }
}
