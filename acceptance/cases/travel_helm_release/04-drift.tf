# What others have changed is changed back, field by field. What they have added is theirs.
# outside: kubectl case set image deployment/probe probe=probe:2 --namespace probe
# outside: kubectl case delete secret probe --namespace probe
# outside: kubectl case label configmap probe app.kubernetes.io/name=other --overwrite --namespace probe
# outside: kubectl case label configmap probe team=nobody --namespace probe
# plan: travel_helm_release.this update
# changes: travel_helm_release.this documents
# import: travel_helm_release.this case/probe/probe chart create_namespace secret_values values
# import identity: travel_helm_release.this cluster_name=case namespace=probe name=probe chart create_namespace secret_values values
# as before
