# A store is for good, and a membership ends by an id that no output has.
# no drift: identity_store_id
# drift: travel_identity_group.this name by identitystore UpdateGroup {"IdentityStoreId": "${store}", "GroupId": "${group}", "Operations": [{"AttributePath": "displayName", "AttributeValue": "theirs"}]}
# drift: travel_identity_group.this description by identitystore UpdateGroup {"IdentityStoreId": "${store}", "GroupId": "${group}", "Operations": [{"AttributePath": "description"}]}
# drift: travel_identity_group.open nothing by identitystore CreateGroupMembership {"IdentityStoreId": "${store}", "GroupId": "${open}", "MemberId": {"UserId": "${bob}"}}
# drift: travel_identity_group.this other_members by identitystore CreateGroupMembership {"IdentityStoreId": "${store}", "GroupId": "${group}", "MemberId": {"UserId": "${bob}"}}
# no drift: members
# drift: travel_identity_group.this create by identitystore DeleteGroup {"IdentityStoreId": "${store}", "GroupId": "${group}"}

resource "travel_identity_group" "this" {
  name        = "acceptance"
  description = "Acceptance."
  members     = [travel_identity_user.ada.user_id]
  exclusive   = true
}

resource "travel_identity_group" "open" {
  name        = "open"
  description = "For ${travel_identity_user.bob.display_name}, too, who outlasts it."
  members     = [travel_identity_user.ada.user_id]
}

output "store" {
  value = travel_identity_group.this.identity_store_id
}

output "group" {
  value = travel_identity_group.this.group_id
}

output "open" {
  value = travel_identity_group.open.group_id
}

output "bob" {
  value = travel_identity_user.bob.user_id
}
