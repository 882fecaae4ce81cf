//! What the real Helm has pushed is pulled, and the reverse; where Helm is installed (`make test-tools`).

use super::super::super::tests::helm;
use super::*;

#[tokio::test]
async fn helm_and_this_crate_read_the_same_registry() {
    let Some(program) = helm::program() else { return };
    let registry = Registry::start().await;
    registry.state().demand = Demand::Password;
    registry.state().page = 1;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let login =
        ["registry", "login", &registry.address, "--plain-http", "-u", "me", "-p", "sesame"];
    let run = async |arguments: &[&str]| helm::run(&program, home, arguments).await.unwrap();
    run(&login).await;
    let repository = format!("oci://{}/shop", registry.address);
    for version in ["1.0.0", "1.1.0+b.1"] {
        let file = format!("cart-{version}.tgz");
        std::fs::write(home.join(&file), archive("cart", version)).unwrap();
        run(&["push", &file, &repository, "--plain-http"]).await;
    }
    // What Helm has written into its configuration is read from there.
    let file = home.join(".config/helm/registry/config.json");
    let configuration = std::fs::read_to_string(file).unwrap();
    let asking = Asking { configuration: Some(&configuration), ..Asking::default() };
    let cart = format!("{repository}/cart");
    for (wanted, version) in
        [(None, "1.1.0+b.1"), (Some("~1.0.0"), "1.0.0"), (Some("1.0.0"), "1.0.0")]
    {
        let pulled = asking.pull(&cart, wanted).await.unwrap();
        assert_eq!(pulled.version.as_deref(), Some(version));
        assert_eq!(pulled.archive, archive("cart", version));
        // And Helm finds the same.
        let mut arguments = vec!["pull", &cart, "--plain-http"];
        arguments.extend(wanted.map(|wanted| ["--version", wanted]).into_iter().flatten());
        let said = run(&arguments).await;
        assert!(said.contains(&format!("Digest: {}", pulled.manifest)), "{said}");
    }
    // Helm reads what was pushed here.
    registry.push("shop/pay", "2.0.0", &archive("pay", "2.0.0"), CHART);
    run(&["pull", &format!("{repository}/pay"), "--plain-http"]).await;
    assert_eq!(std::fs::read(home.join("pay-2.0.0.tgz")).unwrap(), archive("pay", "2.0.0"));
}
