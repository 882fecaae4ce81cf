# Drifts happen in one account: what stands in the backup account stays as it is.
# no drift: backup
# drift: travel_dr_snapshot_policy.this description by dlm PATCH /policies/${policy} {"Description": "Theirs"}
# drift: travel_dr_snapshot_policy.this faults unlocks_at(lock) by rbin PATCH /rules/${rule}/unlock {}
# drift: travel_dr_snapshot_policy.this state by dlm PATCH /policies/${policy} {"State": "DISABLED"}
# drift: travel_dr_snapshot_policy.this faults(volume_kms_key_arns,role_arn) by iam DeleteRolePolicy RoleName=travel-acceptance-eu-central-1-dlm PolicyName=snapshots
# drift: travel_dr_snapshot_policy.this schedules target_tags by dlm PATCH /policies/${policy} {"PolicyDetails": {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT", "ResourceTypes": ["VOLUME"], "TargetTags": [{"Key": "backup", "Value": "daily"}], "Schedules": [{"Name": "hourly", "CopyTags": true, "CreateRule": {"Interval": 2, "IntervalUnit": "HOURS"}, "RetainRule": {"Count": 12}}]}}
# drift: travel_dr_snapshot_policy.this tags tags_all by dlm POST /tags/arn%3Aaws%3Adlm%3Aeu-central-1%3A111122223333%3Apolicy%2F${policy} {"Tags": {"team": "theirs"}}
# drift: travel_dr_snapshot_policy.this create by dlm DELETE /policies/${policy}
# as: 02-update.tf
