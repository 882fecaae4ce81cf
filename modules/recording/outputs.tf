output "recorder_arn" {
  description = "The ARN of the recorder."
  value       = travel_config_recorder.this.arn
}

output "rule_arns" {
  description = "The ARNs of the rules, by name."
  value       = { for name, rule in travel_config_rule.this : name => rule.arn }
}
