# What others have changed is changed back.
# outside: eks DELETE /clusters/acceptance/addons/metrics-server
# outside: eks DELETE /clusters/acceptance/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Facceptance-viewer
# outside: eks DELETE /clusters/acceptance/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Facceptance-admin/access-policies/arn%3Aaws%3Aeks%3A%3Aaws%3Acluster-access-policy%2FAmazonEKSAdminPolicy
# outside: logs DeleteRetentionPolicy {"logGroupName": "/aws/eks/acceptance/cluster"}
# outside: iam DetachRolePolicy RoleName=travel-acceptance-eu-central-1-node PolicyArn=arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy
# outside: iam UntagRole RoleName=travel-acceptance-eu-central-1-cluster TagKeys.member.1=travel:deployment
# outside: eks DELETE /clusters/acceptance/addons/snapshot-controller
# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this access_entries addons logs mistagged roles
# as before
