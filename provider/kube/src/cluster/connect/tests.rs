//! Proxies, certificates and kubeconfigs, without a network.

use super::*;
use crate::error::chain;

fn check_proxy(target: &str, variables: &[(&str, &str)], expected: Option<&str>) {
    let variable = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let found = proxy_from(&target.parse().unwrap(), variable).unwrap();
    let expected: Option<Uri> = expected.map(|url| url.parse().unwrap());
    assert_eq!(found, expected, "{target} with {variables:?}");
}

#[test]
fn the_environment_names_the_proxy() {
    let eks = "https://abc.gr7.eu-west-1.eks.amazonaws.com";
    let proxy = ("HTTPS_PROXY", "http://proxy:3128");
    let found = Some("http://proxy:3128");
    check_proxy(eks, &[], None);
    check_proxy(eks, &[proxy], found);
    check_proxy(eks, &[("https_proxy", "proxy:3128")], found);
    check_proxy(eks, &[("ALL_PROXY", "socks5h://proxy:1080")], Some("socks5://proxy:1080"));
    check_proxy(eks, &[("HTTP_PROXY", "http://proxy:3128")], None);
    check_proxy("http://cluster:8080", &[("HTTP_PROXY", "http://proxy:3128")], found);
    check_proxy(eks, &[("HTTPS_PROXY", ""), ("https_proxy", "http://proxy:3128")], found);
    check_proxy(eks, &[proxy, ("NO_PROXY", ".eks.amazonaws.com")], None);
    check_proxy(eks, &[proxy, ("NO_PROXY", "example.com,")], found);
    check_proxy(eks, &[proxy, ("no_proxy", "*")], None);
    check_proxy("https://10.1.2.3", &[proxy, ("NO_PROXY", "10.0.0.0/8")], None);
    check_proxy("https://10.1.2.3", &[proxy, ("NO_PROXY", "proxy")], found);
    check_proxy("https://127.0.0.1:6443", &[proxy], None);
    check_proxy("https://localhost:6443", &[proxy], None);
    check_proxy("https://[::1]:6443", &[proxy], None);
}

#[test]
fn a_wrong_proxy_is_refused_without_its_password() {
    for wrong in ["ftp://u:sesame@proxy", "http://", "socks4://u:sesame@proxy:1"] {
        let error = proxy_url(wrong).unwrap_err();
        assert!(
            chain(&error).contains("the proxy must be a URL") && !chain(&error).contains("sesame"),
            "{wrong}"
        );
    }
}

#[test]
fn certificates_come_as_pem_or_der() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (pem, der) = (certificate.pem(), certificate.der().to_vec());
    assert_eq!(certificates(pem.as_bytes()).unwrap(), std::slice::from_ref(&der));
    assert_eq!(certificates(&der).unwrap(), std::slice::from_ref(&der));
    assert_eq!(
        certificates(format!("{pem}\n# another\n{pem}").as_bytes()).unwrap(),
        [der.clone(), der]
    );
    for wrong in ["", "hello", &key.serialize_pem()] {
        let error = chain(&certificates(wrong.as_bytes()).unwrap_err());
        assert!(error.contains("the certificate authority holds no certificate"), "{error}");
    }
}

const KUBECONFIG: &str = "
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: a, cluster: {server: 'https://a.example', proxy-url: 'http://proxy:1', tls-server-name: b.example}}
- {name: odd, cluster: {server: 'a.example'}}
users:
- {name: u, user: {token: sesame}}
contexts:
- {name: one, context: {cluster: a, user: u, namespace: shop}}
- {name: two, context: {cluster: missing, user: u}}
- {name: three, context: {cluster: odd, user: u}}
";

#[test]
fn a_kubeconfig_is_followed() {
    let target = kubeconfig_target(Kubeconfig::from_yaml(KUBECONFIG).unwrap(), None).unwrap();
    assert_eq!(target.cluster_url, "https://a.example/");
    assert_eq!(target.proxy_url.unwrap(), "http://proxy:1/");
    assert_eq!(target.tls_server_name.as_deref(), Some("b.example"));
    assert_eq!(target.default_namespace, "shop");
    assert!(target.auth_info.token.is_some());
}

#[tokio::test]
async fn what_is_wrong_with_settings_is_told() {
    async fn check(access: Access, expected: &str) {
        let config = ClusterConfig { access, proxy_url: None, settings: Settings::default() };
        assert!(!format!("{config:?}").contains("sesame"));
        let Err(error) = connection(&config).await else { panic!("{config:?} is accepted") };
        let text = chain(&error);
        assert!(
            text.starts_with("connect to the cluster: the connection settings are not usable: "),
            "{text}"
        );
        assert!(text.contains(expected) && !text.contains("sesame"), "{text}");
    }
    let text = |text: &str, context: &str| Access::KubeconfigText {
        text: text.to_owned(),
        context: Some(context.to_owned()).filter(|context| !context.is_empty()),
    };
    let endpoint = |url: &str| Access::Endpoint {
        url: url.to_owned(),
        certificate_authority: None,
        tls_server_name: None,
        token: None,
    };
    check(
        text(KUBECONFIG, "four"),
        "the kubeconfig has no context \"four\"; it has: one, two, three",
    )
    .await;
    check(text(KUBECONFIG, "two"), "has no cluster \"missing\", which context \"two\" names").await;
    check(
        text(KUBECONFIG, "three"),
        "the endpoint must be a URL like https://host:port, not \"a.example\"",
    )
    .await;
    check(text("apiVersion: v1", ""), "the kubeconfig has no current context; name one").await;
    check(text("users: [{name: sesame", ""), "the kubeconfig is no YAML of a kubeconfig").await;
    check(endpoint("cluster"), "the endpoint must be a URL").await;
    check(endpoint("ftp://cluster"), "the endpoint must be a URL").await;
    let plugin = |script: &str| {
        let exec = format!(
            "{{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, {script:?}], interactiveMode: Never}}"
        );
        text(&KUBECONFIG.replace("{token: sesame}", &format!("{{exec: {exec}}}")), "one")
    };
    check(
        plugin("echo sesame; exit 3"),
        "the kubeconfig's credential plugin ended with exit status: 3",
    )
    .await;
    check(plugin("echo '{sesame'"), "wrote what is no ExecCredential").await;
    let missing = Access::Kubeconfig { path: Some("/nowhere/config".into()), context: None };
    check(missing, "failed to read kubeconfig from '\"/nowhere/config\"'").await;
}
