//! The schemas of Kubernetes' own kinds, as its published API describes them.

use std::sync::LazyLock;

use k8s_openapi::api::{
    admissionregistration::v1 as admissionregistration, apps::v1 as apps,
    autoscaling::v1 as autoscaling, autoscaling::v2 as autoscaling_v2, batch::v1 as batch,
    certificates::v1 as certificates, coordination::v1 as coordination, core::v1 as core,
    discovery::v1 as discovery, flowcontrol::v1 as flowcontrol, networking::v1 as networking,
    node::v1 as node, policy::v1 as policy, rbac::v1 as rbac, resource::v1 as resource,
    scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1 as apiregistration;
use k8s_openapi::schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

// With the types of another version this is missing, and to be written anew.
k8s_openapi::k8s_if_1_37! {
    /// The version of Kubernetes whose API is known here: major and minor.
    pub const KUBERNETES: (u64, u64) = (1, 37);
}

/// Where a reference points, before a type's name.
const DEFINITIONS: &str = "#/$defs/";

/// What is written as a number or as a string with a unit; blanks around it do not count.
const QUANTITY: &str =
    r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?\s*$";

/// A kind with the way to its schema.
struct Kind {
    api_version: &'static str,
    kind: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

const fn of<T: k8s_openapi::Resource + JsonSchema>() -> Kind {
    let schema = SchemaGenerator::subschema_for::<T>;
    Kind { api_version: T::API_VERSION, kind: T::KIND, schema }
}

/// The kinds of stable versions that documents are made of. Others may change from one version of Kubernetes to the
/// next.
const KINDS: &[Kind] = &[
    of::<core::ConfigMap>(),
    of::<core::Endpoints>(),
    of::<core::LimitRange>(),
    of::<core::Namespace>(),
    of::<core::Node>(),
    of::<core::PersistentVolume>(),
    of::<core::PersistentVolumeClaim>(),
    of::<core::Pod>(),
    of::<core::PodTemplate>(),
    of::<core::ReplicationController>(),
    of::<core::ResourceQuota>(),
    of::<core::Secret>(),
    of::<core::Service>(),
    of::<core::ServiceAccount>(),
    of::<admissionregistration::MutatingWebhookConfiguration>(),
    of::<admissionregistration::ValidatingAdmissionPolicy>(),
    of::<admissionregistration::ValidatingAdmissionPolicyBinding>(),
    of::<admissionregistration::ValidatingWebhookConfiguration>(),
    of::<apiextensions::CustomResourceDefinition>(),
    of::<apiregistration::APIService>(),
    of::<apps::ControllerRevision>(),
    of::<apps::DaemonSet>(),
    of::<apps::Deployment>(),
    of::<apps::ReplicaSet>(),
    of::<apps::StatefulSet>(),
    of::<autoscaling::HorizontalPodAutoscaler>(),
    of::<autoscaling_v2::HorizontalPodAutoscaler>(),
    of::<batch::CronJob>(),
    of::<batch::Job>(),
    of::<certificates::CertificateSigningRequest>(),
    of::<coordination::Lease>(),
    of::<discovery::EndpointSlice>(),
    of::<flowcontrol::FlowSchema>(),
    of::<flowcontrol::PriorityLevelConfiguration>(),
    of::<networking::Ingress>(),
    of::<networking::IngressClass>(),
    of::<networking::IPAddress>(),
    of::<networking::NetworkPolicy>(),
    of::<networking::ServiceCIDR>(),
    of::<node::RuntimeClass>(),
    of::<policy::PodDisruptionBudget>(),
    of::<rbac::ClusterRole>(),
    of::<rbac::ClusterRoleBinding>(),
    of::<rbac::Role>(),
    of::<rbac::RoleBinding>(),
    of::<resource::DeviceClass>(),
    of::<resource::ResourceClaim>(),
    of::<resource::ResourceClaimTemplate>(),
    of::<scheduling::PriorityClass>(),
    of::<storage::CSIDriver>(),
    of::<storage::CSINode>(),
    of::<storage::CSIStorageCapacity>(),
    of::<storage::StorageClass>(),
    of::<storage::VolumeAttachment>(),
    of::<storage::VolumeAttributesClass>(),
];

/// What is known of the kinds.
struct Known {
    /// References to their schemas, in the order of the kinds.
    references: Vec<Value>,
    /// The schemas of all types that they consist of, by name.
    types: Map<String, Value>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut generator = SchemaGenerator::default();
    let references = KINDS.iter().map(|kind| (kind.schema)(&mut generator).into()).collect();
    let mut types = generator.take_definitions(true);
    types.values_mut().for_each(reduce);
    // What these types accept is not what their schemas say.
    let corrections = [
        (
            "io.k8s.apimachinery.pkg.api.resource.Quantity",
            json!({"type": ["number", "string"], "pattern": QUANTITY}),
        ),
        ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", json!({})),
    ];
    types.extend(corrections.map(|(name, schema)| (name.to_owned(), schema)));
    Known { references, types }
});

/// The schema of a kind; none of a kind or version that is not known here.
pub(super) fn schema(api_version: &str, kind: &str) -> Option<&'static Value> {
    let place = KINDS.iter().position(|it| it.api_version == api_version && it.kind == kind)?;
    KNOWN.references.get(place)
}

/// The schema of every object's metadata.
pub(super) fn metadata() -> Option<&'static Value> {
    KNOWN.types.get("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
}

/// The schema that another one refers to, or that one itself.
pub(super) fn resolved(schema: &Value) -> &Value {
    let reference = schema["$ref"].as_str().and_then(|it| it.strip_prefix(DEFINITIONS));
    reference.and_then(|name| KNOWN.types.get(name)).unwrap_or(schema)
}

/// Takes out of a schema what is not checked: descriptions, and which fields are required. Some of those are filled in
/// by the cluster (`apiGroup` of a `roleRef`) or may be empty (`podSelector`), which no schema tells.
fn reduce(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    schema.remove("description");
    schema.remove("required");
    for (keyword, value) in schema.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(reduce);
            }
            ("oneOf", Value::Array(alternatives)) => alternatives.iter_mut().for_each(reduce),
            ("items" | "additionalProperties", value) => reduce(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_is_there_once_and_known() {
        let mut seen = BTreeSet::new();
        for Kind { api_version, kind, .. } in KINDS {
            assert!(seen.insert((api_version, kind)), "{kind} of {api_version}");
            let schema = schema(api_version, kind).unwrap();
            assert!(resolved(schema)["properties"]["metadata"].is_object(), "{kind}");
        }
        assert_eq!(schema("apps/v1beta1", "Deployment"), None);
    }

    /// The check knows these keywords of the built-in kinds' schemas, and no others.
    #[test]
    fn the_types_are_written_in_keywords_that_are_known() {
        const KEYWORDS: [&str; 9] = [
            "$ref",
            "additionalProperties",
            "format",
            "items",
            "oneOf",
            "pattern",
            "properties",
            "type",
            "x-kubernetes-int-or-string",
        ];
        fn check(name: &str, schema: &Value) {
            let Value::Object(schema) = schema else { return };
            for (keyword, value) in schema {
                assert!(KEYWORDS.contains(&keyword.as_str()), "{name}: {keyword}");
                match value {
                    Value::Object(properties) if keyword == "properties" => {
                        properties.values().for_each(|it| check(name, it));
                    }
                    Value::Array(alternatives) => {
                        alternatives.iter().for_each(|it| check(name, it))
                    }
                    value => check(name, value),
                }
            }
        }
        for (name, schema) in &KNOWN.types {
            check(name, schema);
        }
        assert!(metadata().is_some());
    }
}
