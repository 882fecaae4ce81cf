# A unit cannot be moved.
# no drift: parent_id
# drift: travel_organizational_unit.this name by organizations UpdateOrganizationalUnit {"OrganizationalUnitId": "${unit}", "Name": "theirs"}
# drift: travel_organizational_unit.this create by organizations DeleteOrganizationalUnit {"OrganizationalUnitId": "${unit}"}
# drift: travel_organizational_unit.this tags tags_all by organizations TagResource {"ResourceId": "${unit}", "Tags": [{"Key": "team", "Value": "theirs"}]}

resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_organizational_unit" "this" {
  name      = "workloads"
  parent_id = travel_organization.this.root_id
  tags      = { team = "platform" }
}

output "unit" {
  value = travel_organizational_unit.this.id
}
