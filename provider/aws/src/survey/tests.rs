use serde_json::{Value as Json, json};

use super::*;
use crate::settings::Settings;
use crate::testing::{ACCOUNT, Fake, REGION, Reply, Request, call_on};

const MARK: [(&str, &str); 3] = [
    ("travel:deployment", "dev"),
    ("travel:resource", "travel_kms_key/volumes"),
    ("travel:generation", "1"),
];

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

fn described(key: &str) -> Reply {
    let state = match key.rsplit('/').next() {
        Some("going") => "PendingDeletion",
        Some("gone") => return Reply::error("NotFoundException", "no"),
        _ => "Enabled",
    };
    Reply::json(json!({"KeyMetadata": {"KeyId": key, "Arn": key, "KeyState": state}}))
}

fn regional_answer(request: &Request) -> Reply {
    let tags: Vec<Json> =
        MARK.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let tagged = |arn: String| json!({"ResourceARN": arn, "Tags": tags});
    match request.action.as_str() {
        "tagging:GetResources" if request.input["PaginationToken"] == "2" => {
            Reply::json(json!({"ResourceTagMappingList": [
                tagged(arn("kms", "key/gone")),
                tagged(arn("logs", "log-group:/travel/there")),
                tagged(arn("logs", "log-group:/travel/gone")),
                tagged(arn("eks", "cluster/dev")),
                {"ResourceARN": arn("eks", "cluster/half"), "Tags": &tags[..2]},
            ]}))
        }
        "tagging:GetResources" => Reply::json(json!({
            "ResourceTagMappingList": [
                tagged(arn("kms", "key/there")),
                tagged(arn("kms", "key/going")),
                tagged(arn("ec2", "vpc/vpc-1")),
            ],
            "PaginationToken": "2",
        })),
        "kms:DescribeKey" => described(request.input["KeyId"].as_str().unwrap()),
        "logs:DescribeLogGroups" => {
            Reply::json(json!({"logGroups": [{"logGroupName": "/travel/there"}]}))
        }
        other => panic!("{other} was not expected"),
    }
}

#[tokio::test]
async fn what_is_gone_or_going_is_left_out() {
    let fake = Fake::new(regional_answer);
    let call = call_on(&fake, Settings::default(), "travel_kms_key/").await;
    let found = regional::tagged(&call.scope).await.unwrap();
    let found: Vec<(&str, &str)> =
        found.iter().map(|it| (it.kind.as_str(), it.known("region"))).collect();
    let expected = ["kms key", "logs log-group", "eks cluster"].map(|kind| (kind, REGION));
    assert_eq!(found, expected);
}

fn ec2_answer(request: &Request) -> Reply {
    let tag = |id: &str, kind: &str| {
        let tags = MARK.map(|(key, value)| {
            format!(
                "<item><resourceId>{id}</resourceId><resourceType>{kind}</resourceType>\
                 <key>{key}</key><value>{value}</value></item>"
            )
        });
        tags.concat()
    };
    match request.action.as_str() {
        "ec2:DescribeTags" => {
            let kinds = [("vpc-1", "vpc"), ("vpc-gone", "vpc"), ("nat-1", "natgateway")];
            let more = [("nat-2", "natgateway"), ("x-1", "something-new")];
            let all = kinds.iter().chain(&more).map(|(id, kind)| tag(id, kind));
            let all: String = all.collect();
            Reply::ec2("DescribeTags", &format!("<tagSet>{all}</tagSet>"))
        }
        "ec2:DescribeVpcs" => {
            Reply::ec2("DescribeVpcs", "<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>")
        }
        "ec2:DescribeNatGateways" => {
            let gateway = |id: &str, state: &str| {
                format!("<item><natGatewayId>{id}</natGatewayId><state>{state}</state></item>")
            };
            let all = gateway("nat-1", "available") + &gateway("nat-2", "deleted");
            let set = format!("<natGatewaySet>{all}</natGatewaySet>");
            Reply::ec2("DescribeNatGateways", &set)
        }
        other => panic!("{other} was not expected"),
    }
}

#[tokio::test]
async fn tags_of_ec2_that_outlast_their_things_do_not_count() {
    let fake = Fake::new(ec2_answer);
    let call = call_on(&fake, Settings::default(), "travel_network/").await;
    let found = ec2::tagged(&call.scope).await.unwrap();
    let ids: Vec<&str> = found.iter().filter_map(|it| it.id.rsplit('/').next()).collect();
    assert_eq!(ids, ["nat-1", "x-1", "vpc-1"]);
    assert!(found.iter().all(|it| it.known("account_id") == ACCOUNT));
}
