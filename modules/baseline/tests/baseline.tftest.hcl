# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_helm_stack" {
    defaults = { status = "ready" }
  }
}

variables {
  cluster    = { name = "dev" }
  charts     = "./charts"
  namespaces = { cart = {}, payments = { labels = { data = "cardholder" } } }
}

run "namespaces_come_first" {
  assert {
    condition     = output.namespaces == tolist(["cart", "payments", "smoke"])
    error_message = "The smoke release has a namespace of its own."
  }

  assert {
    condition     = contains(travel_helm_stack.this.release["smoke"].after, "namespaces")
    error_message = "The smoke release waits for the namespaces."
  }
}

run "without_a_smoke_release" {
  variables {
    smoke = null
  }

  assert {
    condition     = output.namespaces == tolist(["cart", "payments"])
    error_message = "Without a smoke release it has no namespace."
  }
}

run "names_are_those_of_kubernetes" {
  command = plan

  variables {
    namespaces = { Cart = {} }
  }

  expect_failures = [var.namespaces]
}
