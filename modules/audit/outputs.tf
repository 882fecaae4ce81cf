output "trail_arn" {
  description = "The ARN of the trail."
  value       = travel_audit_trail.this.arn
}

output "bucket_arn" {
  description = "The ARN of the bucket with the log files."
  value       = travel_bucket.this.arn
}

output "key_arn" {
  description = "The ARN of the key that they are encrypted with."
  value       = travel_kms_key.this.arn
}
