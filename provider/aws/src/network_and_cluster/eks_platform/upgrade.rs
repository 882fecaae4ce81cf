//! The gate before a new version of Kubernetes: what EKS's insights find that stands against it.

use std::time::Duration;

use aws_sdk_eks::types::{
    Category, InsightStatusValue, InsightSummary, InsightsFilter, InsightsRefreshStatus,
};
use tokio::time::Instant;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::work::Work;
use crate::error::Reply;

/// How long fresh insights may take; then those of the day do.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Refuses a version where an insight finds an error, unless the platform says otherwise; tells
/// of warnings.
///
/// # Errors
/// That refusal, or where a call fails.
pub async fn check(work: &Work<'_>, version: &str) -> Result<(), Failure> {
    refresh(work).await?;
    let found = insights(work, version).await?;
    let (errors, warnings): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|it| status(it) == Some(&InsightStatusValue::Error));
    let name = work.cluster();
    if !warnings.is_empty() {
        let list = list(work, &warnings).await?;
        work.call.warn(
            Diagnostic::warning(
                format!("EKS warns before the update of cluster {name} to {version}"),
                format!("Its insights say:\n{list}"),
            )
            .at_attribute("version"),
        );
    }
    if errors.is_empty() {
        return Ok(());
    }
    let list = list(work, &errors).await?;
    if work.wanted.ignore_insights {
        work.call.warn(
            Diagnostic::warning(
                format!("cluster {name} goes to {version} in spite of errors"),
                format!("Because of ignore_insights, in spite of these insights:\n{list}"),
            )
            .at_attribute("ignore_insights"),
        );
        return Ok(());
    }
    Err(Diagnostic::error(
        format!("cluster {name} is not ready for {version}"),
        format!(
            "EKS's insights find errors ({}):\n{list}\nMend them and apply again, or set \
             ignore_insights = true to go on in spite of them.",
            work.call.scope.place(),
        ),
    )
    .at_attribute("version")
    .into())
}

/// Has EKS look anew, and waits for the result.
async fn refresh(work: &Work<'_>) -> Result<(), Failure> {
    let name = work.cluster();
    let started = work.eks().start_insights_refresh().cluster_name(name).send().await;
    // A refresh that is under way already does as well.
    let busy = ["InvalidRequestException", "ResourceInUseException"];
    started.found(&work.call.scope, &busy)?;
    let until = Instant::now() + PATIENCE;
    let what = format!("the insights of cluster {name}");
    work.call
        .wait_until(&what, Pace::SLOW, || async {
            let request = work.eks().describe_insights_refresh().cluster_name(name);
            let found =
                request.send().await.found(&work.call.scope, &["ResourceNotFoundException"])?;
            let status = found.and_then(|found| found.status);
            Ok(match status {
                Some(InsightsRefreshStatus::InProgress) | None if Instant::now() < until => {
                    Look::Pending("being refreshed".to_owned())
                }
                Some(InsightsRefreshStatus::Completed) => Look::Done(()),
                _ => {
                    tracing::warn!("{what} could not be refreshed: those of the day count");
                    Look::Done(())
                }
            })
        })
        .await
}

/// The insights that find something about a version.
async fn insights(work: &Work<'_>, version: &str) -> Result<Vec<InsightSummary>, Failure> {
    let filter = InsightsFilter::builder()
        .categories(Category::UpgradeReadiness)
        .kubernetes_versions(version)
        .statuses(InsightStatusValue::Error)
        .statuses(InsightStatusValue::Warning);
    let request = work.eks().list_insights().cluster_name(work.cluster()).filter(filter.build());
    let found = request.into_paginator().items().send().try_collect().await;
    found.at(&work.call.scope)
}

fn status(insight: &InsightSummary) -> Option<&InsightStatusValue> {
    insight.insight_status().and_then(|status| status.status())
}

/// Insights as a list, each with what EKS recommends.
async fn list(work: &Work<'_>, insights: &[InsightSummary]) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for insight in insights {
        let request = work.eks().describe_insight().cluster_name(work.cluster());
        let found = request.id(insight.id().unwrap_or_default()).send().await;
        let found = found.found(&work.call.scope, &["ResourceNotFoundException"])?;
        let recommendation = found
            .and_then(|found| found.insight)
            .and_then(|insight| insight.recommendation)
            .unwrap_or_default();
        let reason = insight.insight_status().and_then(|status| status.reason());
        let name = insight.name().unwrap_or_default();
        let words = [reason.unwrap_or_default(), &recommendation];
        let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
        lines.push(format!("- {name}: {}", words.join(" ")));
    }
    Ok(lines.join("\n"))
}
