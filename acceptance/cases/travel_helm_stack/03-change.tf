# plan: travel_helm_stack.this update
# changes: travel_helm_stack.this release
# import: travel_helm_stack.this case/base/base:first,base:second,base:fourth release
# import: travel_helm_stack.this case/base release
# import identity: travel_helm_stack.this cluster_name=case name=base release

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
    values    = { size = 81 }
  }

  release "fourth" {
    chart     = "${var.charts}/probe"
    namespace = "base"
    skip_crds = true
    after     = ["second"]
  }
}
