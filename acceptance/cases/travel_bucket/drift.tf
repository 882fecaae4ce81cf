# drift: travel_bucket.plain versioning by s3 PUT /acceptance-plain?versioning <VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>
# drift: travel_bucket.plain bucket_key encryption kms_key by s3 PUT /acceptance-plain?encryption <ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>
# drift: travel_bucket.plain block_public_acls block_public_policy ignore_public_acls restrict_public_buckets by s3 DELETE /acceptance-plain?publicAccessBlock
# drift: travel_bucket.plain object_ownership by s3 DELETE /acceptance-plain?ownershipControls
# drift: travel_bucket.plain policy by s3 PUT /acceptance-plain?policy {"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acceptance-plain/*"}]}
# drift: travel_bucket.full lifecycle_rules minimum_transition_size by s3 DELETE /acceptance-full?lifecycle
# drift: travel_bucket.full default_retention by s3 PUT /acceptance-full?object-lock <ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>
# drift: travel_bucket.full logging by s3 PUT /acceptance-full?logging <BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></BucketLoggingStatus>
# drift: travel_bucket.full replication_role replication_rules by s3 DELETE /acceptance-full?replication
# drift: travel_bucket.full event_bridge notices by s3 PUT /acceptance-full?notification <NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></NotificationConfiguration>
# drift: travel_bucket.plain tags tags_all by s3 DELETE /acceptance-plain?tagging
# drift: travel_bucket.plain create by s3 DELETE /acceptance-plain
# no drift: object_lock
# no update: object_lock

resource "travel_bucket" "plain" {
  name = "acceptance-plain"
  tags = { team = "platform" }
}

resource "travel_bucket" "copies" {
  name       = "acceptance-copies"
  versioning = true
}

resource "travel_bucket" "full" {
  name                    = "acceptance-full"
  versioning              = true
  object_lock             = true
  default_retention       = { mode = "GOVERNANCE", days = 7 }
  force_destroy           = true
  logging                 = { bucket = travel_bucket.copies.name, prefix = "full/" }
  replication_role        = "arn:aws:iam::${travel_kms_key.buckets.account_id}:role/replication"
  event_bridge            = true
  minimum_transition_size = "varies_by_storage_class"

  lifecycle_rules = {
    uploads = { abort_uploads_days = 7 }
  }

  replication_rules = {
    all = { priority = 1, destination = travel_bucket.copies.arn }
  }

  notices = {
    queue = {
      destination = "arn:aws:sqs:eu-central-1:${travel_kms_key.buckets.account_id}:acceptance-bucket"
      events      = ["s3:ObjectCreated:*"]
    }
  }
}
