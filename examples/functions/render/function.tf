terraform {
  required_providers {
    travel = {
      source = "registry.terraform.io/travelsources/travel"
    }
  }
}

locals {
  cart = provider::travel::render("cart", "shop", "${path.module}/charts/service", {
    image    = { repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/cart", tag = "1.4.2" }
    replicas = 3
  })
}

# A test of the chart, in the plan: nothing of it runs as root.
check "cart_is_unprivileged" {
  assert {
    condition     = strcontains(local.cart, "runAsNonRoot: true")
    error_message = "A pod of the cart runs as root."
  }
}

output "cart" {
  value = local.cart
}
