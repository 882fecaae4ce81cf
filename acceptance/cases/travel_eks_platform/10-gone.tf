# A log group that is gone is made again, the OIDC provider too.
# outside: logs DeleteLogGroup {"logGroupName": "/aws/eks/acceptance/cluster"}
# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this logs
# as before
