# refused: no chart "./none"

resource "travel_helm_release" "this" {
  name      = "probe"
  namespace = "elsewhere"
  chart     = "./none"
  cluster   = { name = "case" }
}
