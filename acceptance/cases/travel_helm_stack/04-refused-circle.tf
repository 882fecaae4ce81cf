# leaves: CustomResourceDefinition <none> widgets.probe.travelsources.com
# leaves: Namespace <none> base
# refused: None of these could be the first: first, second.

resource "travel_helm_stack" "this" {
  name    = "base"
  cluster = { name = "case" }

  release "first" {
    chart = "./none"
    after = ["second"]
  }

  release "second" {
    chart = "./none"
    after = ["first"]
  }
}
