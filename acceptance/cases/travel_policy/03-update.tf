# Somebody else has made as many versions as there can be: the oldest makes room.
# outside: iam CreatePolicyVersion PolicyArn=${object} PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}} SetAsDefault=false
# outside: iam CreatePolicyVersion PolicyArn=${object} PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}} SetAsDefault=false
# outside: iam CreatePolicyVersion PolicyArn=${object} PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}} SetAsDefault=false
# outside: iam CreatePolicyVersion PolicyArn=${object} PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}} SetAsDefault=false
# plan: travel_policy.object update
# changes: travel_policy.object policy tags tags_all
# plan: travel_policy.text update
# changes: travel_policy.text tags tags_all
resource "travel_policy" "object" {
  name = "acceptance-object"
  tags = { team = "security" }

  policy = {
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "*" }]
  }
}

resource "travel_policy" "text" {
  name        = "text"
  path        = "/acceptance/"
  description = "Acceptance."

  policy = {
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }]
  }
}

output "object" {
  value = travel_policy.object.arn
}
