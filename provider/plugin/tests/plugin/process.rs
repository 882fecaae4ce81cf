//! Starting, meeting and ending the process.

use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::time::timeout;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use travel_proto::health::HealthCheckRequest;
use travel_proto::health::health_client::HealthClient;
use travel_proto::plugin::ConnInfo;
use travel_proto::plugin::grpc_broker_client::GrpcBrokerClient;
use travel_proto::plugin::grpc_stdio_client::GrpcStdioClient;
use travel_proto::tfplugin6 as wire;

use crate::core::{self, Core, PATIENCE, Shown, Terms, connect, fake};
use crate::protocol::{apply, thing};

fn pid(process: &tokio::process::Child) -> Pid {
    Pid::from_raw(process.id().unwrap().try_into().unwrap())
}

#[tokio::test]
async fn started_by_hand_it_says_what_it_is() {
    let output = fake().output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("This program is the fake provider, version 1.2.3"), "{message}");
    assert!(message.contains(r#"source = "registry.terraform.io/travelsources/fake""#));

    let output = fake().arg("--version").output().await.unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"registry.terraform.io/travelsources/fake v1.2.3\n");
}

#[tokio::test]
async fn shakes_hands_and_ends_when_told() {
    for (variables, bars) in [(vec![], 6), (vec![("PLUGIN_MULTIPLEX_GRPC", "true")], 7)] {
        let core = Core::start_on(Terms { variables, ..Terms::default() }).await;
        assert_eq!(core.line[4], "grpc");
        assert_eq!(core.line.len(), bars);
        assert_eq!(core.line.get(6).map(String::as_str), (bars == 7).then_some("false"));
        let mode = std::fs::metadata(core.socket()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Both streams stay open for as long as the provider lives, as go-plugin keeps them.
        let mut stdio = GrpcStdioClient::new(core.channel.clone());
        let mut printed = stdio.stream_stdio(()).await.unwrap().into_inner();
        let mut broker = GrpcBrokerClient::new(core.channel.clone());
        let knocks = futures::stream::iter([ConnInfo::default()]);
        let knocks = futures::StreamExt::chain(knocks, futures::stream::pending());
        let mut answers = broker.start_stream(knocks).await.unwrap().into_inner();
        drop((stdio, broker));
        assert_eq!(core.shut_down().await, (String::new(), String::new()));
        assert_eq!(printed.message().await.unwrap(), None);
        assert_eq!(answers.message().await.unwrap(), None);
    }
}

#[tokio::test]
async fn says_that_it_is_well() {
    let core = Core::start().await;
    let mut health = HealthClient::new(core.channel.clone());
    for (service, well) in [("plugin", true), ("", true), ("other", false)] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = health.check(request).await;
        assert_eq!(answer.is_ok_and(|answer| answer.into_inner().status == 1), well, "{service}");
    }
    let request = HealthCheckRequest { service: "plugin".to_owned() };
    let mut watch = health.watch(request).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status, 1);
    drop(health);
    core.shut_down().await;
    assert_eq!(watch.message().await.unwrap(), None);
}

#[tokio::test]
async fn answers_nobody_but_its_caller() {
    let core = Core::start().await;
    let stranger = core::tls(&core::certificate(), &core.line[5]);
    let nobody = core::tls_with(&core.line[5], &Shown::default());
    // Whoever has seen the caller's certificate still has not its key.
    let thief = Shown(Some((core.certificate.clone().unwrap(), core::certificate())));
    let thief = core::tls_with(&core.line[5], &thief);
    for tls in [None, Some(stranger), Some(nobody), Some(thief)] {
        // In TLS 1.3 a client learns that it was refused only when it asks something.
        let refused = match connect(&core.socket(), tls).await {
            Ok(channel) => {
                let mut provider = wire::provider_client::ProviderClient::new(channel);
                provider.get_metadata(wire::get_metadata::Request {}).await.is_err()
            }
            Err(_) => true,
        };
        assert!(refused);
    }
    core.provider().get_metadata(wire::get_metadata::Request {}).await.unwrap();
    core.shut_down().await;
}

#[tokio::test]
async fn speaks_plaintext_where_the_caller_disables_tls() {
    for variables in [
        vec![],
        vec![("TF_DISABLE_PLUGIN_TLS", "1")],
        vec![("TF_DISABLE_PLUGIN_TLS", "1"), ("PLUGIN_CLIENT_CERT", "inherited")],
    ] {
        let core = Core::start_on(Terms { plaintext: true, variables }).await;
        assert_eq!(core.line[5], "");
        core.provider().get_metadata(wire::get_metadata::Request {}).await.unwrap();
        core.shut_down().await;
    }
}

#[tokio::test]
async fn a_certificate_that_is_none_ends_it_with_an_error() {
    let mut command = fake();
    command.env("TF_PLUGIN_MAGIC_COOKIE", core::COOKIE).env("PLUGIN_CLIENT_CERT", "nonsense");
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));
    let message = String::from_utf8(output.stderr).unwrap();
    let expected = "failed to serve the fake provider: failed to read the certificate in \
                    PLUGIN_CLIENT_CERT: ";
    assert!(message.starts_with(expected), "{message}");
}

#[tokio::test]
async fn an_interrupt_does_not_end_it() {
    let core = Core::start().await;
    for _ in 0..3 {
        kill(pid(&core.process), Signal::SIGINT).unwrap();
    }
    core.provider().get_metadata(wire::get_metadata::Request {}).await.unwrap();
    core.shut_down().await;
}

#[tokio::test]
async fn told_to_stop_it_returns_what_it_has() {
    let core = Core::start().await;
    let slow = tokio::spawn(apply(core.provider(), thing("slow")));
    let mut provider = core.provider();
    // The stop may come before the apply: the fake's token stays cancelled until it is configured.
    let answer = provider.stop_provider(wire::stop_provider::Request {}).await.unwrap();
    assert_eq!(answer.into_inner().error, "");
    let (state, diagnostics) = slow.await.unwrap();
    assert_eq!(state.get("id").as_str(), Some("thing-slow"));
    assert_eq!(diagnostics, ["warning: interrupted"]);
    drop(provider);
    core.shut_down().await;
}

#[tokio::test]
async fn a_termination_stops_work_and_ends_it() {
    let variables = vec![("TF_LOG", "trace")];
    let mut core = Core::start_on(Terms { variables, ..Terms::default() }).await;
    let slow = tokio::spawn(apply(core.provider(), thing("slow")));
    // Only work that has begun is waited for; the log says when it has.
    let mut logged = BufReader::new(core.process.stderr.take().unwrap()).lines();
    while !timeout(PATIENCE, logged.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
        .contains("ApplyResourceChange")
    {}
    kill(pid(&core.process), Signal::SIGTERM).unwrap();
    let (state, _) = slow.await.unwrap();
    assert_eq!(state.get("id").as_str(), Some("thing-slow"));
    let Core { mut process, channel, folder, .. } = core;
    drop(channel);
    let status = timeout(PATIENCE, process.wait()).await.unwrap().unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn ends_when_its_caller_dies() {
    let folder = tempfile::tempdir().unwrap();
    let fake = fake().as_std().get_program().to_owned();
    // A shell stands for the caller: it starts the provider and dies.
    let mut shell = tokio::process::Command::new("sh");
    shell
        .args(["-c", "\"$0\" & read line"])
        .arg(fake)
        .env_clear()
        .env("TF_PLUGIN_MAGIC_COOKIE", core::COOKIE)
        .env("PLUGIN_UNIX_SOCKET_DIR", folder.path())
        .kill_on_drop(true)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let mut output = BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    timeout(PATIENCE, output.read_line(&mut line)).await.unwrap().unwrap();
    assert!(line.starts_with("1|6|unix|"), "{line}");
    shell.kill().await.unwrap();
    // The provider holds the other end of the pipe for as long as it lives.
    let mut rest = String::new();
    timeout(PATIENCE, output.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, "");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn in_debug_mode_it_waits_for_any_terraform() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = fake();
    command.arg("--debug").env("PLUGIN_UNIX_SOCKET_DIR", folder.path());
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
    assert_eq!(fake["Protocol"], "grpc");
    assert_eq!(fake["ProtocolVersion"], 6);
    assert_eq!(fake["Pid"], process.id().unwrap());
    assert_eq!(fake["Test"], true);
    assert_eq!(fake["Addr"]["Network"], "unix");
    let socket = fake["Addr"]["String"].as_str().unwrap();
    // One Terraform after the other configures the same process.
    for turn in 1..=2 {
        let channel = connect(socket.as_ref(), None).await.unwrap();
        let mut provider = wire::provider_client::ProviderClient::new(channel);
        let request = wire::configure_provider::Request::default();
        provider.configure_provider(request).await.unwrap();
        assert_eq!(crate::protocol::configurations(provider).await, turn);
    }
    let channel = connect(socket.as_ref(), None).await.unwrap();
    let mut reflection = ServerReflectionClient::new(channel);
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let answers = reflection.server_reflection_info(futures::stream::iter([request])).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap();
    assert!(format!("{answer:?}").contains("tfplugin6.Provider"), "{answer:?}");
    drop(reflection);
    kill(pid(&process), Signal::SIGINT).unwrap();
    let status = timeout(PATIENCE, process.wait()).await.unwrap().unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_panic_outside_of_requests_is_told_as_terraform_expects_it() {
    let core = Core::start().await;
    let (_, told) = apply(core.provider(), thing("panics elsewhere")).await;
    assert_eq!(told, ["error: the task panicked"]);
    apply(core.provider(), thing("panics")).await;
    let (_, logged) = core.shut_down().await;
    let [line] = <[_; 1]>::try_from(logged.lines().collect::<Vec<_>>()).unwrap();
    assert!(line.starts_with("panic: ") && line.ends_with(": in a task"), "{line}");
}

#[tokio::test]
async fn logs_each_request_as_terraform_reads_it() {
    let core =
        Core::start_on(Terms { variables: vec![("TF_LOG", "trace")], plaintext: false }).await;
    apply(core.provider(), thing("panics with a value")).await;
    apply(core.provider(), thing("x")).await;
    let (printed, logged) = core.shut_down().await;
    assert_eq!(printed, "");
    assert!(!logged.contains("password"), "the panic's message holds a value");
    let lines: Vec<serde_json::Value> =
        logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<_> =
        lines.iter().filter(|line| line["@message"] == "request answered").collect();
    assert_eq!(answered.len(), 2);
    assert_eq!(answered[1]["@level"], "debug");
    assert_eq!(answered[1]["tf_rpc"], "ApplyResourceChange");
    assert_eq!(answered[1]["tf_resource_type"], "fake_thing");
    assert_ne!(answered[0]["tf_req_id"], answered[1]["tf_req_id"]);
    assert!(lines.iter().any(|line| line["@level"] == "error"), "the panic is in the log");
}
