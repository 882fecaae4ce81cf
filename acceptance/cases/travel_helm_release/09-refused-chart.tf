# leaves: CustomResourceDefinition <none> widgets.probe.travelsources.com
# leaves: Namespace <none> probe
# leaves: Namespace <none> elsewhere
# refused: no chart "./none"

resource "travel_helm_release" "this" {
  name      = "probe"
  namespace = "elsewhere"
  chart     = "./none"
  cluster   = { name = "case" }
}
