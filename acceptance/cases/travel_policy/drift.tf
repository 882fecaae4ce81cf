# drift: travel_policy.this policy by iam CreatePolicyVersion PolicyArn=${arn} PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}} SetAsDefault=true
# drift: travel_policy.this nothing by iam CreatePolicyVersion PolicyArn=${arn} PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}} SetAsDefault=false
# drift: travel_policy.this tags tags_all by iam TagPolicy PolicyArn=${arn} Tags.member.1.Key=team Tags.member.1.Value=theirs
# drift: travel_policy.this tags_all by iam UntagPolicy PolicyArn=${arn} TagKeys.member.1=environment
# drift: travel_policy.other create by iam DeletePolicy PolicyArn=${other}
resource "travel_policy" "this" {
  name = "acceptance-this"
  tags = { team = "platform" }

  policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }
  }
}

resource "travel_policy" "other" {
  name = "acceptance-other"

  policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }
  }
}

output "arn" {
  value = travel_policy.this.arn
}

output "other" {
  value = travel_policy.other.arn
}
