terraform {
  required_version = ">= 1.11"

  required_providers {
    travel = {
      source  = "registry.terraform.io/travelsources/travel"
      version = ">= 0.1"
    }
  }
}
