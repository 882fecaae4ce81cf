use super::*;

#[test]
fn versions_are_emulated_as_far_as_the_server_can() {
    let check = |version, expected| assert_eq!(emulated(version), expected, "{version}");
    check("1.36", "1.36");
    check("1.34", "1.34");
    check("1.31", "1.33");
    check("nonsense", "1.33");
}
