//! Who is let into a cluster, and what passes its door.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use travel_acceptance::sandbox::faults::{Action, Filter, Moment, Rule};
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::tools_folder;
use travel_acceptance::sandbox::trouble::Trouble;

use super::{Ground, Kubectl, encoded, run_with_control_planes};
use crate::shared;

const NAMESPACES: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: team-a}
---
apiVersion: v1
kind: Namespace
metadata: {name: other}
"#;

#[test]
fn access_entries_decide_who_may_do_what() {
    run_with_control_planes(async {
        let ground = Ground::new(shared().await, "access-entries").await;
        let cluster = ground.active_cluster(ground.cluster("gate")).await;
        let (admin, admin_client) = ground.person("admin").await;
        let (reader, reader_client) = ground.person("reader").await;
        let (editor, editor_client) = ground.person("editor").await;
        let (_, stranger_client) = ground.person("stranger").await;
        ground.admit("gate", &admin, "AmazonEKSClusterAdminPolicy", &[]).await;
        ground.admit("gate", &reader, "AmazonEKSViewPolicy", &[]).await;
        ground.admit("gate", &editor, "AmazonEKSEditPolicy", &["team-*"]).await;
        let [admin_ctl, reader_ctl, editor_ctl, stranger_ctl] =
            [&admin_client, &reader_client, &editor_client, &stranger_client]
                .map(|client| Kubectl::new(&cluster, client));

        let config = ["create", "configmap", "c", "--from-literal=a=b"];
        admin_ctl.ok(&["apply", "-f", "-"], NAMESPACES).await;
        let who = admin_ctl.ok(&["auth", "whoami", "-o", "json"], "").await;
        let expected = format!("arn:aws:sts::{}:assumed-role/admin/acceptance", ground.account);
        assert!(who.contains(&format!("\"username\": \"{expected}\"")), "{who}");

        reader_ctl.get(&["pods", "-A"]).await;
        let refused = reader_ctl.refused(&config, "").await;
        assert!(refused.contains("is forbidden"), "{refused}");
        let secrets = reader_ctl.refused(&["get", "secrets"], "").await;
        assert!(secrets.contains("Forbidden"), "{secrets}");

        let in_team = ["-n", "team-a", "create", "configmap", "c", "--from-literal=a=b"];
        editor_ctl.ok(&in_team, "").await;
        let elsewhere = ["-n", "other", "get", "configmaps"];
        assert!(editor_ctl.refused(&elsewhere, "").await.contains("Forbidden"));
        // A namespace that comes later, also in the place of one of the same name.
        for _ in 0..2 {
            admin_ctl.ok(&["create", "namespace", "team-b"], "").await;
            let mut allowed = false;
            for _ in 0..50 {
                let can = ["auth", "can-i", "create", "configmaps", "-n", "team-b"];
                allowed = editor_ctl.run(&can, "").await.status.success();
                if allowed {
                    break;
                }
            }
            assert!(allowed, "the policy does not hold in a namespace that came later");
            admin_ctl.ok(&["delete", "namespace", "team-b", "--timeout=5m"], "").await;
        }

        let refused = stranger_ctl.refused(&["get", "pods"], "").await;
        assert!(refused.contains("must be logged in"), "{refused}");
        let mut other = cluster.clone();
        other["name"] = json!("another");
        let mistaken = Kubectl::new(&other, &admin_client);
        assert!(mistaken.refused(&["get", "pods"], "").await.contains("must be logged in"));

        let mut aged = Kubectl::new(&cluster, &admin_client);
        for (minutes, valid) in [(14, true), (16, false), (-16, false)] {
            let signed = Utc::now() - TimeDelta::minutes(minutes);
            aged.token = admin_client.cluster_token("gate", signed).unwrap();
            let read = aged.run(&["get", "namespaces"], "").await;
            assert_eq!(read.status.success(), valid, "signed {minutes} minutes ago");
        }
        aged.token = "k8s-aws-v1.nonsense".to_owned();
        assert!(aged.refused(&["get", "pods"], "").await.contains("must be logged in"));

        let entry = format!("/clusters/gate/access-entries/{}", encoded(&reader));
        ground.delete(&entry).await;
        // A token that was used before is remembered for some seconds; a new one is not.
        let client = ground.client.assume_role(&reader).await.unwrap();
        let again = Kubectl::new(&cluster, &client);
        assert!(again.refused(&["get", "pods"], "").await.contains("must be logged in"));
        ground.remove_cluster("gate").await;
    });
}

#[test]
fn kubernetes_calls_are_recorded_and_disturbed() {
    run_with_control_planes(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "access-faults").await;
        let cluster = ground.active_cluster(ground.cluster("door")).await;
        let (admin, client) = ground.person("admin").await;
        ground.admit("door", &admin, "AmazonEKSClusterAdminPolicy", &[]).await;
        let kubectl = Kubectl::new(&cluster, &client);
        let since = sandbox.last_call().await.unwrap();
        kubectl.ok(&["create", "configmap", "c", "--from-literal=a=b"], "").await;
        kubectl.ok(&["get", "configmap", "c"], "").await;
        let query = Query {
            since,
            service: "kubernetes".to_owned(),
            account: ground.account.clone(),
            operation: "*configmaps".to_owned(),
            ..Query::default()
        };
        let calls = sandbox.record(&query).await.unwrap();
        let operations: Vec<(&str, u16)> =
            calls.iter().map(|call| (call.operation.as_str(), call.status)).collect();
        assert_eq!(operations, [("create configmaps", 201), ("get configmaps", 200)]);
        assert_eq!(calls[0].executable.as_deref(), Some("kubectl"));

        let filter = Filter {
            account: ground.account.clone(),
            ..Filter::of("kubernetes", "get configmaps")
        };
        let met = async |action: Action| {
            let id = sandbox.add_fault(&Rule::once(filter.clone(), action)).await.unwrap();
            let output = kubectl.run(&["get", "configmap", "c"], "").await;
            assert_eq!(sandbox.fault(id).await.unwrap().fired.len(), 1);
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let code = None;
        let (_, error) =
            met(Action::Trouble { trouble: Trouble::AccessDenied, code: code.clone() }).await;
        assert!(error.contains("Forbidden"), "{error}");
        let (_, error) =
            met(Action::Trouble { trouble: Trouble::Failure, code: code.clone() }).await;
        assert!(error.contains("InternalError"), "{error}");
        // kubectl asks again after these two; for the second it waits as it is told to.
        for action in [Action::Reset, Action::Trouble { trouble: Trouble::Throttled, code }] {
            let (success, error) = met(action).await;
            assert!(success, "{error}");
        }
        ground.remove_cluster("door").await;
    });
}

#[test]
fn a_provider_is_killed_at_its_call() {
    run_with_control_planes(async {
        let sandbox = shared().await;
        let ground = Ground::new(sandbox, "access-kill").await;
        let cluster = ground.active_cluster(ground.cluster("kill")).await;
        let (admin, client) = ground.person("admin").await;
        ground.admit("kill", &admin, "AmazonEKSClusterAdminPolicy", &[]).await;
        // Only what is called like our provider may be killed.
        let own = tools_folder().join("bin/kubectl").canonicalize().unwrap();
        let folder = tempfile::tempdir_in(own.parent().unwrap()).unwrap();
        let program = folder.path().join("terraform-provider-travel_test");
        // A copy could still be open for writing in a process that another test starts.
        std::fs::hard_link(&own, &program).unwrap();
        let mut kubectl = Kubectl::new(&cluster, &client);
        kubectl.ok(&["get", "namespaces"], "").await;
        kubectl.program = program;
        for (moment, made) in [(Moment::Before, false), (Moment::After, true)] {
            let filter = Filter {
                account: ground.account.clone(),
                ..Filter::of("kubernetes", "create configmaps")
            };
            let id = sandbox.kill_at(filter, 1, moment).await.unwrap();
            let name = format!("killed-{made}");
            let output = kubectl.run(&["create", "configmap", &name], "").await;
            assert_eq!(output.status.code(), None, "it ended of itself");
            let standing = sandbox.fault(id).await.unwrap();
            assert_eq!(standing.fired[0].problem, None);
            let read = Kubectl::new(&cluster, &client).run(&["get", "configmap", &name], "").await;
            assert_eq!(read.status.success(), made);
        }
        ground.remove_cluster("kill").await;
    });
}
