//! What a recorder records, as the service takes it.

use std::collections::BTreeSet;

use aws_sdk_config::types::{
    ConfigurationRecorder, ExclusionByResourceTypes, RecordingFrequency, RecordingGroup,
    RecordingMode, RecordingModeOverride, RecordingStrategy, RecordingStrategyType, ResourceType,
};
use travel_framework::Failure;

use super::{ConfigRecorder, FrequencyOverride};
use crate::error::incomplete;

/// A recorder as the service takes it.
///
/// # Errors
/// Where the SDK refuses it.
pub fn to_service(
    plan: &ConfigRecorder,
    role_arn: Option<&str>,
) -> Result<ConfigurationRecorder, Failure> {
    Ok(ConfigurationRecorder::builder()
        .name(&plan.name)
        .set_role_arn(role_arn.map(str::to_owned))
        .recording_group(group(plan))
        .recording_mode(mode(plan)?)
        .build())
}

fn types(names: &BTreeSet<String>) -> Vec<ResourceType> {
    names.iter().map(|name| ResourceType::from(name.as_str())).collect()
}

fn group(plan: &ConfigRecorder) -> RecordingGroup {
    let strategy = |it| RecordingStrategy::builder().use_only(it).build();
    let built = RecordingGroup::builder();
    let built = match (&plan.resource_types, &plan.excluded_resource_types) {
        (Some(names), _) => built
            .all_supported(false)
            .include_global_resource_types(false)
            .set_resource_types(Some(types(names)))
            .recording_strategy(strategy(RecordingStrategyType::InclusionByResourceTypes)),
        (None, Some(names)) => {
            let left_out = ExclusionByResourceTypes::builder();
            let left_out = left_out.set_resource_types(Some(types(names))).build();
            built
                .all_supported(false)
                .include_global_resource_types(false)
                .exclusion_by_resource_types(left_out)
                .recording_strategy(strategy(RecordingStrategyType::ExclusionByResourceTypes))
        }
        (None, None) => built
            .all_supported(true)
            .include_global_resource_types(plan.global_resource_types)
            .recording_strategy(strategy(RecordingStrategyType::AllSupportedResourceTypes)),
    };
    built.build()
}

fn mode(plan: &ConfigRecorder) -> Result<RecordingMode, Failure> {
    let overrides = plan.frequency_override.iter().map(|it| {
        RecordingModeOverride::builder()
            .set_description(it.description.clone())
            .set_resource_types(Some(types(&it.resource_types)))
            .recording_frequency(RecordingFrequency::from(it.frequency.as_str()))
            .build()
    });
    let overrides: Vec<_> = overrides.collect::<Result<_, _>>().map_err(|it| incomplete(&it))?;
    RecordingMode::builder()
        .recording_frequency(RecordingFrequency::from(plan.frequency.as_str()))
        .set_recording_mode_overrides((!overrides.is_empty()).then_some(overrides))
        .build()
        .map_err(|error| incomplete(&error))
}

/// Writes what a recorder records into the object.
pub fn read(object: &mut ConfigRecorder, seen: ConfigurationRecorder) {
    let names = |types: Vec<ResourceType>| {
        let names: BTreeSet<String> = types.iter().map(|it| it.as_str().to_owned()).collect();
        Some(names).filter(|names| !names.is_empty())
    };
    let group = seen.recording_group.unwrap_or_else(|| RecordingGroup::builder().build());
    let left_out = group.exclusion_by_resource_types.and_then(|it| it.resource_types);
    object.resource_types = group.resource_types.and_then(names);
    object.excluded_resource_types = left_out.and_then(names);
    // Of chosen types it says nothing.
    if group.all_supported {
        object.global_resource_types = group.include_global_resource_types;
    } else if object.is_import() {
        object.global_resource_types = true;
    }
    let Some(mode) = seen.recording_mode else {
        object.frequency = RecordingFrequency::Continuous.as_str().to_owned();
        object.frequency_override = None;
        return;
    };
    object.frequency = mode.recording_frequency.as_str().to_owned();
    let first = mode.recording_mode_overrides.unwrap_or_default().into_iter().next();
    object.frequency_override = first.map(|it| FrequencyOverride {
        resource_types: it.resource_types.iter().map(|it| it.as_str().to_owned()).collect(),
        frequency: it.recording_frequency.as_str().to_owned(),
        description: it.description,
    });
}
