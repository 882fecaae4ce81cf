//! Releases of a chart: together in a stack, and each a resource of its own.

use anyhow::Result;

use super::figures::Figures;
use super::peer::Peer;
use super::{Arguments, applying, check_tools, text, workspace};
use crate::load::PROVIDER;
use crate::sandbox::repository;

const RELEASES: usize = 10;

const PEER: Peer =
    Peer { title: "the Helm provider", name: "helm", elsewhere: [Some(3.7), Some(0.53), None] };

pub(super) async fn measure(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    check_tools(Some(applying::CLUSTER))?;
    let chart = text(&repository().join("charts/service"))?;
    let sandbox = applying::stage().await?;
    let what = format!("{RELEASES} releases");
    let theirs = |access: &str| helm(&chart, access);
    let program = arguments.helm_provider.as_deref();
    let rival = PEER.measure(&what, program, theirs, arguments, &sandbox, figures).await?;
    for (what, configuration) in
        [(format!("{what} in a stack"), stack(&chart)), (what, single(&chart))]
    {
        let workspace = workspace(arguments, sandbox.environment())?;
        workspace.write("main.tf", &configuration)?;
        rival.meet(&what, &workspace, &sandbox, figures).await?;
    }
    Ok(())
}

/// What every release is told.
const VALUES: &str = r#"{
    image       = { repository = "probe", tag = "1" }
    replicas    = 1
    autoscaling = { enabled = false }
  }"#;

fn stack(chart: &str) -> String {
    let release = |number: usize| {
        format!(
            r#"
  release "many-{number}" {{
    chart  = "{chart}"
    values = local.values
  }}
"#
        )
    };
    let releases: String = (0..RELEASES).map(release).collect();
    format!(
        r#"{PROVIDER}
locals {{
  values = {VALUES}
}}

resource "travel_helm_stack" "many" {{
  name    = "many"
  cluster = {{ name = "{cluster}" }}
{releases}}}
"#,
        cluster = applying::CLUSTER,
    )
}

fn single(chart: &str) -> String {
    format!(
        r#"{PROVIDER}
resource "travel_helm_release" "many" {{
  count   = {RELEASES}
  name    = "many-${{count.index}}"
  chart   = "{chart}"
  cluster = {{ name = "{cluster}" }}
  values  = {VALUES}
}}
"#,
        cluster = applying::CLUSTER,
    )
}

fn helm(chart: &str, access: &str) -> String {
    format!(
        r#"
provider "helm" {{
  kubernetes = {{ {access} }}
}}

resource "helm_release" "many" {{
  count  = {RELEASES}
  name   = "many-${{count.index}}"
  chart  = "{chart}"
  values = [yamlencode({VALUES})]
}}
"#
    )
}
