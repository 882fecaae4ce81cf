# A cluster is where it is.
# no drift: cluster
# drift: travel_helm_stack.this release by kubectl case set image deployment/first probe=probe:2 --namespace base
# drift: travel_helm_stack.this nothing by kubectl case label configmap second team=nobody --namespace base
# drift: travel_helm_stack.this release by kubectl case delete configmap first --namespace base then kubectl case delete secret second --namespace base

variable "charts" { type = string }

resource "travel_helm_stack" "this" {
  name    = "base"
  cluster = { name = "case" }

  release "first" {
    chart            = "${var.charts}/probe"
    namespace        = "base"
    create_namespace = true
  }

  release "second" {
    chart     = "${var.charts}/probe"
    namespace = "base"
    skip_crds = true
    after     = ["first"]
    values    = { size = 80 }
  }
}
