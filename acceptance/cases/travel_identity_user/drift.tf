# A name and a store are for good.
# no drift: name identity_store_id
# drift: travel_identity_user.this display_name by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "displayName", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this given_name by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "name.givenName", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this family_name by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "name.familyName", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this middle_name by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "name.middleName", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this formatted_name by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "name.formatted", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this honorific_prefix by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "name.honorificPrefix", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this honorific_suffix by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "name.honorificSuffix", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this nickname by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "nickName", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this profile_url by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "profileUrl", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this user_type by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "userType", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this title by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "title", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this preferred_language by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "preferredLanguage", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this locale by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "locale", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this timezone by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "timezone", "AttributeValue": "theirs"}]}
# drift: travel_identity_user.this email by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "emails", "AttributeValue": [{"value": "theirs@example.com", "primary": true}]}]}
# drift: travel_identity_user.this phone_number by identitystore UpdateUser {"IdentityStoreId": "${store}", "UserId": "${user}", "Operations": [{"AttributePath": "phoneNumbers", "AttributeValue": [{"value": "1", "primary": true}]}]}
# drift: travel_identity_user.this create by identitystore DeleteUser {"IdentityStoreId": "${store}", "UserId": "${user}"}

resource "travel_identity_user" "this" {
  name         = "jo"
  display_name = "Jo Doe"
  given_name   = "Jo"
  family_name  = "Doe"
  email        = { value = "jo@example.com" }
  title        = "Engineer"
}

output "store" {
  value = travel_identity_user.this.identity_store_id
}

output "user" {
  value = travel_identity_user.this.user_id
}
