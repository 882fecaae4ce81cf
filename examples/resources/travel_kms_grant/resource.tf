resource "travel_kms_key" "orders" {
  name = "orders"
}

resource "travel_role" "shipping" {
  name = "shipping"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }
  }
}

resource "travel_kms_grant" "shipping" {
  name              = "shipping"
  key_arn           = travel_kms_key.orders.arn
  grantee_principal = travel_role.shipping.arn
  operations        = ["Decrypt", "DescribeKey"]

  constraints = {
    encryption_context_subset = { app = "orders" }
  }
}
