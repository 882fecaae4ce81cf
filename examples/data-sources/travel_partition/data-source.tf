data "travel_partition" "this" {}

output "administrator_access" {
  value = "${data.travel_partition.this.managed_policy_prefix}AdministratorAccess"
}
