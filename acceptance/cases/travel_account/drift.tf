# Another name or address is no change of this resource's.
# no drift: name email
# no update: email name
# drift: travel_account.this parent_id by organizations MoveAccount {"AccountId": "${account}", "SourceParentId": "${unit}", "DestinationParentId": "${root}"}
# drift: travel_account.this tags tags_all by organizations TagResource {"ResourceId": "${account}", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_account.this tags tags_all by organizations UntagResource {"ResourceId": "${account}", "TagKeys": ["team"]}

resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_organizational_unit" "this" {
  name      = "workloads"
  parent_id = travel_organization.this.root_id
}

resource "travel_account" "this" {
  name      = "dev"
  email     = "aws+dev@example.com"
  parent_id = travel_organizational_unit.this.id
  tags      = { team = "platform" }
}

output "account" {
  value = travel_account.this.id
}

output "unit" {
  value = travel_organizational_unit.this.id
}

output "root" {
  value = travel_organization.this.root_id
}
