terraform {
  required_providers {
    travel = {
      source = "registry.terraform.io/travelsources/travel"
    }
  }
}

locals {
  # public  10.20.0.0/20,   private 10.20.128.0/17,   data 10.20.16.0/20
  subnets = provider::travel::subnets(
    "10.20.0.0/16",
    ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    [
      { name = "public", prefix_length = 22 },
      { name = "private", prefix_length = 19 },
      { name = "data", prefix_length = 22 },
    ],
  )
}

output "first_private_subnet" {
  value = local.subnets["private"]["eu-central-1a"] # 10.20.128.0/19
}
