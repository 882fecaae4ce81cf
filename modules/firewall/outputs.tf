output "arn" {
  description = "The firewall's ARN."
  value       = travel_network_firewall.this.arn
}

output "policy_arn" {
  description = "The ARN of its policy."
  value       = travel_network_firewall.this.policy_arn
}

output "rule_group_arns" {
  description = "The ARNs of its rule groups, as in stateful/allowed."
  value       = travel_network_firewall.this.rule_group_arns
}

output "endpoints" {
  description = "The ids of its endpoints by zone, for routes."
  value       = travel_network_firewall.this.endpoints
}

output "routes" {
  description = "The routes that lead traffic to it and back, by route table and destination."
  value       = one(travel_inspection_routes.this[*].routes)
}
