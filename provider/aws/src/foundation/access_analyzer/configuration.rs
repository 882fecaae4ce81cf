//! What analyzers of unused and of internal access are told, as the service takes it.

use std::collections::BTreeSet;

use aws_sdk_accessanalyzer::types::{
    AnalysisRule, AnalysisRuleCriteria, AnalyzerConfiguration, InternalAccessAnalysisRule,
    InternalAccessAnalysisRuleCriteria, InternalAccessConfiguration, ResourceType,
    UnusedAccessConfiguration,
};
use travel_framework::Failure;

use super::{AccessAnalyzer, Exclusion, Inclusion};

impl AccessAnalyzer {
    /// What the service is to be told; nothing of external access.
    ///
    /// # Errors
    /// Where the SDK refuses it.
    pub(super) fn configuration(&self) -> Result<Option<AnalyzerConfiguration>, Failure> {
        Ok(match self.analyzes.as_str() {
            "UNUSED_ACCESS" => {
                let exclusions = self.exclusions.iter().map(Exclusion::to_service).collect();
                let rule = AnalysisRule::builder().set_exclusions(Some(exclusions)).build();
                let unused = UnusedAccessConfiguration::builder()
                    .set_unused_access_age(self.unused_access_days)
                    .analysis_rule(rule)
                    .build();
                Some(AnalyzerConfiguration::UnusedAccess(unused))
            }
            "INTERNAL_ACCESS" => {
                let inclusions = self.inclusions.iter().map(Inclusion::to_service).collect();
                let rule =
                    InternalAccessAnalysisRule::builder().set_inclusions(Some(inclusions)).build();
                let internal = InternalAccessConfiguration::builder().analysis_rule(rule).build();
                Some(AnalyzerConfiguration::InternalAccess(internal))
            }
            _ => None,
        })
    }
}

/// What the service was told: days without use, whom to leave out, which resources to look at.
pub fn read(
    configuration: Option<AnalyzerConfiguration>,
) -> (Option<i32>, Vec<Exclusion>, Vec<Inclusion>) {
    match configuration {
        Some(AnalyzerConfiguration::UnusedAccess(unused)) => {
            let rule = unused.analysis_rule.and_then(|rule| rule.exclusions);
            let exclusions = rule.unwrap_or_default().into_iter().map(Exclusion::from_service);
            (unused.unused_access_age, exclusions.collect(), Vec::new())
        }
        Some(AnalyzerConfiguration::InternalAccess(internal)) => {
            let rule = internal.analysis_rule.and_then(|rule| rule.inclusions);
            let inclusions = rule.unwrap_or_default().into_iter().map(Inclusion::from_service);
            (None, Vec::new(), inclusions.collect())
        }
        _ => (None, Vec::new(), Vec::new()),
    }
}

fn list(set: Option<&BTreeSet<String>>) -> Option<Vec<String>> {
    set.map(|set| set.iter().cloned().collect())
}

fn set(list: Option<Vec<String>>) -> Option<BTreeSet<String>> {
    list.filter(|list| !list.is_empty()).map(|list| list.into_iter().collect())
}

impl Exclusion {
    fn to_service(&self) -> AnalysisRuleCriteria {
        let tags = self.resource_tags.as_ref();
        let tags = tags.map(|all| all.iter().map(|it| it.clone().into_iter().collect()).collect());
        AnalysisRuleCriteria::builder()
            .set_account_ids(list(self.account_ids.as_ref()))
            .set_resource_tags(tags)
            .build()
    }

    fn from_service(criteria: AnalysisRuleCriteria) -> Self {
        let tags = criteria.resource_tags.filter(|tags| !tags.is_empty());
        Self {
            account_ids: set(criteria.account_ids),
            resource_tags: tags
                .map(|all| all.into_iter().map(|it| it.into_iter().collect()).collect()),
        }
    }
}

impl Inclusion {
    fn to_service(&self) -> InternalAccessAnalysisRuleCriteria {
        let types = self.resource_types.as_ref();
        let types =
            types.map(|types| types.iter().map(|it| ResourceType::from(it.as_str())).collect());
        InternalAccessAnalysisRuleCriteria::builder()
            .set_account_ids(list(self.account_ids.as_ref()))
            .set_resource_types(types)
            .set_resource_arns(list(self.resource_arns.as_ref()))
            .build()
    }

    fn from_service(criteria: InternalAccessAnalysisRuleCriteria) -> Self {
        let types = criteria.resource_types.filter(|types| !types.is_empty());
        Self {
            account_ids: set(criteria.account_ids),
            resource_types: types
                .map(|types| types.iter().map(|it| it.as_str().to_owned()).collect()),
            resource_arns: set(criteria.resource_arns),
        }
    }
}
