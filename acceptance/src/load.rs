//! Many objects of one type, and a service that takes only so many calls a second.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::sandbox::Sandbox;
use crate::sandbox::faults::{Allowance, Rule};
use crate::sandbox::record::Query;
use crate::terraform::Workspace;

/// The service that is under load.
const SERVICE: &str = "ssm";

/// What a plan has made of a service that takes only so many calls a second.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many calls it made of the service, the throttled ones included.
    pub calls: usize,
    /// How many of them were throttled.
    pub throttled: usize,
    /// How long it took.
    pub seconds: f64,
}

impl Plan {
    /// The share of its calls that were throttled.
    #[expect(clippy::cast_precision_loss, reason = "there are thousands at most")]
    pub fn share(&self) -> f64 {
        self.throttled as f64 / self.calls.max(1) as f64
    }
}

/// The provider that the configurations here are applied through.
pub(crate) const PROVIDER: &str = r#"
terraform {
  required_providers {
    travel = { source = "registry.terraform.io/travelsources/travel" }
  }
}

provider "travel" {
  deployment = "load"
  region     = "eu-central-1"
}
"#;

/// The regions that an account has without asking for more.
pub const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// A configuration with so many parameters.
pub fn parameters(count: usize) -> String {
    format!(
        r#"{PROVIDER}
resource "travel_parameter" "many" {{
  count = {count}
  name  = "/load/${{count.index}}"
  value = "value of ${{count.index}}"
}}
"#
    )
}

/// A configuration with a parameter in each region of each of these accounts, through one provider.
pub fn everywhere(accounts: &[String]) -> String {
    format!(
        r#"{PROVIDER}
locals {{
  places = {{ for it in setproduct({accounts:?}, {REGIONS:?}) : join("/", it) => it }}
}}

resource "travel_parameter" "everywhere" {{
  for_each = local.places
  account  = each.value[0]
  region   = each.value[1]
  name     = "/load/everywhere"
  value    = each.key
}}
"#
    )
}

/// Plans what is applied already, while the service takes this many calls a second (and as many at once).
///
/// # Errors
/// Where the plan fails, or is not empty.
pub async fn plan_limited(
    sandbox: &Sandbox,
    workspace: &Workspace,
    per_second: Option<f64>,
) -> Result<Plan> {
    sandbox.clear_faults().await?;
    if let Some(per_second) = per_second {
        let allowance = Allowance { per_second, burst: per_second };
        sandbox.add_fault(&Rule::limit(SERVICE, allowance)).await?;
    }
    let since = sandbox.last_call().await?;
    let began = Instant::now();
    let plan = workspace.plan(&[]).await;
    let seconds = began.elapsed().as_secs_f64();
    sandbox.clear_faults().await?;
    let plan = plan?;
    ensure!(plan.is_empty(), "the plan is not empty: {plan:?}");
    let query = Query { since, service: SERVICE.to_owned(), ..Query::default() };
    let calls = sandbox.record(&query).await?;
    let throttled = calls.iter().filter(|call| call.fault.is_some()).count();
    Ok(Plan { calls: calls.len(), throttled, seconds })
}
