//! botocore, which knows the service's model, calls every operation and understands every answer.

use http::Method;
use travel_acceptance::sandbox::tools_folder;

use super::{Ground, role, run_with_control_planes};
use crate::shared;

#[test]
fn botocore_understands_every_answer() {
    run_with_control_planes(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "botocore").await;
        let pod_role = role(&ground.client, "pod", "pods.eks.amazonaws.com").await;
        let (person, _) = ground.person("person").await;
        let key = ground.client.json("kms", "CreateKey", &serde_json::json!({})).await.unwrap();
        let credentials = sandbox.credentials(&ground.account).await.unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox/eks/every_operation.py");
        let output = tokio::process::Command::new(tools_folder().join("moto/bin/python"))
            .arg(script)
            .envs(sandbox.environment())
            .env("AWS_ACCESS_KEY_ID", credentials.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
            .env("SUBNETS", ground.subnets.join(","))
            .env("CLUSTER_ROLE", &ground.role)
            .env("NODE_ROLE", &ground.node_role)
            .env("POD_ROLE", pod_role)
            .env("PERSON", person)
            .env("KEY", key["KeyMetadata"]["Arn"].as_str().unwrap())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        let left = ground.eks(Method::GET, "/clusters", None).await.unwrap();
        assert_eq!(left["clusters"], serde_json::json!([]), "{text}");
    });
}
