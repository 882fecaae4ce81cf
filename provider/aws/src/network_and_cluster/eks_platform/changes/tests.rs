use aws_sdk_eks::types::{
    AccessConfigResponse, EncryptionConfig, IpFamily, KubernetesNetworkConfigResponse, LogSetup,
    Logging, Provider, SupportType, UpgradePolicyResponse, VpcConfigResponse,
    ZonalShiftConfigResponse,
};

use super::super::testing::platform;
use super::*;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/a";

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The cluster that a platform with nothing but defaults has.
fn there() -> Cluster {
    let network = VpcConfigResponse::builder()
        .subnet_ids("subnet-1")
        .subnet_ids("subnet-2")
        .endpoint_private_access(true)
        .public_access_cidrs("0.0.0.0/0");
    let services = KubernetesNetworkConfigResponse::builder()
        .service_ipv4_cidr("10.100.0.0/16")
        .ip_family(IpFamily::Ipv4);
    let mode = AccessConfigResponse::builder().authentication_mode(AuthenticationMode::Api);
    let support = UpgradePolicyResponse::builder().support_type(SupportType::Extended);
    Cluster::builder()
        .name("main")
        .version("1.34")
        .role_arn("arn:aws:iam::111122223333:role/c")
        .resources_vpc_config(network.build())
        .kubernetes_network_config(services.build())
        .access_config(mode.build())
        .upgrade_policy(support.build())
        .logging(logging(&[LogType::Api, LogType::Audit, LogType::Authenticator]))
        .build()
}

fn logging(types: &[LogType]) -> Logging {
    let on = LogSetup::builder().enabled(true).set_types(Some(types.to_vec())).build();
    let off = LogSetup::builder().enabled(false).types(LogType::Scheduler).build();
    Logging::builder().cluster_logging(on).cluster_logging(off).build()
}

#[track_caller]
fn check(change: impl FnOnce(&mut EksPlatform), expected: Option<Change>) {
    let mut wanted = platform();
    change(&mut wanted);
    assert_eq!(next(&there(), &wanted), expected);
}

#[test]
fn each_attribute_is_a_change_of_its_own() {
    check(|_| {}, None);
    check(|it| it.deletion_protection = true, Some(Change::DeletionProtection(true)));
    check(|it| it.support_type = "STANDARD".into(), Some(Change::SupportType("STANDARD".into())));
    check(|it| it.zonal_shift = true, Some(Change::ZonalShift(true)));
    let (on, off) = (texts(&["scheduler"]), texts(&["api", "authenticator"]));
    check(|it| it.logs.types = texts(&["audit", "scheduler"]), Some(Change::Logs { on, off }));
    let (public, private, blocks) = (true, true, Some(texts(&["203.0.113.0/24"])));
    let open = |it: &mut EksPlatform| {
        it.endpoint_public_access = true;
        it.public_access_cidrs = texts(&["203.0.113.0/24"]);
    };
    check(open, Some(Change::Endpoint { public, private, blocks }));
    // From where nobody gets in over the internet does not matter.
    check(|it| it.public_access_cidrs = texts(&["203.0.113.0/24"]), None);
    let subnets = texts(&["subnet-1", "subnet-3"]);
    let wanted = Change::Network { subnets: subnets.clone(), groups: BTreeSet::new() };
    check(|it| it.subnet_ids = subnets, Some(wanted));
    check(|it| it.encryption_key_arn = Some(KEY.into()), Some(Change::Encryption(KEY.into())));
    check(|it| it.version = "1.35".into(), Some(Change::Version("1.35".into())));
}

#[test]
fn the_version_comes_last_and_protection_first() {
    let all = |it: &mut EksPlatform| {
        it.version = "1.35".into();
        it.zonal_shift = true;
        it.deletion_protection = true;
    };
    check(all, Some(Change::DeletionProtection(true)));
    let both = |it: &mut EksPlatform| {
        it.version = "1.35".into();
        it.zonal_shift = true;
    };
    check(both, Some(Change::ZonalShift(true)));
}

#[test]
fn a_mode_is_left_step_by_step_and_never_taken_back() {
    use AuthenticationMode::{Api, ApiAndConfigMap, ConfigMap};
    for (current, wanted, expected) in [
        (ConfigMap, "API", Some(ApiAndConfigMap)),
        (ApiAndConfigMap, "API", Some(Api)),
        (ApiAndConfigMap, "API_AND_CONFIG_MAP", None),
        (Api, "API_AND_CONFIG_MAP", None),
    ] {
        let config = AccessConfigResponse::builder().authentication_mode(current.clone()).build();
        let mut cluster = there();
        cluster.access_config = Some(config);
        let platform = EksPlatform { authentication_mode: wanted.into(), ..platform() };
        let expected = expected.map(Change::AuthenticationMode);
        assert_eq!(next(&cluster, &platform), expected, "{current:?} {wanted}");
    }
}

#[test]
fn a_cluster_is_what_it_is_to_be_after_every_change() {
    let mut cluster = there();
    let shift = ZonalShiftConfigResponse::builder().enabled(true).build();
    cluster.zonal_shift_config = Some(shift);
    cluster.deletion_protection = Some(true);
    cluster.encryption_config = Some(vec![encryption_config()]);
    let mut wanted = platform();
    wanted.zonal_shift = true;
    wanted.deletion_protection = true;
    wanted.encryption_key_arn = Some(KEY.into());
    assert_eq!(next(&cluster, &wanted), None);
}

fn encryption_config() -> EncryptionConfig {
    let provider = Provider::builder().key_arn(KEY).build();
    EncryptionConfig::builder().provider(provider).build()
}

#[test]
fn what_cannot_change_is_a_conflict() {
    let mut cluster = there();
    cluster.encryption_config = Some(vec![encryption_config()]);
    let other = Some("arn:aws:kms:eu-central-1:111122223333:key/b".to_owned());
    let role = Some("arn:aws:iam::111122223333:role/d".to_owned());
    let same = Some("arn:aws:iam::111122223333:role/c".to_owned());
    for (wanted, attribute) in [
        (platform(), None),
        (EksPlatform { cluster_role_arn: same, ..platform() }, None),
        (EksPlatform { cluster_role_arn: role, ..platform() }, Some("cluster_role_arn")),
        (EksPlatform { encryption_key_arn: other, ..platform() }, Some("encryption_key_arn")),
        (EksPlatform { ip_family: "ipv6".into(), ..platform() }, Some("ip_family")),
        (
            EksPlatform { service_ipv4_cidr: Some("172.20.0.0/16".into()), ..platform() },
            Some("service_ipv4_cidr"),
        ),
    ] {
        let found = conflict(&cluster, &wanted).and_then(|it| it.path).map(|it| it.to_string());
        assert_eq!(found.as_deref(), attribute);
    }
}
