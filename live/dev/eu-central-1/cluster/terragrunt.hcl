include "root" {
  path = "${get_repo_root()}/terragrunt.hcl"
}

include "unit" {
  path = "${get_repo_root()}/live/_units/cluster.hcl"
}

# Its nodes get out through the firewall as soon as they come, and until they are gone.
dependencies {
  paths = ["../firewall"]
}
