//! What a Terraform resource is: schema, plan and apply semantics, ownership, parts, waiting, diagnostics.
