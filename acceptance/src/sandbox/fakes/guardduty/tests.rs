use super::*;

const MANAGEMENT: &str = "111111111111";
const MEMBER: &str = "222222222222";

fn perform(
    state: &mut State,
    account: &str,
    operation: &str,
    input: Value,
) -> Result<Value, String> {
    let Value::Object(members) = input else { panic!("no object") };
    let input = Input::new(members);
    let others = [MEMBER, "333333333333"];
    let asked = Asked {
        place: (account.to_owned(), "eu-central-1".to_owned()),
        operation,
        input: &input,
        management: MANAGEMENT,
        members: others.map(|id| (id.to_owned(), format!("{id}@example.com"))).to_vec(),
    };
    state.perform(&asked).map_err(|error| error.message)
}

#[test]
fn an_account_has_one_detector() {
    let mut state = State::default();
    let create =
        json!({"enable": true, "features": [{"name": "S3_DATA_EVENTS", "status": "DISABLED"}]});
    let made = perform(&mut state, MEMBER, "CreateDetector", create.clone()).unwrap();
    let again = perform(&mut state, MEMBER, "CreateDetector", create).unwrap_err();
    assert!(again.contains("already exists"), "{again}");
    let id = json!({"DetectorId": made["detectorId"]});
    let shown = perform(&mut state, MEMBER, "GetDetector", id.clone()).unwrap();
    let features = shown["features"].as_array().unwrap();
    let s3 = features.iter().find(|it| it["name"] == "S3_DATA_EVENTS").unwrap();
    assert_eq!(s3["status"], "DISABLED");
    let foreign = perform(&mut state, MANAGEMENT, "GetDetector", id.clone()).unwrap_err();
    assert!(foreign.contains("not owned by the current account"), "{foreign}");
    perform(&mut state, MEMBER, "DeleteDetector", id).unwrap();
    assert_eq!(
        perform(&mut state, MEMBER, "ListDetectors", json!({})).unwrap()["detectorIds"],
        json!([])
    );
}

#[test]
fn an_administrator_lets_its_members_go_first() {
    let mut state = State::default();
    let admin = json!({"adminAccountId": MEMBER});
    perform(&mut state, MANAGEMENT, "EnableOrganizationAdminAccount", admin.clone()).unwrap();
    let listed = perform(&mut state, MEMBER, "ListDetectors", json!({})).unwrap();
    let id = listed["detectorIds"][0].clone();
    let with = |mut input: Value| {
        input["DetectorId"] = id.clone();
        input
    };
    let all = with(json!({"autoEnableOrganizationMembers": "ALL"}));
    perform(&mut state, MEMBER, "UpdateOrganizationConfiguration", all).unwrap();
    let one = with(json!({"accountIds": ["333333333333"]}));
    for (operation, words) in
        [("DeleteDetector", "member accounts"), ("DisassociateMembers", "automatically")]
    {
        let error = perform(&mut state, MEMBER, operation, one.clone()).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let none = with(json!({"autoEnableOrganizationMembers": "NONE"}));
    perform(&mut state, MEMBER, "UpdateOrganizationConfiguration", none).unwrap();
    let left = perform(&mut state, MEMBER, "DeleteMembers", one.clone()).unwrap();
    assert_eq!(left["unprocessedAccounts"][0]["accountId"], "333333333333");
    perform(&mut state, MEMBER, "DisassociateMembers", one.clone()).unwrap();
    perform(&mut state, MEMBER, "DeleteMembers", one.clone()).unwrap();
    perform(&mut state, MEMBER, "DeleteDetector", one).unwrap();
    perform(&mut state, MANAGEMENT, "DisableOrganizationAdminAccount", admin.clone()).unwrap();
    let again = perform(&mut state, MANAGEMENT, "DisableOrganizationAdminAccount", admin);
    assert!(again.unwrap_err().contains("not currently enabled"));
}
