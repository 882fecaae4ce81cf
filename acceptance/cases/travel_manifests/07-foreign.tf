# What is there already is nobody's to take: nothing is changed.
# outside: kubectl case create configmap theirs --namespace manifests --from-literal=a=b
# plan: travel_manifests.this update
# changes: travel_manifests.this documents objects recreate secret_yaml yaml
# apply refused: nothing marks it as made by this set
# leaves: Namespace <none> manifests
# leaves: ConfigMap manifests theirs

resource "terraform_data" "greeting" {
  input = "hello"
}

resource "travel_manifests" "this" {
  name      = "base"
  namespace = "manifests"
  cluster   = { name = "case" }

  objects = [
    {
      apiVersion = "v1"
      kind       = "ConfigMap"
      metadata   = { name = "theirs" }
      data       = { a = "c" }
    },
  ]
}
