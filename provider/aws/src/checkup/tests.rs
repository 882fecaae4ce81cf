use serde_json::json;
use travel_framework::finding::Verdict;

use super::*;
use crate::settings::Settings;
use crate::testing::{Fake, Reply, Request, call_on};

fn answer(request: &Request) -> Reply {
    let action = request.action.trim_start_matches("ec2:");
    let none = |set: &str| Reply::ec2(action, &format!("<{set}/>"));
    match request.action.as_str() {
        "ec2:DescribeRegions" => {
            let item = "<item><regionName>eu-central-1</regionName></item>";
            Reply::ec2("DescribeRegions", &format!("<regionInfo>{item}</regionInfo>"))
        }
        "ec2:DescribeVpcs" => {
            let vpcs = "<item><vpcId>vpc-1</vpcId></item>".repeat(4);
            Reply::ec2("DescribeVpcs", &format!("<vpcSet>{vpcs}</vpcSet>"))
        }
        "ec2:DescribeInternetGateways" => none("internetGatewaySet"),
        "ec2:DescribeAddresses" => none("addressesSet"),
        "ec2:DescribeNatGateways" => none("natGatewaySet"),
        "ec2:DescribeInstances" => none("reservationSet"),
        "eks:GET /clusters" => Reply::json(json!({"clusters": []})),
        "servicequotas:GetServiceQuota" => match request.input["ServiceCode"].as_str() {
            Some("vpc") => Reply::json(json!({"Quota": {"Value": 5.0}})),
            Some("ec2") => Reply::error("AccessDeniedException", "no"),
            _ => Reply::error("NoSuchResourceException", "no"),
        },
        "servicequotas:GetAWSDefaultServiceQuota" => {
            Reply::json(json!({"Quota": {"Value": 100.0}}))
        }
        other => panic!("{other} was not expected"),
    }
}

#[tokio::test]
async fn regions_and_quotas_are_judged() {
    let fake = Fake::new(answer);
    let call = call_on(&fake, Settings::default(), "").await;
    let wanted = ["eu-central-1".to_owned(), "ap-east-1".to_owned()];
    let (found, usable) = regions(&call.scope, &wanted).await;
    let verdicts: Vec<Verdict> = found.iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts, [Verdict::Ok, Verdict::Failed]);
    assert!(found[1].remedy.contains("eu-central-1"));
    assert_eq!(usable.len(), 1);
    let found = quotas::check(&usable[0]).await;
    let told: Vec<(Verdict, &str)> =
        found.iter().map(|it| (it.verdict, it.message.as_str())).collect();
    let unknown = "it cannot be told: not allowed to call servicequotas:GetServiceQuota";
    let expected = [
        (Verdict::Warning, "4 of 5 in use"),
        (Verdict::Ok, "0 of 5 in use"),
        (Verdict::Warning, unknown),
        (Verdict::Ok, "0 of 5 in use"),
        (Verdict::Ok, "0 of 100 in use"),
        (Verdict::Warning, unknown),
    ];
    assert_eq!(told, expected);
}
