output "arns" {
  description = "The ARNs of the keys, by purpose."
  value       = { for purpose, key in travel_kms_key.this : purpose => key.arn }
}

output "ids" {
  description = "The ids of the keys, by purpose."
  value       = { for purpose, key in travel_kms_key.this : purpose => key.key_id }
}

output "aliases" {
  description = "The aliases of the keys, by purpose."
  value       = { for purpose, key in travel_kms_key.this : purpose => key.alias }
}

output "replica_arns" {
  description = "The ARNs of the replicas, by purpose and region."
  value       = { for purpose, key in travel_kms_key.this : purpose => key.replica_arns }
}
