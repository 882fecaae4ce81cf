# A cluster is where it is, and a folder asks nobody for a password.
# no drift: cluster repository_password
# no update: cluster repository_password
# drift: travel_helm_release.this documents by kubectl case set image deployment/probe probe=probe:2 --namespace probe
# drift: travel_helm_release.this nothing by kubectl case label configmap probe team=nobody --namespace probe
# drift: travel_helm_release.this documents by kubectl case delete secret probe --namespace probe
# drift: travel_helm_release.this documents by kubectl case label configmap probe app.kubernetes.io/name=other --overwrite --namespace probe
# drift: travel_helm_release.this documents by kubectl case scale deployment/probe --replicas=5 --namespace probe
# drift: travel_helm_release.this documents by kubectl case delete deployment probe --namespace probe then kubectl case delete configmap probe --namespace probe
# as: 01-create.tf
