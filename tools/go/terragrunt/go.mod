// Pins Terragrunt. It is built in its own module's folder, where its replace lines hold; go.sum says what that folder must contain.
module travel/tools/terragrunt

go 1.26

require github.com/gruntwork-io/terragrunt v1.1.3
