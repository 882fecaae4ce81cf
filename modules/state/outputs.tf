output "bucket" {
  description = "The name of the bucket."
  value       = travel_bucket.this.name
}

output "kms_key_arn" {
  description = "The ARN of the key that encrypts the states."
  value       = travel_kms_key.this.arn
}

output "copies" {
  description = "Bucket, region and key of the copies, to go on from where the bucket's region is lost."
  value = {
    bucket      = travel_bucket.copies.name
    region      = var.recovery_region
    kms_key_arn = travel_kms_key.this.replica_arns[var.recovery_region]
  }
}
