# What others have changed is changed back, field by field. What they have added is theirs.
# outside: kubectl case set image deployment/probe probe=probe:3 --namespace manifests
# outside: kubectl case delete configmap another --namespace manifests
# outside: kubectl case label deployment probe team=other --overwrite --namespace manifests
# outside: kubectl case label configmap hidden team=nobody --namespace manifests
# plan: travel_manifests.this update
# changes: travel_manifests.this documents
# import: travel_manifests.this case/base namespace objects recreate secret_yaml yaml
# import identity: travel_manifests.this cluster_name=case name=base namespace objects recreate secret_yaml yaml
# as before
