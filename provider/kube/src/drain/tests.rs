//! Which kinds can be named. What draining does is in the tests against a real API server.

use super::*;

#[test]
fn kinds_are_written_and_read() {
    let check = |text: &str, kind: &str, group: Option<&str>| {
        let parsed: DrainKind = text.parse().unwrap();
        assert_eq!(parsed, DrainKind { kind: kind.to_owned(), group: group.map(str::to_owned) });
        assert_eq!(parsed.to_string(), text);
    };
    check("Service", "Service", None);
    check("NodePool.karpenter.sh", "NodePool", Some("karpenter.sh"));
    for wrong in [
        "",
        "service",
        "NodePool.",
        "NodePool.Karpenter",
        "Node Pool",
        ".karpenter.sh",
        "v1/Service",
    ] {
        let error = wrong.parse::<DrainKind>().unwrap_err();
        assert!(error.to_string().contains("is no kind to drain: write it like"), "{wrong}");
    }
}
