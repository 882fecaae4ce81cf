use serde_json::json;

use super::*;

const USER: &str = "00000000-0000-0000-0000-000000000001";
const ACCOUNT: &str = "111122223333";

fn perform(state: &mut State, operation: &str, input: Value) -> Result<Value, String> {
    let Value::Object(members) = input else { panic!("no object") };
    let input = Input::new(members);
    state.perform(operation, &input, None, Instant::now()).map_err(|error| error.code)
}

/// A set that is being assigned, with the request.
fn assigned(state: &mut State) -> (String, String) {
    let input = json!({"Name": "a", "InstanceArn": instance_arn("1")});
    let made = perform(state, "CreatePermissionSet", input).unwrap();
    let arn = made["PermissionSet"]["PermissionSetArn"].as_str().unwrap().to_owned();
    let asked = perform(state, "CreateAccountAssignment", assignment(&arn)).unwrap();
    let request = asked["AccountAssignmentCreationStatus"]["RequestId"].as_str().unwrap();
    (arn, request.to_owned())
}

fn assignment(set: &str) -> Value {
    json!({
        "PermissionSetArn": set,
        "TargetId": ACCOUNT,
        "PrincipalType": "USER",
        "PrincipalId": USER,
    })
}

#[test]
fn an_assignment_takes_its_time_and_provisions_its_set() {
    let mut state = State { pending_describes: 1, ..State::default() };
    let (arn, request) = assigned(&mut state);
    let again = perform(&mut state, "CreateAccountAssignment", assignment(&arn));
    assert_eq!(again.unwrap_err(), "ConflictException");
    let describe = json!({"AccountAssignmentCreationRequestId": request});
    for expected in ["IN_PROGRESS", "SUCCEEDED", "SUCCEEDED"] {
        let operation = "DescribeAccountAssignmentCreationStatus";
        let shown = perform(&mut state, operation, describe.clone()).unwrap();
        assert_eq!(shown["AccountAssignmentCreationStatus"]["Status"], expected);
    }
    let set = json!({"PermissionSetArn": arn});
    let deleted = perform(&mut state, "DeletePermissionSet", set.clone());
    assert_eq!(deleted.unwrap_err(), "ConflictException");
    let list = "ListAccountsForProvisionedPermissionSet";
    assert_eq!(perform(&mut state, list, set).unwrap()["AccountIds"], json!([ACCOUNT]));
}

#[test]
fn a_change_is_not_in_the_accounts_before_it_is_provisioned() {
    let mut state = State::default();
    let (arn, request) = assigned(&mut state);
    state.finish_now(&request);
    let set = json!({"PermissionSetArn": arn, "Description": "x"});
    perform(&mut state, "UpdatePermissionSet", set).unwrap();
    let outdated = |state: &mut State| {
        let input = json!({
            "PermissionSetArn": arn,
            "ProvisioningStatus": "LATEST_PERMISSION_SET_NOT_PROVISIONED",
        });
        let list = "ListAccountsForProvisionedPermissionSet";
        perform(state, list, input).unwrap()["AccountIds"].clone()
    };
    assert_eq!(outdated(&mut state), json!([ACCOUNT]));
    let input = json!({"PermissionSetArn": arn, "TargetType": "ALL_PROVISIONED_ACCOUNTS"});
    let asked = perform(&mut state, "ProvisionPermissionSet", input).unwrap();
    let request = asked["PermissionSetProvisioningStatus"]["RequestId"].as_str().unwrap();
    state.finish_now(request);
    assert_eq!(outdated(&mut state), json!([]));
}

impl State {
    fn finish_now(&mut self, request: &str) {
        let describe = "AccountAssignmentCreationStatus";
        while self.describe_request(request, describe).unwrap()[describe]["Status"] == "IN_PROGRESS"
        {
        }
    }
}
