ephemeral "travel_kubeconfig" "dev" {
  cluster   = { name = "dev" } # or travel_eks_platform.dev.cluster
  namespace = "kube-system"
}

# A program that reads a kubeconfig needs nothing else, and no file is left behind.
resource "terraform_data" "answers" {
  provisioner "local-exec" {
    interpreter = ["bash", "-c"]
    command     = "kubectl --kubeconfig <(echo \"$CONFIG\") get serviceaccounts"

    environment = {
      CONFIG = ephemeral.travel_kubeconfig.dev.content
    }
  }
}
