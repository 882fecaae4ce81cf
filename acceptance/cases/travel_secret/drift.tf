# Of a value nobody can tell more than that somebody has written it.
# no drift: force_overwrite_replicas block_public_policy recovery_window_days
# drift: travel_secret.this secret_value_version(secret_value,secret_value_version) by secretsmanager PutSecretValue {"SecretId": "acceptance/this", "SecretString": "theirs", "ClientRequestToken": "00000000-0000-0000-0000-000000000001"}
# drift: travel_secret.this description by secretsmanager UpdateSecret {"SecretId": "acceptance/this", "Description": "Theirs.", "ClientRequestToken": "00000000-0000-0000-0000-000000000002"}
# drift: travel_secret.this kms_key_id by secretsmanager UpdateSecret {"SecretId": "acceptance/this", "KmsKeyId": "alias/aws/secretsmanager", "ClientRequestToken": "00000000-0000-0000-0000-000000000003"}
# drift: travel_secret.this policy by secretsmanager DeleteResourcePolicy {"SecretId": "acceptance/this"}
# drift: travel_secret.this replicas by secretsmanager RemoveRegionsFromReplication {"SecretId": "acceptance/this", "RemoveReplicaRegions": ["eu-west-1"]}
# drift: travel_secret.this replicas by secretsmanager ReplicateSecretToRegions {"SecretId": "acceptance/this", "AddReplicaRegions": [{"Region": "us-east-1"}]}
# drift: travel_secret.this tags tags_all by secretsmanager TagResource {"SecretId": "acceptance/this", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_secret.this tags_all by secretsmanager UntagResource {"SecretId": "acceptance/this", "TagKeys": ["environment"]}
# drift: travel_secret.alone create by secretsmanager DeleteSecret {"SecretId": "acceptance/alone", "ForceDeleteWithoutRecovery": true}

resource "travel_secret" "this" {
  name                 = "acceptance/this"
  description          = "Acceptance."
  kms_key_id           = travel_kms_key.secrets.arn
  secret_value         = "secret-of-the-case"
  secret_value_version = 1
  recovery_window_days = 0
  tags                 = { team = "platform" }

  replicas = {
    eu-west-1 = {}
  }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "secretsmanager:GetSecretValue"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Resource  = "*"
    }]
  })
}

resource "travel_secret" "alone" {
  name                 = "acceptance/alone"
  secret_value         = "secret-of-the-case"
  secret_value_version = 1
  recovery_window_days = 0
}
