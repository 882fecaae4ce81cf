//! Insights: ListInsights, DescribeInsight, and their refresh.
//!
//! Follows "Prepare for Kubernetes version upgrades and troubleshoot misconfigurations with cluster insights" of the
//! EKS User Guide.

use serde_json::{Value, json};
use uuid::Uuid;

use super::clusters::with_token;
use super::state::Cluster;
use super::versions::{self, paged};
use super::{Context, errors};
use crate::sandbox::fakes::input::texts;
use crate::sandbox::wire::ServiceError;

struct Insight {
    name: &'static str,
    category: &'static str,
    description: &'static str,
    recommendation: &'static str,
}

const SKEW: &str = "Kubelet version skew";

const INSIGHTS: &[Insight] = &[
    Insight {
        name: SKEW,
        category: "UPGRADE_READINESS",
        description: "Checks for kubelet versions of worker nodes that the next version of the control plane would not support.",
        recommendation: "Update the nodes to the version of the control plane before it is updated.",
    },
    Insight {
        name: "EKS add-on version compatibility",
        category: "UPGRADE_READINESS",
        description: "Checks the installed versions of EKS add-ons for the next Kubernetes version.",
        recommendation: "Update the add-ons to versions that the next Kubernetes version supports.",
    },
    Insight {
        name: "Cluster health issues",
        category: "UPGRADE_READINESS",
        description: "Checks for health issues of the cluster that prevent an update.",
        recommendation: "Resolve the health issues of the cluster.",
    },
    Insight {
        name: "Deprecated APIs removed in the next version",
        category: "UPGRADE_READINESS",
        description: "Checks for use of APIs that the next Kubernetes version does not serve.",
        recommendation: "Use the versions of the APIs that replace them.",
    },
];

/// Whether there is an insight of a name.
pub fn is_known(name: &str) -> bool {
    INSIGHTS.iter().any(|insight| insight.name == name)
}

/// Whether an insight forbids an update without force.
pub fn block_update(cluster: &Cluster) -> bool {
    INSIGHTS.iter().any(|insight| {
        insight.category == "UPGRADE_READINESS" && status(insight, cluster).0 == "ERROR"
    })
}

/// Status and reason of an insight: what a test has set, else what is the case.
fn status(insight: &Insight, cluster: &Cluster) -> (String, String) {
    if let Some(status) = cluster.insights.get(insight.name) {
        return (status.clone(), format!("{}: {status}", insight.name));
    }
    let current = versions::minor(cluster.version());
    let behind = |group: &super::state::Nodegroup| {
        current.saturating_sub(versions::minor(group.shape["version"].as_str().unwrap_or_default()))
    };
    let worst = cluster.nodegroups.values().map(behind).max().unwrap_or_default();
    match (insight.name, worst) {
        (SKEW, 3..) => ("ERROR".to_owned(), "Nodes are too old for the next version.".to_owned()),
        (SKEW, 2) => ("WARNING".to_owned(), "Nodes are two versions behind.".to_owned()),
        _ => ("PASSING".to_owned(), "No issues were found.".to_owned()),
    }
}

/// An insight's id, the same at every refresh.
fn id(insight: &Insight, cluster: &Cluster) -> String {
    let arn = cluster.shape["arn"].as_str().unwrap_or_default();
    let mut bytes = [0u8; 16];
    for (index, byte) in arn.bytes().chain(insight.name.bytes()).enumerate() {
        bytes[index % 16] = bytes[index % 16].wrapping_mul(31).wrapping_add(byte);
    }
    Uuid::from_bytes(bytes).to_string()
}

fn summary(insight: &Insight, cluster: &Cluster, now: f64) -> Value {
    let (status, reason) = status(insight, cluster);
    json!({
        "id": id(insight, cluster),
        "name": insight.name,
        "category": insight.category,
        "kubernetesVersion": format!("1.{}", versions::minor(cluster.version()) + 1),
        "lastRefreshTime": now,
        "lastTransitionTime": cluster.shape["createdAt"],
        "description": insight.description,
        "insightStatus": {"status": status, "reason": reason},
    })
}

/// `ListInsights`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    let filter = context.input.inner("filter");
    let admits = |member: &str, value: &Value| {
        let wanted = texts(filter.value(member));
        wanted.is_empty() || wanted.iter().any(|wanted| value == wanted.as_str())
    };
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&context.key())?;
    let now = context.now();
    let summaries: Vec<Value> = INSIGHTS
        .iter()
        .map(|insight| summary(insight, cluster, now))
        .filter(|summary| {
            admits("categories", &summary["category"])
                && admits("kubernetesVersions", &summary["kubernetesVersion"])
                && admits("statuses", &summary["insightStatus"]["status"])
        })
        .collect();
    let (summaries, next) = paged(summaries, &context.input)?;
    Ok(with_token(json!({"insights": summaries}), next))
}

/// `DescribeInsight`.
pub async fn describe(context: &Context<'_>) -> Result<Value, ServiceError> {
    let wanted = context.input.text("id");
    let mut state = context.eks.state.lock().await;
    let cluster = state.cluster(&context.key())?;
    let insight = INSIGHTS.iter().find(|insight| id(insight, cluster) == wanted);
    let insight =
        insight.ok_or_else(|| errors::not_found(format!("No insight found for ID: {wanted}")))?;
    let mut shape = summary(insight, cluster, context.now());
    shape["recommendation"] = insight.recommendation.into();
    shape["additionalInfo"] = json!({});
    shape["resources"] = json!([]);
    shape["categorySpecificSummary"] =
        json!({"deprecationDetails": [], "addonCompatibilityDetails": []});
    Ok(json!({"insight": shape}))
}

/// `StartInsightsRefresh`. Insights here are always as fresh as the question.
pub async fn refresh(context: &Context<'_>) -> Result<Value, ServiceError> {
    context.eks.state.lock().await.ready_cluster(&context.key())?;
    Ok(json!({"message": "Insights refresh started", "status": "IN_PROGRESS"}))
}

/// `DescribeInsightsRefresh`.
pub async fn describe_refresh(context: &Context<'_>) -> Result<Value, ServiceError> {
    context.eks.state.lock().await.ready_cluster(&context.key())?;
    let now = context.now();
    let message = "Insights refresh completed";
    Ok(json!({"message": message, "status": "COMPLETED", "startedAt": now, "endedAt": now}))
}
