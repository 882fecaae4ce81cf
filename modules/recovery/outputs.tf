output "policy_arns" {
  description = "The ARNs of the policies, by name."
  value       = { for name, policy in travel_dr_snapshot_policy.this : name => policy.arn }
}
