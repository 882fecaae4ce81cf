output "permission_set_arns" {
  description = "The ARNs of the permission sets, by name."
  value       = { for name, set in travel_permission_set.this : name => set.arn }
}

output "group_ids" {
  description = "The ids of the groups, by name."
  value       = { for name, group in travel_identity_group.this : name => group.group_id }
}

output "user_ids" {
  description = "The ids of the users, by name."
  value       = { for name, user in travel_identity_user.this : name => user.user_id }
}
