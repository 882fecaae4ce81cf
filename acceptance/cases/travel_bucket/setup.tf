# outside: sqs CreateQueue {"QueueName": "acceptance-bucket"}

resource "travel_kms_key" "buckets" {
  name = "acceptance/buckets"
}
