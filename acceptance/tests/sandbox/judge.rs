//! botocore as the judge: every answer the gateway writes itself must be one that it can read.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use travel_acceptance::sandbox::emulator::Kind;
use travel_acceptance::sandbox::faults::{Action, Filter, Rule};
use travel_acceptance::sandbox::settings::Settings;
use travel_acceptance::sandbox::tools_folder;
use travel_acceptance::sandbox::trouble::Trouble;

use super::{create_account, own, run};

/// Makes the calls of its standard input, a JSON list of `[service, operation, parameters]`, and prints what came of
/// each: a list of `[code, answer]`, with the code of an error.
const SCRIPT: &str = r"
import boto3, botocore, json, sys
from botocore.config import Config

settings = Config(retries={'max_attempts': 0})
told = []
for service, operation, parameters in json.load(sys.stdin):
    client = boto3.client(service, config=settings)
    try:
        answer = client._make_api_call(operation, parameters)
        answer.pop('ResponseMetadata')
        told.append(['', answer])
    except botocore.exceptions.ClientError as error:
        told.append([error.response['Error']['Code'], error.response['Error']['Message']])
print(json.dumps(told, default=str))
";

async fn ask(environment: Vec<(String, String)>, calls: &Value) -> Vec<Value> {
    let mut child = Command::new(Kind::Moto.python(&tools_folder()))
        .args(["-c", SCRIPT])
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(calls.to_string().as_bytes()).await.unwrap();
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn botocore_reads_what_the_gateway_writes() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let id = create_account(&sandbox, "judged", "judged@example.com").await.unwrap();
        let role = format!("arn:aws:iam::{id}:role/OrganizationAccountAccessRole");
        let calls = serde_json::json!([
            ["sts", "GetCallerIdentity", {}],
            ["sts", "AssumeRole", {"RoleArn": role, "RoleSessionName": "judge"}],
            ["sts", "GetSessionToken", {}],
            ["sts", "AssumeRole", {"RoleArn": role.replace(&id, "999999999999"), "RoleSessionName": "judge"}],
            ["organizations", "ListCreateAccountStatus", {}],
            ["organizations", "DescribeCreateAccountStatus", {"CreateAccountRequestId": "car-0123456789ab"}],
            ["ec2", "DescribeNatGateways", {"Filter": [{"Name": "state", "Values": ["pending"]}]}],
            ["ec2", "DescribeVpcEndpoints", {"VpcEndpointIds": ["vpce-0123456789abcdef0"]}],
            ["ec2", "DeleteVpcEndpoints", {"VpcEndpointIds": ["vpce-0123456789abcdef0"]}],
            // Over CBOR, which the gateway turns into JSON and back.
            ["resourcegroupstaggingapi", "GetResources", {}],
            ["resourcegroupstaggingapi", "GetResources", {"ResourcesPerPage": 1000}],
        ]);
        let told = ask(sandbox.environment(), &calls).await;
        let codes: Vec<&str> = told.iter().map(|one| one[0].as_str().unwrap()).collect();
        assert_eq!(
            codes,
            [
                "",
                "",
                "",
                "AccessDenied",
                "",
                "CreateAccountStatusNotFoundException",
                "",
                "InvalidVpcEndpointId.NotFound",
                "",
                "",
                "InvalidParameterException",
            ]
        );
        assert_eq!(told[0][1]["Account"], "111122223333");
        assert_eq!(told[1][1]["AssumedRoleUser"]["Arn"], role_session(&id));
        assert_eq!(told[4][1]["CreateAccountStatuses"][0]["State"], "SUCCEEDED");
        let failure = &told[8][1]["Unsuccessful"][0]["Error"]["Code"];
        assert_eq!(failure, "InvalidVpcEndpoint.NotFound");
    });
}

fn role_session(id: &str) -> String {
    format!("arn:aws:sts::{id}:assumed-role/OrganizationAccountAccessRole/judge")
}

#[test]
fn botocore_reads_faults_of_every_protocol() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let every = [
            ("sts", "GetCallerIdentity", "Throttling"),
            ("ec2", "DescribeVpcs", "RequestLimitExceeded"),
            ("kms", "ListKeys", "ThrottlingException"),
            ("s3", "ListBuckets", "SlowDown"),
            ("route53", "ListHostedZones", "Throttling"),
            ("eks", "ListClusters", "ThrottlingException"),
            ("organizations", "DescribeOrganization", "TooManyRequestsException"),
            ("cloudwatch", "DescribeAlarms", "ThrottlingException"),
            ("sqs", "ListQueues", "ThrottlingException"),
        ];
        for (service, _, _) in every {
            let action = Action::Trouble { trouble: Trouble::Throttled, code: None };
            sandbox.add_fault(&Rule::once(Filter::of(service, ""), action)).await.unwrap();
        }
        let calls =
            every.map(|(service, operation, _)| serde_json::json!([service, operation, {}]));
        let told = ask(sandbox.environment(), &Value::from(calls.to_vec())).await;
        for ((service, _, expected), told) in every.iter().zip(&told) {
            assert_eq!(told[0], *expected, "{service}");
        }
    });
}
