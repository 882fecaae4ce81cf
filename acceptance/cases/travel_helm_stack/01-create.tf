# cluster: case
# refresh: 23

variable "charts" { type = string }

resource "terraform_data" "greeting" {
  input = "hello"
}

resource "travel_helm_stack" "this" {
  name    = "base"
  cluster = { name = "case" }

  release "first" {
    chart            = "${var.charts}/probe"
    namespace        = "base"
    create_namespace = true
    values           = { greeting = terraform_data.greeting.output }
    secret_values    = { password = "secret-of-the-stack" }
  }

  release "second" {
    chart     = "${var.charts}/probe"
    namespace = "base"
    skip_crds = true
    after     = ["first"]
    values    = { size = 80 }
  }

  release "third" {
    name      = "other"
    chart     = "${var.charts}/probe"
    namespace = "base"
    skip_crds = true
    after     = ["first"]
  }
}
