//! Reaching a Kubernetes cluster: server-side apply, readiness, pruning, draining.
