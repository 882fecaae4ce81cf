output "policy_arns" {
  description = "The ARNs of the policies, by name."
  value       = { for name, policy in travel_dr_snapshot_policy.this : name => policy.arn }
}

output "volume_ids" {
  description = "The ids of the volumes that each policy takes snapshots of."
  value       = { for name, policy in travel_dr_snapshot_policy.this : name => policy.volume_ids }
}

output "uncovered_volume_ids" {
  description = "The ids of the volumes of account and region that no policy takes snapshots of."
  value       = setintersection([for policy in values(travel_dr_snapshot_policy.this) : policy.uncovered_volume_ids]...)
}
