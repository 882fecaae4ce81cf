output "cluster" {
  description = "The cluster, as what is installed in it refers to it."
  value       = travel_eks_platform.this.cluster
}

output "name" {
  description = "The name of the cluster."
  value       = travel_eks_platform.this.name
}

output "endpoint" {
  description = "The address of the cluster's API."
  value       = travel_eks_platform.this.endpoint
}

output "certificate_authority" {
  description = "The certificate authority of the cluster's API, as a kubeconfig has it."
  value       = travel_eks_platform.this.certificate_authority
}

output "oidc_provider_arn" {
  description = "The ARN of the OIDC provider that trusts the cluster's service accounts."
  value       = travel_eks_platform.this.oidc_provider_arn
}

output "security_group_id" {
  description = "The security group that control plane and nodes share."
  value       = travel_eks_platform.this.cluster_security_group_id
}

output "roles" {
  description = "The roles that the platform makes for control plane and nodes."
  value       = travel_eks_platform.this.roles
}
