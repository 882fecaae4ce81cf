output "id" {
  description = "The organization's id, o-…."
  value       = travel_organization.this.id
}

output "root_id" {
  description = "The id of the root, r-…."
  value       = travel_organization.this.root_id
}

output "management_account_id" {
  description = "The id of the management account."
  value       = travel_organization.this.management_account_id
}

output "unit_ids" {
  description = "The ids of the organizational units, by name."
  value       = { for name, unit in travel_organizational_unit.this : name => unit.id }
}

output "account_ids" {
  description = "The ids of the member accounts, by name."
  value       = { for name, account in travel_account.this : name => account.id }
}

output "guardrail_ids" {
  description = "The ids of the service control policies, by name."
  value       = { for name, policy in travel_organization_policy.guardrail : name => policy.id }
}

output "effective_policies" {
  description = "Bucket and key of the published policies; none where they are not published."
  value       = one([for object in travel_effective_policies.this : { bucket = object.bucket, key = object.key }])
}
