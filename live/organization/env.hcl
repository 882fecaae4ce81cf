# The management account: it holds the organization and the state of all units.
locals {
  # The account of the credentials. There is no organization yet that could know it by a name.
  account          = null
  primary_region   = "eu-central-1"
  recovery_region  = "eu-west-1"
  domain           = "travelsources.com"
  modules_ref      = null
  provider_version = "0.1.0"
  protected        = true
  # Where the policies of the organization are published, by which plans tell what they deny.
  policies = { bucket = "travelsources-com-policies", key = "effective-policies.json" }
  # Roles to work in, by account, other than OrganizationAccountAccessRole.
  accounts = {}
  # Units that have moved here, with the paths they had before.
  moved = {}
  tags  = { environment = "organization" }
}
