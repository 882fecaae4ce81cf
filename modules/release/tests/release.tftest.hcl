# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_helm_release" {
    defaults = { status = "ready", revision = 1, chart_version = "0.1.0" }
  }
}

variables {
  name      = "cart"
  cluster   = { name = "dev" }
  namespace = "cart"
  chart     = "./charts/service"
  values    = { replicas = 3, image = { repository = "example.com/cart", tag = "1" } }
}

run "a_release_is_what_it_was_asked_to_be" {
  assert {
    condition     = travel_helm_release.this.cluster.name == "dev" && travel_helm_release.this.values.replicas == 3
    error_message = "Cluster and values must reach the release."
  }

  assert {
    condition     = output.revision == 1 && output.namespace == "cart"
    error_message = "What stands in the cluster must be told."
  }
}

run "names_are_those_of_helm" {
  command = plan

  variables {
    name = "Cart"
  }

  expect_failures = [var.name]
}
