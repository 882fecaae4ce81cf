// Pins kwok, which plays the nodes of the sandbox's clusters. It is built in its own module's folder, beside the stages it runs.
module travel/tools/kwok

go 1.26

require sigs.k8s.io/kwok v0.8.0
