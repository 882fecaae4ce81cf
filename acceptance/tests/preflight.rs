//! What a policy of the organization would deny is refused in the plan, by the statement that does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use travel_acceptance::conformance::provider_start;
use travel_acceptance::core::{Configuration, Core, State};
use travel_acceptance::sandbox::{self, Options, Sandbox};

fn configuration(provider: &str, text: &str) -> Configuration {
    let text =
        format!("provider \"travel\" {{\n  deployment = \"preflight\"\n{provider}\n}}\n{text}");
    Configuration::read(&text, Default::default()).unwrap()
}

/// The organization with an account, and a policy that denies other regions than one, and an action.
fn organization(denied: &str) -> Configuration {
    let text = r#"
resource "travel_organization" "this" {
  name         = "acceptance"
  policy_types = ["SERVICE_CONTROL_POLICY"]
}

resource "travel_account" "dev" {
  name      = "dev"
  email     = "aws+dev@example.com"
  parent_id = travel_organization.this.root_id
}

resource "travel_organization_policy" "guard" {
  name    = "guard"
  type    = "SERVICE_CONTROL_POLICY"
  targets = [travel_organization.this.root_id]

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Regions"
        Effect    = "Deny"
        NotAction = ["iam:*", "organizations:*", "sts:*"]
        Resource  = "*"
        Condition = { StringNotEquals = { "aws:RequestedRegion" = ["eu-central-1"] } }
      },
      { Sid = "Lasting", Effect = "Deny", Action = ["DENIED"], Resource = "*" },
    ]
  })
}

resource "travel_bucket" "policies" {
  name          = "acceptance-policies"
  force_destroy = true
}

resource "travel_effective_policies" "this" {
  bucket   = travel_bucket.policies.name
  key      = "effective.json"
  triggers = { guard = travel_organization_policy.guard.content, dev = travel_account.dev.id }
}
"#;
    configuration("  region = \"eu-central-1\"", &text.replace("DENIED", denied))
}

/// A key in the account, in a region.
fn key(account: &str, region: &str, warn_only: bool) -> Configuration {
    let provider = format!(
        r#"  region  = "{region}"
  account = "{account}"
  effective_policies = {{
    bucket    = "acceptance-policies"
    key       = "effective.json"
    region    = "eu-central-1"
    warn_only = {warn_only}
  }}"#
    );
    configuration(&provider, "resource \"travel_kms_key\" \"this\" {\n  name = \"one\"\n}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_what_a_policy_denies() {
    if sandbox::left_out() {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let core = Core::new(provider_start(sandbox.environment()).unwrap());
    let mut above = State::default();
    core.apply(&organization("iam:CreateUser"), &mut above).await.unwrap();
    let account = &above.objects["travel_account.dev"].value;
    let account = account.get("id").as_str().unwrap().to_owned();

    let mut state = State::default();
    let refused = core.plan(&key(&account, "eu-north-1", false), &state).await.unwrap_err();
    said(&refused, &["create of a travel_kms_key", "kms:CreateKey", "\"Regions\"", "eu-north-1"]);
    core.plan(&key(&account, "eu-north-1", true), &state).await.unwrap();
    let allowed = key(&account, "eu-central-1", false);
    core.apply(&allowed, &mut state).await.unwrap();
    assert!(core.plan(&allowed, &state).await.unwrap().summary().is_empty());

    // A policy's change is published in the apply that makes it.
    core.apply(&organization("kms:ScheduleKeyDeletion"), &mut above).await.unwrap();
    assert!(core.plan(&allowed, &state).await.unwrap().summary().is_empty());
    let refused = core.destroy(&allowed, &mut state).await.unwrap_err();
    said(&refused, &["delete of a travel_kms_key", "kms:ScheduleKeyDeletion", "\"Lasting\""]);
    core.apply(&organization("iam:CreateUser"), &mut above).await.unwrap();
    core.destroy(&allowed, &mut state).await.unwrap();
}

/// Checks that an error has these words.
fn said(error: &anyhow::Error, words: &[&str]) {
    let error = format!("{error:#}");
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
}
