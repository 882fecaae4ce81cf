# refused: spec.replica

resource "travel_manifests" "this" {
  name         = "base"
  cluster      = { name = "case" }
  kube_version = "1.35"

  objects = [
    {
      apiVersion = "apps/v1"
      kind       = "Deployment"
      metadata   = { name = "probe" }
      spec       = { replica = 1 }
    },
  ]
}
