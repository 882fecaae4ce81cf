//! The commands of `travel-sandbox`: a sandbox that runs in the background.
