output "bucket" {
  description = "The name of the bucket, for the recorders."
  value       = travel_bucket.this.name
}

output "aggregator_arn" {
  description = "The ARN of the aggregator."
  value       = travel_config_aggregator.this.arn
}

output "key_arn" {
  description = "The ARN of the key that what is delivered is encrypted with."
  value       = travel_kms_key.this.arn
}
