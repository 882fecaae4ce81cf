//! Many requests, at once and for long.

use futures::future::join_all;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;
use tonic::transport::Channel;
use travel_framework::value::Value;
use travel_proto::tfplugin6 as wire;
use wire::provider_client::ProviderClient;

use crate::core::{Core, PATIENCE, connect, fake};
use crate::pages::{configuration, decoded, disk, disk_type};
use crate::protocol::{apply, large_thing, message, name, plan, sent, thing, told, with_id};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_requests_at_once_are_answered_each_for_itself() {
    let core = Core::start().await;
    let all = (0..200).map(|number| {
        let mut provider = core.provider();
        async move {
            let called = format!("x{number}");
            match number % 3 {
                0 => assert_eq!(apply(provider, thing(&called)).await, (with_id(&called), vec![])),
                1 => {
                    let planned = plan(&mut provider, &thing(&called)).await;
                    assert_eq!(planned.get("name").as_str(), Some(called.as_str()));
                }
                _ => {
                    let request = wire::read_resource::Request {
                        type_name: name(),
                        current_state: sent(&with_id(&called)),
                        private: called.clone().into(),
                        ..Default::default()
                    };
                    let answer = provider.read_resource(request).await.unwrap().into_inner();
                    assert_eq!(answer.private, format!("{called} read").as_bytes());
                }
            }
        }
    });
    timeout(PATIENCE, join_all(all)).await.unwrap();
}

#[tokio::test]
async fn plans_of_64_mebibytes_pass() {
    let core = Core::start().await;
    let mut provider =
        core.provider().max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX);
    let large = large_thing();
    let planned = plan(&mut provider, &large).await;
    // Not assert_eq, which would print both.
    assert!(planned.get("tags") == large.get("tags"));
}

/// How many plans one round makes: as many as a large configuration has objects.
const ROUND: usize = 250;

/// A run of a core against a process that it has not started: it configures it, and plans.
async fn round(provider: &mut ProviderClient<Channel>, number: usize) {
    provider.configure_provider(configuration("pages".into())).await.unwrap();
    for at in 0..ROUND {
        let mut state = disk(&format!("disk-{number}-{at}"));
        state.set_attribute("size", 3.into());
        // Every other one is made, the rest are changed.
        let prior = if at % 2 == 0 { Value::Null } else { state.clone() };
        state.set_attribute("size", 4.into());
        let request = wire::plan_resource_change::Request {
            type_name: "fake_disk".to_owned(),
            prior_state: message(&prior, &disk_type()),
            proposed_new_state: message(&state, &disk_type()),
            config: message(&state, &disk_type()),
            ..Default::default()
        };
        let plan = provider.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!(told(&plan.diagnostics), Vec::<String>::new());
        assert_eq!(decoded(plan.planned_state.as_ref(), &disk_type()).get("size"), &4.into());
    }
}

/// A process's resident memory, in kibibytes.
fn resident(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id().unwrap()));
    let status = status.unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_process_that_lives_long_does_not_grow() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = fake();
    command.arg("--debug").env("PLUGIN_UNIX_SOCKET_DIR", folder.path()).env("FAKE", "pages");
    let mut process = command.spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let attachment = loop {
        let line = timeout(PATIENCE, output.next_line()).await.unwrap().unwrap().unwrap();
        if let Some(value) = line.trim().strip_prefix("TF_REATTACH_PROVIDERS='") {
            break value.trim_end_matches('\'').to_owned();
        }
    };
    let attachment: serde_json::Value = serde_json::from_str(&attachment).unwrap();
    let fake = &attachment["registry.terraform.io/travelsources/fake"];
    let socket = fake["Addr"]["String"].as_str().unwrap();
    let channel = connect(socket.as_ref(), None).await.unwrap();
    let mut provider = ProviderClient::new(channel);
    // What threads and allocators keep once is there after a few rounds.
    for number in 0..20 {
        round(&mut provider, number).await;
    }
    let before = resident(&process);
    let plans = 10_000;
    for number in 0..plans / ROUND {
        round(&mut provider, number).await;
    }
    let after = resident(&process);
    // A hundred bytes kept of each plan would be a mebibyte.
    let grown = after.saturating_sub(before);
    assert!(grown < 1024, "{grown} KiB more after {plans} plans, of {before} KiB");
}
