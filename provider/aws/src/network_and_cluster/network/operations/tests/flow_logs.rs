//! Flow logs that take the place of others, in a cloud that keeps what it is told to make.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;
use crate::iam_role::{Role, ServiceRole};
use crate::network_and_cluster::log_group::LogGroup;
use crate::network_and_cluster::network::observed::FlowLog;
use crate::network_and_cluster::network::tests::{ZONES, flow_logs, tags};
use crate::network_and_cluster::network::{FlowLogs, flow_log};
use crate::tags::PART_TAG;
use crate::testing::REGION;

/// What there is of flow logs, and what was done to it.
#[derive(Debug, Default)]
struct Cloud {
    flow_logs: BTreeMap<String, FlowLog>,
    groups: BTreeSet<String>,
    roles: BTreeSet<String>,
    /// What roles may do, where that has been said.
    permissions: BTreeMap<String, String>,
    /// How many flow logs there have been.
    made: usize,
    /// Whether two flow logs may deliver to the same place.
    shares: bool,
    /// How many changes there have been, and which one fails: before it is carried out, or after.
    changes: usize,
    fails_at: Option<(usize, bool)>,
    /// What has been made and removed, in order.
    history: Vec<String>,
}

impl Cloud {
    /// What there is of this network's flow logs.
    fn with(network: &Network, shares: bool) -> Self {
        let there = made(network);
        Self {
            flow_logs: there.flow_logs,
            groups: there.log_groups.into_keys().collect(),
            roles: there.roles.into_keys().collect(),
            made: 1,
            shares,
            ..Self::default()
        }
    }

    /// Carries out a request; an error where it is the one that fails.
    fn answer(&mut self, request: &Request) -> Reply {
        let (service, action) = request.action.split_once(':').unwrap();
        if action == "DescribeFlowLogs" {
            let there = self.flow_logs.contains_key(text(request, "Filter.1.Value.1"));
            let item = if there { "<item/>" } else { "" };
            return Reply::ec2(action, &format!("<flowLogSet>{item}</flowLogSet>"));
        }
        self.changes += 1;
        let fails = self.fails_at.filter(|(at, _)| *at == self.changes);
        let denied = || match service {
            "ec2" => Reply::ec2_error(403, "UnauthorizedOperation"),
            "iam" => Reply::query_error("AccessDenied", "no"),
            _ => Reply::error("AccessDeniedException", "no"),
        };
        match fails {
            Some((_, false)) => denied(),
            Some((_, true)) => {
                self.change(action, request);
                denied()
            }
            None => self.change(action, request),
        }
    }

    fn change(&mut self, action: &str, request: &Request) -> Reply {
        let role = || text(request, "RoleName").to_owned();
        let group = || text(request, "logGroupName").to_owned();
        let note = |cloud: &mut Self, what: &str, name: &str| {
            cloud.history.push(format!("{what} {name}"));
        };
        match action {
            "CreateFlowLogs" => return self.create(request),
            "DeleteFlowLogs" => {
                let id = text(request, "FlowLogId.1");
                self.flow_logs.remove(id).unwrap();
                note(self, "-", id);
                return Reply::ec2(action, "<unsuccessful/>");
            }
            "CreateLogGroup" => {
                assert!(self.groups.insert(group()), "two groups of one name");
                note(self, "+", &group());
            }
            "DeleteLogGroup" => {
                let used = self.flow_logs.values().any(|it| it.log_group == Some(group()));
                assert!(!used, "{} goes while a flow log delivers to it", group());
                self.groups.remove(&group());
                note(self, "-", &group());
            }
            "CreateRole" => {
                assert!(self.roles.insert(role()), "two roles of one name");
                note(self, "+", &role());
                let made = format!("<Role><RoleName>{0}</RoleName><Arn>{0}</Arn></Role>", role());
                return Reply::query(action, &made);
            }
            "DeleteRole" => {
                let used = self.flow_logs.values().any(|it| it.role == Some(role()));
                assert!(!used, "{} goes while a flow log delivers with it", role());
                self.roles.remove(&role());
                self.permissions.remove(&role());
                note(self, "-", &role());
            }
            "PutRolePolicy" => {
                let document = text(request, "PolicyDocument").to_owned();
                let by_it = self.flow_logs.values().filter(|it| it.role == Some(role()));
                for group in by_it.filter_map(|it| it.log_group.as_ref()) {
                    assert!(writes_to(&document, group), "{group} gets no more records");
                }
                self.permissions.insert(role(), document);
            }
            "DeleteRolePolicy" | "UpdateAssumeRolePolicy" => {}
            "PutRetentionPolicy" => return Reply::json(serde_json::json!({})),
            other => panic!("{other}"),
        }
        match request.action.starts_with("logs:") {
            true => Reply::json(serde_json::json!({})),
            false => Reply::query(action, ""),
        }
    }

    fn create(&mut self, request: &Request) -> Reply {
        let given = |name: &str| Some(text(request, name).to_owned()).filter(|it| !it.is_empty());
        let flow_log = FlowLog {
            id: format!("fl-{}", self.made + 1),
            bucket_arn: given("LogDestination"),
            log_group: given("LogGroupName"),
            role: given("DeliverLogsPermissionArn"),
            traffic: text(request, "TrafficType").to_owned(),
            interval_seconds: text(request, "MaxAggregationInterval").parse().unwrap(),
            format: text(request, "LogFormat").to_owned(),
            ..FlowLog::default()
        };
        let place = |it: &FlowLog| (it.bucket_arn.clone(), it.log_group.clone());
        if !self.shares && self.flow_logs.values().any(|it| place(it) == place(&flow_log)) {
            return Reply::ec2_error(400, "FlowLogAlreadyExists");
        }
        assert!(flow_log.log_group.iter().all(|it| self.groups.contains(it)));
        assert!(flow_log.role.iter().all(|it| self.roles.contains(it)));
        self.made += 1;
        let id = flow_log.id.clone();
        self.history.push(format!("+ {id}"));
        self.flow_logs.insert(id.clone(), flow_log);
        Reply::ec2("CreateFlowLogs", &format!("<flowLogIdSet><item>{id}</item></flowLogIdSet>"))
    }
}

fn text<'r>(request: &'r Request, name: &str) -> &'r str {
    request.input[name].as_str().unwrap_or_default()
}

/// Whether a role with these permissions may write to a log group.
fn writes_to(permissions: &str, group: &str) -> bool {
    permissions.contains(&format!(":log-group:{group}:*\""))
}

/// A network with these flow logs.
fn with(logs: Option<FlowLogs>) -> Network {
    Network { flow_logs: logs, ..network(1) }
}

/// Flow logs to the log group `/GROUP`, with this role.
fn to_group(group: &str, role: &str) -> Option<FlowLogs> {
    Some(FlowLogs {
        log_group: Some(format!("/{group}")),
        role: Some(role.to_owned()),
        retention_days: Some(30),
        ..flow_logs(None)
    })
}

fn to_bucket() -> Option<FlowLogs> {
    Some(flow_logs(Some("arn:aws:s3:::logs")))
}

fn accepted(logs: Option<FlowLogs>) -> Option<FlowLogs> {
    logs.map(|logs| FlowLogs { traffic: "ACCEPT".into(), ..logs })
}

/// A test's cloud and the call on it.
struct Ground {
    cloud: Arc<Mutex<Cloud>>,
    call: Call,
}

impl Ground {
    /// A cloud with the flow logs of this network.
    async fn with(network: &Network, shares: bool) -> Self {
        let cloud = Arc::new(Mutex::new(Cloud::with(network, shares)));
        let fake = Fake::new({
            let cloud = Arc::clone(&cloud);
            move |request| cloud.lock().unwrap().answer(request)
        });
        let call = call_on(&fake, Settings::default(), "travel_network/main").await;
        Self { cloud, call }
    }

    /// What a look at the network shows, in which these log groups and roles are looked for.
    fn observed(&self, names: &LogNames) -> Observed {
        let cloud = self.cloud.lock().unwrap();
        let mut observed = made(&network(1));
        let marked = |part: &str| {
            let mut all = Wanted::of(&network(1)).unwrap().tags(part);
            all.extend(self.call.claim.tags());
            all.insert(PART_TAG.to_owned(), part.to_owned());
            all
        };
        let parts: Vec<String> = observed.own_ids().into_keys().collect();
        for part in parts {
            *observed.tags_mut(&part).unwrap() = marked(&part);
        }
        observed.vpc.as_mut().unwrap().tags.extend(tags(&[(STATUS_TAG, import::READY)]));
        for (id, there) in &cloud.flow_logs {
            let there = FlowLog { tags: marked("flow_log"), id: id.clone(), ..there.clone() };
            observed.flow_logs.insert(id.clone(), there);
        }
        let names = names.clone().and(names.led_to(&observed.flow_logs));
        for name in cloud.groups.intersection(&names.groups) {
            let group = LogGroup {
                name: name.clone(),
                tags: marked(log_group::NAME),
                arn: self.call.scope.arn("logs", &format!("log-group:{name}")),
                retention_days: 30,
                ..LogGroup::default()
            };
            observed.log_groups.insert(name.clone(), group);
        }
        for name in cloud.roles.intersection(&names.roles) {
            let (name, arn) = (name.clone(), name.clone());
            let role = Role { name, arn, tags: marked(role::NAME), ..Role::default() };
            let role = ServiceRole { role, permissions: None };
            observed.roles.insert(role.role.name.clone(), role);
        }
        observed
    }

    /// What a state says of the network as it is, which it knew as `known` before.
    fn read(&self, known: &Network) -> Network {
        let observed = self.observed(&log_names(&self.call, known));
        let mut state = known.clone();
        let wanted = Wanted::of(known).unwrap();
        state::fill(&mut state, known, &wanted, &observed, &self.call.scope);
        state
    }

    /// An apply of a plan. What it leaves in the state comes with it.
    async fn apply(&self, prior: &Network, plan: &Network) -> (Network, Result<(), Failure>) {
        let names = log_names(&self.call, prior).and(log_names(&self.call, plan));
        let mut plan = Network { subnets: prior.subnets.clone(), ..plan.clone() };
        plan.foreign.clone_from(&prior.foreign);
        let mut state = prior.clone();
        let observed = self.observed(&names);
        // So many parts are more than belongs on a thread's stack.
        let result = Box::pin(transform(&self.call, prior, &plan, observed, &mut state)).await;
        (state, result)
    }

    /// Whether there is what the network is to have and nothing else.
    fn is(&self, network: &Network) -> bool {
        let cloud = self.cloud.lock().unwrap();
        let wanted = Wanted::of(network).unwrap();
        let there = Observed { flow_logs: cloud.flow_logs.clone(), ..Observed::default() };
        let right = flow_log::find(&wanted, REGION, &there).is_some();
        let only = |permissions: &String| {
            let (group, groups) = (wanted.log_group_name(), permissions.matches(":*\"").count());
            groups == 1 && group.is_some_and(|group| writes_to(permissions, &group))
        };
        right == wanted.flow_logs.is_some()
            && cloud.permissions.values().all(only)
            && cloud.flow_logs.len() == usize::from(right)
            && cloud.groups == wanted.log_group_name().into_iter().collect()
            && cloud.roles == wanted.role_name(REGION).into_iter().collect()
    }
}

/// Changes flow logs to others; what is made and removed for that, in order. What is made or
/// removed side by side is told in one word.
async fn check(from: Option<FlowLogs>, to: Option<FlowLogs>, shares: bool, expected: &[&[&str]]) {
    let (from, to) = (with(from), with(to));
    let ground = Ground::with(&from, shares).await;
    let prior = ground.read(&from);
    let (state, result) = ground.apply(&prior, &to).await;
    result.unwrap();
    assert!(ground.is(&to), "{:?}", ground.cloud);
    assert_eq!(ground.read(&state).flow_logs, state.flow_logs);
    assert!(!is_planned(&state, &to));
    let mut history = ground.cloud.lock().unwrap().history.clone().into_iter();
    for together in expected {
        let some: BTreeSet<String> = history.by_ref().take(together.len()).collect();
        assert_eq!(some, together.iter().map(ToString::to_string).collect());
    }
    assert_eq!(history.next(), None);
}

/// Whether a plan from this state has something to do to the flow logs.
fn is_planned(state: &Network, next: &Network) -> bool {
    let said = |logs: &FlowLogs| {
        let FlowLogs { bucket_arn, traffic, log_group, role, .. } = logs.clone();
        (bucket_arn, traffic, log_group, role)
    };
    match (&state.flow_logs, &next.flow_logs) {
        (None, None) => false,
        (Some(there), Some(wanted)) => there.id.is_none() || said(there) != said(wanted),
        _ => true,
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_flow_log_stands_before_the_old_one_goes() {
    let new: &[&str] = &["+ /b", "+ b"];
    let old: &[&str] = &["- /a", "- a"];
    let switch: [&[&str]; 2] = [&["+ fl-2"], &["- fl-1"]];
    let [make, end] = switch;
    for shares in [true, false] {
        check(to_group("a", "a"), to_group("b", "b"), shares, &[new, make, end, old]).await;
        check(to_group("a", "a"), to_group("b", "a"), shares, &[&["+ /b"], make, end, &["- /a"]])
            .await;
        check(to_group("a", "a"), to_bucket(), shares, &[make, end, old]).await;
        check(to_bucket(), to_group("b", "b"), shares, &[new, make, end]).await;
        check(to_group("a", "a"), None, shares, &[end, old]).await;
        check(None, None, shares, &[]).await;
    }
    // Only where EC2 knows no two to one place, the old one goes first.
    let role = || (to_group("a", "a"), to_group("a", "b"));
    let ((from, to), (again_from, again_to)) = (role(), role());
    check(from, to, true, &[&["+ b"], make, end, &["- a"]]).await;
    check(again_from, again_to, false, &[&["+ b"], end, make, &["- a"]]).await;
    check(to_group("a", "a"), accepted(to_group("a", "a")), true, &[make, end]).await;
    check(to_group("a", "a"), accepted(to_group("a", "a")), false, &[end, make]).await;
    check(to_bucket(), accepted(to_bucket()), false, &[end, make]).await;
}

fn place_of_logs(network: &Network) -> Option<(Option<String>, Option<String>)> {
    network.flow_logs.clone().map(|logs| (logs.bucket_arn, logs.log_group))
}

/// Cuts a change off at every call that changes something, and goes on: by the same plan, with the
/// state that was written or with none, or back to what there was.
async fn check_cut(from: Option<FlowLogs>, to: Option<FlowLogs>, shares: bool) {
    let (from, to) = (with(from), with(to));
    // With no flow log between two roles for the same place, the state can name but one of them.
    let names_both = shares || place_of_logs(&from) != place_of_logs(&to);
    let ground = Ground::with(&from, shares).await;
    for at in 1.. {
        let mut ended = 0;
        for (carried_out, written, back) in [
            (false, true, false),
            (true, true, false),
            (false, true, true),
            (true, true, true),
            (true, false, false),
        ] {
            let cloud = Cloud { fails_at: Some((at, carried_out)), ..Cloud::with(&from, shares) };
            *ground.cloud.lock().unwrap() = cloud;
            let prior = ground.read(&from);
            let (state, result) = ground.apply(&prior, &to).await;
            ended += usize::from(result.is_ok());
            ground.cloud.lock().unwrap().fails_at = None;
            let words = format!("call {at}, {carried_out} {written} {back}: {:?}", ground.cloud);
            let state = ground.read(if written { &state } else { &prior });
            let next = if back && names_both { &from } else { &to };
            assert!(is_planned(&state, next) || ground.is(next), "{words}");
            let (state, result) = ground.apply(&state, next).await;
            result.unwrap();
            assert!(ground.is(next), "{words} became {:?}", ground.cloud);
            assert_eq!(ground.read(&state).flow_logs, state.flow_logs, "{words}");
        }
        if ended == 5 {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_cut_off_comes_to_its_end() {
    let a = || to_group("a", "a");
    check_cut(a(), to_group("b", "b"), true).await;
    check_cut(a(), to_bucket(), true).await;
    check_cut(to_bucket(), a(), true).await;
    check_cut(a(), None, true).await;
    for shares in [true, false] {
        check_cut(a(), to_group("a", "b"), shares).await;
        check_cut(a(), accepted(a()), shares).await;
    }
}

/// What there is of a network with a subnet and a flow log to `/traffic`, as AWS tells of it.
fn told(request: &Request) -> Reply {
    let action = request.action.split_once(':').unwrap().1;
    let marks = |part: &str| {
        let mut marks: Tags = crate::testing::claim("travel_network/main").tags().into();
        marks.insert(PART_TAG.to_owned(), part.to_owned());
        marks
    };
    let items = |part: &str, item: &str, key: &str, value: &str| {
        let tags = marks(part).into_iter().map(|(name, text)| {
            format!("<{item}><{key}>{name}</{key}><{value}>{text}</{value}></{item}>")
        });
        tags.collect::<String>()
    };
    let set = |name: &str, part: &str, item: &str| {
        let tags = items(part, "item", "key", "value");
        let item = format!("<item>{item}<tagSet>{tags}</tagSet></item>");
        Reply::ec2(action, &format!("<{name}>{item}</{name}>"))
    };
    let zone = ZONES[0];
    match action {
        "DescribeTags" => Reply::ec2(action, &marked(&[("vpc-1", "vpc")])),
        "DescribeVpcs" => {
            set("vpcSet", "vpc", "<vpcId>vpc-1</vpcId><cidrBlock>10.20.0.0/16</cidrBlock>")
        }
        "DescribeSubnets" => {
            let place = format!("<availabilityZone>{zone}</availabilityZone>");
            let block = "<subnetId>subnet-1</subnetId><cidrBlock>10.20.0.0/20</cidrBlock>";
            set("subnetSet", &format!("subnet/data/{zone}"), &format!("{block}{place}"))
        }
        "DescribeFlowLogs" => {
            let log = "<flowLogId>fl-1</flowLogId><logGroupName>/traffic</logGroupName>\
                       <deliverLogsPermissionArn>arn:aws:iam::1:role/traffic\
                       </deliverLogsPermissionArn><trafficType>REJECT</trafficType>\
                       <maxAggregationInterval>60</maxAggregationInterval>\
                       <logFormat>${srcaddr}</logFormat>";
            set("flowLogSet", flow_log::NAME, log)
        }
        "DescribeLogGroups" if text(request, "logGroupNamePrefix") == "/traffic" => {
            let group = json!({"logGroupName": "/traffic", "arn": "arn:group:*",
                "retentionInDays": 90, "kmsKeyId": "arn:key"});
            Reply::json(json!({"logGroups": [group]}))
        }
        "DescribeLogGroups" => Reply::json(json!({"logGroups": []})),
        "ListTagsForResource" => Reply::json(json!({"tags": marks(log_group::NAME)})),
        "GetRole" if text(request, "RoleName") == "traffic" => {
            let tags = items(role::NAME, "member", "Key", "Value");
            let role = "<RoleName>traffic</RoleName><Arn>arn:role</Arn>";
            Reply::query(action, &format!("<Role>{role}<Tags>{tags}</Tags></Role>"))
        }
        "GetRole" | "GetRolePolicy" => Reply::query_error("NoSuchEntity", "no"),
        _ => Reply::ec2(action, ""),
    }
}

/// An import block plans from the first read: that must tell as much as the second.
#[tokio::test]
async fn the_first_read_after_an_import_tells_all_of_the_flow_logs() {
    let expected = FlowLogs {
        bucket_arn: None,
        traffic: "REJECT".into(),
        interval_seconds: 60,
        format: "${srcaddr}".into(),
        retention_days: Some(90),
        kms_key_arn: Some("arn:key".into()),
        log_group: Some("/traffic".into()),
        role: Some("traffic".into()),
        id: Some("fl-1".into()),
        log_group_arn: Some("arn:group".into()),
        role_arn: Some("arn:role".into()),
    };
    for id in ["main", "eu-central-1/main", "vpc-1", "vpc-1/main"] {
        let fake = Fake::new(told);
        let mut state = Network::import(id).unwrap();
        for read in ["first", "second"] {
            let key = format!("travel_network/{}", state.name);
            let call = call_on(&fake, Settings::default(), &key).await;
            state = Box::pin(Network::read(&call, &state)).await.unwrap().unwrap();
            assert_eq!(state.name, "main", "{read} read of {id}");
            assert_eq!(state.zones, [ZONES[0]], "{read} read of {id}");
            assert_eq!(state.flow_logs.as_ref(), Some(&expected), "{read} read of {id}");
        }
    }
}
