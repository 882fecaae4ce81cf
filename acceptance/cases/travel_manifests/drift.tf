# A cluster is where it is.
# no drift: cluster
# no update: cluster
# drift: travel_manifests.this documents by kubectl case set image deployment/probe probe=probe:2 --namespace manifests
# drift: travel_manifests.this nothing by kubectl case label configmap greeting team=nobody --namespace manifests
# drift: travel_manifests.this documents by kubectl case delete configmap greeting --namespace manifests
# drift: travel_manifests.this documents by kubectl case label deployment probe team=other --overwrite --namespace manifests
# drift: travel_manifests.this documents by kubectl case delete gadget one --namespace manifests
# drift: travel_manifests.this documents by kubectl case scale deployment/probe --replicas=5 --namespace manifests
# drift: travel_manifests.this documents by kubectl case delete deployment probe --namespace manifests then kubectl case delete configmap hidden --namespace manifests
# drift: travel_manifests.this documents by kubectl case delete customresourcedefinition gadgets.manifests.travelsources.com
# drift: travel_manifests.this documents by kubectl case delete namespace manifests
# as: 01-create.tf
