//! What is true of every function.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_function_has_a_name_of_its_own() {
    let functions = families().into_iter().flatten();
    let mut names = BTreeSet::new();
    for function in functions {
        assert!(names.insert(function.name), "{} stands there twice", function.name);
        assert_eq!(find(function.name).map(|it| it.name), Some(function.name));
    }
    // Helm takes these away from charts.
    for name in ["env", "expandenv"] {
        assert!(find(name).is_none(), "{name}");
    }
}

#[test]
fn what_differs_with_each_call_is_never_known_in_a_plan() {
    let is_volatile = |function: &&Function| function.certainty == Certainty::Volatile;
    let functions = families().into_iter().flatten().filter(is_volatile);
    let names: BTreeSet<_> = functions.map(|function| function.name).collect();
    let expected = BTreeSet::from([
        "bcrypt",
        "encryptAES",
        "genCA",
        "genCAWithKey",
        "genPrivateKey",
        "genSelfSignedCert",
        "genSelfSignedCertWithKey",
        "genSignedCert",
        "genSignedCertWithKey",
        "htpasswd",
        "lookup",
        "now",
        "randAlpha",
        "randAlphaNum",
        "randAscii",
        "randBytes",
        "randInt",
        "randNumeric",
        "shuffle",
        "uuidv4",
    ]);
    assert_eq!(names, expected);
}
