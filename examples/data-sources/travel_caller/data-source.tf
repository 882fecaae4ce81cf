data "travel_caller" "this" {}

output "account_id" {
  value = data.travel_caller.this.account_id
}

output "root_arn" {
  value = "arn:${data.travel_caller.this.partition}:iam::${data.travel_caller.this.account_id}:root"
}
