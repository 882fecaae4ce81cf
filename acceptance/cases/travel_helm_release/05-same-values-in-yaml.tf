# plan: travel_helm_release.this update
# changes: travel_helm_release.this values values_yaml

variable "charts" { type = string }

resource "travel_helm_release" "this" {
  name             = "probe"
  namespace        = "probe"
  create_namespace = true
  chart            = "${var.charts}/probe"
  cluster          = { name = "case" }
  values           = { greeting = "good morning" }
  secret_values    = { password = "another-secret" }

  values_yaml = [
    "greeting: overruled",
    "replicas: 2",
  ]
}
