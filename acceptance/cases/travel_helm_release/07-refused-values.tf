# refused: at '/replicas': got string, want integer

variable "charts" { type = string }

resource "travel_helm_release" "this" {
  name      = "probe"
  namespace = "elsewhere"
  chart     = "${var.charts}/probe"
  cluster   = { name = "case" }
  values    = { replicas = "two" }
}
