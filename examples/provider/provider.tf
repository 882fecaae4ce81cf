terraform {
  required_providers {
    travel = {
      # The whole address, host included: terraform and OpenTofu then share one state.
      source = "registry.terraform.io/travelsources/travel"
    }
  }
}

provider "travel" {
  deployment = "dev/eu-central-1/network"
  region     = "eu-central-1"
  account    = "dev"

  accounts = {
    dev = { role_arn = "arn:aws:iam::111122223333:role/travel-apply" }
  }

  default_tags = {
    environment = "dev"
  }
}
