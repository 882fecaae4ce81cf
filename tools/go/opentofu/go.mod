// Pins OpenTofu. It is built in its own module's folder, where its replace line holds.
module travel/tools/opentofu

go 1.26

require github.com/opentofu/opentofu v1.12.6
