# What is written as it was is no drift of what can be read. Of a secret nobody can tell.
# drift: travel_parameter.plain value by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/plain", "Value": "two"}
# drift: travel_parameter.secret secret_value_version(secret_value,secret_value_version) by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/secret", "Value": "theirs"}
# drift: travel_parameter.plain nothing by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/plain", "Value": "one"}
# drift: travel_parameter.plain description by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/plain", "Value": "one", "Description": "Theirs."}
# drift: travel_parameter.plain allowed_pattern by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/plain", "Value": "one", "AllowedPattern": "^o"}
# drift: travel_parameter.plain data_type by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/plain", "Value": "one", "DataType": "aws:ec2:image"}
# drift: travel_parameter.secret key_id secret_value_version by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/secret", "Value": "secret-of-the-case", "KeyId": "alias/acceptance/theirs"}
# drift: travel_parameter.advanced policies by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/advanced", "Value": "one", "Policies": "[{\"Type\":\"NoChangeNotification\",\"Version\":\"1.0\",\"Attributes\":{\"After\":\"9\",\"Unit\":\"Days\"}}]"}
# drift: travel_parameter.advanced policies by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/advanced", "Value": "one", "Policies": "[{}]"}
# drift: travel_parameter.plain tags tags_all by ssm AddTagsToResource {"ResourceType": "Parameter", "ResourceId": "/acceptance/plain", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_parameter.plain tags_all by ssm RemoveTagsFromResource {"ResourceType": "Parameter", "ResourceId": "/acceptance/plain", "TagKeys": ["environment"]}
# drift: travel_parameter.plain replace(tier) by ssm PutParameter {"Overwrite": true, "Name": "/acceptance/plain", "Value": "one", "Tier": "Advanced"}
# drift: travel_parameter.plain create by ssm DeleteParameter {"Name": "/acceptance/plain"}

resource "travel_parameter" "plain" {
  name            = "/acceptance/plain"
  value           = "one"
  description     = "Acceptance."
  tags            = { team = "platform" }
  allowed_pattern = "^[a-z]+$"
}

resource "travel_parameter" "secret" {
  name                 = "/acceptance/secret"
  type                 = "SecureString"
  secret_value         = "secret-of-the-case"
  secret_value_version = 1
  key_id               = travel_kms_key.parameters.arn
}

resource "travel_parameter" "advanced" {
  name  = "/acceptance/advanced"
  value = "one"
  tier  = "Advanced"
  policies = jsonencode([
    { Type = "Expiration", Version = "1.0", Attributes = { Timestamp = "2099-12-31T23:59:59.000Z" } },
    { Type = "ExpirationNotification", Version = "1.0", Attributes = { Before = "30", Unit = "Days" } },
  ])
}
