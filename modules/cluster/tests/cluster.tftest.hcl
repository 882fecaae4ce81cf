# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_data "travel_caller" {
    defaults = {
      account_id = "111122223333"
      partition  = "aws"
    }
  }

  mock_resource "travel_eks_platform" {
    defaults = { status = "ready" }
  }
}

variables {
  name               = "dev"
  kubernetes_version = "1.35"
  subnet_ids         = ["subnet-1", "subnet-2"]
}

run "a_cluster_is_private_and_protected_by_default" {
  assert {
    condition     = !travel_eks_platform.this.endpoint_public_access && travel_eks_platform.this.deletion_protection
    error_message = "Without more said nobody reaches the API over the internet, and nobody deletes the cluster."
  }

  assert {
    condition     = length(travel_eks_platform.this.access_entries) == 0
    error_message = "Nobody has access who is not named."
  }
}

run "blocks_of_addresses_open_the_api" {
  variables {
    public_access_cidrs = ["203.0.113.0/24"]
  }

  assert {
    condition     = travel_eks_platform.this.endpoint_public_access && travel_eks_platform.this.public_access_cidrs == toset(["203.0.113.0/24"])
    error_message = "The API is reached from the blocks that are named."
  }
}

run "roles_are_named_or_given_by_arn" {
  variables {
    administrators = ["platform", "arn:aws:iam::444455556666:role/deploy"]
    viewers        = ["support"]
    access_entries = {
      shop = {
        principal_arn = "arn:aws:iam::111122223333:role/shop"
        policies      = { AmazonEKSEditPolicy = { namespaces = ["shop"] } }
      }
    }
  }

  assert {
    condition = { for name, entry in travel_eks_platform.this.access_entries : name => entry.principal_arn } == {
      "platform"                              = "arn:aws:iam::111122223333:role/platform"
      "arn:aws:iam::444455556666:role/deploy" = "arn:aws:iam::444455556666:role/deploy"
      "support"                               = "arn:aws:iam::111122223333:role/support"
      "shop"                                  = "arn:aws:iam::111122223333:role/shop"
    }
    error_message = "A name is that of a role of the account."
  }

  assert {
    condition     = keys(travel_eks_platform.this.access_entries["platform"].policies) == tolist(["AmazonEKSClusterAdminPolicy"])
    error_message = "Administrators may do everything."
  }

  assert {
    condition     = keys(travel_eks_platform.this.access_entries["support"].policies) == tolist(["AmazonEKSViewPolicy"])
    error_message = "Viewers may look, but not at secrets."
  }

  assert {
    condition     = travel_eks_platform.this.access_entries["shop"].policies["AmazonEKSEditPolicy"].namespaces == toset(["shop"])
    error_message = "More access counts where it says."
  }
}

run "service_accounts_get_their_roles" {
  variables {
    pod_identities = { "shop/cart" = "arn:aws:iam::111122223333:role/cart" }
  }

  assert {
    condition     = travel_eks_platform.this.pod_identities["shop/cart"].role_arn == "arn:aws:iam::111122223333:role/cart"
    error_message = "The role must be that of the service account."
  }
}

run "nobody_is_administrator_and_viewer" {
  command = plan

  variables {
    administrators = ["platform"]
    viewers        = ["platform"]
  }

  expect_failures = [var.viewers]
}

run "an_entry_has_a_name_of_its_own" {
  command = plan

  variables {
    administrators = ["platform"]
    access_entries = { platform = { principal_arn = "arn:aws:iam::111122223333:role/other" } }
  }

  expect_failures = [var.access_entries]
}

run "a_version_has_no_patch" {
  command = plan

  variables {
    kubernetes_version = "1.35.4"
  }

  expect_failures = [var.kubernetes_version]
}

run "a_cluster_is_in_two_zones" {
  command = plan

  variables {
    subnet_ids = ["subnet-1"]
  }

  expect_failures = [var.subnet_ids]
}

run "groups_have_room" {
  command = plan

  variables {
    node_groups = { general = { instance_types = ["m7i.large"], min_size = 3, max_size = 2 } }
  }

  expect_failures = [var.node_groups]
}
