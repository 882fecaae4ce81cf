# Two volumes, of which the policy is for one.
# outside: ec2 CreateVolume AvailabilityZone=eu-central-1a Size=1 TagSpecification.1.ResourceType=volume TagSpecification.1.Tag.1.Key=backup TagSpecification.1.Tag.1.Value=hourly
# outside: ec2 CreateVolume AvailabilityZone=eu-central-1a Size=1 TagSpecification.1.ResourceType=volume TagSpecification.1.Tag.1.Key=backup TagSpecification.1.Tag.1.Value=never

resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_account" "backup" {
  name      = "backup"
  email     = "aws+backup@example.com"
  parent_id = travel_organization.this.root_id
}

resource "travel_kms_key" "volumes" {
  name          = "acceptance/volumes"
  force_destroy = true
}

resource "travel_kms_key" "recovery" {
  name   = "acceptance/recovery"
  region = "eu-west-1"
}

resource "travel_kms_key" "backup" {
  name    = "acceptance/backup"
  account = travel_account.backup.id
  region  = "eu-west-1"
}
