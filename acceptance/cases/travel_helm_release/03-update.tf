# plan: travel_helm_release.this update
# changes: travel_helm_release.this documents secret_values values values_digest

variable "charts" { type = string }

resource "travel_helm_release" "this" {
  name             = "probe"
  namespace        = "probe"
  create_namespace = true
  chart            = "${var.charts}/probe"
  cluster          = { name = "case" }
  values           = { greeting = "good morning", replicas = 2 }
  secret_values    = { password = "another-secret" }
}
