# A cluster is where it is.
# no drift: cluster
# no update: cluster
# drift: travel_helm_stack.this release by kubectl case set image deployment/first probe=probe:2 --namespace base
# drift: travel_helm_stack.this nothing by kubectl case label configmap second team=nobody --namespace base
# drift: travel_helm_stack.this release by kubectl case delete configmap first --namespace base then kubectl case delete secret second --namespace base
# as: 01-create.tf
