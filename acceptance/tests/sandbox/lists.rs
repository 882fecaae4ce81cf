//! Lists by tags: over all services, and behind when asked.

use http::Method;
use serde_json::{Value, json};
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::settings::Settings;

use super::{account, ask, own, run, shared};

async fn tagged(client: &Client, input: Value) -> Vec<String> {
    let answer = client.json("resourcegroupstaggingapi", "GetResources", &input).await.unwrap();
    let found = answer["ResourceTagMappingList"].as_array().unwrap().iter();
    found.map(|one| one["ResourceARN"].as_str().unwrap().to_owned()).collect()
}

async fn tagged_vpc(client: &Client) -> String {
    let parameters = [
        ("CidrBlock", "10.0.0.0/16"),
        ("TagSpecification.1.ResourceType", "vpc"),
        ("TagSpecification.1.Tag.1.Key", "owner"),
        ("TagSpecification.1.Tag.1.Value", "me"),
    ];
    ask(client, "CreateVpc", &parameters, "vpc/vpcId").await
}

#[test]
fn resources_of_all_services_are_found_by_tag() {
    run(async {
        let client = account(shared().await, "tagged").await;
        let vpc = tagged_vpc(&client).await;
        let tags = json!([{"TagKey": "owner", "TagValue": "me"}]);
        let key = client.json("kms", "CreateKey", &json!({"Tags": tags})).await.unwrap();
        let key = key["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        client.rest("s3", Method::PUT, "/tagged-bucket", "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>").await.unwrap();
        let tagging =
            "<Tagging><TagSet><Tag><Key>owner</Key><Value>me</Value></Tag></TagSet></Tagging>";
        client.rest("s3", Method::PUT, "/tagged-bucket?tagging", tagging).await.unwrap();
        let secret = json!({"Name": "s", "ClientRequestToken": "0d1c9f5e-0000-4000-8000-000000000001", "SecretString": "x", "Tags": [{"Key": "owner", "Value": "me"}]});
        client.json("secretsmanager", "CreateSecret", &secret).await.unwrap();
        let filter = json!([{"Key": "owner", "Values": ["me"]}]);
        let all = tagged(&client, json!({"TagFilters": filter})).await;
        let account = key.split(':').nth(4).unwrap();
        let expected = [
            format!("arn:aws:ec2:eu-central-1:{account}:vpc/{vpc}"),
            key.clone(),
            "arn:aws:s3:::tagged-bucket".to_owned(),
        ];
        for arn in &expected {
            assert!(all.contains(arn), "{arn} of {all:?}");
        }
        assert!(all.iter().any(|arn| arn.contains(":secretsmanager:")), "{all:?}");
        let keys =
            tagged(&client, json!({"TagFilters": filter, "ResourceTypeFilters": ["kms:key"]}));
        assert_eq!(keys.await, std::slice::from_ref(&key));
        let none = json!({"TagFilters": [{"Key": "owner", "Values": ["you"]}]});
        assert_eq!(tagged(&client, none).await, Vec::<String>::new());

        let input = json!({"ResourcesPerPage": 3, "TagFilters": filter});
        let page = client.json("resourcegroupstaggingapi", "GetResources", &input).await.unwrap();
        let token = page["PaginationToken"].as_str().unwrap();
        let rest = tagged(&client, json!({"TagFilters": filter, "PaginationToken": token})).await;
        assert_eq!(rest.len(), all.len() - 3);

        let input = json!({"ResourceARNList": [key], "Tags": {"cost": "1"}});
        let done = client.json("resourcegroupstaggingapi", "TagResources", &input).await.unwrap();
        assert_eq!(done["FailedResourcesMap"], json!({}));
        assert_eq!(tagged(&client, json!({"TagFilters": [{"Key": "cost"}]})).await, [key]);
    });
}

#[test]
fn lists_by_tags_stay_behind_when_asked() {
    run(async {
        let sandbox = own(Settings { tag_lag_seconds: 3600.0, ..Settings::default() }).await;
        let client = sandbox.client();
        let vpc = tagged_vpc(&client).await;
        let by_tag = [("Filter.1.Name", "tag:owner"), ("Filter.1.Value.1", "me")];
        let by_key = [("Filter.1.Name", "key"), ("Filter.1.Value.1", "owner")];
        let by_id = [("VpcId.1", vpc.as_str())];
        let count = async || {
            let list = async |operation: &str, parameters: &[(&str, &str)], set: &str| {
                let answer = client.query("ec2", operation, parameters).await.unwrap();
                answer.items(set).len()
            };
            [
                list("DescribeVpcs", &by_tag, "vpcSet").await,
                list("DescribeTags", &by_key, "tagSet").await,
                tagged(&client, json!({"TagFilters": [{"Key": "owner"}]})).await.len(),
                list("DescribeVpcs", &by_id, "vpcSet").await,
            ]
        };
        assert_eq!(count().await, [0, 0, 0, 1]);
        sandbox.set_settings(&Settings::default()).await.unwrap();
        assert_eq!(count().await, [1, 1, 1, 1]);
    });
}

#[test]
fn filters_by_tag_hold_for_every_type() {
    run(async {
        let client = account(shared().await, "filters").await;
        let cidr = [("CidrBlock", "10.0.0.0/16")];
        let vpc = ask(&client, "CreateVpc", &cidr, "vpc/vpcId").await;
        let place = [("VpcId", vpc.as_str()), ("CidrBlock", "10.0.0.0/24")];
        let subnet = ask(&client, "CreateSubnet", &place, "subnet/subnetId").await;
        let nat = [
            ("SubnetId", subnet.as_str()),
            ("ConnectivityType", "private"),
            ("TagSpecification.1.ResourceType", "natgateway"),
            ("TagSpecification.1.Tag.1.Key", "owner"),
            ("TagSpecification.1.Tag.1.Value", "me"),
        ];
        client.query("ec2", "CreateNatGateway", &nat).await.unwrap();
        let count = async |value: &str| {
            let filter = [("Filter.1.Name", "tag:owner"), ("Filter.1.Value.1", value)];
            let answer = client.query("ec2", "DescribeNatGateways", &filter).await.unwrap();
            answer.items("natGatewaySet").len()
        };
        assert_eq!([count("me").await, count("you").await], [1, 0]);
        let kind = [("Filter.1.Name", "resource-type"), ("Filter.1.Value.1", "natgateway")];
        let path = "tagSet/item/resourceType";
        assert_eq!(ask(&client, "DescribeTags", &kind, path).await, "natgateway");
    });
}
