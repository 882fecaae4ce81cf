//! Resources inside a cluster: releases, stacks and manifests.
