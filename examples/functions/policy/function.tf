terraform {
  required_providers {
    travel = {
      source = "registry.terraform.io/travelsources/travel"
    }
  }
}

locals {
  read = provider::travel::policy({
    Effect   = "Allow"
    Action   = ["s3:GetObject", "s3:ListBucket"]
    Resource = ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]
  })
}

output "read" {
  value = local.read # {"Statement":{"Action":["s3:GetObject","s3:ListBucket"],…},"Version":"2012-10-17"}
}
