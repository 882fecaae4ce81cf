use std::sync::Mutex;

use super::*;

/// What happened, in order, and which parts are there.
#[derive(Default)]
struct World {
    there: Mutex<BTreeSet<String>>,
    log: Mutex<Vec<String>>,
    cancel: CancellationToken,
    broke: CancellationToken,
}

struct Piece {
    name: &'static str,
    outcome: fn(&World) -> Result<(), Failure>,
}

#[async_trait]
impl Part<World> for Piece {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn observe(&self, world: &World) -> Observed {
        if world.there.lock().unwrap().contains(self.name) {
            Observed::AsPlanned
        } else {
            Observed::Absent
        }
    }

    async fn ensure(&self, world: &World) -> Result<(), Failure> {
        if self.name == "slow" {
            world.broke.cancelled().await;
        }
        (self.outcome)(world)?;
        world.there.lock().unwrap().insert(self.name.to_owned());
        world.log.lock().unwrap().push(format!("+{}", self.name));
        Ok(())
    }

    async fn remove(&self, world: &World) -> Result<(), Failure> {
        (self.outcome)(world)?;
        world.there.lock().unwrap().remove(self.name);
        world.log.lock().unwrap().push(format!("-{}", self.name));
        Ok(())
    }
}

fn fine(_: &World) -> Result<(), Failure> {
    Ok(())
}

fn broken(world: &World) -> Result<(), Failure> {
    world.broke.cancel();
    Err(Diagnostic::error("no address left", "Free one.").into())
}

fn cancelling(world: &World) -> Result<(), Failure> {
    world.cancel.cancel();
    Ok(())
}

type Outcome = fn(&World) -> Result<(), Failure>;

fn new(parts: &[(&'static str, &[&'static str], Outcome)]) -> Result<Graph<World>, Diagnostic> {
    Graph::new(parts.iter().map(|&(name, after, outcome)| -> Ordered<World> {
        (Box::new(Piece { name, outcome }), after.iter().map(ToString::to_string).collect())
    }))
}

fn graph(parts: &[(&'static str, &[&'static str], Outcome)]) -> Graph<World> {
    new(parts).unwrap()
}

async fn check(graph: &Graph<World>, world: &World, log: &[&str], error: Option<&str>) {
    let result = graph.ensure(world, &world.cancel).await;
    assert_eq!(*world.log.lock().unwrap(), log);
    let error_seen = result.err().map(|failure| failure.into_diagnostic().to_string());
    assert_eq!(error_seen.as_deref(), error);
}

#[tokio::test]
async fn makes_parts_in_order_and_removes_them_in_reverse() {
    let graph = graph(&[
        ("route", &["gateway", "vpc"], fine),
        ("gateway", &["vpc"], fine),
        ("vpc", &[], fine),
    ]);
    let world = World::default();
    check(&graph, &world, &["+vpc", "+gateway", "+route"], None).await;
    world.log.lock().unwrap().clear();
    graph.remove(&world, &world.cancel).await.unwrap();
    assert_eq!(*world.log.lock().unwrap(), ["-route", "-gateway", "-vpc"]);
}

#[tokio::test]
async fn goes_on_from_what_is_there() {
    let graph = graph(&[("vpc", &[], fine), ("subnet", &["vpc"], fine)]);
    let world = World::default();
    world.there.lock().unwrap().insert("vpc".to_owned());
    assert_eq!(graph.unfinished(&world), ["subnet"]);
    check(&graph, &world, &["+subnet"], None).await;
}

#[tokio::test]
async fn begins_nothing_after_a_failure_but_ends_what_is_under_way() {
    let graph = graph(&[("a", &[], broken), ("slow", &[], fine), ("c", &["slow"], fine)]);
    let expected = "no address left: Free one. (part a)";
    check(&graph, &World::default(), &["+slow"], Some(expected)).await;
}

#[tokio::test]
async fn stops_between_parts_when_asked_to() {
    let graph = graph(&[("a", &[], cancelling), ("b", &["a"], fine)]);
    let expected = Failure::Interrupted.into_diagnostic().to_string();
    check(&graph, &World::default(), &["+a"], Some(&expected)).await;
}

#[test]
fn refuses_parts_that_wait_for_each_other() {
    let error = new(&[("a", &["b"], fine), ("b", &["a"], fine)]).err().unwrap();
    assert!(error.detail.contains("wait for each other: a, b"), "{error}");
}
