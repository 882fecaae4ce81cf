# plan: travel_helm_release.this update
# changes: travel_helm_release.this documents values values_digest

variable "charts" { type = string }

resource "travel_helm_release" "this" {
  name             = "probe"
  namespace        = "probe"
  create_namespace = true
  chart            = "${var.charts}/probe"
  cluster          = { name = "case" }

  values = {
    greeting = "good morning"
    password = "another-secret"
    replicas = 2
  }
}
