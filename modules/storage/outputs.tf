output "arns" {
  description = "The ARNs of the buckets, by name."
  value       = { for name, bucket in travel_bucket.this : name => bucket.arn }
}

output "regional_domain_names" {
  description = "Under which name each bucket is reached from its region."
  value       = { for name, bucket in travel_bucket.this : name => bucket.regional_domain_name }
}
