# cluster: case
# refresh: 13

resource "terraform_data" "greeting" {
  input = "hello"
}

resource "travel_manifests" "this" {
  name      = "base"
  namespace = "manifests"
  cluster   = { name = "case" }

  yaml = [
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gadgets.manifests.travelsources.com}\nspec:\n  group: manifests.travelsources.com\n  scope: Namespaced\n  names: {kind: Gadget, listKind: GadgetList, plural: gadgets, singular: gadget}\n  versions:\n    - name: v1\n      served: true\n      storage: true\n      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}\n",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: manifests}\n---\napiVersion: manifests.travelsources.com/v1\nkind: Gadget\nmetadata: {name: one}\nspec: {size: 1}\n",
  ]

  objects = [
    {
      apiVersion = "v1"
      kind       = "ConfigMap"
      metadata   = { name = "greeting" }
      data       = { greeting = "${terraform_data.greeting.output} world" }
    },
    {
      apiVersion = "apps/v1"
      kind       = "Deployment"
      metadata   = { name = "probe", labels = { team = "platform" } }
      spec = {
        replicas = 1
        selector = { matchLabels = { app = "probe" } }
        template = {
          metadata = { labels = { app = "probe" } }
          spec     = { containers = [{ name = "probe", image = "probe:1" }] }
        }
      }
    },
    {
      apiVersion = "batch/v1"
      kind       = "Job"
      metadata   = { name = "migrate" }
      spec = {
        template = {
          spec = {
            restartPolicy = "Never"
            containers    = [{ name = "migrate", image = "migrate:1" }]
          }
        }
      }
    },
  ]

  secret_yaml = ["{apiVersion: v1, kind: ConfigMap, metadata: {name: hidden}, data: {key: secret-of-the-manifests}}"]
}
