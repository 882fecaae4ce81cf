# cluster: case
# refresh: 11

variable "charts" { type = string }

resource "travel_helm_release" "this" {
  name             = "probe"
  namespace        = "probe"
  create_namespace = true
  chart            = "${var.charts}/probe"
  cluster          = { name = "case" }
  values           = { greeting = "hello" }
  secret_values    = { password = "secret-of-the-case" }
}
