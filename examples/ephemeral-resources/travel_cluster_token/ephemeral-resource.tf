ephemeral "travel_cluster_token" "dev" {
  cluster = { name = "dev" } # or travel_eks_platform.dev.cluster
}

# Goes wherever a value may be ephemeral: into a provisioner, a write-only attribute, or a provider.
#
#   provider "kubernetes" {
#     host                   = ephemeral.travel_cluster_token.dev.endpoint
#     cluster_ca_certificate = ephemeral.travel_cluster_token.dev.certificate_authority
#     token                  = ephemeral.travel_cluster_token.dev.token
#   }
resource "terraform_data" "answers" {
  provisioner "local-exec" {
    interpreter = ["bash", "-c"]
    command     = "curl -fsS --cacert <(echo \"$AUTHORITY\") -H @<(echo \"Authorization: Bearer $TOKEN\") \"$ENDPOINT/api/v1/namespaces/default\""

    environment = {
      ENDPOINT  = ephemeral.travel_cluster_token.dev.endpoint
      AUTHORITY = ephemeral.travel_cluster_token.dev.certificate_authority
      TOKEN     = ephemeral.travel_cluster_token.dev.token
    }
  }
}
