terraform {
  required_providers {
    travel = {
      source = "registry.terraform.io/travelsources/travel"
    }
  }
}

variable "partition" {
  description = "Where this is: aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws-us-gov"
}

output "viewer" {
  # arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess
  value = provider::travel::arn_build(var.partition, "iam", "", "aws", "policy/ReadOnlyAccess")
}
