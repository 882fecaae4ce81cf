use super::*;

fn set(texts: &[&str]) -> Option<BTreeSet<String>> {
    Some(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[test]
fn what_the_service_is_told_is_read_back() {
    let regions = set(&["eu-central-1", "eu-west-1"]);
    let types = set(&["AWS::EC2::Instance"]);
    let role = "arn:aws:iam::111122223333:role/aggregator".to_owned();
    let organization = ConfigAggregator {
        organization_role_arn: Some(role),
        regions: regions.clone(),
        ..ConfigAggregator::default()
    };
    let accounts = ConfigAggregator {
        account_ids: set(&["111122223333"]),
        resource_types: types,
        ..ConfigAggregator::default()
    };
    for plan in [organization, accounts] {
        let seen = ConfigurationAggregator::builder()
            .set_account_aggregation_sources(plan.of_accounts().unwrap())
            .set_organization_aggregation_source(plan.of_organization().unwrap())
            .set_aggregator_filters(plan.filters())
            .build();
        let read = ConfigAggregator::default().seen(seen);
        assert!(read.gathers_as(&plan), "{read:?}");
    }
}

#[test]
fn an_id_names_an_aggregator() {
    for (id, region) in [("eu-west-1/all", Some("eu-west-1")), ("all", None)] {
        let state = ConfigAggregator::import(id).unwrap();
        assert_eq!((state.name.as_str(), state.placement.region.as_deref()), ("all", region));
    }
    for id in ["", "a/b", "eu-west-1/", "arn:aws:config:eu-west-1:111122223333:config-aggregator/x"]
    {
        assert!(ConfigAggregator::import(id).is_err(), "{id}");
    }
}
