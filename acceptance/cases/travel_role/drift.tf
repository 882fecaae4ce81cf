# What others have given a role is theirs, where it is not exclusive.
# drift: travel_role.this nothing by iam AttachRolePolicy RoleName=acceptance-this PolicyArn=arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess
# drift: travel_role.this nothing by iam PutRolePolicy RoleName=acceptance-this PolicyName=theirs PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}
# drift: travel_role.this trust_policy by iam UpdateAssumeRolePolicy RoleName=acceptance-this PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}}
# drift: travel_role.this inline_policies by iam PutRolePolicy RoleName=acceptance-this PolicyName=read PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}
# drift: travel_role.this inline_policies by iam DeleteRolePolicy RoleName=acceptance-this PolicyName=read
# drift: travel_role.this managed_policies by iam DetachRolePolicy RoleName=acceptance-this PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess
# drift: travel_role.this permissions_boundary_arn by iam DeleteRolePermissionsBoundary RoleName=acceptance-this
# drift: travel_role.this description by iam UpdateRole RoleName=acceptance-this Description=Theirs.
# drift: travel_role.this max_session_seconds by iam UpdateRole RoleName=acceptance-this MaxSessionDuration=3600
# drift: travel_role.this tags tags_all by iam TagRole RoleName=acceptance-this Tags.member.1.Key=team Tags.member.1.Value=theirs
# drift: travel_role.this tags_all by iam UntagRole RoleName=acceptance-this TagKeys.member.1=environment
# drift: travel_role.alone managed_policies by iam AttachRolePolicy RoleName=acceptance-alone PolicyArn=arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess
# drift: travel_role.alone inline_policies by iam PutRolePolicy RoleName=acceptance-alone PolicyName=theirs PolicyDocument={"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}
# drift: travel_role.alone create by iam DeleteRole RoleName=acceptance-alone
resource "travel_role" "this" {
  name                     = "acceptance-this"
  description              = "Acceptance."
  max_session_seconds      = 7200
  permissions_boundary_arn = travel_policy.boundary.arn
  managed_policies         = [travel_policy.read.arn, "arn:aws:iam::aws:policy/ReadOnlyAccess"]
  tags                     = { team = "platform" }

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }

  inline_policies = {
    read = {
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = "s3:GetObject", Resource = "*" }
    }
  }
}

resource "travel_role" "alone" {
  name      = "acceptance-alone"
  exclusive = true

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }
}
