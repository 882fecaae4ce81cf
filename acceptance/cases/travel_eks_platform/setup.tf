# outside: iam CreateRole RoleName=acceptance-admin AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}
# outside: iam CreateRole RoleName=acceptance-viewer AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}
# outside: iam CreateRole RoleName=acceptance-cart AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}
# outside: iam CreateRole RoleName=acceptance-shop AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}

# A network without a way out, and a key.

resource "travel_network" "this" {
  name     = "acceptance"
  cidr     = "10.20.0.0/16"
  zones    = ["eu-central-1a", "eu-central-1b"]
  nat      = "none"
  clusters = ["acceptance"]

  tiers = {
    private = { access = "isolated", discovery = true }
    data    = { access = "isolated" }
  }
}

resource "travel_kms_key" "this" {
  name                 = "acceptance/secrets"
  deletion_window_days = 7
  force_destroy        = true
}

locals {
  roles   = "arn:aws:iam::111122223333:role"
  subnets = travel_network.this.subnet_ids["private"]
}
