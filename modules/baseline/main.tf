locals {
  namespaces = merge(
    var.namespaces,
    var.smoke == null ? {} : { (var.smoke.namespace) = { quota = var.smoke.quota } },
  )
}

resource "travel_helm_stack" "this" {
  name    = var.name
  cluster = var.cluster

  # First what everything else has to keep to.
  release "namespaces" {
    chart            = "${var.charts}/namespaces"
    namespace        = var.namespace
    create_namespace = true
    values           = { namespaces = local.namespaces, defaults = var.defaults }
  }

  # Pods that are restricted, fit the quota and become ready prove scheduling and admission; nobody
  # calls them.
  dynamic "release" {
    for_each = var.smoke == null ? [] : [var.smoke]
    labels   = ["smoke"]

    content {
      after     = ["namespaces"]
      chart     = "${var.charts}/service"
      namespace = release.value.namespace

      values = {
        image       = { repository = release.value.image, tag = release.value.tag }
        replicas    = release.value.replicas
        autoscaling = { enabled = false }
        probes      = { readiness = null, liveness = null }
        resources   = { requests = { cpu = "10m", memory = "16Mi" }, limits = { memory = "32Mi" } }
      }
    }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The baseline is not complete yet. The next apply continues."
    }
  }
}
