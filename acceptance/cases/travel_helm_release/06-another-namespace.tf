# plan: travel_helm_release.this delete create

variable "charts" { type = string }

resource "travel_helm_release" "this" {
  name             = "probe"
  namespace        = "elsewhere"
  create_namespace = true
  chart            = "${var.charts}/probe"
  cluster          = { name = "case" }
  values           = { size = 3 }
}
