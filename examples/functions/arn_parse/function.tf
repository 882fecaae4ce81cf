terraform {
  required_providers {
    travel = {
      source = "registry.terraform.io/travelsources/travel"
    }
  }
}

locals {
  deployer = provider::travel::arn_parse("arn:aws:iam::111122223333:role/ci/deploy")
}

output "deployer" {
  value = "${local.deployer.resource} of ${local.deployer.account_id}" # role/ci/deploy of 111122223333
}
