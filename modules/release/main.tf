resource "travel_helm_release" "this" {
  name                = var.name
  cluster             = var.cluster
  namespace           = var.namespace
  create_namespace    = var.create_namespace
  chart               = var.chart
  version             = var.chart_version
  chart_mirror        = var.chart_mirror
  repository          = var.repository
  values              = var.values
  values_yaml         = var.values_yaml
  drains              = var.drains
  ignore              = var.ignore
  rollback_on_failure = var.rollback_on_failure

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The release is not complete yet. The next apply continues."
    }
  }
}
