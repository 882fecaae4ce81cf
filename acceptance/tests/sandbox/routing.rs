//! Which service and operation a request means, and what crosses from one emulator to the other.

use http::Method;
use serde_json::json;
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::settings::Settings;

use super::{account, ask, own, run, shared};

const PLACE: &str = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";

#[test]
fn operations_are_named_as_in_the_models() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let client = sandbox.client();
        for (service, method, path, body, expected) in [
            ("s3", Method::PUT, "/names", PLACE, "CreateBucket"),
            ("s3", Method::GET, "/", "", "ListBuckets"),
            ("s3", Method::PUT, "/names/dir/a%20b", "x", "PutObject"),
            ("s3", Method::GET, "/names/dir/a%20b", "", "GetObject"),
            ("s3", Method::GET, "/names?list-type=2&prefix=dir", "", "ListObjectsV2"),
            ("s3", Method::GET, "/names?versioning", "", "GetBucketVersioning"),
            ("s3", Method::DELETE, "/names/dir/a%20b", "", "DeleteObject"),
            ("s3", Method::DELETE, "/names", "", "DeleteBucket"),
            ("route53", Method::GET, "/2013-04-01/hostedzone", "", "ListHostedZones"),
            ("backup", Method::GET, "/backup-vaults/", "", "ListBackupVaults"),
            ("guardduty", Method::GET, "/detector", "", "ListDetectors"),
        ] {
            let since = sandbox.last_call().await.unwrap();
            client.rest(service, method, path, body).await.unwrap();
            let entries = sandbox.record(&Query { since, ..Query::default() }).await.unwrap();
            let named: Vec<(&str, &str)> = entries
                .iter()
                .map(|entry| (entry.service.as_str(), entry.operation.as_str()))
                .collect();
            assert_eq!(named, [(service, expected)], "{path}");
        }
    });
}

#[test]
fn large_objects_pass_whole() {
    run(async {
        let client = account(shared().await, "objects").await;
        client.rest("s3", Method::PUT, "/objects-bucket", PLACE).await.unwrap();
        let content: Vec<u8> = (0..5_000_000_u32).map(|number| number as u8).collect();
        client.rest("s3", Method::PUT, "/objects-bucket/big", content.clone()).await.unwrap();
        let answer = client.rest("s3", Method::GET, "/objects-bucket/big", "").await.unwrap();
        assert!(answer.body == content);
    });
}

#[test]
fn references_cross_between_the_emulators() {
    run(async {
        let client = account(shared().await, "references").await;
        client.rest("s3", Method::PUT, "/references-bucket", PLACE).await.unwrap();
        let trail = json!({"Name": "trail", "S3BucketName": "references-bucket"});
        let refused = client.json("cloudtrail", "CreateTrail", &trail).await.unwrap_err();
        assert_eq!(refused.code, "InsufficientS3BucketPolicyException");
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::references-bucket", "arn:aws:s3:::references-bucket/AWSLogs/*"],
        }]});
        let place = "/references-bucket?policy";
        client.rest("s3", Method::PUT, place, policy.to_string()).await.unwrap();
        client.json("cloudtrail", "CreateTrail", &trail).await.unwrap();
        let missing = json!({"Name": "none", "S3BucketName": "references-missing"});
        let error = client.json("cloudtrail", "CreateTrail", &missing).await.unwrap_err();
        assert_eq!(error.code, "S3BucketDoesNotExistException");

        let cidr = [("CidrBlock", "10.0.0.0/16")];
        let vpc = ask(&client, "CreateVpc", &cidr, "vpc/vpcId").await;
        client.json("logs", "CreateLogGroup", &json!({"logGroupName": "flow"})).await.unwrap();
        let logs = [
            ("ResourceType", "VPC"),
            ("ResourceId.1", vpc.as_str()),
            ("TrafficType", "ALL"),
            ("LogGroupName", "flow"),
            ("DeliverLogsPermissionArn", "arn:aws:iam::111122223333:role/flow"),
        ];
        client.query("ec2", "CreateFlowLogs", &logs).await.unwrap();
        let path = "flowLogSet/item/deliverLogsStatus";
        assert_eq!(ask(&client, "DescribeFlowLogs", &[], path).await, "SUCCESS");

        let zone = format!(
            "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>in.example.com</Name><VPC><VPCRegion>eu-central-1</VPCRegion><VPCId>{vpc}</VPCId></VPC><CallerReference>1</CallerReference></CreateHostedZoneRequest>"
        );
        client.rest("route53", Method::POST, "/2013-04-01/hostedzone", zone).await.unwrap();

        let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
        let role = [("RoleName", "node"), ("AssumeRolePolicyDocument", trust.as_str())];
        client.query("iam", "CreateRole", &role).await.unwrap();
        let profile = ("InstanceProfileName", "node");
        client.query("iam", "CreateInstanceProfile", &[profile]).await.unwrap();
        let with_role = [profile, ("RoleName", "node")];
        client.query("iam", "AddRoleToInstanceProfile", &with_role).await.unwrap();
        let instance = [
            ("ImageId", "ami-12c6146b"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("IamInstanceProfile.Name", "node"),
        ];
        client.query("ec2", "RunInstances", &instance).await.unwrap();
    });
}

#[test]
fn what_the_emulators_lack_is_said() {
    run(async {
        let client = account(shared().await, "lacking").await;
        let error = client.query("ec2", "LockSnapshot", &[("SnapshotId", "snap-1")]).await;
        let error = error.unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (501, "SandboxNotImplemented"));
        assert!(error.message.contains("LockSnapshot of ec2"), "{error}");
    });
}
