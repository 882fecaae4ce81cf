//! Operations that IAM knows by other names: what is to be allowed is an action.
//!
//! Source: Amazon S3 guide, "Required permissions for Amazon S3 API operations".

/// What IAM calls an operation, where it is not as the service does.
pub fn renamed(action: &str) -> Option<&'static str> {
    Some(match action {
        "s3:DeleteBucketLifecycle" | "s3:PutBucketLifecycleConfiguration" => {
            "s3:PutLifecycleConfiguration"
        }
        "s3:DeleteBucketReplication" | "s3:PutBucketReplication" => {
            "s3:PutReplicationConfiguration"
        }
        "s3:DeleteObjects" => "s3:DeleteObjectVersion",
        "s3:GetBucketEncryption" => "s3:GetEncryptionConfiguration",
        "s3:GetBucketLifecycleConfiguration" => "s3:GetLifecycleConfiguration",
        "s3:GetBucketNotificationConfiguration" => "s3:GetBucketNotification",
        "s3:GetBucketReplication" => "s3:GetReplicationConfiguration",
        "s3:GetObjectLockConfiguration" => "s3:GetBucketObjectLockConfiguration",
        "s3:GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        "s3:ListMultipartUploads" => "s3:ListBucketMultipartUploads",
        "s3:ListObjectVersions" => "s3:ListBucketVersions",
        "s3:ListObjectsV2" => "s3:ListBucket",
        "s3:PutBucketEncryption" => "s3:PutEncryptionConfiguration",
        "s3:PutBucketNotificationConfiguration" => "s3:PutBucketNotification",
        "s3:PutObjectLockConfiguration" => "s3:PutBucketObjectLockConfiguration",
        "s3:PutPublicAccessBlock" => "s3:PutBucketPublicAccessBlock",
        _ => return None,
    })
}
