# A cluster is where it is, and a folder asks nobody for a password.
# no drift: cluster repository_passwords
# no update: cluster repository_passwords
# drift: travel_helm_stack.this release by kubectl case set image deployment/first probe=probe:2 --namespace base
# drift: travel_helm_stack.this nothing by kubectl case label configmap second team=nobody --namespace base
# drift: travel_helm_stack.this release by kubectl case delete configmap first --namespace base then kubectl case delete secret second --namespace base
# as: 01-create.tf
