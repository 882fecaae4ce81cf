# The organization, and roles that it is asked with, one before and one after a change.

resource "travel_organization" "this" {
  name             = "acceptance"
  trusted_services = ["config.amazonaws.com"]
}

resource "travel_role" "first" {
  name = "acceptance-aggregator-first"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = "sts:AssumeRole" }
  }
}

resource "travel_role" "second" {
  name = "acceptance-aggregator-second"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = "sts:AssumeRole" }
  }
}
