//! Manifests: many objects in one resource of ours, where the peer has a resource for each.

use anyhow::Result;

use super::figures::Figures;
use super::peer::Peer;
use super::{Arguments, applying, check_tools, workspace};
use crate::load::PROVIDER;

const MANIFESTS: usize = 50;

const PEER: Peer = Peer {
    title: "the Kubernetes provider",
    name: "kubernetes",
    elsewhere: [Some(19.9), Some(9.2), Some(28.3)],
};

pub(super) async fn measure(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    check_tools(Some(applying::CLUSTER))?;
    let sandbox = applying::stage().await?;
    let what = format!("{MANIFESTS} manifests");
    let program = arguments.kubernetes_provider.as_deref();
    let rival = PEER.measure(&what, program, kubernetes, arguments, &sandbox, figures).await?;
    let workspace = workspace(arguments, sandbox.environment())?;
    workspace.write("main.tf", &ours())?;
    rival.meet(&what, &workspace, &sandbox, figures).await
}

/// The object of a number, which is what is put for `number`.
fn object(number: &str) -> String {
    format!(
        r#"{{
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = {{ name = "many-${{{number}}}", namespace = "default" }}
    data       = {{ value = "value of ${{{number}}}" }}
  }}"#
    )
}

fn ours() -> String {
    format!(
        r#"{PROVIDER}
resource "travel_manifests" "many" {{
  name    = "many"
  cluster = {{ name = "{cluster}" }}
  objects = [for number in range({MANIFESTS}) : {object}]
}}
"#,
        cluster = applying::CLUSTER,
        object = object("number"),
    )
}

fn kubernetes(access: &str) -> String {
    format!(
        r#"
provider "kubernetes" {{
  {access}
}}

resource "kubernetes_manifest" "many" {{
  count    = {MANIFESTS}
  manifest = {object}
}}
"#,
        object = object("count.index"),
    )
}
